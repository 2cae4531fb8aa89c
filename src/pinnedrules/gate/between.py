"""Between the provider and the caller: bytes that come, bytes that go, and a stop that cuts both."""

from __future__ import annotations

from pinnedrules.commands import Begin, Failed, Forward, Head, Receive
from pinnedrules.errors import Unreadable
from pinnedrules.gate.context import Context, Flow, check_stop

__all__ = ["HELD_BYTES", "all_of_it", "bare", "deliver", "forward", "receive", "relay"]

HELD_BYTES = 64 * 1024 * 1024
_PLAIN = ("content-length", "content-encoding", "transfer-encoding")


def relay(ctx: Context, head: Head) -> Flow[None]:
    """Hand an answer to the caller unread; a stop still cuts it."""
    yield Begin(bare(head))
    while data := (yield from receive(ctx)):
        yield from forward(ctx, data)


def deliver(ctx: Context, head: Head, data: bytes) -> Flow[None]:
    """Hand a whole answer to the caller."""
    yield from check_stop(ctx)
    yield Begin(bare(head))
    yield Forward(data)


def forward(ctx: Context, data: bytes) -> Flow[None]:
    """Hand a part of an answer to the caller, if there is any."""
    if data:
        yield from check_stop(ctx)
        yield Forward(data)


def bare(head: Head) -> Head:
    """Return *head* without what is no longer true of the body."""
    return Head(head.status, tuple((name, value) for name, value in head.headers if name not in _PLAIN))


def receive(ctx: Context) -> Flow[bytes]:
    """Return what comes next of the answer, empty at its end. Raises what the host raised."""
    data = yield Receive()
    if isinstance(data, Failed):
        ctx.host_error = data.error
        raise data.error
    if not isinstance(data, bytes):
        raise Unreadable("The host gave no bytes.")
    return data


def all_of_it(ctx: Context) -> Flow[bytes]:
    """Return the whole answer. Raises Unreadable for one that is too large."""
    parts: list[bytes] = []
    size = 0
    while data := (yield from receive(ctx)):
        parts.append(data)
        size += len(data)
        if size > HELD_BYTES:
            raise Unreadable(f"The answer is larger than {HELD_BYTES >> 20} MiB.")
    return b"".join(parts)

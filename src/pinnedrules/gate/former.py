"""What a request is to the former ones of its session, of former processes too, and what is done once it is on record."""

from __future__ import annotations

from collections.abc import Sequence

from pinnedrules.commands import ReadLineage, WriteLineage
from pinnedrules.compaction.lineage import Change
from pinnedrules.gate.context import Context, Flow
from pinnedrules.gate.fence import followed

__all__ = ["compared", "on_record"]


def compared(ctx: Context, messages: Sequence[bytes], slot: str) -> Flow[Change]:
    """Compare the request with the former ones of its session."""
    if not ctx.lineage.loaded:
        kept = yield ReadLineage(ctx.session, _form(ctx))
        ctx.lineage.load(kept if isinstance(kept, tuple) else ())
    return ctx.lineage.observe(messages, slot, ctx.named)


def on_record(ctx: Context, position: int) -> Flow[None]:
    """Take down a fence that the request ends, now that its record is durable, and keep its digests."""
    if position >= 0:
        yield from followed(ctx)
    if ctx.change is not None and ctx.change.kind != "repeated" and ctx.conversation:
        # What does not succeed costs the sight of a rewrite across a restart.
        yield WriteLineage(ctx.session, _form(ctx), ctx.conversation, ctx.lineage.dump(ctx.conversation))


def _form(ctx: Context) -> str:
    """Return in which form messages are compared: an adapter shows a conversation otherwise than the wire does."""
    return "framework" if ctx.dialect.name == "framework" else "wire"

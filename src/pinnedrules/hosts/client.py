"""The guarded subclass of an SDK client: same class, same methods, its HTTP client gated at every mount.

Both SDKs are generated from one template, so one mixin serves both; a contract test per SDK release pins the private names
used here (``_build_request``, ``_prepare_options``, ``_prepare_request``, ``_client``, ``_transport``, ``_mounts``).
"""

from __future__ import annotations

import contextlib
import contextvars
import sys
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlsplit

from pinnedrules.drive import arun, run
from pinnedrules.errors import PathRefused, Refused
from pinnedrules.gate.context import Amended, Flow
from pinnedrules.gate.exchange import passing
from pinnedrules.hosts.escape import escaping
from pinnedrules.hosts.keeper import Core, Keeper
from pinnedrules.hosts.sdk import rebound, sdk_of, signs
from pinnedrules.hosts.transport import AMENDED, KEEPER, PLACED, SIGNER
from pinnedrules.hosts.websocket import GatesResponses, gates_what_opens
from pinnedrules.types import SessionId
from pinnedrules.wire.paths import route

__all__ = ["gate_http", "guarded"]

C = TypeVar("C")
# The part of the SDK that opens a websocket, and the door that it knocks at.
_SOCKETS = {"live": "/v1/live/sessions", "realtime": "/v1/realtime", "responses": "/v1/responses"}
_RESPONSES = "websockets"
_COPYING: contextvars.ContextVar[bool] = contextvars.ContextVar("pinnedrules_copying", default=False)


class _Guarded:
    """What both kinds of client share. Mixed in before the SDK's class, so ``super()`` is the SDK."""

    _pinnedrules_keeper: ClassVar[Keeper]
    _client: Any

    def _build_request(self, options: Any, **kwargs: Any) -> Any:
        """Put the block in where the SDK builds the request, before anything could sign it."""
        keeper = self._pinnedrules_keeper
        # The HTTP client is an attribute that anybody may have replaced since.
        try:
            gate_http(self._client, keeper)
        except TypeError as error:
            raise keeper.translate(
                PathRefused(str(error), next_step="give every guard an HTTP client of its own")
            ) from None
        request = super()._build_request(options, **kwargs)  # type: ignore[misc]
        if request.method != "POST" or not hasattr(request, "_content"):
            return request
        try:
            path = request.url.raw_path.decode("ascii", "replace").split("?")[0]
            body, patch = keeper.place(path, request.content)
        except Refused as refusal:
            raise keeper.translate(refusal) from None
        if body is not request.content:
            _put(request, body)
            request.extensions[PLACED] = patch
        # Asked for here, before anything could be signed, so that the transport need not change the headers.
        request.headers["accept-encoding"] = "identity"
        request.extensions[KEEPER] = keeper
        return request

    def _sealing(self, request: Any) -> Flow[tuple[bytes, Amended]] | None:
        """Return the flow of the edits that must be made before this request is signed."""
        if not signs(self) or request.method != "POST" or not hasattr(request, "_content"):
            return None
        path = request.url.raw_path.decode("ascii", "replace").split("?")[0]
        return self._pinnedrules_keeper.seal(path, request.content)

    def copy(self, *, http_client: Any = None, **kwargs: Any) -> Any:
        """As the SDK's own ``copy``; another ``http_client`` is refused, because it would not be gated."""
        keeper = self._pinnedrules_keeper
        if http_client is not None and http_client is not self._client:
            raise keeper.translate(
                PathRefused(
                    "A guarded client cannot be copied onto another http_client: requests would leave ungated.",
                    next_step="make the client with that http_client first, then guard.wrap() it",
                )
            )
        with _copying():
            copied = super().copy(**kwargs)  # type: ignore[misc]
        gate_http(copied._client, keeper)
        return copied

    with_options = copy

    def _socket(self, options: Any) -> Flow[None] | None:
        """Return the check of a websocket that the owner lets pass, or has gated, None when *options* open none.

        Raises PathRefused.
        """
        url = str(getattr(options, "url", ""))
        if not url.startswith(("ws://", "wss://")):
            return None
        path = urlsplit(url).path
        if not self._may_open(path):
            raise self._no_socket(url.split("?")[0], path)
        return self._admitted(path)

    def _may_open(self, path: str) -> bool:
        """Whether the owner lets a websocket at *path* pass, or it is being opened where it will be gated."""
        core = self._pinnedrules_keeper.core
        found = route("GET", path, core.passed)
        gated = found.family == _RESPONSES and _RESPONSES in core.gated
        return found.verdict == "pass" or (gated and gates_what_opens(path))

    def _admitted(self, path: str) -> Flow[None]:
        """Return what is looked at before a websocket is opened: whether work is stopped."""
        return passing(self._pinnedrules_keeper.over_socket(path))

    def _no_socket(self, url: str, path: str) -> Refused:
        refusal = PathRefused(
            f"A websocket to {url} would bypass the gate.",
            next_step=route("GET", path).next_step or "use the same API over HTTP",
        )
        return self._pinnedrules_keeper.translate(refusal)

    # Some connect methods (beta.realtime everywhere, all of them before openai 3) open a websocket without asking
    # `_prepare_options`; without these two none of them can.

    @property
    def websocket_base_url(self) -> Any:
        """The SDK's attribute, readable while a client is copied; whoever else reads it is about to open a websocket."""
        if not _COPYING.get():
            self._let_socket(sys._getframe(1).f_globals.get("__name__", ""))
        return vars(self)["websocket_base_url"]

    @websocket_base_url.setter
    def websocket_base_url(self, value: Any) -> None:
        vars(self)["websocket_base_url"] = value

    def _configure_realtime(self, *args: Any, **kwargs: Any) -> Any:
        self._let_socket("realtime")
        return super()._configure_realtime(*args, **kwargs)  # type: ignore[misc]

    def _let_socket(self, module: str) -> None:
        """Raise PathRefused unless the websockets may be opened that this module of the SDK opens, or Stopped."""
        path = next((_SOCKETS[part] for part in module.split(".") if part in _SOCKETS), _SOCKETS["realtime"])
        if not self._may_open(path):
            raise self._no_socket(path, path)
        with self._translated():
            # Older SDKs ask nothing else before they connect. This reads the stop state and no more, so it may block.
            run(self._admitted(path), self._pinnedrules_keeper.world)

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except Refused as refusal:
            raise self._pinnedrules_keeper.translate(refusal) from None


class _GuardedSync(_Guarded):
    def request(self, *args: Any, **kwargs: Any) -> Any:
        """As the SDK's own, whose older releases retry whatever a transport raises: a refusal goes around that."""
        with escaping():
            return super().request(*args, **kwargs)  # type: ignore[misc]

    def _prepare_options(self, options: Any) -> Any:
        if (check := self._socket(options)) is not None:
            with self._translated():
                run(check, self._pinnedrules_keeper.world)
        return super()._prepare_options(options)  # type: ignore[misc]

    def _prepare_request(self, request: Any) -> None:
        """Make the edits that are left before the SDK signs the request, where it signs any."""
        signer = super()._prepare_request  # type: ignore[misc]
        if (sealing := self._sealing(request)) is not None:
            _amend(request, *run(sealing, self._pinnedrules_keeper.world), signer)
        signer(request)


class _GuardedAsync(_Guarded):
    async def request(self, *args: Any, **kwargs: Any) -> Any:
        """As the SDK's own, whose older releases retry whatever a transport raises: a refusal goes around that."""
        with escaping():
            return await super().request(*args, **kwargs)  # type: ignore[misc]

    async def _prepare_options(self, options: Any) -> Any:
        if (check := self._socket(options)) is not None:
            with self._translated():
                await arun(check, self._pinnedrules_keeper.world)
        return await super()._prepare_options(options)  # type: ignore[misc]

    async def _prepare_request(self, request: Any) -> None:
        """Make the edits that are left before the SDK signs the request, where it signs any."""
        signer = super()._prepare_request  # type: ignore[misc]
        if (sealing := self._sealing(request)) is not None:
            _amend(request, *(await arun(sealing, self._pinnedrules_keeper.world)), signer)
        await signer(request)


def _put(request: Any, body: bytes) -> None:
    """Change the body of a request that the SDK has just made: nobody else holds it yet, so it is edited, not copied."""
    request.stream = type(request.stream)(body)
    request._content = body
    request.headers["content-length"] = str(len(body))


def _amend(request: Any, body: bytes, amended: Amended, signer: Callable[[Any], Any]) -> None:
    if body != request.content:
        _put(request, body)
    request.extensions[AMENDED] = amended
    request.extensions[SIGNER] = signer


@contextlib.contextmanager
def _copying() -> Iterator[None]:
    token = _COPYING.set(True)
    try:
        yield
    finally:
        _COPYING.reset(token)


def gate_http(client: Any, keeper: Keeper) -> None:
    """Gate the transport and every mount (environment proxies) of an ``httpx`` or ``httpx2`` client, in place, once.

    Raises TypeError for another kind of client, and when another guard gates this one already.
    """
    plain, asynchronous = _transports(client)
    kind = asynchronous if hasattr(client, "aclose") else plain
    client._transport = _gated(client._transport, kind, keeper)
    for pattern, mounted in client._mounts.items():
        if mounted is not None:
            client._mounts[pattern] = _gated(mounted, kind, keeper)


def _gated(transport: Any, kind: type[Any], keeper: Keeper) -> Any:
    """Gate one transport once. Raises TypeError when another guard, that is not closed, gates it already."""
    if not isinstance(transport, kind):
        return kind(transport, keeper)
    if transport.keeper.core is not keeper.core:
        if not transport.keeper.core.closed:
            raise TypeError("this HTTP client is already gated by another guard")
        transport.keeper = keeper
    return transport


def guarded(client: C, core: Core, session: SessionId) -> C:
    """Return *client* as an instance of a guarded subclass of its own class.

    The HTTP client is shared and gated in place, so the object that was passed in is gated too. Raises TypeError for
    what is no client of the two SDKs.
    """
    base = type(client)
    former = getattr(base, "_pinnedrules_keeper", None)
    if isinstance(former, Keeper):
        if former.core is core:
            return client
        raise TypeError("this client is already wrapped by another guard")
    asynchronous, error_base = sdk_of(client)
    keeper = Keeper(core, session, error_base)
    mixins: tuple[type, ...] = (_GuardedAsync if asynchronous else _GuardedSync,)
    if _RESPONSES in core.gated and hasattr(base, "responses"):
        mixins = (GatesResponses, *mixins)
    subclass: Any = type(base.__name__, (*mixins, base), {"__module__": base.__module__, "_pinnedrules_keeper": keeper})
    wrapped: Any = subclass.__new__(subclass)
    vars(wrapped).update(rebound(client, wrapped))
    if hasattr(wrapped, "_build_middleware_chain"):
        # It ends in the client that it was made for.
        wrapped._middleware_chain = wrapped._build_middleware_chain()
    gate_http(wrapped._client, keeper)
    result: C = wrapped
    return result


def _transports(client: object) -> tuple[type[Any], type[Any]]:
    for kind in type(client).__mro__:
        package = kind.__module__.partition(".")[0]
        if package == "httpx2":
            from pinnedrules.hosts import httpx2 as bound

            return bound.Transport, bound.AsyncTransport
        if package == "httpx":
            from pinnedrules.hosts import httpx as legacy

            return legacy.Transport, legacy.AsyncTransport
    raise TypeError(f"cannot gate {type(client).__name__}: it is neither an httpx nor an httpx2 client")

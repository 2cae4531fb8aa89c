"""Gated transports, written once without an HTTP library; ``httpx.py`` and ``httpx2.py`` bind them.

Rules of this file:

1. The caller's request object is never changed; only its body, its length and the accepted codings differ in what is sent.
   A signed request is not changed at all; one that the gate makes itself is signed by the client's own signer. A request's
   body is what its stream sends: a hook or an ``auth`` may have given it another than the one that was built.
2. Upstream is asked for ``identity``; what comes coded all the same is decoded here, or refused by name.
3. Reading the answer drives the gate; closing it closes the gate and the connection.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, ClassVar

from pinnedrules.commands import Head
from pinnedrules.drive import adrive, arun, drive, run
from pinnedrules.errors import Refused, Unpinned, Unreadable
from pinnedrules.gate.context import Flow
from pinnedrules.hosts.escape import on_its_way
from pinnedrules.hosts.keeper import Admission, Keeper, is_presigned, is_signed

__all__ = [
    "AMENDED",
    "KEEPER",
    "PLACED",
    "SIGNER",
    "AsyncChunks",
    "AsyncGated",
    "Chunks",
    "Gated",
    "Library",
    "body_of",
    "head_of",
    "posted_request",
    "same_request",
]

PLACED = "pinnedrules.placed"
"""The request extension under which a guarded client hands over the JSON Patch of the block that it put in."""

KEEPER = "pinnedrules.keeper"
"""The request extension that names the client a request comes from, when several share an HTTP client."""

AMENDED = "pinnedrules.amended"
"""The request extension under which it hands over what else it edited before the request was signed."""

SIGNER = "pinnedrules.signer"
"""The request extension under which it hands over the SDK's own signer, asynchronous for an asynchronous client."""

_SIGNATURE = (b"authorization", b"x-amz-content-sha256", b"x-amz-date", b"x-amz-security-token")
_LENGTHS = (b"content-length", b"transfer-encoding", b"accept-encoding")


class Library:
    """The few names of an HTTP library that the transports use."""

    def __init__(self, module: Any, decoders: frozenset[str], stream: type[Any], async_stream: type[Any]) -> None:
        self.module = module
        self.decoders = decoders
        self.stream = stream
        self.async_stream = async_stream


def same_request(module: Any, request: Any, body: bytes) -> Any:
    """Return *request* itself if it needs no change, else one with another body: the rest is its own.

    A signature over another body is left out.
    """
    signed = _signed(request)
    same = type(request.stream) is module.ByteStream and b"".join(request.stream) == body
    if same and (signed or request.headers.get("accept-encoding") == "identity"):
        return request
    gone = _LENGTHS + _SIGNATURE if signed else _LENGTHS
    headers = [(name, value) for name, value in request.headers.raw if name.lower() not in gone]
    headers += [(b"Accept-Encoding", b"identity"), (b"Content-Length", str(len(body)).encode())]
    return module.Request(request.method, request.url, headers=headers, content=body, extensions=request.extensions)


def body_of(module: Any, request: Any, content: bytes) -> bytes:
    """Return the body that *request*, whose *content* has been read, sends: that of its stream, where it can be read again."""
    return b"".join(request.stream) if isinstance(request.stream, module.ByteStream) else content


def _signed(request: Any) -> bool:
    return is_presigned(_query(request)) or any(is_signed(*header) for header in request.headers.multi_items())


def _signer(request: Any, sent: Any) -> Callable[[Any], Any] | None:
    """Return the signer that *sent*, made anew from a signed *request*, needs; None for any other. Raises Unpinned."""
    if sent is request or not _signed(request):
        return None
    signer: Callable[[Any], Any] | None = request.extensions.get(SIGNER)
    if signer is None:
        raise Unpinned("A signed request cannot be changed, and there is nobody who could sign another one.")
    return signer


def posted_request(module: Any, request: Any, old: str, new: str, body: bytes) -> Any:
    """Return a request of the gate's own beside *request*: the same server and credentials. Raises Unpinned if signed."""
    path = _path(request)
    assert path.endswith(old)
    if _signed(request) and SIGNER not in request.extensions:
        raise Unpinned("A request of the gate's own cannot be signed, because there is nobody who could.")
    signature = _SIGNATURE if _signed(request) else ()
    gone = {*_LENGTHS, *signature, b"accept", b"content-type", b"last-event-id", b"idempotency-key"}
    headers = [(name, value) for name, value in request.headers.raw if name.lower() not in gone]
    headers += [
        (b"Accept", b"application/json"),
        (b"Accept-Encoding", b"identity"),
        (b"Content-Type", b"application/json"),
        (b"Content-Length", str(len(body)).encode()),
    ]
    url = request.url.copy_with(raw_path=(path.removesuffix(old) + new).encode("ascii"))
    return module.Request("POST", url, headers=headers, content=body, extensions=request.extensions)


def head_of(library: Library, response: Any) -> Head:
    """Return status and headers of an answer. Raises Unreadable for a coding that cannot be decoded here."""
    coding = response.headers.get("content-encoding", "")
    for name in filter(None, (part.strip().lower() for part in coding.split(","))):
        if name not in library.decoders:
            raise Unreadable(
                f"The answer is encoded as {name!r}, which this installation cannot decode.",
                next_step="install the decoder for your HTTP library, or let the server answer plainly",
            )
    return Head(response.status_code, tuple((name.lower(), value) for name, value in response.headers.multi_items()))


def _read_timeout(request: Any) -> float | None:
    timeout = request.extensions.get("timeout") or {}
    value = timeout.get("read")
    return float(value) if value is not None else None


def _keeper(own: Keeper, request: Any) -> Keeper:
    """Return the keeper of the client that made this request, if it belongs to the same guard."""
    named = request.extensions.get(KEEPER, own)
    return named if isinstance(named, Keeper) and named.core is own.core else own


def _flow(admitted: Admission, request: Any, body: bytes) -> Flow[None]:
    made = request.extensions
    return admitted.flow(body, made.get(PLACED, ()), made.get(AMENDED), signer=SIGNER in made)


def _path(request: Any) -> str:
    return str(request.url.raw_path.decode("ascii", "replace").split("?")[0])


def _query(request: Any) -> str:
    return str(request.url.query.decode("ascii", "replace"))


def _admit(keeper: Keeper, request: Any) -> Admission:
    headers, seconds = request.headers.multi_items(), _read_timeout(request)
    return keeper.admit(request.method, _path(request), headers, seconds, presigned=is_presigned(_query(request)))


class _SyncChannel:
    def __init__(self, library: Library, inner: Any, request: Any) -> None:
        self._library, self._inner, self._request = library, inner, request
        self._chunks: Iterator[bytes] = iter(())
        self.response: Any = None

    def send(self, body: bytes) -> Head:
        self.close()
        sent = same_request(self._library.module, self._request, body)
        if (signer := _signer(self._request, sent)) is not None:
            signer(sent)
        self.response = self._inner.handle_request(sent)
        head = head_of(self._library, self.response)
        # What is not coded is read as it comes, without the layers that would decode it.
        self._chunks = self.response.iter_bytes() if head.get("content-encoding") else iter(self.response.stream)
        return head

    def receive(self) -> bytes:
        return next((chunk for chunk in self._chunks if chunk), b"")

    def post(self, old: str, new: str, body: bytes) -> Head:
        sent = posted_request(self._library.module, self._request, old, new, body)
        if (signer := _signer(self._request, sent)) is not None:
            signer(sent)
        response = self._inner.handle_request(sent)
        try:
            response.read()
            return head_of(self._library, response)
        finally:
            response.close()

    def close(self) -> None:
        if self.response is not None:
            self.response.close()


class _AsyncChannel:
    def __init__(self, library: Library, inner: Any, request: Any) -> None:
        self._library, self._inner, self._request = library, inner, request
        self._chunks: AsyncIterator[bytes] | None = None
        self.response: Any = None

    async def send(self, body: bytes) -> Head:
        await self.close()
        sent = same_request(self._library.module, self._request, body)
        if (signer := _signer(self._request, sent)) is not None:
            await signer(sent)
        self.response = await self._inner.handle_async_request(sent)
        head = head_of(self._library, self.response)
        self._chunks = self.response.aiter_bytes() if head.get("content-encoding") else aiter(self.response.stream)
        return head

    async def receive(self) -> bytes:
        assert self._chunks is not None
        async for chunk in self._chunks:
            if chunk:
                return chunk
        return b""

    async def post(self, old: str, new: str, body: bytes) -> Head:
        sent = posted_request(self._library.module, self._request, old, new, body)
        if (signer := _signer(self._request, sent)) is not None:
            await signer(sent)
        response = await self._inner.handle_async_request(sent)
        try:
            await response.aread()
            return head_of(self._library, response)
        finally:
            await response.aclose()

    async def close(self) -> None:
        if self.response is not None:
            await self.response.aclose()


class Chunks:
    """The body that the caller reads: pulls the gate on."""

    def __init__(self, out: Iterator[Head | bytes], translate: Callable[[Refused], Refused]) -> None:
        self._out, self._translate = out, translate

    def __iter__(self) -> Iterator[bytes]:
        try:
            for data in self._out:
                assert isinstance(data, bytes)
                yield data
        except Refused as refusal:
            raise self._translate(refusal) from None

    def close(self) -> None:
        self._out.close()  # type: ignore[attr-defined]


class AsyncChunks:
    """The same for an event loop."""

    def __init__(self, out: AsyncIterator[Head | bytes], translate: Callable[[Refused], Refused]) -> None:
        self._out, self._translate = out, translate

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for data in self._out:
                assert isinstance(data, bytes)
                yield data
        except Refused as refusal:
            raise self._translate(refusal) from None

    async def aclose(self) -> None:
        await self._out.aclose()  # type: ignore[attr-defined]


class Gated:
    """A transport around *inner* that lets nothing through undecided."""

    library: ClassVar[Library]

    def __init__(self, inner: Any, keeper: Keeper) -> None:
        self.inner = inner
        self.keeper = keeper

    def handle_request(self, request: Any) -> Any:
        keeper, library = _keeper(self.keeper, request), self.library
        admitted = _admit(keeper, request)
        try:
            if admitted.check is not None:
                run(admitted.check, keeper.world)
            if not admitted.gated:
                return self.inner.handle_request(request)
            channel = _SyncChannel(library, self.inner, request)
            flow = _flow(admitted, request, body_of(library.module, request, request.read()))
            out = drive(flow, keeper.world, channel)
            head = next(out)
        except Refused as refusal:
            raise on_its_way(keeper.translate(refusal)) from None
        assert isinstance(head, Head)
        return library.module.Response(
            head.status,
            headers=list(head.headers),
            stream=library.stream(out, keeper.translate),
            extensions=channel.response.extensions if channel.response is not None else {},
            request=request,
        )

    def close(self) -> None:
        self.inner.close()

    def __enter__(self) -> Any:
        self.inner.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self.inner.__exit__(*error)


class AsyncGated:
    """The same for an event loop."""

    library: ClassVar[Library]

    def __init__(self, inner: Any, keeper: Keeper) -> None:
        self.inner = inner
        self.keeper = keeper

    async def handle_async_request(self, request: Any) -> Any:
        keeper, library = _keeper(self.keeper, request), self.library
        admitted = _admit(keeper, request)
        try:
            if admitted.check is not None:
                await arun(admitted.check, keeper.world)
            if not admitted.gated:
                return await self.inner.handle_async_request(request)
            channel = _AsyncChannel(library, self.inner, request)
            flow = _flow(admitted, request, body_of(library.module, request, await request.aread()))
            out = adrive(flow, keeper.world, channel)
            head = await anext(out)
        except Refused as refusal:
            raise on_its_way(keeper.translate(refusal)) from None
        assert isinstance(head, Head)
        return library.module.Response(
            head.status,
            headers=list(head.headers),
            stream=library.async_stream(out, keeper.translate),
            extensions=channel.response.extensions if channel.response is not None else {},
            request=request,
        )

    async def aclose(self) -> None:
        await self.inner.aclose()

    async def __aenter__(self) -> Any:
        await self.inner.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self.inner.__aexit__(*error)

"""Amazon in front of a scripted provider: it checks every signature, and carries Messages as Bedrock does."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any
from urllib.parse import unquote

import httpx2
import pytest

from pinnedrules.testing.body import Body
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.server import Handler, Server

__all__ = ["ACCESS", "CLIENTS", "MODEL", "SECRET", "Amazon", "Asked", "Client", "chunk", "frames", "message"]

ACCESS, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
MODEL = "us.anthropic.claude-opus-5-v1:0"
REGION = "us-east-1"
_INVOKE = re.compile(r"/model/([^/]+)/(invoke|invoke-with-response-stream)")
_AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})")
_DROPPED = ("host", "content-length", "accept-encoding", "connection", "authorization", "transfer-encoding")
_EVENT = {":event-type": "chunk", ":content-type": "application/json", ":message-type": "event"}


def message(payload: bytes, headers: dict[str, str] | None = None) -> bytes:
    """Return one frame of a binary event stream, written from Amazon's description of it."""
    pairs = (_EVENT if headers is None else headers).items()
    head = b"".join(
        struct.pack("!B", len(name)) + name.encode() + struct.pack("!BH", 7, len(value)) + value.encode()
        for name, value in pairs
    )
    prelude = struct.pack("!II", 16 + len(head) + len(payload), len(head))
    whole = prelude + struct.pack("!I", binascii.crc32(prelude)) + head + payload
    return whole + struct.pack("!I", binascii.crc32(whole))


def chunk(data: bytes, padding: str = "") -> bytes:
    """Return one event of the Messages API as Bedrock frames it, with the padding that hides its length."""
    return message(json.dumps({"bytes": base64.b64encode(data).decode(), "p": padding or "abcdefgh"}).encode())


@dataclass(frozen=True)
class Asked:
    """One request as it came to Amazon. ``right`` says that its signature fits it; None that it is not signed."""

    path: str
    body: bytes
    right: bool | None
    service: str
    headers: dict[str, str] = field(repr=False)


class Amazon:
    """Serves a scripted provider's answers to whoever signs right; the others get status 403.

    *pieces* is into how many bytes an answer is cut. ``spoil`` changes the frames of a stream, ``media`` is its content
    type, and while it is ``open`` a request without any signature is answered too.
    """

    def __init__(self, provider: ScriptedProvider, *, pieces: int = 1 << 20) -> None:
        self.asked: list[Asked] = []
        self.answered = bytearray()
        self.pieces = pieces
        self.open = False
        self.spoil: Callable[[list[bytes]], list[bytes]] = lambda frames: frames
        self.media = "application/vnd.amazon.eventstream"
        self._provider = provider
        self._server = Server(self._serve)
        self._client = httpx2.Client(timeout=20)

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def __enter__(self) -> Amazon:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()
        self._client.close()

    def check(self) -> None:
        """Every signature was right."""
        assert all(each.right for each in self.asked)

    def _serve(self, handler: Handler) -> None:
        body = handler.read_body()
        headers = {name.lower(): value for name, value in handler.headers.items()}
        right, service = verified(handler.command, handler.path, headers, body)
        self.asked.append(Asked(handler.path, body, right, service, headers))
        if not (right or (self.open and right is None)):
            refusal = b'{"message":"The request signature we calculated does not match the signature you provided."}'
            self._write(handler, 403, {"content-type": "application/json"}, [refusal])
            return
        invoke = _INVOKE.fullmatch(handler.path.split("?")[0])
        path, sent = handler.path, body
        if invoke is not None:
            streamed = invoke[2] != "invoke"
            path = "/v1/messages"
            sent = json.dumps({**json.loads(body), "model": unquote(invoke[1]), "stream": streamed}).encode()
        kept = {name: value for name, value in headers.items() if name not in _DROPPED}
        answer = self._client.request(handler.command, self._provider.url + path, headers=kept, content=sent)
        given = {
            name: value
            for name, value in answer.headers.items()
            if name in ("content-type", "retry-after", "request-id", "x-request-id")
        }
        data = [answer.content]
        if invoke is not None and given["content-type"].startswith("text/event-stream"):
            given["content-type"] = self.media
            data = self.spoil(frames(answer.content))
        self._write(handler, answer.status_code, given, data)

    def _write(self, handler: Handler, status: int, headers: dict[str, str], data: Sequence[bytes]) -> None:
        whole = b"".join(data)
        pieces = tuple(whole[start : start + self.pieces] for start in range(0, len(whole), self.pieces))
        handler.write(status, headers, Body(pieces, len(whole), dropped=False), chunked=True, log=self.answered)


def frames(stream: bytes) -> list[bytes]:
    """Return the events of a stream of the Messages API as Bedrock frames them."""
    lines = [line for line in stream.split(b"\n") if line.startswith(b"data: ")]
    return [chunk(line.removeprefix(b"data: ")) for line in lines]


def verified(method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[bool | None, str]:
    """Compute the signature of a request anew, as Amazon does; return whether it fits, and the service it is for."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    given = headers.get("authorization", "")
    found = _AUTHORIZATION.fullmatch(given)
    if found is None:
        return None, ""
    access, _, region, service, _ = found[1].split("/")
    signed = {name: headers[name] for name in found[2].split(";")}
    request = AWSRequest(method=method, url=f"http://{headers['host']}{path}", headers=signed, data=body)
    request.context["timestamp"] = headers["x-amz-date"]
    signer = SigV4Auth(Credentials(ACCESS, SECRET), service, region)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    told = headers.get("x-amz-content-sha256", hashlib.sha256(body).hexdigest())
    right = signer.signature(text, request) == found[3] and told == hashlib.sha256(body).hexdigest()
    return bool(right and access == ACCESS), service


@dataclass(frozen=True)
class Client:
    """One client that signs. ``make`` takes (form, Amazon's URL); ``service`` is what it signs for."""

    name: str
    api: str
    service: str
    make: Callable[..., Any]


def _class(package: Any, form: str, name: str) -> Any:
    found = getattr(package, f"Async{name}" if form else name, None)
    if found is None:
        pytest.skip(f"this SDK has no {name}")
    return found


def _anthropic(name: str, path: str = "", **more: Any) -> Callable[..., Any]:
    def make(form: str, url: str, *, key: bool = False, **options: Any) -> Any:
        import anthropic

        keys = {"api_key": "test-key"} if key else {"aws_access_key": ACCESS, "aws_secret_key": SECRET}
        keys["aws_region"] = REGION
        return _class(anthropic, form, name)(base_url=url + path, **keys, **more, **options)

    return make


def _provider(form: str, url: str, *, key: bool = False, **options: Any) -> Any:
    import openai

    providers = pytest.importorskip("openai.providers", reason="this SDK has no providers")
    keys = {"api_key": "test-key"} if key else {"access_key_id": ACCESS, "secret_access_key": SECRET}
    provider = providers.bedrock(region=REGION, base_url=f"{url}/openai/v1", **keys)
    return _class(openai, form, "OpenAI")(provider=provider, **options)


def _legacy(form: str, url: str, *, key: bool = False, **options: Any) -> Any:
    import openai

    made = _class(openai, form, "BedrockOpenAI")
    keys = {"api_key": "test-key"} if key else {"aws_access_key_id": ACCESS, "aws_secret_access_key": SECRET}
    return made(aws_region=REGION, base_url=f"{url}/openai/v1", **keys, **options)


CLIENTS = [
    Client("bedrock", "anthropic", "bedrock", _anthropic("AnthropicBedrock")),
    Client("mantle", "anthropic", "bedrock-mantle", _anthropic("AnthropicBedrockMantle", "/anthropic")),
    Client("aws", "anthropic", "aws-external-anthropic", _anthropic("AnthropicAWS", workspace_id="w")),
    Client("openai provider", "openai", "bedrock-mantle", _provider),
    Client("openai provider responses", "responses", "bedrock-mantle", _provider),
    Client("openai legacy", "openai", "bedrock-mantle", _legacy),
]

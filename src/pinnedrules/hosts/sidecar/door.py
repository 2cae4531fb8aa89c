"""Who gets in: the right host, the token, a request that the gate can read. Pure, before anything of the body is read."""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Collection

from pinnedrules.hosts.sidecar.address import Address
from pinnedrules.hosts.sidecar.headers import CREDENTIALS, Headers
from pinnedrules.hosts.sidecar.limits import Limits
from pinnedrules.hosts.sidecar.problems import Problem, Turned
from pinnedrules.hosts.sidecar.upstreams import Upstream, is_loopback

__all__ = ["Door", "foreign"]

TOKEN_HEADER = "x-pinnedrules-token"
_SHORTEST_TOKEN = 16
_GEMINI = re.compile(r"/models/[^/]+:(stream)?(generate|batchgenerate|count|embed)[a-z]*\Z", re.IGNORECASE)


class Door:
    """Knows the token. *hosts* are names besides loopback that a request may be addressed to (``Host``).

    Any name but these could be an attacker's page whose name was bound to this address (DNS rebinding). With *any_address*
    (bound to more than loopback) every plain address is accepted too: a page cannot be served from one.

    Raises ValueError for a token that could be guessed.
    """

    def __init__(self, token: str, limits: Limits, *, hosts: Collection[str] = (), any_address: bool = False) -> None:
        if len(token) < _SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
            raise ValueError(f"a token has at least {_SHORTEST_TOKEN} plain characters and no space")
        self._token = token.encode()
        self._limits = limits
        self._hosts = frozenset(host.lower() for host in hosts)
        self._any_address = any_address

    def check(self, address: Address, headers: Headers, upstream: Upstream) -> None:
        """Raise Turned unless this request may be looked at."""
        self._check_size(headers)
        self._check_host(headers)
        self._check_token(address, headers, upstream)
        if address.broken:
            raise Turned(Problem(400, "bad_path", address.broken, "use the base URL that the sidecar printed"))
        _check_upgrade(headers)
        self._check_body(headers)

    def _check_size(self, headers: Headers) -> None:
        # The HTTP server bounds only a head that has not come to its end yet.
        if sum(len(name) + len(value) for name, value in headers) > self._limits.header:
            kib = self._limits.header / 1024
            raise Turned(Problem(431, "large_header", f"The headers are larger than {kib:g} KiB.", close=True))

    def _check_host(self, headers: Headers) -> None:
        host = _first(headers, "host").strip().lower()
        name = re.sub(r":\d*\Z", "", host).removeprefix("[").removesuffix("]").removesuffix(".")
        if is_loopback(name) or name in self._hosts or (self._any_address and _is_address(name)):
            return
        raise Turned(
            Problem(
                403,
                "wrong_host",
                "The request is addressed to a host that this sidecar does not answer for.",
                "use 127.0.0.1 or localhost in the base URL, or name the host with --allow-host",
            )
        )

    def _check_token(self, address: Address, headers: Headers, upstream: Upstream) -> None:
        given = address.token or _first(headers, TOKEN_HEADER)
        keys = [_bare(name, value) for name, value in headers if name in CREDENTIALS]
        key_is_token = any(self._is_token(key) for key in keys)
        if not (self._is_token(given) if given else key_is_token):
            raise Turned(
                Problem(
                    401,
                    "no_token",
                    "The sidecar's token is missing or wrong.",
                    f"use the base URL that `pinnedrules serve` prints, or send its token as {TOKEN_HEADER}",
                )
            )
        if key_is_token and not upstream.key:
            # It would be sent to the provider as a key.
            raise Turned(
                Problem(
                    401,
                    "no_key",
                    "The API key of this request is the sidecar's token, and the sidecar holds no key of this provider.",
                    "start it with --hold-keys and the provider's key in its environment, or give the agent the key",
                )
            )

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), self._token)

    def _check_body(self, headers: Headers) -> None:
        coding = _first(headers, "content-encoding").strip().lower()
        if coding not in ("", "identity"):
            raise Turned(
                Problem(
                    415,
                    "coded_body",
                    "The request body is compressed, so it cannot be read.",
                    "switch request compression off",
                )
            )
        length = _first(headers, "content-length")
        if length.isdecimal() and int(length) > self._limits.body:
            raise Turned(too_large(self._limits.body))


def too_large(limit: int) -> Problem:
    """Return the problem of a body that is larger than *limit* bytes."""
    return Problem(
        413,
        "too_large",
        f"The request body is larger than {limit / 1048576:g} MiB.",
        "let the agent compact, or raise --max-body",
        close=True,
    )


def foreign(path: str, headers: Headers) -> tuple[str, str] | None:
    """Return why a request can never be guarded here, with a way out; None for any other."""
    if any(name == "authorization" and value.lstrip().startswith("AWS4-HMAC-") for name, value in headers):
        return (
            "The request is signed for AWS (SigV4), and the rules cannot be put into it without breaking the signature.",
            "wrap the client in the program itself (guard.wrap signs what it edited), or use the provider's own API",
        )
    if _GEMINI.search(path) or any(name == "x-goog-api-key" for name, _ in headers):
        return (
            "Gemini's own format is not guarded by this version.",
            "use Google's OpenAI-compatible endpoint: pinnedrules serve --openai URL",
        )
    return None


def _check_upgrade(headers: Headers) -> None:
    if "websocket" in _first(headers, "upgrade").lower():
        raise Turned(no_websocket())


def no_websocket() -> Problem:
    """Return the answer to a websocket: measured on codex, 426 makes it use HTTP at once, 404 after seven tries."""
    return Problem(426, "no_websocket", "A websocket would bypass the gate.", "use the same API over HTTP")


def _bare(name: str, value: str) -> str:
    return value.partition(" ")[2].strip() if name == "authorization" else value.strip()


def _first(headers: Headers, name: str) -> str:
    return next((value for key, value in headers if key == name), "")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True

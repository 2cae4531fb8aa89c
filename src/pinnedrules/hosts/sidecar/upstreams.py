"""Where requests go: which provider is meant, and the URL there. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pinnedrules.hosts.sidecar.address import Address

__all__ = ["ANTHROPIC_URL", "OPENAI_URL", "Upstream", "Upstreams", "is_loopback", "provider_of"]

OPENAI_URL = "https://api.openai.com/v1"
ANTHROPIC_URL = "https://api.anthropic.com"

_VERSION = re.compile(r"/v[0-9]+[a-z0-9]*(?=/|\Z)")

# First words after the version that only one of the two has.
_OPENAI = frozenset({
    "assistants", "audio", "chat", "completions", "conversations", "embeddings", "fine_tuning", "images", "moderations",
    "realtime", "responses", "threads", "uploads", "vector_stores", "videos",
})  # fmt: skip
_ANTHROPIC = frozenset({"complete", "messages"})


@dataclass(frozen=True, slots=True)
class Upstream:
    """One provider's base URL, as its own SDK takes it, and the key if the sidecar holds it.

    Raises ValueError for what is no base URL.
    """

    base: str
    key: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.base)
            whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
            more = parts.query or parts.fragment or parts.username is not None
        except ValueError:
            whole, more = False, False
        if not whole:
            raise ValueError(f"{self.base!r} is no base URL; it begins with https:// and names a host")
        if more:
            raise ValueError("a base URL has no user, no query and no fragment")

    def url(self, path: str, query: str = "") -> str:
        """Return the URL of *path*, which may begin with a version although the base URL has one already."""
        base = self.base.rstrip("/")
        mounted = urlsplit(base).path
        found = _VERSION.match(path)
        if found and (_VERSION.search(mounted) or self._bare_of_version(mounted)):
            path = path[found.end() :]
        return base + path + (f"?{query}" if query else "")

    def _bare_of_version(self, mounted: str) -> bool:
        # Azure's deployments: the client's /v1 stands for all of what the base URL says.
        return "/deployments/" in mounted


@dataclass(frozen=True, slots=True)
class Upstreams:
    """The two providers that a sidecar speaks to. By default the public services, with the client's own key."""

    openai: Upstream = Upstream(OPENAI_URL)
    anthropic: Upstream = Upstream(ANTHROPIC_URL)

    def get(self, provider: str) -> Upstream:
        """Return the upstream of this provider."""
        return self.anthropic if provider == "anthropic" else self.openai

    @classmethod
    def from_environment(
        cls,
        environment: Mapping[str, str],
        *,
        openai: str = "",
        anthropic: str = "",
        port: int = 0,
        hold_keys: bool = False,
    ) -> Upstreams:
        """Return the upstreams named, else those of ``OPENAI_BASE_URL`` and ``ANTHROPIC_BASE_URL``, else the public ones.

        A variable that leads to this very sidecar (loopback and *port*) is passed over: whoever pastes what the sidecar
        prints and starts it again would send it round in circles. With *hold_keys* the keys come from ``OPENAI_API_KEY``
        and ``ANTHROPIC_API_KEY``. Raises ValueError for what is no base URL.
        """

        def pick(given: str, name: str, public: str) -> Upstream:
            found = environment.get(f"{name}_BASE_URL", "")
            base = given or ("" if _leads_to(found, port) else found) or public
            return Upstream(base, environment.get(f"{name}_API_KEY", "") if hold_keys else "")

        return cls(pick(openai, "OPENAI", OPENAI_URL), pick(anthropic, "ANTHROPIC", ANTHROPIC_URL))


def provider_of(address: Address, headers: Sequence[tuple[str, str]]) -> str:
    """Return the provider that a request is meant for.

    By its explicit prefix, else by what its path ends in, else (``/v1/models``, ``/v1/files``) by the headers that only
    Anthropic's SDKs send.
    """
    if address.provider:
        return address.provider
    words = address.path.lower().strip("/").split("/")
    if words[-1] == "completions":
        return "openai"
    for word in words:
        # The first word that says it: /v1/threads/T/messages is OpenAI's.
        if word in _OPENAI:
            return "openai"
        if word in _ANTHROPIC:
            return "anthropic"
    names = {name for name, _ in headers}
    return "anthropic" if "anthropic-version" in names or "x-api-key" in names else "openai"


def is_loopback(host: str) -> bool:
    """Whether *host* (without port and brackets) is this machine and nobody else's."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _leads_to(url: str, port: int) -> bool:
    try:
        parts = urlsplit(url)
        return bool(port) and parts.port == port and is_loopback(parts.hostname or "")
    except ValueError:
        return False

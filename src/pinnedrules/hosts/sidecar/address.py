"""What the path of a request to the sidecar says: ``[/t/TOKEN][/s/NAME][/openai|/anthropic]`` and the provider's own path.

A base URL is the one thing that every agent can be given, so everything that the sidecar must know fits into it.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, unquote

__all__ = ["HEALTH", "PROVIDERS", "Address", "base_path", "read_address"]

PROVIDERS = ("openai", "anthropic")

HEALTH = "/_pinnedrules/health"
"""The sidecar's own endpoint. No path of a provider begins with an underscore."""

_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Address:
    """``path`` is what is left for the provider. ``token``, ``session`` and ``provider`` are empty when not named.

    ``broken`` says what is wrong with the path, if anything is.
    """

    path: str
    token: str = ""
    session: str = ""
    provider: str = ""
    broken: str = ""


def read_address(raw_path: str) -> Address:
    """Read the path of a request, still percent-encoded and without its query."""
    if not raw_path.startswith("/"):
        # A proxy's request for another host: taking the path out of it would send it where nobody asked.
        return Address("/", broken="The request names a whole URL where a path was expected.")
    token, path = _named(raw_path, "t")
    session, path = _named(path, "s")
    provider = next((name for name in PROVIDERS if path == f"/{name}" or path.startswith(f"/{name}/")), "")
    path = path.removeprefix(f"/{provider}") if provider else path
    broken = ""
    if session is not None and not usable_name(session):
        broken = f"The session in the base URL is not a name of 1 to {_LONGEST_NAME} printable characters."
    return Address(path or "/", token or "", session or "", provider, broken)


def usable_name(name: str) -> bool:
    """Whether *name* can be a session's or a user's."""
    return len(name) <= _LONGEST_NAME and name.isprintable() and not name.isspace() and name != ""


def base_path(dialect: str, *, token: str, session: str = "") -> str:
    """Return the path of a base URL for this dialect or provider, as its SDKs expect one.

    Raises ValueError for a session that cannot be one.
    """
    if session and not usable_name(session):
        raise ValueError(f"a session is a name of 1 to {_LONGEST_NAME} printable characters, not {session!r}")
    path = f"/t/{quote(token, safe='')}" + (f"/s/{quote(session, safe='')}" if session else "")
    # Anthropic's SDKs add the version themselves.
    return path if dialect.startswith("anthropic") else f"{path}/v1"


def _named(path: str, word: str) -> tuple[str | None, str]:
    """Take ``/word/VALUE`` off the front of *path*; None when it is not there."""
    if not path.startswith(f"/{word}/"):
        return None, path
    value, slash, rest = path[len(word) + 2 :].partition("/")
    try:
        return unquote(value, errors="strict"), slash + rest
    except UnicodeDecodeError:
        return "", slash + rest

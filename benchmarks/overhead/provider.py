"""The scripted provider of ``pinnedrules.testing`` in a process of its own, for a few hundred requests of an SDK."""

from __future__ import annotations

from benchmarks.child import Child, answer_parent
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import Reply

__all__ = ["FIRST_TOKEN_SECONDS", "provider"]

FIRST_TOKEN_SECONDS = 0.05
"""How long the provider thinks before its first token; real ones take several times that."""


def provider() -> Child:
    """Return the provider; it says its ``url``."""
    return Child("benchmarks.overhead.provider")


def main() -> None:
    """Serve until standard input ends."""
    with ScriptedProvider(lambda seen: Reply("Three mails are unread.", delay=FIRST_TOKEN_SECONDS)) as served:
        answer_parent({"url": served.url})


if __name__ == "__main__":
    main()

"""The tools and rules of the contract: a mailbox. What really ran is noted where the tools run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.adapters.contract.harness import Calls, Model, Reply, Seen

__all__ = ["BLOCK", "RULES", "Mailbox", "blocks", "call", "scripted"]

RULES = """\
version: 1
default: {read: allow, other: ask}
tools:
  look: read
  fetch: {effect: read, source: untrusted}
  delete_mail: delete
  wipe: delete
  send: send
  refund: spend
  task: {effect: read, args: [description, subagent_type, task]}
  helper: {effect: read, args: [task]}
rules:
  - {id: ask-first, text: Ask before you delete a mail., on: delete_mail, then: ask}
  - {id: never-wipe, text: Never wipe the mailbox., on: wipe, then: deny}
  - id: no-leaks
    text: After reading from outside send nothing.
    on: send
    require: {never_after: {source: untrusted}}
    else: deny
    then: allow
  - id: refund-cap
    text: Refund at most 100 in all.
    on: refund
    require: {total: {of: amount, per: session, max: 100}}
    else: deny
    then: allow
"""
BLOCK = "[operator's rules v1"


class Mailbox:
    """Tools that note what they did."""

    def __init__(self) -> None:
        self.did: list[str] = []
        self.before: Mapping[str, Callable[[], None]] = {}

    @property
    def tools(self) -> Sequence[Callable[..., Any]]:
        """The tools, as plain functions."""

        def look(n: int = 0) -> str:
            """Look at the mailbox."""
            return self._did("look", n)

        def fetch(topic: str) -> str:
            """Read something from outside."""
            return self._did("fetch", topic)

        def delete_mail(mail: str) -> str:
            """Delete a mail."""
            return self._did("delete_mail", mail)

        def wipe(everything: bool) -> str:
            """Wipe the mailbox."""
            return self._did("wipe", everything)

        def send(to: str) -> str:
            """Send a mail."""
            return self._did("send", to)

        def refund(amount: int) -> str:
            """Refund an amount."""
            return self._did("refund", amount)

        return [look, fetch, delete_mail, wipe, send, refund]

    def _did(self, tool: str, what: object) -> str:
        self.before.get(tool, lambda: None)()
        self.did.append(f"{tool} {what}")
        return f"did {tool} {what}"


def call(name: str, tool: str, **arguments: Any) -> Calls:
    """Return one call of a reply."""
    return Calls(name, tool, arguments)


def scripted(*replies: Reply | Model, seen: list[Seen] | None = None) -> Model:
    """Return a model that gives these replies in order, and notes in *seen* what it was shown."""
    left = list(replies)

    def play(shown: Seen) -> Reply:
        if seen is not None:
            seen.append(shown)
        now = left.pop(0) if left else Reply("That is all.")
        return now if isinstance(now, Reply) else now(shown)

    return play


def blocks(shown: Seen) -> int:
    """Return how often a request holds the pin block."""
    return shown.everything.count(BLOCK)

"""Tells the people who watch a program what became of its agent's calls: the first refusal at length, later ones in a line."""

from __future__ import annotations

import os
import shlex
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from pinnedrules.rulefile import RuleFile
from pinnedrules.rules.refusal import explained, in_a_line
from pinnedrules.types import Entry, Proposal, Ticket

__all__ = ["People"]

_MARKER = "told"


class People:
    """Says it with *say*, one text at a time. What is the first refusal goes by a file in the state *folder*.

    *every* says whether later ones are told too. Thread-safe. A folder that cannot be written means that the next program
    tells it at length again.
    """

    def __init__(self, folder: Path, source: RuleFile, say: Callable[[str], None], *, every: bool = True) -> None:
        self._folder = folder
        self._source = source
        self._say = say
        self._every = every
        self._told = (folder / _MARKER).exists()
        self._said: set[object] = set()
        self._lock = threading.Lock()

    def asked(self, proposal: Proposal, ticket: Ticket) -> None:
        """Say that a call waits for a person who is not here; *ticket* is new."""
        decision = proposal.decision
        with self._lock:
            self._said.add(ticket.id)
        if self._first():
            self._explain(proposal.call.name, decision.targets, decision.rules, decision.reasons, ticket.id, waits=True)
        elif self._every:
            # Whether the answer is held meanwhile or refused at once, this is true, and so is the command.
            self._say(
                f"pinnedrules: waits for a person: {ticket.summary}; to allow it: pinnedrules approvals approve {ticket.id}"
            )

    def recorded(self, entry: Entry) -> None:
        """Say that a call was refused, if that is what was recorded and nobody was told yet."""
        body = entry.body
        if entry.type != "decision" or body["released"]:
            return
        tool, ticket, rules = str(body["tool"]), str(body["ticket"]), _texts(body["rules"])
        with self._lock:
            what = ticket or (tool, *rules)
            known = what in self._said
            self._said.add(what)
        if known:
            return
        targets, reasons = _texts(entry.private.get("targets")), _texts(entry.private.get("reasons"))
        if self._first():
            self._explain(tool, targets, rules, reasons, ticket)
        elif self._every and not ticket:
            # Whoever was asked knows of a refusal by its ticket.
            self._say(in_a_line(tool, targets, rules, reasons))

    def _first(self) -> bool:
        """True once in the life of the state folder."""
        with self._lock:
            if self._told:
                return False
            self._told = True
        try:
            os.close(os.open(self._folder / _MARKER, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
        except FileExistsError:
            return False  # another program was faster
        except OSError:
            pass  # then the next program here tells it again
        return True

    def _explain(
        self,
        tool: str,
        targets: Sequence[str],
        rules: Sequence[str],
        reasons: Sequence[str],
        ticket: str,
        *,
        waits: bool = False,
    ) -> None:
        known = [rule for name in rules if (rule := self._source.rule(name)) is not None]
        self._say(
            explained(
                tool,
                targets,
                [(rule.id, rule.text) for rule in known],
                reasons,
                ticket=ticket,
                source=self._source.name,
                place=self._source.place(known[0].id if known else ""),
                state=shlex.quote(str(self._folder)),
                waits=waits,
            )
        )


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, (list, tuple)) else ()

"""Who is asked: a person at this terminal, or the user's own code. Everybody else answers tickets from outside.

An approver returns at once and answers later or never. Never means no: the ticket stays open until it expires.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import logging
import os
import re
import termios
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeAlias

from pinnedrules.control.principals import os_user
from pinnedrules.control.terminal import Terminal, terminal
from pinnedrules.errors import StateError
from pinnedrules.rules.printable import shown
from pinnedrules.types import Proposal, Ticket

__all__ = ["Answer", "Approver", "CallbackApprover", "TerminalApprover", "suggested_rule"]

Answer: TypeAlias = Callable[[bool, str, str], bool]
"""Called once with (approve, by whom, why); says whether it counts: not when somebody was faster."""

_Exactly: TypeAlias = tuple[int, str, tuple[str, ...], str | None]
"""What "this for the session" is about: the process, the call's hash, the rules that ask, what would really run."""

_LOG = logging.getLogger("pinnedrules")
_ARGUMENTS = 600
_SENTENCE = 300
# No wildcard and no markup: the name was chosen by a model or a server.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.:-]+")
_CHOICES = "[y] just this  [s] this for the session  [n] no > "


class Approver(Protocol):
    """Somebody who can be asked."""

    def ask(self, ticket: Ticket, proposal: Proposal, answer: Answer) -> None:
        """Start asking and return at once; *answer* is called before that, from another thread, or not at all."""


class CallbackApprover:
    """Asks a function of the user's: ``fn(ticket, proposal)`` returns True or False, or an awaitable of it.

    It runs in a thread of its own; what it returns to be awaited runs on *loop*, or on a new event loop there.
    An exception, or anything but a bool, is no answer, so the call is not allowed; it is logged (``pinnedrules``).
    *by* is the name under which the answers are recorded.
    """

    def __init__(
        self,
        fn: Callable[[Ticket, Proposal], bool | Awaitable[bool]],
        *,
        by: str = "callback",
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._fn = fn
        self._by = by
        self._loop = loop

    def ask(self, ticket: Ticket, proposal: Proposal, answer: Answer) -> None:
        """Call the function in a thread."""
        threading.Thread(
            target=self._ask, args=(ticket, proposal, answer), name="pinnedrules-approver", daemon=True
        ).start()

    def _ask(self, ticket: Ticket, proposal: Proposal, answer: Answer) -> None:
        try:
            said: object = self._fn(ticket, proposal)
            if inspect.isawaitable(said):
                said = self._wait_for(said)
            # Truth is not enough: "no", a mock and a coroutine that nobody awaited are all true.
            if not isinstance(said, bool):
                raise TypeError(f"an approver returns True or False, not {type(said).__name__}")
            answer(said, self._by, "")
        except Exception:  # noqa: BLE001 - it is the user's code, and whatever it raised is no answer
            _LOG.exception("the approver gave no answer to %s, so the call stays refused", ticket.id)

    def _wait_for(self, said: Awaitable[Any]) -> object:
        async def wait() -> object:
            return await said

        if self._loop is None:
            return asyncio.run(wait())
        return asyncio.run_coroutine_threadsafe(wait(), self._loop).result()


class TerminalApprover:
    """Asks the person at this program's terminal, one question at a time, and never reads standard input.

    *closed* says of a ticket's name that it is not open any more; the question then goes away. It may be set later.
    An end of input, an interrupt (which the program gets too) or a lost terminal is no answer.

    "This for the session" is a yes that is given again, each time for a ticket of its own, when exactly the same call
    is asked about by the same rules: same session, tool, arguments, rule set and stop epoch, in this process.
    """

    def __init__(self, *, closed: Callable[[str], bool] | None = None, device: str = "/dev/tty") -> None:
        self.closed = closed
        self._device = device
        self._turn = threading.Lock()
        self._for_session: dict[_Exactly, tuple[str, str]] = {}

    def usable(self) -> str:
        """Return why nobody can be asked here, or an empty string."""
        if _loop_runs():
            return "an event loop is running"
        try:
            with terminal(self._device) as screen:
                return "" if screen.in_front() else "this program runs in the background of its terminal"
        except OSError:
            return "this program has no terminal"

    def ask(self, ticket: Ticket, proposal: Proposal, answer: Answer) -> None:
        """Ask in a thread, after the questions that are being asked already; or answer as for the session."""
        said = self._for_session.get(_exactly(proposal))
        if said is not None:
            by, first = said
            answer(True, by, f"said for the session with {first}")
            return
        threading.Thread(
            target=self._ask, args=(ticket, proposal, answer), name="pinnedrules-approver", daemon=True
        ).start()

    def _ask(self, ticket: Ticket, proposal: Proposal, answer: Answer) -> None:
        # A lost terminal is no answer.
        with self._turn, contextlib.suppress(OSError, termios.error), terminal(self._device) as screen:
            if self._over(ticket) or not screen.in_front():
                return
            with screen.keys():
                said = self._converse(screen, ticket, proposal)
            if not said:
                screen.show("\npinnedrules: no answer was given here; the call waits or is refused\n")
                return
            problem = self._give(said, ticket, proposal, answer)
            if problem:
                screen.show(f"pinnedrules: {problem}\n")
            elif said == "s":
                screen.show(_for_the_session(proposal))

    def _give(self, said: str, ticket: Ticket, proposal: Proposal, answer: Answer) -> str:
        """Give the answer, and remember it when it is one for the session; return why it does not count, if so."""
        by, exactly = f"terminal:{os_user()}", _exactly(proposal)
        if said == "s":
            # Before the answer: the agent may propose the same call again at once.
            self._for_session[exactly] = (by, ticket.id)
        try:
            problem = (
                "" if answer(said != "n", by, "") else "the ticket was closed meanwhile, so this answer does not count"
            )
        except StateError as error:
            problem = f"the answer could not be kept, so it does not count: {error}"
        if problem:
            self._for_session.pop(exactly, None)
        return problem

    def _converse(self, screen: Terminal, ticket: Ticket, proposal: Proposal) -> str:
        """Return "y", "s" or "n", or nothing when there is no answer."""
        screen.show(_question(ticket, proposal))
        while True:
            screen.show(_CHOICES)
            line = screen.line(lambda: self._over(ticket))
            if line is None:
                return ""
            screen.show("\n")
            word = line.strip().lower()
            if word in ("y", "s", "n", "yes", "no"):
                return word[0]

    def _over(self, ticket: Ticket) -> bool:
        if time.time_ns() // 1000 >= ticket.expires_us:
            return True
        try:
            return self.closed is not None and self.closed(ticket.id)
        except StateError:
            return True  # an answer could not be kept either


def _exactly(proposal: Proposal) -> _Exactly:
    # Another rule that begins to ask (something was read from outside) is another question about the same call.
    return os.getpid(), proposal.call_sha256, proposal.decision.rules, proposal.decision.arguments


def _for_the_session(proposal: Proposal) -> str:
    """Return what "this for the session" did, and what a person would have to write for more."""
    asking = [shown(rule, _SENTENCE) for rule in proposal.decision.rules]
    said = (
        "Allowed, and so is exactly this call from now on, without a question: while this program runs, until its session"
        " is stopped or resumed, the rules change, or another rule asks about it. No rule was changed.\n"
    )
    if asking:
        which = f"{'rule' if len(asking) == 1 else 'rules'} {', '.join(asking)}"
        more = (
            f"To allow more, change {which} in the rule file: what asks wins over what allows, so that this rule"
            " alone would not help:"
        )
    else:
        more = "To allow more, add this rule to the rule file (arguments that nobody declared are asked about even so):"
    return f"{said}{more}\n\n{suggested_rule(proposal.call.name)}\n"


def suggested_rule(tool: str) -> str:
    """Return the rule, as YAML for the rule file, that would allow every call of *tool*; words when there is none."""
    if not _PLAIN_NAME.fullmatch(tool):
        return "  (no rule is suggested for a tool of this name)\n"
    name, text = json.dumps(f"allow-{tool}"), json.dumps(f"The owner allows {tool}.")
    return f"  - id: {name}\n    text: {text}\n    on: {json.dumps(tool)}\n    then: allow\n"


def _question(ticket: Ticket, proposal: Proposal) -> str:
    call, decision = proposal.call, proposal.decision
    lines = [f"\npinnedrules: the agent wants to call {shown(call.name)}  (ticket {ticket.id})"]
    lines += [f"  it becomes a call of {shown(decision.tool)}"] if decision.tool else []
    # Targets come escaped already; only what is not printable at all is escaped here.
    lines += [f"  {target if target.isprintable() else shown(target)}" for target in decision.targets]
    lines.append(f"  arguments: {shown(decision.arguments or call.arguments, _ARGUMENTS)}")
    lines += [f"  rule: {shown(sentence, _SENTENCE)}" for sentence in decision.sentences]
    lines += [f"  because: {shown(reason, _SENTENCE)}" for reason in decision.reasons]
    return "\n".join(lines) + "\n"


def _loop_runs() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True

"""Asking a person at a real terminal (a pseudo-terminal that controls the asking process)."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pinnedrules.control.approvers import TerminalApprover, suggested_rule

PRELUDE = r"""
import fcntl, json, os, select, signal, sys, termios, threading, time
from pinnedrules.control.approvers import TerminalApprover
from pinnedrules.errors import StateError
from pinnedrules.types import Call, Decision, Proposal, SessionId, Ticket

tty = int(sys.argv[1])
fcntl.ioctl(tty, termios.TIOCSCTTY, 0)
modes = termios.tcgetattr(tty)
answers = []

def proposal(
    name="refund", arguments='{"amount": 101}', targets=("101 EUR to lee",), sentence="Refund at most 100 EUR.",
    rules=("refund-cap",), call="c" * 64,
):
    decision = Decision("ask", (), rules, ("101 is more than 100",), (sentence,), targets=targets)
    return Proposal(SessionId("s"), Call(name, arguments), decision, call, "r" * 64, 0)

def ticket(name="t-abcdefgh", expires_us=2**60):
    return Ticket(name, "open", "s", "refund", "c" * 64, "refund()", 0, expires_us)

def keep(*said):
    answers.append(said)
    return True

def finish():
    for thread in threading.enumerate():
        if thread.name == "pinnedrules-approver":
            thread.join(60)

def tell(**more):
    print(json.dumps({"answers": answers, "restored": termios.tcgetattr(tty) == modes, **more}), flush=True)

approver = TerminalApprover()
"""
ASK = "approver.ask(ticket(), proposal(), keep)\nfinish()\ntell()"


class Person:
    """A program on a terminal, and the person in front of it."""

    def __init__(self, script: str, stdin: bytes = b"") -> None:
        self.master, slave = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-c", PRELUDE + script, str(slave)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            pass_fds=[slave], start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        assert self._process.stdin is not None
        self._process.stdin.write(stdin)
        self._process.stdin.close()
        self._process.stdin = None
        self.seen = ""

    def sees(self, text: str, times: int = 1) -> None:
        """Wait until *text* stands on the screen that often."""
        until = time.monotonic() + 60
        while self.seen.count(text) < times:
            assert time.monotonic() < until, self.seen
            if select.select([self.master], [], [], 1)[0]:
                self.seen += os.read(self.master, 4096).decode()

    def types(self, keys: str) -> None:
        """Press keys."""
        os.write(self.master, keys.encode())

    def answers(self, keys: str) -> None:
        """Press keys once there is a question."""
        self.sees("[n] no > ")
        self.types(keys)

    def leaves(self) -> None:
        """Close the terminal."""
        os.close(self.master)
        self.master = -1

    def told(self) -> Any:
        """What the program said at its end."""
        out, errors = self._process.communicate(timeout=60)
        assert self._process.returncode == 0, errors.decode()
        return json.loads(out.splitlines()[-1])

    def close(self) -> None:
        """End everything."""
        self._process.kill()
        self._process.communicate()
        if self.master >= 0:
            os.close(self.master)


@pytest.fixture
def sit() -> Iterator[Callable[..., Person]]:
    """Seat a person in front of a program."""
    seated: list[Person] = []

    def sit(script: str = ASK, stdin: bytes = b"") -> Person:
        seated.append(Person(script, stdin))
        return seated[-1]

    yield sit
    for person in seated:
        person.close()


@pytest.mark.parametrize(("keys", "approve"), [("y\r", True), ("n\r", False), ("YES\n", True), (" no \r", False)])
def test_a_person_answers(sit: Callable[..., Person], keys: str, approve: bool) -> None:
    """A yes or a no at the terminal is the answer, under the person's login; the terminal is as before."""
    person = sit()
    person.answers(keys)

    told = person.told()

    ((said, by, _),) = told["answers"]
    assert said is approve
    assert re.fullmatch(r"terminal:.+", by)
    assert told["restored"]


def test_the_question_shows_what_is_asked(sit: Callable[..., Person]) -> None:
    """Tool, targets, arguments, the rule's sentence, the reason and the ticket stand on the screen."""
    person = sit()
    person.answers("n\r")
    person.told()

    for text in ("refund", "101 EUR to lee", '{"amount": 101}', "Refund at most 100 EUR.", "101 is more than 100"):
        assert text in person.seen
    assert "t-abcdefgh" in person.seen


def test_for_the_session_shows_the_rule_and_the_one_that_stands_against_it(sit: Callable[..., Person]) -> None:
    """No rule is written by a key press: the rule is shown, and which one has to be changed, since an ask wins."""
    person = sit()
    person.answers("s\r")

    assert person.told()["answers"][0][0] is True
    person.sees("then: allow")
    assert "No rule was changed." in person.seen
    assert "change rule refund-cap in the rule file" in person.seen


def test_without_a_rule_that_asks_the_shown_rule_is_to_be_added(sit: Callable[..., Person]) -> None:
    """Where the default asks, nothing stands against a rule that allows."""
    person = sit(ASK.replace("proposal()", "proposal(rules=())"))
    person.answers("s\r")
    person.told()

    person.sees("then: allow")
    assert "add this rule to the rule file" in person.seen


TWICE = """
approver.ask(ticket("t-aaaaaaaa"), proposal(), keep)
finish()
approver.ask(ticket("t-bbbbbbbb"), {}, keep)
finish()
tell()
"""


def test_for_the_session_answers_exactly_this_call_again(sit: Callable[..., Person]) -> None:
    """The same call is approved without a question, under the same person's name, each time for its own ticket."""
    person = sit(TWICE.format("proposal()"))
    person.answers("s\r")

    first, second = person.told()["answers"]

    assert (first[0], second[0]) == (True, True)
    assert first[1] == second[1]
    assert second[2] == "said for the session with t-aaaaaaaa"
    assert person.seen.count("[n] no > ") == 1


@pytest.mark.parametrize(
    "other",
    [
        'proposal(call="d" * 64)',
        'proposal(rules=("refund-cap", "no-exfiltration"))',
        'proposal(rules=("no-exfiltration",))',
        "replace(proposal(), decision=replace(proposal().decision, arguments='{}'))",
    ],
    ids=["another call", "one more rule asks", "another rule asks", "another thing would run"],
)
def test_for_the_session_is_never_more_than_this_call(sit: Callable[..., Person], other: str) -> None:
    """Other arguments, sessions, rules or epochs are another call; and other reasons to ask are another question."""
    person = sit("from dataclasses import replace\n" + TWICE.format(other))
    person.answers("s\r")
    person.sees("[n] no > ", 2)
    person.types("n\r")

    assert [said[0] for said in person.told()["answers"]] == [True, False]


@pytest.mark.parametrize("keys", ["y\r", "n\r"])
def test_just_this_and_no_are_asked_again(sit: Callable[..., Person], keys: str) -> None:
    """Only "this for the session" is remembered."""
    person = sit(TWICE.format("proposal()"))
    person.answers(keys)
    person.sees("[n] no > ", 2)
    person.types("n\r")

    assert len(person.told()["answers"]) == 2


@pytest.mark.parametrize("answer", ["return False", "raise StateError('disk full')"])
def test_an_answer_that_does_not_count_is_not_remembered(sit: Callable[..., Person], answer: str) -> None:
    """When somebody else closed the ticket first, or the store failed, nothing was allowed for the session."""
    person = sit(TWICE.format("proposal()").replace("proposal(), keep", "proposal(), fail", 1).replace(
        "\napprover", f"\ndef fail(*said): {answer}\napprover", 1
    ))  # fmt: skip
    person.answers("s\r")
    person.sees("[n] no > ", 2)
    assert "does not count" in person.seen
    person.types("n\r")

    assert [said[0] for said in person.told()["answers"]] == [False]


def test_for_the_session_ends_with_the_process(sit: Callable[..., Person]) -> None:
    """A forked child is another process, and whatever it is about to do was not asked."""
    person = sit(
        "approver.ask(ticket('t-aaaaaaaa'), proposal(), keep)\n"
        "finish()\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    approver.ask(ticket('t-bbbbbbbb'), proposal(), keep)\n"
        "    finish()\n"
        "    tell()\n"
        "    os._exit(0)\n"
        "os.waitpid(pid, 0)\n"
    )
    person.answers("s\r")
    person.sees("[n] no > ", 2)
    person.types("n\r")

    assert [said[0] for said in person.told()["answers"]] == [True, False]


def test_anything_else_is_asked_again(sit: Callable[..., Person]) -> None:
    """A slip of the fingers is no answer; a letter can be taken back before Enter."""
    person = sit()
    person.answers("\r")
    person.sees("[n] no > ", 2)
    person.types("yse\r")
    person.sees("[n] no > ", 3)
    person.types("\x7fn\x08\x7f\x1by\r")

    assert person.told()["answers"][0][0] is True


def test_an_end_of_input_is_no_answer(sit: Callable[..., Person]) -> None:
    """Control-D answers nothing, so the call is not allowed."""
    person = sit()
    person.answers("\x04")

    told = person.told()

    assert told["answers"] == []
    assert told["restored"]
    person.sees("no answer")


def test_an_interrupt_is_no_answer_and_reaches_the_program(sit: Callable[..., Person]) -> None:
    """Control-C ends the question first, then interrupts the program as always."""
    person = sit(
        "try:\n"
        "    approver.ask(ticket(), proposal(), keep)\n"
        "    time.sleep(60)\n"
        "    tell(interrupted=False)\n"
        "except KeyboardInterrupt:\n"
        "    finish()\n"
        "    tell(interrupted=True)\n"
    )
    person.answers("y\x03")

    assert person.told() == {"answers": [], "restored": True, "interrupted": True}


def test_a_terminal_that_goes_away_is_no_answer(sit: Callable[..., Person]) -> None:
    """A closed window approves nothing and breaks nothing."""
    person = sit("signal.signal(signal.SIGHUP, signal.SIG_IGN)\n" + ASK.replace("tell()", "print(json.dumps(answers))"))
    person.sees("[n] no > ")
    person.leaves()

    assert person.told() == []


def test_what_was_typed_before_the_question_is_not_an_answer(sit: Callable[..., Person]) -> None:
    """A line meant for the program does not approve a call that nobody has read yet."""
    person = sit("os.write(tty, b'ready')\nselect.select([tty], [], [], 60)\n" + ASK)
    person.sees("ready")
    person.types("y\r")
    person.answers("n\r")

    ((said, _, _),) = person.told()["answers"]
    assert said is False


def test_standard_input_is_never_read(sit: Callable[..., Person]) -> None:
    """What is piped into the program, maybe by the agent, is not the person."""
    person = sit(ASK.replace("tell()", "tell(rest=sys.stdin.read())"), stdin=b"y\ny\n")
    person.answers("n\r")

    told = person.told()

    assert told["answers"][0][0] is False
    assert told["rest"] == "y\ny\n"


def test_one_question_at_a_time(sit: Callable[..., Person]) -> None:
    """Several calls asked at once are asked one after the other, and each answer goes to its own."""
    person = sit(
        "for name in ('t-aaaaaaaa', 't-bbbbbbbb', 't-cccccccc'):\n"
        "    approver.ask(ticket(name), proposal(), lambda yes, by, why, name=name: answers.append([name, yes]))\n"
        "finish()\ntell()"
    )
    for number, keys in enumerate(("y\r", "n\r", "y\r"), 1):
        person.sees("[n] no > ", number)
        assert person.seen.count("(ticket ") == number
        person.types(keys)

    asked = re.findall(r"\(ticket (t-.{8})\)", person.seen)
    assert person.told()["answers"] == [[asked[0], True], [asked[1], False], [asked[2], True]]


def test_a_question_answered_elsewhere_goes_away(sit: Callable[..., Person], tmp_path: Path) -> None:
    """When the ticket is answered from another terminal, this one is free again."""
    answered = tmp_path / "answered"
    person = sit(f"approver.closed = lambda name: name == 't-abcdefgh' and os.path.exists({str(answered)!r})\n" + ASK)
    person.sees("[n] no > ")
    answered.touch()

    told = person.told()

    assert told["answers"] == []
    assert told["restored"]


END = """
pid = os.fork()
if pid == 0:
    approver.ask(ticket(), proposal(), keep)
    while termios.tcgetattr(tty) == modes:
        time.sleep(0.01)
    {}
os.waitpid(pid, 0)
tell()
"""


@pytest.mark.parametrize(
    "end",
    [
        "approver.closed = lambda name: True; sys.exit()",
        "sys.exit()",
        "sys.exit(3)",
        "raise KeyboardInterrupt",
        "raise RuntimeError('a mistake of the program')",
    ],
)
def test_a_program_that_ends_during_a_question_leaves_the_terminal_as_it_was(
    sit: Callable[..., Person], end: str
) -> None:
    """Answered elsewhere or not, the person's next program has its echo: the thread that asks is cut off, not asked."""
    person = sit(END.format(end))

    assert person.told() == {"answers": [], "restored": True}


def test_the_end_of_a_forked_child_leaves_the_question_of_its_parent(sit: Callable[..., Person]) -> None:
    """A worker process that ends takes nothing away from the question that its parent asks."""
    person = sit(
        "approver.ask(ticket(), proposal(), keep)\n"
        "while termios.tcgetattr(tty) == modes: time.sleep(0.01)\n"
        "asking = termios.tcgetattr(tty)\n"
        "pid = os.fork()\n"
        "if pid == 0: sys.exit()\n"
        "os.waitpid(pid, 0)\n"
        "undisturbed = termios.tcgetattr(tty) == asking\n"
        "os.write(tty, b'the child is gone')\n"
        "finish()\n"
        "tell(undisturbed=undisturbed)\n"
    )
    person.sees("the child is gone")
    person.types("n\r")

    told = person.told()

    assert told["undisturbed"]
    assert told["restored"]


def test_an_ending_program_asks_nobody_any_more(sit: Callable[..., Person]) -> None:
    """A question that would begin while the program ends is not asked: nobody would put the terminal back."""
    person = sit(
        "import atexit\n"
        "def late():\n"
        "    approver.ask(ticket(), proposal(), keep)\n"
        "    finish()\n"
        "    tell()\n"
        "from pinnedrules.control import terminal\n"
        "atexit.unregister(terminal._CHANGED.at_exit)\n"
        "atexit.register(late)\n"
        "atexit.register(terminal._CHANGED.at_exit)\n"
    )

    assert person.told() == {"answers": [], "restored": True}
    assert "[n] no" not in person.seen


@pytest.mark.parametrize(
    "script",
    [
        ASK.replace("ticket()", "ticket(expires_us=1)"),
        "approver.closed = lambda name: True\n" + ASK,
        "def closed(name): raise StateError('no store')\napprover.closed = closed\n" + ASK,
    ],
    ids=["expired", "closed", "no store"],
)
def test_what_cannot_be_answered_is_not_asked(sit: Callable[..., Person], script: str) -> None:
    """A person is not asked about a ticket whose answer could not count."""
    person = sit(script)

    assert person.told()["answers"] == []
    assert "[n] no" not in person.seen


def test_an_answer_that_cannot_be_kept_is_said(sit: Callable[..., Person]) -> None:
    """Somebody who said yes learns that it does not count."""
    person = sit("def keep(*said): raise StateError('disk full')\n" + ASK)
    person.answers("y\r")
    person.told()

    person.sees("does not count: disk full")


def test_nothing_from_outside_reaches_the_terminal_raw(sit: Callable[..., Person]) -> None:
    """Control, bidirectional and invisible characters are shown as escapes: no question can be painted over."""
    person = sit(
        'evil = "a\\x1b[2Jb\\u202ec\\u200bd\\re\\nf\\U000e0041"\n'
        "approver.ask(ticket(), proposal(evil, evil, (evil,), evil), keep)\nfinish()\ntell()"
    )
    person.answers("n\r")
    person.told()

    for raw in ("\x1b", "\u202e", "\u200b", "\U000e0041", "d\re", "e\nf", "e\r\nf"):
        assert raw not in person.seen
    assert person.seen.count("\\u001b[2J") == 4
    assert person.seen.count("\\u202e") == 4


def test_a_terminal_in_front_is_usable(sit: Callable[..., Person]) -> None:
    """A program that a person started at a terminal can ask there."""
    assert sit("tell(usable=approver.usable())").told()["usable"] == ""


def test_a_program_in_the_background_asks_nobody(sit: Callable[..., Person]) -> None:
    """Reading keys in the background would suspend the program, so it is not tried."""
    person = sit(
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    os.setpgid(0, 0)\n"
        "    approver.ask(ticket(), proposal(), keep)\n"
        "    finish()\n"
        "    tell(usable=approver.usable())\n"
        "    os._exit(0)\n"
        "os.waitpid(pid, 0)\n"
    )

    told = person.told()

    assert "background" in str(told["usable"])
    assert told["answers"] == []


def test_without_a_terminal_nobody_is_asked() -> None:
    """A service has no terminal, and says so."""
    script = (
        "from pinnedrules.control.approvers import TerminalApprover\n"
        "from pinnedrules.types import Call, Decision, Proposal, SessionId, Ticket\n"
        "call = Call('refund', '{}')\n"
        "ticket = Ticket('t-abcdefgh', 'open', 's', 'refund', 'c', 'refund()', 0, 2**60)\n"
        "approver = TerminalApprover()\n"
        "approver.ask(ticket, Proposal(SessionId('s'), call, Decision('ask'), 'c', 'r', 0), lambda *said: print(said))\n"
        "print(approver.usable())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], start_new_session=True, capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout.strip() == "this program has no terminal"
    assert done.stderr == ""


def test_a_running_event_loop_is_not_held_up() -> None:
    """A service on an event loop does not ask at a terminal."""

    async def usable() -> str:
        return TerminalApprover().usable()

    assert "event loop" in asyncio.run(usable())


@pytest.mark.parametrize("tool", ["refund", "yes", "1", "gmail.send-now", "mcp__mail__send", "a:b"])
def test_the_suggested_rule_is_one_rule(tool: str) -> None:
    """The suggestion is YAML of one rule about this tool."""
    (rule,) = YAML(typ="safe").load("rules:\n" + suggested_rule(tool))["rules"]

    assert set(rule) == {"id", "text", "on", "then"}
    assert rule["on"] == tool
    assert rule["then"] == "allow"


@pytest.mark.parametrize("tool", ["*", "*delete*", "re?", 'x"\n- id: y', "a: b # c", "\u202e", "\\", ""])
def test_no_rule_is_suggested_for_an_odd_name(tool: str) -> None:
    """A model that calls a tool `*` does not get a person to add a rule that allows everything."""
    assert "then" not in suggested_rule(tool)

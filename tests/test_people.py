"""What the person who watches a program is told about refused calls."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pinnedrules import Guard
from pinnedrules.people import People
from pinnedrules.rulefile import RuleFile
from pinnedrules.rules.refusal import explained
from pinnedrules.types import Call, Decision, Entry, Proposal, SessionId, Ticket

RULES = """\
version: 1
tools:
  list_mail: read
  delete_mail: delete
  pay: spend
rules:
  - id: suggest-only
    text: Only suggest deletions.
    on: {effect: delete}
    then: ask
  - id: no-money
    text: Never pay.
    on: {effect: spend}
    then: deny
"""

HERE = "It is the first one here, so this says what that is"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES, encoding="utf-8")
    return path


@pytest.fixture
def told(rules: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Check calls under a guard; return what was said about them."""

    def check(*calls: tuple[str, dict[str, object]], **settings: Any) -> str:
        with Guard(settings.pop("rules", rules), approver="tickets", **settings) as guard:
            capfd.readouterr()
            for name, arguments in calls:
                assert guard.check(name, arguments).refused is (settings.get("mode") != "monitor")
        return capfd.readouterr().err

    return check


def test_the_first_refusal_explains_itself(told: Callable[..., str], rules: Path) -> None:
    """What this is, what was refused, the rule with its sentence, and the commands and the line that change it."""
    said = told(("delete_mail", {"id": "m1"}))

    ticket = said.partition("approvals approve ")[2].split()[0]
    assert said.splitlines() == [
        f"pinnedrules: a tool call was held back. {HERE}; later ones get a line.",
        "  what      The model proposed delete_mail(id: m1). It does not run unless a person permits it.",
        "  why       rule suggest-only: Only suggest deletions.",
        "            (the rule asks about the effect delete)",
        "  who       pinnedrules stands between the model and the tools. It puts the rules of",
        "            rules.yaml into every request, and decides every call by them before it can run.",
        "  and now   Without a yes in time the refusal is told to the model (or raised, if the program asked for that).",
        "            Nothing else is held up.",
        "  next",
        f"    to allow exactly this call, once, now or when it is tried again: pinnedrules approvals approve {ticket}",
        "    to allow such calls from now on: change rule suggest-only (rules.yaml, line 7)",
        f"    to see what happened: pinnedrules log --verdict deny --state {rules.parent / '.pinnedrules'}",
    ]


def test_later_refusals_get_a_line(told: Callable[..., str]) -> None:
    """Only the first refusal in a state folder is explained; a ticket gets its command, a kind of denial one line."""
    calls: list[tuple[str, dict[str, object]]] = [
        ("pay", {"amount": "1"}),
        ("delete_mail", {"id": "m1"}),
        ("delete_mail", {"id": "m1"}),
        ("pay", {"amount": "2"}),
        ("sénd", {}),
        ("sénd", {}),
    ]
    first, *later = told(*calls).split("\npinnedrules: ")

    assert HERE in first
    assert "approvals approve" not in first
    assert [line.splitlines()[0] for line in later] == [
        later[0].splitlines()[0],
        "refused sénd(), no rule permits it (the tool name sénd is not plain ASCII);"
        " to look into it: pinnedrules log --verdict deny",
    ]
    assert later[0].startswith(
        "waits for a person: delete_mail(id: m1): Only suggest deletions.; to allow it: pinnedrules "
    )
    again = told(("pay", {"amount": "3"}), ("pay", {"amount": "4"}))
    assert again == (
        "pinnedrules: refused pay(amount: 3), by no-money (the rule denies the effect spend);"
        " to look into it: pinnedrules log --verdict deny\n"
    )


def test_a_tool_that_nobody_declared_is_explained(told: Callable[..., str]) -> None:
    """No rule permits it: the person is told what to declare, and where."""
    said = told(("frob", {"x": 1}))

    assert (
        "  why       no rule permits it.\n            (the tool frob is not declared; no rule permits it: ask (write))"
        in said
    )
    assert "say under tools: (rules.yaml) what frob does, as in frob: read, if it only reads,\n" in said
    assert "or write a rule that permits it, with on: frob and then: allow" in said


def test_a_profile_has_no_line_to_change(told: Callable[..., str], tmp_path: Path) -> None:
    """Where the rules are no file, the command that makes one is named."""
    said = told(("frob", {}), rules=None, profile="analyze", state=tmp_path / "other")

    assert (
        "change rule analyze-only (profile analyze is no file; pinnedrules init --profile analyze writes one)" in said
    )


def test_a_rule_that_is_gone_from_the_file_has_no_line(rules: Path) -> None:
    """A file that changed, broke or vanished is named without a line."""
    source = RuleFile(rules, "", None)

    assert source.place("no-money") == "rules.yaml, line 11"
    for text in (RULES.replace("no-money", "other"), "rules: 3", "[", "- 1"):
        rules.write_text(text, encoding="utf-8")
        assert source.place("no-money") == "rules.yaml"
    rules.unlink()
    assert source.place("no-money") == "rules.yaml"


def test_a_rule_of_the_changed_file_is_known(rules: Path) -> None:
    """What a tightened file adds is quoted like what was in force from the start."""
    source = RuleFile(rules, "", None)
    rules.write_text(RULES + "  - {id: added, text: No more., on: {effect: read}, then: ask}\n", encoding="utf-8")
    source.look()

    found = source.rule("added")
    assert found is not None
    assert found.text == "No more."
    assert source.rule("none") is None


def test_nothing_is_said_to_nobody(told: Callable[..., str], rules: Path) -> None:
    """A quiet guard says nothing, and leaves the explanation to the next one; monitor mode holds nothing back."""
    assert told(("pay", {}), quiet=True) == ""
    assert told(("pay", {}), mode="monitor") == ""
    assert HERE in told(("pay", {}))


class Heard:
    """People in a folder, with what they said."""

    def __init__(self, folder: Path, rules: Path) -> None:
        self.lines: list[str] = []
        self.people = People(folder, RuleFile(rules, "", None), self.lines.append)

    def refuse(self, tool: str = "pay", ticket: str = "") -> None:
        body = {"tool": tool, "released": False, "rules": ["no-money"], "ticket": ticket}
        self.people.recorded(Entry("decision", SessionId("s"), body))


def test_a_call_that_a_person_refused_does_not_wait(tmp_path: Path, rules: Path) -> None:
    """After a no the explanation says that the call did not run; the same ticket still can be approved."""
    heard = Heard(tmp_path, rules)
    heard.refuse(ticket="t-1")

    assert "The model proposed pay(). It did not run." in heard.lines[0]
    assert "once, when it is tried again: pinnedrules approvals approve t-1" in heard.lines[0]
    assert "yes in time" not in heard.lines[0]


def test_of_several_programs_one_explains(tmp_path: Path, rules: Path) -> None:
    """The state folder has one first refusal, whichever program or thread comes to it."""
    all_ = [Heard(tmp_path, rules) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: all_[number % 4].refuse(f"tool{number}"), range(16)))

    lines = [line for heard in all_ for line in heard.lines]
    assert sum(HERE in line for line in lines) == 1
    assert len(lines) == 16


def test_a_folder_that_cannot_be_written_changes_nothing_else(tmp_path: Path, rules: Path) -> None:
    """Without the mark the next program tells it again; nothing fails."""
    for _ in range(2):
        heard = Heard(tmp_path / "missing", rules)
        heard.refuse()
        heard.refuse("other")
        assert [HERE in line for line in heard.lines] == [True, False]


def test_whoever_was_asked_is_not_told_again(tmp_path: Path, rules: Path) -> None:
    """A refusal with a ticket was announced, or answered by somebody who was asked: no second line for it."""
    heard = Heard(tmp_path, rules)
    decision = Decision("ask", ("spend",), ("no-money",), ("why",), ("Never pay.",))
    proposal = Proposal(SessionId("s"), Call("pay", "{}"), decision, "0" * 64, "", 0)
    heard.people.asked(proposal, Ticket("t-1", "open", "s", "pay", "", "pay()", 0, 1))
    heard.refuse(ticket="t-1")
    heard.refuse(ticket="t-2")
    heard.people.recorded(Entry("decision", SessionId("s"), {"released": True}))
    heard.people.recorded(Entry("request", SessionId("s"), {}))

    assert [HERE in line for line in heard.lines] == [True]


def test_a_closed_standard_error_is_no_failure(rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a call runs does not hang on whether somebody can be told about it."""
    with Guard(rules, approver="tickets") as guard, open(os.devnull, "w", encoding="utf-8") as gone:
        gone.close()
        monkeypatch.setattr(sys, "stderr", gone)
        asked, denied, allowed = (guard.check(name, {}) for name in ("delete_mail", "pay", "list_mail"))
        monkeypatch.undo()

    assert asked.ticket is not None
    assert (denied.refused, allowed.refused) == (True, False)


def test_a_pause_and_a_name_that_no_rule_can_allow_have_their_own_way_out() -> None:
    """Nobody is sent to change a rule where that would not help."""

    def ways(tool: str, reason: str) -> str:
        return explained(tool, (), (), (reason,), ticket="", source="r", place="r, line 1", state="s")

    assert "to go on after the pause: pinnedrules resume --reason WHY" in ways("pay", "paused: enough")
    assert "no rule can allow it: give the tool a name of letters, digits and _" in ways("p\u0430y", "not plain")
    assert "\u0430" not in ways("p\u0430y", "not plain")

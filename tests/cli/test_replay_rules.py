"""pinnedrules replay LOG: one's own log under other rules."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.ran import Cli
from tests.replay.logs import decision
from tests.replay.traces import RULES, chat, messages, write

from pinnedrules.control.state import StateFolder

Write = Callable[..., None]


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")


@pytest.fixture
def log(write_log: Write, state: StateFolder) -> Path:
    """Five calls of one session: two mails inside that a person was asked about, one outside that ran."""
    write_log(
        decision("search", {"query": "x"}),
        decision("send_email", {"to": "a@example.com"}, ticket="t1", approved_by="bo", effects=("send",)),
        decision("send_email", {"to": "b@example.com"}, verdict="deny", ticket="t2", effects=("send",)),
        decision("send_email", {"to": "bob@evil.test"}, effects=("send",)),
        decision("send_email", None, effects=("send",)),
        decision("send_email", {"to": "c@example.com"}, verdict="deny", reasons=("paused: lunch",), effects=("send",)),
        decision("web_search", {}, call="request:web_search"),
    )
    return state.path


def test_what_would_be_decided_differently_is_told(cli: Cli, rules: Path, log: Path) -> None:
    """The summary in one sentence, then every call that is decided otherwise, with what became of it then."""
    found = cli("replay", log, "--rules", rules)

    assert found.code == 1
    lines = found.out.splitlines()
    assert lines[0].startswith("6 calls of 1 session, 2023-11-14 ")
    assert lines[1:4] == [
        "then: 3 allowed, 2 asked about, 0 denied, 1 held back (a pause)",
        "under rules.yaml: in these 6 calls I would have stopped 1 and asked about 0 (2 prompts fewer)",
        "not known: 1 call (send_email 1 time): its arguments were erased",
    ]
    assert "laxer than then (2 calls):" in lines
    assert "    was asked about (allowed by bo), now allowed by inside" in lines
    assert "    was asked about (nobody allowed it), now allowed by inside" in lines
    assert "stricter than then (1 call):" in lines
    assert "    was allowed, now stopped by inside: recipients: bob@evil.test is not in example.com" in lines
    assert any(line.startswith("limit: ") for line in lines)


def test_the_log_here_is_found_and_its_last_calls_can_be_chosen(cli: Cli, rules: Path, log: Path) -> None:
    """Without a path it is the log in this folder; --last reports on the last calls only."""
    whole, last = (
        cli("replay", "--rules", rules, "--json").json,
        cli("replay", "--rules", rules, "--last", "2", "--json").json,
    )
    direct = cli("replay", log / "log", "--rules", rules, "--json").json

    assert (whole["calls"], last["calls"]) == (6, 2)
    assert direct == whole
    assert whole["prompts_fewer"] == 2
    assert [row["stricter"] for row in whole["different"]] == [False, False, True]


def test_the_report_can_be_kept(cli: Cli, rules: Path, log: Path, home: Path) -> None:
    """--out writes the document."""
    cli("replay", log, "--rules", rules, "--out", home / "out.json")
    assert json.loads((home / "out.json").read_text())["calls"] == 6


def test_the_same_rules_decide_the_same(cli: Cli, home: Path) -> None:
    """A log that a guard wrote under these rules, replayed under them, has no difference."""
    (home / "replay.yaml").write_text(RULES)
    trace = write(home / "trace.jsonl", {"messages": chat(user="Hello.")}, messages(user="Hello."))
    cli("replay", trace, "--rules", home / "replay.yaml", "--state", home / "kept")

    found = cli("replay", home / "kept", "--rules", home / "replay.yaml")

    assert found.code == 0, found
    assert "nothing would be decided differently" in found.out
    assert "as many prompts" in found.out


def test_what_a_pause_held_back_is_not_compared(cli: Cli, rules: Path, write_log: Write) -> None:
    """The rules alone would have decided it otherwise, and that is no difference between rules: both are said."""
    held = decision(
        "search", {"query": "a"}, verdict="deny", effects=("read",), released=False, reasons=("paused: wait",)
    )
    write_log(held, decision("search", {"query": "b"}, effects=("read",)))
    out = cli("replay", "--rules", rules).out
    assert "1 held back (a pause)" in out
    assert "of the others, nothing would be decided differently" in out
    assert "not compared: 1 call that something else than these rules held back then" in out


def test_more_prompts_are_said_as_well(cli: Cli, rules: Path, write_log: Write) -> None:
    """Stricter rules cost prompts, and that is told."""
    write_log(decision("delete_mail", {"id": 1}, effects=("delete",)))
    assert "asked about 1 (1 prompt more)" in cli("replay", "--rules", rules).out


def test_an_empty_log_says_so(cli: Cli, rules: Path, write_log: Write) -> None:
    """A guard that decided nothing yet has nothing to replay."""
    write_log(decision("x", {}, call="request:x"))
    assert "the log holds no decision on a call yet" in cli("replay", "--rules", rules).out


def test_many_differences_are_cut(cli: Cli, rules: Path, write_log: Write) -> None:
    """The last twenty are shown, the document has all."""
    write_log(*[decision("delete_mail", {"id": number}, effects=("delete",)) for number in range(25)])
    out = cli("replay", "--rules", rules).out
    assert "stricter than then (25 calls, the last 20; --json has all):" in out
    assert out.count("now asked about") == 20


@pytest.mark.parametrize(
    "words", [("--suite", "x"), ("--limit", "3"), ("--compact-at", "9"), ("--state", "x"), ("--tools", "x")]
)
@pytest.mark.usefixtures("log")
def test_what_is_for_recordings_is_not_for_logs(cli: Cli, rules: Path, words: tuple[str, str]) -> None:
    """An option that would do nothing is wrong usage."""
    assert cli("replay", "--rules", rules, *words).code == 2


def test_no_log_is_wrong_usage(cli: Cli, rules: Path, home: Path) -> None:
    """A folder without a log, and none at all, says what would be one; --last is for logs."""
    assert cli("replay", "--rules", rules).code == 2
    assert cli("replay", home, "--rules", rules).code == 2
    write(home / "trace.jsonl", messages())
    assert cli("replay", home / "trace.jsonl", "--rules", rules, "--last", "1").code == 2

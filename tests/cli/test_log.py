"""pinnedrules log"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.cli.ran import INBOX, Cli

from pinnedrules.cli.follow import Follower
from pinnedrules.cli.times import since
from pinnedrules.control.running import register
from pinnedrules.control.state import StateFolder, open_state
from pinnedrules.control.stop import StopFile
from pinnedrules.errors import StateError
from pinnedrules.types import Entry, SessionId

Write = Callable[..., None]


def decision(tool: str, *, verdict: str = "allow", session: SessionId = INBOX, **more: Any) -> Entry:
    body: dict[str, object] = {
        "tool": tool,
        "verdict": verdict,
        "released": verdict == "allow",
        "rules": [],
        "ticket": "",
        "approved_by": "",
    }
    return Entry("decision", session, body | more, {"targets": ["to: bob@evil.test"], "reasons": ["it is outside"]})


REQUEST = Entry(
    "request",
    INBOX,
    {
        "model": "gpt-x",
        "messages": 3,
        "bytes": 99,
        "change": "extended",
        "block_verified": True,
        "edits": ["block"],
    },
)


def test_the_story_can_be_read(cli: Cli, write_log: Write) -> None:
    """Each record is one line that says what happened, to which call, by which rule and why."""
    write_log(
        REQUEST,
        decision("search"),
        decision("send_email", verdict="deny", rules=["inside"], ticket="t-1"),
        decision("send_email", approved_by="anna", ticket="t-2"),
        decision("send_email", verdict="deny", released=True),
        Entry("compaction", INBOX, {"kind": "client", "messages_before": 9, "messages_after": 3}),
        Entry("compaction", INBOX, {"kind": "anthropic"}),
        Entry("answer", INBOX, {"finish": "stop", "calls": 2, "refused": 1}),
        Entry("refusal", INBOX, {"error": "Stopped"}, {"why": "Stopped by anna."}),
        Entry("novelty", INBOX, {"a": 1}),
    )

    out = cli("log").out

    assert "[inbox] request to gpt-x: 3 messages, 99 bytes (extended), the block in place, edited: block" in out
    assert "allowed search(to: bob@evil.test)" in out
    assert "DENIED send_email(to: bob@evil.test) by inside: it is outside [t-1]" in out
    assert "allowed send_email(to: bob@evil.test), approved by anna [t-2]" in out
    assert "LET THROUGH by monitor mode (deny) send_email" in out
    assert "compaction (client): 9 messages became 3" in out
    assert "compaction (anthropic)\n" in out
    assert "answer: 2 calls, 1 refused (stop)" in out
    assert "REFUSED (Stopped): Stopped by anna." in out
    assert 'novelty {"a": 1}' in out
    assert "log." not in out


def test_what_belongs_to_the_provider_s_own_state_is_told(cli: Cli, write_log: Write) -> None:
    """Polls, items, compaction endpoints, calls at execution, calls taken back: each has its words."""
    held = {"path": "GET /v1/responses/r1", "bytes": 0}
    write_log(
        Entry("request", INBOX, held | {"kind": "poll"}),
        Entry("request", INBOX, held | {"kind": "items", "edits": ["block"]}),
        Entry("request", INBOX, dict(REQUEST.body) | held | {"kind": "compact", "block_verified": False}),
        Entry("request", INBOX, dict(REQUEST.body) | {"kind": "request"}),
        Entry(
            "compaction",
            INBOX,
            {"kind": "endpoint", "messages_before": 9, "messages_after": 3, "block_verified": False},
        ),
        Entry(
            "compaction", INBOX, {"kind": "client", "messages_before": 9, "messages_after": 3, "block_verified": True}
        ),
        Entry("compaction", INBOX, {"kind": "client", "block_verified": False}),
        Entry("execution", INBOX, {"tool": "search", "released_before": True}, {"arguments": '{"q":1}'}),
        Entry("execution", INBOX, {"tool": "search", "released_before": False}, {"arguments": "{}"}),
        Entry("withheld", INBOX, {"calls": ["c1"], "why": "it could not be put back"}),
        Entry("returned", INBOX, {"tool": "pay", "call": "c1", "from": ["count:few", "total:cap"], "why": "not run"}),
        Entry("answer", INBOX, {"finish": "no answer", "error": "ConnectError"}),
    )

    lines = [line.partition("[inbox] ")[2] for line in cli("log").out.splitlines()[1:]]

    assert lines == [
        "asked for an answer that is being made: GET /v1/responses/r1, 0 bytes",
        "put items into what the provider keeps: GET /v1/responses/r1, 0 bytes, edited: block",
        "asked the provider to compact, without the block, as that takes none: GET /v1/responses/r1, 0 bytes, edited: block",
        "request to gpt-x: 3 messages, 99 bytes (extended), the block in place, edited: block",
        "compaction (endpoint): 9 messages became 3",
        "compaction (client): 9 messages became 3; the block in the request that follows",
        "compaction (client); NO BLOCK in the request that follows",
        'ran search({"q":1}), as it was released',
        "ran search({})",
        "TAKEN BACK: 1 call: it could not be put back",
        "does not count: pay for cap, few: not run",
        "answer: 0 calls, 0 refused (no answer, ConnectError)",
    ]


def test_a_question_that_waits_is_told_as_one(cli: Cli, write_log: Write) -> None:
    """A call that did not run because nobody has answered yet was asked about; it was not denied by anybody."""
    waits = decision("send_email", verdict="deny", rules=["inside"], ticket="t-1")
    write_log(replace(waits, private={"targets": ["to: bob"], "reasons": ["it is outside", "nobody has answered yet"]}))

    out = cli("log").out

    assert "ASKED, and did not run: send_email(to: bob) by inside: it is outside; nobody has answered yet [t-1]" in out


def test_times_are_those_of_the_reader(cli: Cli, write_log: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line has the local time of day, below the day it belongs to."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    write_log(REQUEST, decision("search"))

    head, first, second = cli("log").out.splitlines()
    monkeypatch.undo()
    time.tzset()

    assert head == "Wednesday, 2023-11-15:"
    assert first.startswith("07:13:20 [inbox] request to gpt-x")
    assert second.startswith("07:13:21 [inbox] allowed search")


def test_one_of_something_is_told_as_one(cli: Cli, write_log: Write) -> None:
    """Whoever reads the story reads words: one call is a call."""
    write_log(
        Entry("request", INBOX, dict(REQUEST.body) | {"messages": 1, "bytes": 1}),
        Entry("compaction", INBOX, {"kind": "client", "messages_before": 1, "messages_after": 1}),
        Entry("answer", INBOX, {"finish": "stop", "calls": 1, "refused": 0}),
    )

    out = cli("log").out

    assert "request to gpt-x: 1 message, 1 byte (extended)" in out
    assert "compaction (client): 1 message became 1" in out
    assert "answer: 1 call, 0 refused (stop)" in out


def test_the_log_s_own_records_are_told_when_asked_for(cli: Cli, write_log: Write) -> None:
    """When a process opened or closed the log is bookkeeping: shown for --type, and never counted by --last."""
    write_log(REQUEST)

    assert "request to" in cli("log", "--last", "1").out
    assert [entry["record"]["type"] for entry in cli("log", "--json").json["records"]] == ["request"]
    for kind in ("log.open", "log.close"):
        assert cli("log", "--type", kind).out.count(kind) == 1


def test_a_request_without_the_block_stands_out(cli: Cli, write_log: Write) -> None:
    """A request without the block (possible in monitor mode) says so in capitals."""
    write_log(Entry("request", INBOX, dict(REQUEST.body) | {"block_verified": False, "edits": []}))

    assert "NO BLOCK" in cli("log").out


def test_records_can_be_chosen(cli: Cli, write_log: Write) -> None:
    """Session, type, tool, verdict and the last few: each narrows the story, together as well."""
    write_log(
        REQUEST,
        decision("search"),
        decision("send_email", verdict="deny"),
        decision("send_email", verdict="deny", session=SessionId("other")),
        decision("send_email"),
    )

    def tools(*argv: str) -> list[str]:
        return [entry["record"]["body"].get("tool", "") for entry in cli("log", "--json", *argv).json["records"]]

    assert tools("--type", "decision") == ["search", "send_email", "send_email", "send_email"]
    assert tools("--tool", "search") == ["search"]
    assert tools("--verdict", "deny") == ["send_email", "send_email"]
    assert tools("--verdict", "deny", "--session", "inbox") == ["send_email"]
    assert tools("--type", "decision", "--last", "2") == ["send_email", "send_email"]


def test_what_a_published_text_names_is_found(cli: Cli, write_log: Write) -> None:
    """The stamp in a text that an agent published leads to the decision that released it."""
    write_log(decision("post", stamp="3f9a12bc0001"), decision("post", stamp="aa9a12bc0002"), decision("post"))

    (entry,) = cli("log", "--json", "--record", "3f9a12bc0001").json["records"]
    assert entry["record"]["body"]["stamp"] == "3f9a12bc0001"
    assert "allowed post(to: bob@evil.test), changed, record 3f9a12bc0001" in cli("log", "--record", "3f9a12bc0001").out


def test_records_can_be_chosen_by_user_and_time(cli: Cli, write_log: Write) -> None:
    """Whose session it was is found by the name that its records commit to; a time is a span, a clock or a date."""
    write_log(decision("a"), decision("b", session=SessionId("inbox", "lee")), decision("c", session=SessionId("x")))

    def tools(*argv: str) -> list[str]:
        return [entry["record"]["body"]["tool"] for entry in cli("log", "--json", *argv).json["records"]]

    assert tools("--user", "lee") == ["b"]
    assert tools("--user", "anna", "--session", "inbox") == ["a"]
    assert tools("--since", "2023-11-14T22:13:22+00:00") == ["c"]
    assert tools("--since", "2001-01-01") == ["a", "b", "c"]
    assert tools("--since", "1d") == []


def test_a_session_that_there_is_not_is_said_with_those_there_are(cli: Cli, write_log: Write) -> None:
    """A misspelled session is no empty story: the sessions of the log are named, the last one first."""
    write_log(decision("a"), decision("b", session=SessionId("outbox")), decision("c"))

    found = cli("log", "--session", "inbx")

    assert (found.code, found.out) == (2, "")
    assert found.err == (
        "pinnedrules: no record of session inbx\n  next: sessions here, the last one first: inbox, outbox\n"
    )
    assert cli("log", "--session", "inbox", "--tool", "none").code == 0


@pytest.fixture
def elsewhere(state: StateFolder, write_log: Write, tmp_path: Path) -> Iterator[list[Path]]:
    """Running guards with logs of their own in other folders; this folder's has one decision more."""
    with ExitStack() as stack:
        places = [open_state(tmp_path / f"other {number}") for number in range(4)]
        for place in places:
            StopFile(place.path)
            stack.callback(register(place, rules="other.yaml").close)
        write_log(decision("far"))
        for place in places:
            shutil.copytree(state.log, place.log, dirs_exist_ok=True)
        write_log(decision("near"))
        yield [place.path for place in places]


def test_the_log_that_belongs_here_is_told(
    cli: Cli, state: StateFolder, elsewhere: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person in an agent's folder means that agent; what other guards do is named, and told from anywhere else."""
    here = cli("log")
    assert (here.out.count("allowed far"), here.out.count("allowed near")) == (1, 1)
    assert here.err.startswith("pinnedrules: only the log that belongs here; others: --state '")
    assert here.err.endswith(" and 1 more\n")
    assert len(cli("log", "--json").json["records"]) == 2
    assert len(cli("log", "--check", "--json").json["lanes"]) == 5

    monkeypatch.chdir(elsewhere[0].parent)
    assert cli("log").out.count("allowed far") == 4
    monkeypatch.setenv("PINNEDRULES_HOME", str(elsewhere[1]))
    assert "allowed near" not in cli("log").out
    assert cli("log", "--state", state.path).err == ""


def test_many_sessions_are_counted(cli: Cli, write_log: Write) -> None:
    """A long list is cut."""
    write_log(*(decision("a", session=SessionId(f"s{number}")) for number in range(25)))

    assert "s24, s23" in cli("log", "--session", "x").err
    assert "s5 and 5 more" in cli("log", "--session", "x").err


def test_nothing_found_is_said(cli: Cli, state: StateFolder, write_log: Write) -> None:
    """An empty page is explained, next to the result and never in it."""
    assert cli("log").err == "pinnedrules: nothing was recorded yet\n"
    write_log(REQUEST)
    nothing = cli("log", "--verdict", "deny")
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "pinnedrules: no record matches\n")
    assert cli("log", "--session", "x", "--json").json["error"] == "no record of session x"


@pytest.mark.parametrize("text", ["soon", "25:00", "0001-01-01", "1y", "2026-13-01", "", "9" * 9 + "w"])
def test_what_is_no_time_is_said(cli: Cli, write_log: Write, text: str) -> None:
    """A time that cannot be read chooses nothing by accident."""
    write_log(REQUEST)

    assert cli("log", "--since", text).code == (2 if text and not text.endswith("w") else 0)


def test_a_time_can_be_typed_in_every_way() -> None:
    """A span, a clock, a day, a date, both."""
    now = datetime(2026, 5, 1, 12, 0, 0).timestamp()

    def back(text: str) -> float:
        return now - since(text, now) / 1e6

    assert [back(text) for text in ("90s", "10min", "10 m", "2h", "1d", "1w")] == [90, 600, 600, 7200, 86400, 604800]
    assert [back(text) for text in ("11:30", "11:59:59", "today", "2026-05-01 11:00")] == [1800, 1, 43200, 3600]


FOLLOW = [sys.executable, "-m", "pinnedrules", "log", "--follow"]


@contextmanager
def following(*argv: object) -> Iterator[tuple[Callable[[str], str], subprocess.Popen[str]]]:
    """Run ``log --follow`` as a program; the function reads its lines up to one that holds a text."""
    with subprocess.Popen(
        [*FOLLOW, *map(str, argv)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as program:
        assert program.stdout is not None
        output = program.stdout

        def until(text: str) -> str:
            return next(line for line in output if text in line)

        try:
            yield until, program
        finally:
            program.send_signal(signal.SIGINT)
            output.read()
            assert program.wait(60) == 0


def test_a_running_session_is_followed(state: StateFolder, write_log: Write) -> None:
    """What is there is told, then each new record as it is written; Ctrl-C is the ordinary end."""
    write_log(REQUEST, decision("search"))

    with following("--session", "inbox", "--last", "1") as (until, _):
        assert "allowed search" in until(" search")
        until("following 1 log, Ctrl-C ends it")
        write_log(decision("send_email", verdict="deny", rules=["inside"]))
        assert "DENIED send_email(to: bob@evil.test) by inside: it is outside" in until("send_email")
        write_log(decision("send_email", session=SessionId("other")), decision("search", approved_by="anna"))
        assert "[inbox] allowed search(to: bob@evil.test), approved by anna" in until("[inbox]")


def test_following_can_begin_before_the_session_does(home: Path, write_log: Write, state: StateFolder) -> None:
    """A log that appears later is followed as well, and a session that is not there yet is said to be so."""
    log = state.log
    moved = log.rename(log.with_name("later"))

    with following("--session", "inbox", "--json", "--state", state.path) as (until, _):
        assert "no record of session inbox yet, no session yet" in until("following 0 logs")
        moved.rename(log)
        write_log(REQUEST)
        assert json.loads(until("request"))["record"]["body"]["model"] == "gpt-x"


def test_a_half_written_line_is_told_when_it_is_whole(state: StateFolder, write_log: Write) -> None:
    """Nothing is told twice, torn or lost: not while it is written, not after lines were taken out, not without values."""
    write_log(REQUEST, decision("search"))
    (lane,) = state.log.glob("*/0*.jsonl")
    (private,) = state.log.glob("*/private/0*.jsonl")
    data = lane.read_bytes()
    private.write_bytes(b"[]\njunk\n")
    follower = Follower(state.log)

    lane.write_bytes(data[:-5])
    first = [item.record["type"] for item in follower.fresh()]
    lane.write_bytes(data + b"junk\n")
    second = [item.record["type"] for item in follower.fresh()]
    lane.write_bytes(data[:10])
    assert follower.fresh() == []
    private.unlink()
    lane.write_bytes(data[:10] + data)

    assert first == ["log.open", "request", "decision"]
    assert second == ["log.close"]
    assert all(not item.values for item in follower.fresh())


@pytest.mark.parametrize("argv", [["--check"], ["--erase-user", "anna"], ["--erase-session", "x"]], ids=" ".join)
def test_only_telling_follows(cli: Cli, write_log: Write, argv: list[str]) -> None:
    """What comes to an end is not followed."""
    write_log(REQUEST)

    assert cli("log", "--follow", *argv).code == 2


def test_erased_and_changed_values_are_not_told(cli: Cli, write_log: Write, state: StateFolder) -> None:
    """Values may be erased; a value that is not the one the record commits to is not told either."""
    write_log(decision("send_email", verdict="deny"), Entry("refusal", INBOX, {"error": "Stopped"}, {"why": "w"}))
    (private,) = state.log.glob("*/private/*.jsonl")
    private.write_bytes(private.read_bytes().replace(b"bob@evil.test", b"boss@example.com") + b"junk\n[]\n")

    changed = cli("log").out
    private.write_bytes(b"")
    erased = cli("log").out
    private.unlink()

    assert "DENIED send_email(): it is outside" in changed
    assert "boss@example.com" not in changed
    assert "DENIED send_email()\n" in erased
    assert "REFUSED (Stopped): the reason was erased" in erased
    assert cli("log").out == erased


def test_a_whole_log_is_never_just_ok(cli: Cli, write_log: Write) -> None:
    """--check says "unanchored" and what that excludes; never just "ok"."""
    write_log(REQUEST)

    found = cli("log", "--check")

    assert found.code == 0
    assert found.out.startswith("unanchored: ")
    assert "This cannot show that records are missing at the end" in found.out
    document = cli("log", "--check", "--json").json
    assert document["whole"] is True
    assert document["lanes"][0]["status"] == "unanchored"


def test_a_changed_record_is_found(cli: Cli, write_log: Write, state: StateFolder) -> None:
    """One changed byte is a broken log: code 1, with the line and the reason."""
    write_log(REQUEST, decision("search"))
    (lane,) = state.log.glob("*/0*.jsonl")
    lane.write_bytes(lane.read_bytes().replace(b'"messages":3', b'"messages":4'))

    found = cli("log", "--check")

    assert found.code == 1
    assert "BROKEN at line 3" in found.out
    assert cli("log", "--check", "--json").json["lanes"][0]["broken"]["line"] == 3


def test_a_torn_end_is_told(cli: Cli, write_log: Write, state: StateFolder) -> None:
    """What a crash left of a last write is told, and is not a break."""
    write_log(REQUEST)
    (lane,) = state.log.glob("*/0*.jsonl")
    with lane.open("ab") as file:
        file.write(b'{"half')

    found = cli("log", "--check")

    assert found.code == 0
    assert "6 bytes at the end never became a record" in found.out


def test_an_empty_log_says_so(cli: Cli, state: StateFolder) -> None:
    """Nothing written is not the same as nothing wrong."""
    assert "nothing was ever written here" in cli("log", "--check").out
    assert cli("log").out == ""


@pytest.mark.parametrize("argv", [["log"], ["log", "--check"]])
def test_two_folders_are_told_apart(
    cli: Cli, write_log: Write, state: StateFolder, monkeypatch: pytest.MonkeyPatch, argv: list[str]
) -> None:
    """Logs of several folders are headed by the folder they are from."""
    from pinnedrules.control.state import open_state
    from pinnedrules.control.stop import StopFile

    write_log(REQUEST)
    other = open_state(state.path.parent / "other")
    StopFile(other.path)
    monkeypatch.setenv("PINNEDRULES_HOME", str(other.path))

    assert str(state.log) in cli(*argv).out


def test_a_user_s_values_are_erased_and_that_is_recorded(cli: Cli, write_log: Write, state: StateFolder) -> None:
    """A person's data can be erased, the chain still verifies, and who erased it is a record that names nobody again."""
    write_log(
        decision("send_email", verdict="deny"),
        decision("send_email", verdict="deny", session=SessionId("inbox", "lee")),
    )

    found = cli("log", "--erase-user", "anna")

    assert found.code == 0
    assert "the values of 1 record of this user erased" in found.out
    assert "are not reached" in found.out
    assert cli("log", "--check").code == 0
    story = cli("log").out
    assert story.count("bob@evil.test") == 1
    assert "values of 1 record of one user ERASED by owner" in story
    (record,) = cli("log", "--json", "--type", "redaction").json["records"]
    assert record["record"]["body"] == {"of": "user", "records": 1, "by": "owner"}
    assert b"anna" not in b"".join(path.read_bytes() for path in state.log.rglob("*") if path.is_file())


def test_a_session_s_values_are_erased(cli: Cli, write_log: Write) -> None:
    """Where no user was named, the session says whose data it is; its name stands in the log for good."""
    write_log(decision("send_email"), decision("send_email", session=SessionId("other")))

    assert cli("log", "--erase-session", "other", "--json").json["erased"][0]["records"] == 1
    (item,) = cli("log", "--type", "redaction", "--session", "other", "--json").json["records"]
    assert item["record"]["body"]["of"] == "session"
    assert cli("log").out.count("bob@evil.test") == 1


def test_nothing_erased_is_never_told_as_done(cli: Cli, write_log: Write) -> None:
    """A misspelled name is code 1, and no record."""
    write_log(decision("send_email"))

    assert cli("log", "--erase-user", "ana").code == 1
    assert cli("log", "--type", "redaction").out == ""


def test_what_could_not_be_recorded_is_said(cli: Cli, write_log: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """The values are gone, and whoever reads the log will not learn why: that is said, with code 1."""
    write_log(decision("send_email"))

    def broken(*_: object) -> None:
        raise StateError("the disk is full")

    monkeypatch.setattr("pinnedrules.cli.log.note", broken)

    found = cli("log", "--erase-user", "anna")

    assert found.code == 1
    assert "could not be recorded" in found.out


@pytest.mark.parametrize(
    "argv",
    [
        ["--erase-user", ""],
        ["--erase-user", "anna", "--erase-session", "inbox"],
        ["--erase-user", "anna", "--session", "inbox"],
        ["--erase-session", "inbox", "--last", "3"],
        ["--erase-session", "inbox", "--since", "1d"],
        ["--erase-user", "anna", "--user", "anna"],
        ["--erase-session", "inbox", "--check"],
    ],
    ids=" ".join,
)
def test_erasing_takes_one_name_and_no_other_choice(cli: Cli, write_log: Write, argv: list[str]) -> None:
    """Nobody erases more, or other things, than they thought: what would not narrow it is refused."""
    write_log(decision("send_email"))

    assert cli("log", *argv).code == 2
    assert "bob@evil.test" in cli("log").out

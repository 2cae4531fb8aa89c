"""pinnedrules doctor"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.ran import Cli, Ran

from pinnedrules.cli.checkup import canary, place, ways
from pinnedrules.control.running import live
from pinnedrules.control.state import StateFolder
from pinnedrules.control.stop import EVERYTHING, StopFile
from pinnedrules.evidence.record import Break, LaneReport
from pinnedrules.guard import Guard
from pinnedrules.types import Entry, SessionId

LAX = """\
version: 1
default: {read: allow, other: allow}
rules:
  - id: hello
    text: Be nice.
"""


def findings(ran: Ran) -> dict[str, dict[str, Any]]:
    return {item["what"]: item for item in ran.json["findings"]}


def test_the_canary_is_held_on_every_way(cli: Cli, rules: Path, home: Path) -> None:
    """A call that no rule permits is fired through the real path, streamed and not, through each SDK and the sidecar."""
    found = cli("doctor")

    assert found.code == 0
    assert found.out.endswith("all in order\n")
    for api in ("openai, Chat Completions", "openai, Responses", "anthropic, Messages"):
        for form in ("JSON", "streamed"):
            for way in (f"  ok    {api}, {form}", f"  ok    sidecar, {api}, {form}"):
                assert f"{way}: the call was held; the rules were in 2 requests as sent\n" in found.out
        assert f"  ok    stop, {api}: nothing left while everything was stopped\n" in found.out
    assert "the log: 13 refusals on the disk, and the chain holds (unanchored)" in found.out
    assert "@guard.tool: the function was not run" in found.out
    assert "a tool that nobody declared: rules.yaml asks about it" in found.out
    assert "  L0  a wrapped client, in the agent's process. Not kept out: code in that process" in found.out
    assert all(f"\n  {level}  " in found.out for level in ("L1", "L2", "L3"))
    assert "asks are answered by: " in found.out
    assert "not seen from here:" in found.out


def test_it_touches_nothing_of_the_user_s(cli: Cli, rules: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """State, log, live guards and environment are as they were; a proxy in the environment is not asked."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "example.com")
    before = dict(os.environ)

    found = cli("doctor", "--rules", rules)

    assert found.code == 0
    assert [path.name for path in home.iterdir()] == ["rules.yaml"]
    assert dict(os.environ) == before
    assert live() == []
    assert "not there yet; the first guard makes it" in found.out


def test_a_profile_can_be_tried(cli: Cli, home: Path) -> None:
    """Without a file, a profile is in force."""
    found = cli("doctor", "--profile", "analyze", "--json")

    assert (found.code, found.json["ok"]) == (0, True)
    assert findings(found)["a tool that nobody declared"]["said"] == "profile analyze denies it"
    assert set(found.json) == {"ok", "rules", "findings", "state", "asks", "levels", "not_seen"}


def test_rules_that_let_anything_through_are_said(cli: Cli, home: Path) -> None:
    """A file under which the canary would run is wrong; whether the path holds is tried all the same."""
    (home / "rules.yaml").write_text(LAX, encoding="utf-8")

    found = cli("doctor", "--json")

    assert (found.code, found.json["ok"]) == (1, False)
    bad = [item for item in found.json["findings"] if item["state"] == "bad"]
    assert [item["what"] for item in bad] == ["a tool that nobody declared"]
    assert "the path was tried with profile analyze instead" in bad[0]["said"]
    assert "1 thing wrong" in cli("doctor").out


def test_no_rules_is_wrong_usage(cli: Cli, home: Path) -> None:
    """Nothing to try is code 2, as is a file that cannot be put in force."""
    assert "no rules named, and no rules.yaml here" in cli("doctor").err
    (home / "rules.yaml").write_text("version: 2", encoding="utf-8")
    assert cli("doctor").code == 2


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """One way is enough to see what is said of it."""
    monkeypatch.setattr(canary, "WAYS", ways.WAYS[:1])
    monkeypatch.setattr(place, "WAYS", ways.WAYS[:1])


@pytest.mark.usefixtures("quick")
def test_a_client_that_is_not_gated_is_found(cli: Cli, rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a wrapped client let the call through, that stands out, and the code says so."""
    monkeypatch.setattr(Guard, "wrap", lambda self, client: client)

    found = cli("doctor", "--rules", rules)

    assert found.code == 1
    assert f"  BAD   openai, Chat Completions, JSON: THE CALL GOT THROUGH: {ways.CANARY}\n" in found.out
    assert "  BAD   stop, openai, Chat Completions: a request was made although everything was stopped" in found.out
    assert "SECURITY.md" in found.out


@pytest.mark.usefixtures("quick")
def test_a_call_that_nobody_decided_is_found(cli: Cli, rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A way on which nothing comes back and nothing was decided does not lead through the guard."""
    monkeypatch.setattr(ways.Way, "calls", lambda self, client: [])

    assert "no call was decided" in cli("doctor", "--rules", rules).out


@pytest.mark.usefixtures("quick")
def test_a_request_without_the_rules_is_found(cli: Cli, rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the provider got is looked at, not what was meant to be sent."""
    monkeypatch.setattr(Guard, "block", "what nobody sends")

    assert "the rules are not in all of 2 requests" in cli("doctor", "--rules", rules).out


@pytest.mark.usefixtures("quick")
def test_a_way_that_fails_is_told(cli: Cli, rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever an SDK raises is a finding, not a traceback."""

    def broken(self: object, client: object) -> list[str]:
        raise ConnectionError("gone")

    monkeypatch.setattr(ways.Way, "calls", broken)

    found = cli("doctor", "--rules", rules)

    assert found.code == 1
    assert "openai, Chat Completions, JSON: it failed: ConnectionError: gone" in found.out
    assert "stop, openai, Chat Completions: it failed: ConnectionError: gone" in found.out


@pytest.mark.usefixtures("quick")
def test_a_stop_that_comes_too_late_is_found(cli: Cli, rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that left before the stop was noticed is no stop."""
    asked = ways.Way.calls

    def late(self: ways.Way, client: Any) -> list[str]:
        with self.connect(str(client.base_url)) as bare:
            asked(self, bare)
        return asked(self, client)

    monkeypatch.setattr(ways.Way, "calls", late)

    assert "a request left although everything was stopped" in cli("doctor", "--rules", rules).out


@pytest.mark.usefixtures("quick")
def test_a_function_that_runs_is_found(cli: Cli, rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The decorator is tried too."""
    monkeypatch.setattr(Guard, "tool", lambda self, **_: lambda function: function)

    assert "@guard.tool: THE FUNCTION WAS RUN" in cli("doctor", "--rules", rules).out


@pytest.mark.usefixtures("quick")
def test_a_log_that_does_not_hold_is_found(cli: Cli, rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The records are read back from the disk, and the chain is verified."""
    monkeypatch.setattr(canary, "read", lambda log: iter(()))
    assert "the log: the refusals are not in it" in cli("doctor", "--rules", rules).out

    monkeypatch.setattr(canary, "check", lambda log: [LaneReport("0001", 1, "", broken=Break(2, "changed"))])
    assert "the log: it does not verify: changed" in cli("doctor", "--rules", rules).out


@pytest.mark.usefixtures("quick")
def test_a_sidecar_that_cannot_start_is_told(cli: Cli, rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which no port can be opened still gets the other findings."""

    def refused(*_: object, **__: object) -> None:
        raise OSError("no port")

    monkeypatch.setattr(canary, "Serving", refused)

    assert "sidecar: it could not start: no port" in cli("doctor", "--rules", rules).out


def test_what_is_not_installed_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """One SDK is enough; a version outside of what was tested is said."""
    assert ways.installed("no-such-sdk-here") == ""

    def have(versions: dict[str, str]) -> dict[str, tuple[str, str]]:
        monkeypatch.setattr(place, "installed", lambda sdk: versions.get(sdk, ""))
        return {item.what: (item.state, item.said) for item in place.versions()}

    assert have({})["openai"] == ("note", "not installed, so not tried")
    assert have({"openai": "99.1.0"})["openai"][0] == "bad"
    assert have({"openai": "1.0"})["openai"][0] == "bad"
    assert have({"openai": "3.54.1rc1"})["openai"][0] == "ok"


@pytest.fixture
def said(tmp_path: Path) -> Callable[[Path], list[tuple[str, str]]]:
    def of(folder: Path) -> list[tuple[str, str]]:
        return [(item.state, item.said) for item in place.state(folder)]

    return of


Said = Callable[[Path], list[tuple[str, str]]]


def test_a_state_folder_in_order_is_said_to_be(said: Said, state: StateFolder, write_log: Callable[..., None]) -> None:
    """Private, writable, nothing stopped, the log whole."""
    write_log(Entry("refusal", SessionId("s"), {"error": "Stopped"}))

    assert said(state.path) == [
        ("ok", "only this user can write there; 0 live guards on it"),
        ("ok", "3 records in order (unanchored), written at L0"),
    ]


def test_a_stop_in_force_is_told(said: Said, state: StateFolder) -> None:
    """Whoever wonders why nothing happens is told that it is stopped, by whom, and how it goes on. Nothing is changed."""
    stop = StopFile(state.path)
    stop.set("stop", scope=EVERYTHING, reason="it deletes", actor="anna")
    stop.set("pause", scope="session:inbox", reason="", actor="")
    (state.path / "STOP").touch()
    before = {path.name: path.read_bytes() for path in state.path.iterdir() if path.is_file()}

    assert said(state.path)[1:] == [
        ("note", "the file STOP is in force"),
        ("note", "a stop of everything by anna is in force: it deletes"),
        ("note", "a pause of session:inbox by nobody named is in force"),
    ]
    assert {path.name: path.read_bytes() for path in state.path.iterdir() if path.is_file()} == before
    (state.path / "stop.json").write_bytes(b"{")
    assert said(state.path)[1:] == [("bad", "stop.json cannot be read, which stops everything")]
    (state.path / "stop.json").unlink()
    assert said(state.path)[1:] == [("note", "the file STOP is in force")]


def test_a_broken_log_is_found(said: Said, state: StateFolder, write_log: Callable[..., None]) -> None:
    """The log of the folder is verified."""
    write_log(Entry("a", SessionId("s"), {"x": 1}), Entry("b", SessionId("s"), {"x": 1}))
    (lane,) = state.log.glob("*/0*.jsonl")
    lane.write_bytes(lane.read_bytes().replace(b'"x":1', b'"x":2', 1))

    assert said(state.path)[1:] == [("bad", "lane 0001 is broken at line 3")]


def test_a_folder_that_others_can_write_is_wrong(
    said: Said, state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may write there could lift a stop or approve calls."""
    state.path.chmod(0o770)
    assert said(state.path) == [("bad", "others can write there, and lift a stop or approve calls")]
    state.path.chmod(0o700)

    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert said(state.path) == [("bad", "cannot be written")]
    missing = said(state.path / "a" / "b")
    assert missing == [("bad", f"cannot be made: {state.path} is not writable")]
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    assert "belongs to user" in said(state.path)[0][1]


def test_what_is_no_folder_is_wrong(said: Said, tmp_path: Path) -> None:
    """A file, and a path through one, are no state folder."""
    file = tmp_path / "file"
    file.touch()

    assert said(file) == [("bad", "is no folder")]
    assert said(file / "below")[0][1].startswith("cannot be looked at")


def test_who_answers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person at a terminal, or tickets."""
    monkeypatch.setattr("pinnedrules.control.approvers.TerminalApprover.usable", lambda self: "")
    assert place.answering().startswith("the person at this terminal")
    monkeypatch.setattr("pinnedrules.control.approvers.TerminalApprover.usable", lambda self: "no terminal")
    assert "no terminal" in place.answering()

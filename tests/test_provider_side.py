"""The page about the provider's side, held to what it says: every type, decision, effect, door and setting on it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.pages import ROOT, Row, code, fences, rows

from pinnedrules.cli import main
from pinnedrules.rules.decide import decide
from pinnedrules.rules.load import load
from pinnedrules.rules.server_tools import server_effects, server_name, server_untrusted
from pinnedrules.types import Call, LedgerState, Moment
from pinnedrules.wire.path_table import DOORS, FAMILIES
from pinnedrules.wire.paths import route

PAGE = ROOT / "docs" / "provider-side.md"
NOW = Moment(1_795_000_000_000_000, 1, "2026-11-22")
TABLES = list(rows(PAGE))
FENCES = list(fences(PAGE))
NOTHING = load("version: 1\nrules: [{id: careful, text: Be careful.}]\n")


def table(*head: str) -> list[Row]:
    """Return the rows of the tables with this head; there must be some."""
    found = [row for row in TABLES if row.head == head]
    assert found, f"no table {head}"
    return found


def call_of(cell: str, kind: str) -> Call:
    """Return the call that a cell writes as ``tool {"argument": ...}``; only a question of the provider's is undeclared."""
    name, _, arguments = code(cell)[0].partition(" ")
    if kind == "approval":
        return Call(name, arguments, kind="approval")
    return Call(name, arguments, kind="function", declared=frozenset(json.loads(arguments)))


@pytest.mark.parametrize(
    "row", table("type in the request", "name in the rules", "it", "results from outside"), ids=str
)
def test_every_type_is_known_as_the_table_says(row: Row) -> None:
    """Name, effects and source of a tool that the provider runs."""
    types, name, effects, outside = row.cells
    for kind in [word for word in code(types) if not word.startswith(":")] or ["something_new"]:
        assert server_name(kind, "LABEL") == (code(name) or (kind,))[0]
        assert server_effects(kind) == code(effects)
        assert server_untrusted(kind) is (outside == "yes")


@pytest.mark.parametrize("row", table("type in the request", "decision", "rules"), ids=str)
def test_every_decision_on_a_request_is_made(row: Row) -> None:
    """A tool of the provider's is decided as its table says, by the rules above it."""
    kind, verdict, names = code(row.cells[0])[0], *row.cells[1:]
    call = Call(server_name(kind, "LABEL"), "{}", declared=frozenset())
    found = decide(load(row.yaml), call, LedgerState(), NOW, effects=server_effects(kind))

    assert (found.verdict, ", ".join(found.rules)) == (verdict, names)


@pytest.mark.parametrize("row", table("what the provider asks", "decision", "rules"), ids=str)
def test_every_question_of_the_provider_is_decided(row: Row) -> None:
    """One call of a remote server is decided as its table says."""
    found = decide(load(row.yaml), call_of(row.cells[0], "approval"), LedgerState(), NOW)

    assert (found.verdict, ", ".join(found.rules)) == row.cells[1:]


@pytest.mark.parametrize("row", table("call", "effects"), ids=str)
def test_every_tool_that_a_provider_defines_does_what_the_table_says(row: Row) -> None:
    """While the file does not name it."""
    found = decide(NOTHING, call_of(row.cells[0], "function"), LedgerState(), NOW)

    assert found.effects == code(row.cells[1])
    assert found.verdict == "ask"


def test_a_wrong_file_gives_the_error_that_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error at load says file, line, column and a way out."""
    wrong, shown = (next(one.text for one in FENCES if one.words == words) for words in ("yaml wrong", "text"))
    monkeypatch.chdir(tmp_path)
    Path("rules.yaml").write_text(wrong, encoding="utf-8")

    assert main(["check", "rules.yaml"]) == 2
    assert capsys.readouterr().err == shown


@pytest.mark.parametrize("row", table("request", "what happens"), ids=str)
def test_every_request_has_the_verdict_that_the_table_says(row: Row) -> None:
    """Gated, passes for the reason that is given, or refused."""
    request, what = row.cells
    method, path = code(request)[0].split(" ")
    word, _, reason = what.partition(":")
    found = route(method, path)

    assert found.verdict == {"gated": "gate", "passes": "pass", "refused": "refuse"}[word.split(",")[0].split(" ")[0]]
    if word == "passes" and reason.strip() != "likewise":
        assert found.reason == reason.strip()
    if word == "refused":
        assert found.family == "conversation-items"


@pytest.mark.parametrize("row", table("passes", "because"), ids=str)
def test_every_door_that_passes_has_the_reason_in_the_table(row: Row) -> None:
    """A door passes because it cannot propose a call."""
    method, path = code(row.cells[0])[0].split(" ")

    assert (route(method, path).verdict, route(method, path).reason) == ("pass", row.cells[1])


def test_every_reason_to_pass_is_on_the_page() -> None:
    """No door passes for a reason that nobody reads about."""
    text = PAGE.read_text(encoding="utf-8")
    missing = {door.reason for door in DOORS if door.verdict == "pass" and door.reason not in text}
    assert missing <= {"a voice proposes no call"}


def test_the_table_of_families_is_the_one_in_force() -> None:
    """Every family, in order, with its words, its reason, and what to do instead."""
    found = table("setting", "in the path", "why it is refused", "instead")

    assert [code(row.cells[0])[0] for row in found] == list(FAMILIES)
    for row in found:
        family = FAMILIES[code(row.cells[0])[0]]
        assert not family.words or code(row.cells[1]) == family.words
        assert row.cells[2:] == (family.reason, family.instead)


def test_the_python_on_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting is written as it is read, and so are the flags."""
    (example,) = (one.text for one in FENCES if one.words == "python")
    rules = next(one.text for one in FENCES if one.words == "yaml")
    monkeypatch.chdir(tmp_path)
    Path("rules.yaml").write_text(rules, encoding="utf-8")
    scope: dict[str, object] = {}
    exec(example, scope)
    guard = scope["guard"]

    guard.close()  # type: ignore[attr-defined]
    assert route("POST", "/v1/batches", frozenset({"batches"})).verdict == "pass"
    assert "`pinnedrules serve --pass batches`" in PAGE.read_text(encoding="utf-8")


def test_the_tables_are_there() -> None:
    """A table that was renamed does not silently stop being checked."""
    assert len(TABLES) > 80

"""The documentation, held to what it says: every example loads, every decision is made, every link leads somewhere."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from tests.agents.adapters import OTHERS, TRIO
from tests.pages import PAGES, PAPERS, ROOT, Fence, Row, anchors, code, fences, links, rows

from pinnedrules import errors
from pinnedrules.cli import main, story
from pinnedrules.evidence.canonical import written
from pinnedrules.evidence.record import commit, parse_line
from pinnedrules.pins.block import render
from pinnedrules.rules import schema
from pinnedrules.rules.decide import decide
from pinnedrules.rules.ledger import after
from pinnedrules.rules.load import load
from pinnedrules.rules.mentioned import mentioned
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.predicates.registry import PREDICATES
from pinnedrules.rules.profiles import PROFILES, profile
from pinnedrules.rules.rewrite import as_if_offered
from pinnedrules.types import EFFECTS, Call, Decision, LedgerState, Moment, SessionId
from pinnedrules.wire.paths import route

NOW = Moment(1_795_000_000_000_000, 1, "2026-11-22")
RULE_FILE, HOW, LIMITS = (ROOT / "docs" / f"{name}.md" for name in ("rule-file", "how-it-works", "limits"))

EXAMPLES = [fence for page in PAGES for fence in fences(page) if fence.words == "yaml"]
TABLES = list(rows(RULE_FILE))
CALLS = [row for row in TABLES if row.head == ("call", "after", "decision", "rules")]
ANSWERS = [row for row in TABLES if row.head[0].startswith("arguments of")]
SAID = [row for row in TABLES if row.head[0].startswith("said before")]
MOMENTS = [row for row in TABLES if row.head[0].startswith(("moment of", "user of"))]
WRONG = [
    (block, output)
    for block, output in zip(list(fences(RULE_FILE)), list(fences(RULE_FILE))[1:], strict=False)
    if block.words == "yaml wrong"
]
VERDICTS = {"gated": "gate", "passes": "pass", "refused": "refuse"}


def _call(text: str) -> Call:
    """Return the call that a page writes as ``tool {"argument": ...}``; the schema declares what it gives."""
    name, _, arguments = text.partition(" ")
    return Call(name, arguments, declared=frozenset(json.loads(arguments)))


def _ledger_after(rules: RuleSet, cell: str) -> LedgerState:
    """Return the ledger after the calls that a cell names, maybe several times."""
    ledger = LedgerState()
    for text in code(cell):
        times = re.match(r"(\d+) times", cell)
        for _ in range(int(times[1]) if times else 1):
            decision = decide(rules, _call(text), ledger, NOW)
            assert decision.verdict == "allow", f"{text} would not have been released"
            ledger = after(rules, _call(text), decision, ledger, NOW)
    return ledger


def _decided(row: Row, call: Call, cell: str = "") -> Decision:
    rules = load(row.yaml)
    return decide(rules, as_if_offered(call, [rules]), _ledger_after(rules, cell), NOW)


@pytest.mark.parametrize("fence", EXAMPLES, ids=str)
def test_every_example_of_a_rule_file_loads(fence: Fence) -> None:
    """What the documentation shows as a rule file is one."""
    load(fence.text, file=fence.page)


@pytest.mark.parametrize("row", CALLS, ids=str)
def test_every_decision_in_a_table_is_made(row: Row) -> None:
    """A call in a table is decided as the table says, after what it says, by the rules it says."""
    call, before, decision, names = row.cells
    found = _decided(row, _call(code(call)[0]), before)
    assert found.verdict == decision.split()[0]
    assert ", ".join(found.rules) == names
    became = f"{found.tool} " if found.tool else ""
    assert became + (found.arguments or "") == "".join(code(decision))


@pytest.mark.parametrize("row", ANSWERS, ids=str)
def test_every_requirement_answers_as_its_table_says(row: Row) -> None:
    """A requirement holds, fails, or cannot be decided, and the last two give ``else``."""
    arguments, answer = row.cells
    found = _decided(row, _call(f"{code(row.head[0])[0]} {code(arguments)[0]}"))
    rule = code(row.head[1])[0]
    if answer == "holds":
        assert (found.verdict, found.undecided) == ("allow", ())
    else:
        assert found.rules == (rule,)
        assert found.verdict != "allow"
        assert [item.rule for item in found.undecided[:1]] == ([rule] if answer == "cannot be decided" else [])


@pytest.mark.parametrize("row", MOMENTS, ids=str)
def test_every_requirement_answers_as_its_table_says_when_and_for_whom(row: Row) -> None:
    """A requirement that looks at no argument goes by the moment, or by whose session it is."""
    told, answer = row.cells
    rule, asked = code(row.head[1])[0], _call(code(row.head[0])[0])
    whose, now = SessionId("s"), NOW
    if row.head[0].startswith("moment"):
        now = replace(NOW, utc_us=int(datetime.fromisoformat(code(told)[0]).timestamp()) * 1_000_000)
    else:
        whose = SessionId("s", *code(told))
    found = decide(load(row.yaml), asked, LedgerState(whose=whose), now)
    assert (found.verdict == "allow") == (answer == "holds")
    assert bool(found.undecided) == (answer == "cannot be decided")
    assert found.rules == (rule,)


@pytest.mark.parametrize("row", SAID, ids=str)
def test_every_requirement_answers_as_its_table_says_after_what_was_said(row: Row) -> None:
    """A requirement about where a value came from goes by what a person said before."""
    said, answer = row.cells
    asked = _call(code(row.head[0])[0])
    known = frozenset(f"user {digest}" for digest in mentioned(code(said)[0]))
    found = decide(load(row.yaml), asked, LedgerState(known=known), NOW)
    assert (found.verdict == "allow", found.undecided) == (answer == "holds", ())
    assert found.rules == (code(row.head[1])[0],)


@pytest.mark.parametrize(("block", "output"), WRONG, ids=lambda value: str(value))
def test_every_wrong_file_gives_the_error_that_is_shown(
    block: Fence, output: Fence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error at load says file, line, column and a way out."""
    monkeypatch.chdir(tmp_path)
    Path("rules.yaml").write_text(block.text, encoding="utf-8")
    assert main(["check", "rules.yaml"]) == 2
    assert capsys.readouterr().err == output.text


def test_the_tables_are_there() -> None:
    """A table that was renamed does not silently stop being checked."""
    assert len(CALLS) > 30
    assert len(ANSWERS) > 40
    assert len(MOMENTS) > 8
    assert len(SAID) > 2
    assert len(WRONG) == 3


def test_the_design_s_example_stands_first() -> None:
    """The first example decides by these four rules, in this order."""
    assert [name for name, _ in load(EXAMPLES[_first(RULE_FILE)].text).texts] == [
        "suggest-only",
        "internal-mail",
        "refund-cap",
        "no-exfiltration",
    ]


def _first(page: Path) -> int:
    return next(index for index, fence in enumerate(EXAMPLES) if fence.page == page.name)


def test_every_key_effect_and_requirement_of_the_language_is_described() -> None:
    """The page of the rule file knows every word that the language has."""
    text = RULE_FILE.read_text(encoding="utf-8")
    models = (schema.FileModel, schema.RuleModel, schema.ToolModel, schema.OnModel)
    keys = {field.alias or name for model in models for name, field in model.model_fields.items()}
    described = {word for row in TABLES for cell in row.cells[:1] for word in code(cell)}
    assert keys - described <= {"tool", "effect", "source", "args"}
    assert set(EFFECTS) <= described
    assert all(f"`{name}: {{" in text for name in PREDICATES)
    assert all(f"`{word}`" in text for word in ("add", "remove", "replace", "move", "copy", "test"))


def test_the_table_of_profiles_says_what_they_decide() -> None:
    """A profile allows, asks and denies as its row says."""
    table = {code(row.cells[0])[0]: row.cells[1:] for row in TABLES if row.head[0] == "profile"}
    assert set(table) == set(PROFILES)
    for name, (read, write, stranger, others) in table.items():
        rules = profile(name, {effect: effect for effect in EFFECTS})
        found = {effect: decide(rules, Call(effect, "{}"), LedgerState(), NOW).verdict for effect in EFFECTS}
        assert (found.pop("read"), found.pop("write"), set(found.values())) == (read, write, {others})
        assert decide(rules, Call("stranger", "{}"), LedgerState(), NOW).verdict == stranger


@pytest.mark.parametrize("row", [row for row in rows(LIMITS) if row.head[0] == "request"], ids=str)
def test_every_door_is_open_or_shut_as_the_limits_say(row: Row) -> None:
    """A path that this version does not guard is refused, not passed."""
    method, path = code(row.cells[0])[0].split(" ")
    assert route(method, path).verdict == VERDICTS[row.cells[1]]


def test_the_record_that_is_shown_is_one_and_its_values_open_its_commitments() -> None:
    """Values are salted commitments, so that a person's data can be erased and the chain still verifies."""
    record, opened = (json.loads(fence.text) for fence in fences(HOW) if fence.words == "json")
    assert parse_line(written(record)) == record
    assert record["seq"] == opened["seq"]
    assert record["private"] == {
        name: commit(bytes.fromhex(entry["salt"]), name, entry["value"]) for name, entry in opened["values"].items()
    }
    user = opened["user"]
    assert record["user"] == commit(bytes.fromhex(user["salt"]), "user", user["value"])


def test_the_block_that_is_shown_is_the_one_of_its_rule() -> None:
    """The same rules always give the same bytes."""
    block = next(fence for fence in fences(HOW) if fence.text.startswith("[operator's rules"))
    assert render([("suggest-only", block.text.splitlines()[2])], version=1).text + "\n" == block.text


def test_every_kind_of_record_is_explained() -> None:
    """Whoever reads the log finds what each line was written for."""
    table = {name for row in rows(HOW) if row.head[0] == "type" for name in code(row.cells[0])}
    told = re.findall(r'^        case (".+"):$', Path(story.__file__).read_text(encoding="utf-8"), re.M)
    assert table == {name.strip('"') for names in told for name in names.split(" | ")} | {
        "log.open",
        "log.close",
        "recovery",
    }


def test_the_shells_of_agents_are_called_as_the_page_says() -> None:
    """A rule for an agent's shell names the tool and the argument that this agent has."""
    table = {row.cells[0].split()[0].lower(): row.cells[1:3] for row in TABLES if row.head[0] == "agent"}
    assert set(table) == {agent.name for agent in (*TRIO, *OTHERS)}
    for agent in (*TRIO, *OTHERS):
        shell, argument = table[agent.name]
        assert (code(shell)[0], code(argument)) == (agent.shell, (agent.argument,))


def test_every_file_that_how_it_works_names_is_there() -> None:
    """Whoever reads how it works finds the code."""
    text = HOW.read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z_]+(?:/[a-z_]+)*\.py)`", text)) | set(re.findall(r"`([a-z]+/)`", text))
    places = (ROOT / "src" / "pinnedrules", ROOT)
    assert named
    assert [name for name in named if not any((place / name).exists() for place in places)] == []


def test_every_error_that_the_pages_name_is_public() -> None:
    """A program can catch what the documentation tells it to."""
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    named = set(re.findall(r"`pinnedrules\.([A-Z]\w+)`", text)) | {
        "PathRefused",
        "Unpinned",
        "Unreadable",
        "RuleFileError",
    }
    assert named <= set(errors.__all__)


def test_every_folder_of_the_code_is_said_what_it_is() -> None:
    """Whoever begins to work here finds every package in the table, and no other."""
    source = ROOT / "src" / "pinnedrules"
    named = [name for row in rows(ROOT / "CONTRIBUTING.md") if row.head[0] == "folder" for name in code(row.cells[0])]
    assert [name for name in named if not (source / name / "__init__.py").exists()] == []
    assert {init.parent.name for init in source.glob("*/__init__.py")} <= {name.rstrip("/") for name in named}


@pytest.mark.parametrize("page", [*PAGES, *PAPERS], ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    """A link inside the repository leads to a file, and its anchor to a heading."""
    for target in links(page):
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


def test_the_index_names_every_page() -> None:
    """No page of the documentation is lost."""
    assert {page.name for page in PAGES[1:]} - {"README.md"} <= set(links(ROOT / "docs" / "README.md"))

"""pinnedrules init"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.cli.agents import mixed, reading
from tests.cli.ran import Cli

from pinnedrules import Guard
from pinnedrules.draft.found import FoundTool
from pinnedrules.draft.write import MARK, drafted
from pinnedrules.rules.load import load
from pinnedrules.rules.profiles import PROFILES
from pinnedrules.rules.told import digest
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Seen
from pinnedrules.types import Definition

AGENTS = Path(__file__).parent / "agents"

USED: dict[str, dict[str, Any]] = {
    "get_weather": {"city": "Oslo"},
    "list_files": {"folder": "reports"},
    "read_file": {"path": "reports/may.txt"},
    "search_docs": {"query": "refund policy", "limit": 3},
    "read_calendar": {"day": "2026-05-01"},
    "get_order_status": {"order_id": "A-17"},
    "find_customer": {"name": "Ada", "email": "ada@example.com"},
    "list_tickets": {"state": "open", "sort_by": "date"},
    "lookupExchangeRate": {"from": "EUR", "to": "NOK"},
    "count_unread_mail": {},
}


def _one_after_the_other(seen: Seen) -> Reply:
    """Use every tool once: the first two in one answer, then one at a time."""
    done = len([call for call in seen.calls if call.result is not None])
    names = list(USED)[:2] if not done else list(USED)[done : done + 1]
    return Reply(calls=[ProposedCall(name, USED[name]) for name in names]) if names else Reply("All quiet.")


@pytest.mark.parametrize("stream", [False, True], ids=["json", "stream"])
def test_an_ordinary_reading_agent_runs_without_an_edit(cli: Cli, home: Path, stream: bool) -> None:
    """After ``init``, a read-only agent with ten tools runs under the draft as it is: nothing is asked, nothing denied."""
    made = cli("init", AGENTS / "reading.py")
    assert made.code == 0
    assert (
        cli("show", "rules.yaml").out.count(" reads\n") + cli("show", "rules.yaml").out.count(", from outside\n") == 10
    )

    with (
        ScriptedProvider(_one_after_the_other) as provider,
        Guard("rules.yaml", approver="tickets", quiet=True) as guard,
    ):
        client = guard.wrap(openai.OpenAI(base_url=provider.openai_url, api_key="none"))
        ran = reading.run_agent(client, stream=stream)

    assert ran == list(USED.items())
    assert (guard.report().allowed, guard.report().denied, guard.report().asked) == (10, 0, 0)
    assert all(guard.block in seen.text for seen in provider.seen)


def test_what_a_mixed_agent_does_is_asked_about(cli: Cli, home: Path) -> None:
    """Deleting, sending and paying wait for a person, and so does what is unclear; reading goes on."""
    assert cli("init", AGENTS / "mixed.py").code == 0
    wanted = {
        "list_mail": {"folder": "inbox"},
        "delete_mail": {"id": "m1"},
        "send_mail": {"to": "bob@example.com", "body": "x"},
        "pay_invoice": {"invoice": "7", "amount": "10"},
        "summary": {"text": "x"},
        "get_or_create_label": {"label": "x"},
    }

    def model(seen: Seen) -> Reply:
        return Reply("Well.") if seen.calls else Reply(calls=[ProposedCall(*item) for item in wanted.items()])

    with ScriptedProvider(model) as provider, Guard("rules.yaml", approver="tickets", quiet=True) as guard:
        ran = mixed.run_agent(guard.wrap(anthropic.Anthropic(base_url=provider.url, api_key="none")))

    assert ran == ["list_mail"]
    assert (guard.report().allowed, guard.report().asked) == (1, 5)
    verdicts = cli("log", "--type", "decision", "--json").json["records"]
    effects = {item["record"]["body"]["tool"]: item["record"]["body"]["effects"] for item in verdicts}
    assert effects == {
        "list_mail": ["read"],
        "delete_mail": ["delete"],
        "send_mail": ["send"],
        "pay_invoice": ["spend"],
        "summary": ["write"],
        "get_or_create_label": ["write"],
    }


def test_it_says_what_it_found_what_to_confirm_and_what_comes_next(cli: Cli, home: Path) -> None:
    """One line for each kind of guess, the mark to look for, and commands to go on with."""
    made = cli("init", AGENTS / "mixed.py")

    assert "rules.yaml: 6 tools, with the rules of profile suggest-only" in made.out
    assert "taken to read, so allowed: list_mail\n" in made.out
    assert (
        "taken to do more: delete_mail (delete), send_mail (send), get_or_create_label (write), pay_invoice (spend)"
        in made.out
    )
    assert "unclear, so counted as writing: summary" in made.out
    assert "pinnedrules show rules.yaml" in made.out
    assert made.err == ""
    text = (home / "rules.yaml").read_text(encoding="utf-8")
    assert sum(MARK in line for line in text.splitlines() if not line.startswith("#")) == 6
    assert "list_mail: {effect: read, source: untrusted}  # guessed from its name; confirm that it only reads" in text
    assert "its description begins with 'get'), so it counts as writing; say what it does" in text


def test_the_document_says_the_same(cli: Cli, home: Path) -> None:
    """--json has every tool with its guess, its reason and its place."""
    (home / "agent.py").write_text(
        'A = [{"type": "web_search_20250305", "name": "web_search"}, {"name": x, "input_schema": {}}]\n'
        '@tool\ndef fetch_page(url): "Fetch a page."\n',
        encoding="utf-8",
    )
    found = cli("init", "agent.py", "-o", "new/r.yaml", "--json").json

    assert found["file"] == "new/r.yaml"
    assert found["tools"] == [
        {
            "name": "fetch_page",
            "where": "agent.py:3",
            "effects": ["read"],
            "source": "untrusted",
            "why": "its name",
            "clear": True,
            "declared": True,
        }
    ]
    assert found["provider_run"] == [{"type": "web_search_20250305", "effects": ["read"]}]
    assert found["unread"] == [{"where": "agent.py:1", "why": "its name is only known when the program runs"}]
    told = cli("init", "agent.py").out
    assert "run by the provider: web_search (read, from outside), decided once per request" in told
    assert "not read: agent.py:1: a tool, but its name is only known when the program runs" in told
    assert cli("check", "new/r.yaml").code == 0


def test_a_file_is_never_overwritten_unless_that_is_said(cli: Cli, home: Path) -> None:
    """Rules that somebody wrote are not lost to a second ``init``."""
    (home / "rules.yaml").write_text("mine", encoding="utf-8")

    refused = cli("init", AGENTS / "mixed.py")
    assert refused.code == 2
    assert "rules.yaml is there already" in refused.err
    assert (home / "rules.yaml").read_text(encoding="utf-8") == "mine"
    assert cli("init", AGENTS / "mixed.py", "--force").code == 0
    assert cli("check", "rules.yaml").code == 0
    assert [path.name for path in home.iterdir()] == ["rules.yaml"]


def test_a_file_that_appears_meanwhile_is_not_overwritten(
    cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last look is the system's own, when the file gets its name."""
    monkeypatch.setattr("pathlib.Path.exists", lambda self: False)
    (home / "rules.yaml").write_text("mine", encoding="utf-8")

    assert cli("init", AGENTS / "mixed.py").code == 2
    assert (home / "rules.yaml").read_text(encoding="utf-8") == "mine"
    assert [path.name for path in home.iterdir()] == ["rules.yaml"]


def test_nothing_yet_gives_a_file_to_fill_in(cli: Cli, home: Path) -> None:
    """Without an agent to look at, the draft has the rules of the profile, and every tool is asked about."""
    made = cli("init")

    assert made.code == 0
    assert "0 tools" in made.out
    assert MARK not in made.out
    assert cli("check", "rules.yaml", "anything").out.startswith("ask: anything()")


def test_a_recording_is_drafted_from(cli: Cli, home: Path) -> None:
    """--from TRACE: recorded requests or conversations."""
    body = {"model": "m", "messages": [], "tools": [{"name": "get_a", "input_schema": {}}]}
    (home / "t.jsonl").write_text(json.dumps(body) + "\n", encoding="utf-8")

    assert cli("init", "--from", "t.jsonl").code == 0
    assert "get_a: read" in (home / "rules.yaml").read_text(encoding="utf-8")


def test_the_tools_of_servers_can_be_pinned(cli: Cli, home: Path) -> None:
    """The digests of what servers' tools say stand in the draft as remarks: with the marks out, they are pinned."""
    tools = [
        {"name": f"mcp__git-hub__{name}", "description": said, "input_schema": {"type": "object"}}
        for name, said in (("get_me", "Gets."), ("list_orgs", "Lists."), ("get_me", "Gets me."))
    ]
    requests = [
        {"model": "m", "messages": [], "tools": [tool, {"name": "get_a", "input_schema": {}}]} for tool in tools
    ]
    (home / "t.jsonl").write_text("\n".join(map(json.dumps, requests)), encoding="utf-8")

    assert cli("init", "--from", "t.jsonl").code == 0
    text = (home / "rules.yaml").read_text(encoding="utf-8")
    assert not load(text).servers
    marks = ("#servers:", "#  ", "#    ", "#      ")
    pinned = load("\n".join(line[1:] if line.startswith(marks) else line for line in text.splitlines())).servers
    last = Definition("Gets me.", {"type": "object"})
    assert list(pinned) == ["git-hub"]
    assert dict(pinned["git-hub"].tools) == {
        "get_me": digest(last),
        "list_orgs": digest(Definition("Lists.", {"type": "object"})),
    }


def test_a_module_is_imported_and_that_is_said(cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--from MODULE runs the program's code, so it says that before it does."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    (home / "made_at_run_time.py").write_text(
        'TOOLS = [{"name": "get_" + n, "input_schema": {}} for n in str(int("7"))]\n', encoding="utf-8"
    )

    both = cli("init", "made_at_run_time.py", "--from", "made_at_run_time:TOOLS")

    assert both.err == "pinnedrules: importing made_at_run_time:TOOLS, which runs its code\n"
    assert "get_7: read" in (home / "rules.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["empty.py"], "no tool was found in empty.py"),
        (["broken.py"], "broken.py is no Python source that can be read"),
        (["latin.py"], "latin.py is no Python source that can be read"),
        (["missing.py"], "missing.py"),
        (["notes.txt"], "notes.txt is no Python source"),
        (["--from", "empty.py"], "empty.py is Python source"),
        (["--from", "notes.txt"], "notes.txt:1: not JSON"),
        (["--from", "a b"], "a b is neither a file nor the name of a module"),
        (["--from", "there_is_no_such"], "there_is_no_such cannot be imported"),
        (["empty.py", "--profile", "yolo"], "unknown profile 'yolo'"),
    ],
    ids=str,
)
def test_what_cannot_be_drafted_from_is_said_and_nothing_written(
    cli: Cli, home: Path, argv: list[str], said: str
) -> None:
    """A mistake is one line and a way out; no file is left behind."""
    (home / "empty.py").write_text("x = 1\n", encoding="utf-8")
    (home / "broken.py").write_text("def f(:\n", encoding="utf-8")
    (home / "latin.py").write_bytes(b"x = '\xff'\n")
    (home / "notes.txt").write_text("hello\n", encoding="utf-8")

    found = cli("init", *argv)

    assert found.code == 2
    assert said in found.err
    assert not (home / "rules.yaml").exists()


def test_a_source_without_end_is_not_read(cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is too long to be a program is said to be so."""
    monkeypatch.setattr("pinnedrules.cli.init._LONGEST_SOURCE", 3)
    (home / "long.py").write_text("x = 1\n", encoding="utf-8")

    assert "too long" in cli("init", "long.py").err


def test_what_is_unclear_is_never_declared_where_declaring_would_permit_it() -> None:
    """Where a profile lets declared writes through, an unclear tool stays undeclared, so that it is asked about."""
    tools = [FoundTool("weather"), FoundTool("update_record")]

    strict, lax = (drafted(tools, profile=name, source="x") for name in ("suggest-only", "supervised"))

    assert list(load(strict.text).tools) == ["weather", "update_record"]
    assert list(load(lax.text).tools) == ["update_record"]
    assert "# weather: write" in lax.text


@pytest.mark.parametrize("name", ["a*", "get_?", "wörter", "a b", "", ".", "x" * 300, "a\n  b: read", "a: read #"])
def test_a_name_that_no_rule_file_can_have_stays_a_remark(name: str) -> None:
    """A wildcard or a line break in a tool's name declares nothing, least of all other tools."""
    draft = drafted([FoundTool(name), FoundTool("get_b")], profile="suggest-only", source="x")

    assert list(load(draft.text).tools) == ["get_b"]
    assert "no name that a rule file can have" in draft.text


def test_names_that_are_one_to_a_lenient_program_are_declared_once() -> None:
    """Of ``sendEmail`` and ``send_email`` the first is declared; the other is caught by it all the same."""
    draft = drafted([FoundTool("get_a"), FoundTool("getA")], profile="suggest-only", source="x")

    assert list(load(draft.text).tools) == ["get_a"]
    assert "to a lenient program it is get_a" in draft.text


def test_words_of_yaml_are_quoted() -> None:
    """A tool may be called ``no`` or ``1``."""
    names = ["no", "null", "1", "-x", "mcp__a__b", "c:d", "e/f", "get"]
    draft = drafted([FoundTool(name) for name in names], profile="suggest-only", source="x")

    assert list(load(draft.text).tools) == names


def test_only_remarks_still_make_a_file() -> None:
    """A file all of whose tools stay undeclared loads as well."""
    assert not load(drafted([FoundTool("a*")], profile="suggest-only", source="x").text).tools


@given(
    st.lists(st.builds(FoundTool, st.text(max_size=12), st.text(max_size=30), st.just(("x",)))),
    st.sampled_from(sorted(PROFILES)),
    st.text(max_size=20),
)
@settings(deadline=None)
def test_every_draft_loads(tools: list[FoundTool], profile: str, source: str) -> None:
    """Whatever tools are called and say, the draft is a rule file, and declares none that was not found."""
    rules = load(drafted(tools, profile=profile, source=source).text)

    assert set(rules.tools) <= {tool.name for tool in tools}

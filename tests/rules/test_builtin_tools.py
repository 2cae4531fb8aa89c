"""Tools that run in the caller's program and are known by name, and single calls of a remote MCP server."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.making import NOW

from pinnedrules.rules.builtin_tools import server_of
from pinnedrules.rules.decide import decide
from pinnedrules.rules.ledger import after
from pinnedrules.rules.load import load
from pinnedrules.rules.model import RuleSet
from pinnedrules.types import EFFECTS, Call, Decision, LedgerState

EMPTY = LedgerState()
STRICTNESS = ["allow", "ask", "deny"]


def builtin(name: str, **arguments: object) -> Call:
    return Call(name, json.dumps(arguments), "c1", "builtin", frozenset(arguments))


def approval(name: str, **arguments: object) -> Call:
    """Return the provider's question whether it may run one call of a remote server; nothing declares its arguments."""
    return Call(name, json.dumps(arguments), "mcpr_1", "approval")


def decided(rules: RuleSet, call: Call) -> Decision:
    return decide(rules, call, EMPTY, NOW)


def file(
    tools: str = "{}", rule: str = "{id: it, text: Be careful.}", default: str = "{read: allow, other: ask}"
) -> RuleSet:
    return load(f"version: 1\ndefault: {default}\ntools: {tools}\nrules: [{rule}]\n")


# -- tools that a provider defines and the caller runs ----------------------------------------------------------------


@pytest.mark.parametrize("name", [
    "shell", "local_shell", "bash", "Bash", "computer", "computer_use_preview", "computer.left_click",
    "browser.navigate", "exec_command", "write_stdin", "run_shell_command", "exec", "functions.exec_command",
    "mcp__desktop__run_command", "python", "code_execution",
])  # fmt: skip
def test_a_tool_that_runs_what_it_is_given_executes(name: str) -> None:
    """A shell is a shell without being declared: a rule against running code reaches it."""
    rules = file("{run: execute}", "{id: no-code, text: Run no code., on: {effect: execute}, then: deny}")

    assert decided(rules, Call(name, "{}")).rules == ("no-code",)
    assert decided(file(), Call(name, "{}")).effects == ("write", "execute")


@pytest.mark.parametrize(
    "name", ["apply_patch", "text_editor", "str_replace_based_edit_tool", "memory", "bashful", "Xbash"]
)
def test_a_tool_that_edits_writes_as_any_unknown_one_does(name: str) -> None:
    """An editing tool is no shell, and a name that only begins like one is none."""
    assert decided(file(), Call(name, "{}")).effects == ("write",)


DELETING = [
    builtin("apply_patch", type="delete_file", path="notes.md"),
    Call("apply_patch", json.dumps({"input": "*** Begin Patch\n*** Delete File: notes.md\n*** End Patch"})),
    Call("functions.apply_patch", "*** Begin Patch\n*** Delete File: notes.md\n", kind="custom"),
    Call("memory", json.dumps({"command": "delete", "path": "/memories/a"})),
]
KEEPING = [
    builtin("apply_patch", type="update_file", path="notes.md", diff="-a\n+b"),
    Call("apply_patch", json.dumps({"input": "*** Begin Patch\n*** Add File: notes.md\n+x"})),
    Call("memory", json.dumps({"command": "create", "path": "/memories/a", "file_text": "delete"})),
    Call("notes", json.dumps({"type": "delete_file", "command": "delete"})),
]


@pytest.mark.parametrize("call", [*DELETING, *KEEPING], ids=lambda call: f"{call.name} {call.arguments[:40]}")
def test_an_operation_that_deletes_a_file_deletes(call: Call) -> None:
    """A rule against deleting reaches the operation of an editing tool that deletes, and no other."""
    rules = file("{rm: delete}", "{id: keep, text: Never delete., on: {effect: delete}, then: deny}")
    found = decided(rules, call)

    assert (found.effects == ("write", "delete")) is (call in DELETING)
    assert ("keep" in found.rules) is (call in DELETING)


@pytest.mark.parametrize(
    "call", [builtin("shell", commands=["ls"]), DELETING[0], Call("bash", "{}")], ids=lambda c: c.name
)
def test_what_the_file_says_of_such_a_tool_is_believed(call: Call) -> None:
    """An entry under ``tools:`` by exactly this name wins."""
    rules = file("{shell: read, apply_patch: read, bash: read}")

    assert (decided(rules, call).verdict, decided(rules, call).effects) == ("allow", ("read",))


def test_a_name_that_is_only_like_a_declared_one_is_no_excuse_for_a_shell() -> None:
    """A loosely equal declaration never makes a call laxer."""
    assert decided(file("{BASH: read}"), Call("bash", "{}")).effects == ("write", "execute")
    assert decided(file("{BASH: send}"), Call("bash", "{}")).effects == ("send", "execute")


def test_a_search_for_tools_reads_where_the_provider_s_format_says_so() -> None:
    """Its kind vouches for it; a function of that name may do anything."""
    assert decided(file(), builtin("tool_search", query="mail")).verdict == "allow"
    assert decided(file(), Call("tool_search", "{}")).effects == ("write",)
    assert decided(file("{tool_search: send}"), builtin("tool_search")).effects == ("send",)


@given(
    name=st.sampled_from(["bash", "shell", "apply_patch", "memory", "computer.key", "mcp:crm.find", "exec", "plain"]),
    default=st.fixed_dictionaries({effect: st.sampled_from(STRICTNESS) for effect in EFFECTS}),
    effect=st.sampled_from(EFFECTS),
    then=st.sampled_from(STRICTNESS),
    arguments=st.sampled_from([{}, {"type": "delete_file"}, {"command": "delete"}, {"input": "*** Delete File: x"}]),
)
def test_what_is_known_of_a_name_only_makes_a_call_stricter(
    name: str, default: dict[str, str], effect: str, then: str, arguments: dict[str, str]
) -> None:
    """An unknown tool of another name is never decided more strictly than one whose name is known."""
    rule = json.dumps({"id": "it", "text": "x", "on": {"effect": [effect]}, "then": then})
    rules = file(json.dumps({f"t_{one}": one for one in EFFECTS}), rule, json.dumps(default))
    text, declared = json.dumps(arguments), frozenset(arguments)
    known, unknown = (decided(rules, Call(one, text, declared=declared)) for one in (name, "stranger"))

    assert STRICTNESS.index(known.verdict) >= STRICTNESS.index(unknown.verdict)
    assert set(unknown.effects) <= set(known.effects)


# -- one call of a remote MCP server ----------------------------------------------------------------------------------


def test_a_call_of_a_remote_server_runs_code_and_brings_words_of_strangers() -> None:
    """Nobody declared it and nobody sees what it does: it executes as well as it writes."""
    rules = file("{run: execute}", "{id: no-code, text: Run no code., on: {effect: execute}, then: deny}")
    found = decided(file(), approval("mcp:crm.find"))

    assert (found.verdict, found.effects) == ("ask", ("write", "execute"))
    assert decided(rules, approval("mcp:crm.find")).rules == ("no-code",)
    assert after(file(), approval("mcp:crm.find"), found, EMPTY, NOW).session == {"read_untrusted": "1"}


@pytest.mark.parametrize("written", ["mcp:crm.find", "mcp:crm.*", "mcp:*.find", "mcp:crm", "mcp:*", "*find"])
def test_an_entry_for_a_server_or_one_of_its_tools_is_believed(written: str) -> None:
    """``tools:`` knows a server, its tools and patterns of them."""
    rules = file(f"{{'{written}': read}}")

    assert (decided(rules, approval("mcp:crm.find", q="x")).verdict) == "allow"
    assert after(rules, approval("mcp:crm.find"), decided(rules, approval("mcp:crm.find")), EMPTY, NOW) is EMPTY
    assert decided(rules, approval("mcp:mail.send")).effects == (
        ("read", "send") if written == "mcp:*" else ("write", "send", "execute")
    )


@pytest.mark.parametrize("written", ["mcp:crm.find", "mcp:crm.*", "mcp:*.find", "mcp:crm", "mcp:*"])
@pytest.mark.parametrize("then", ["allow", "ask", "deny"])
def test_a_rule_about_a_server_is_about_its_tools(written: str, then: str) -> None:
    """``on:`` knows a server, its tools and patterns of them, for permissions and for objections."""
    rules = file(rule=f"{{id: it, text: About it., on: '{written}', then: {then}}}")
    found = decided(rules, approval("mcp:crm.find"))

    assert (found.verdict, found.rules) == (then, ("it",))
    assert decided(rules, approval("mcp:mail.send")).rules == (("it",) if written == "mcp:*" else ())


@pytest.mark.parametrize("written", ["mcp", "crm", "find", "crm.find", "MCP:CRM", "mcp__crm__find", "*Find"])
def test_a_name_that_is_only_like_it_objects_and_permits_nothing(written: str) -> None:
    """A loosely equal name only ever makes a call stricter."""
    denies, permits = (file(rule=f"{{id: it, text: x, on: '{written}', then: {then}}}") for then in ("deny", "allow"))

    assert decided(denies, approval("mcp:crm.find")).verdict == "deny"
    assert decided(permits, approval("mcp:crm.find")).verdict == "ask"


def test_what_is_said_of_one_tool_is_more_than_what_is_said_of_its_server() -> None:
    """The entry for a tool counts for that tool, the server's for all others."""
    rules = file("{'mcp:crm': read, 'mcp:crm.delete*': delete, 'mcp:crm.mail': send}")

    assert decided(rules, approval("mcp:crm.find")).effects == ("read",)
    assert decided(rules, approval("mcp:crm.delete_all")).effects == ("delete",)
    assert decided(rules, approval("mcp:crm.mail")).effects == ("send",)


def test_a_tool_that_is_declared_like_one_of_the_server_s_brings_its_effect() -> None:
    """``delete_mail`` deletes, also behind a server that nobody declared."""
    rules = file("{delete_mail: delete, find: read}")

    assert decided(rules, approval("mcp:crm.delete_mail")).effects == ("delete", "execute")
    assert decided(rules, approval("mcp:crm.find")).effects == ("write", "execute")


def test_arguments_that_nobody_declares_are_asked_about() -> None:
    """The server's schema is not in the request: the file names the arguments, or a person looks at the call."""
    allow = "{id: it, text: Notes are fine., on: 'mcp:crm.note', then: allow}"
    found = decided(file("{'mcp:crm.note': write}", allow), approval("mcp:crm.note", text="hi"))

    assert (found.verdict, found.reasons) == ("ask", ("undeclared arguments: text",))
    named = file("{'mcp:crm.note': {effect: write, args: [text]}}", allow)
    assert decided(named, approval("mcp:crm.note", text="hi")).verdict == "allow"
    assert decided(named, approval("mcp:crm.note", text="hi", to="x")).verdict == "ask"


def test_a_requirement_looks_at_the_arguments_of_the_one_call() -> None:
    """What cannot be decided on the request is decided on the call."""
    rules = file(
        "{'mcp:crm.mail': {effect: send, args: [to]}}",
        "{id: inside, text: Only inside., on: 'mcp:crm', require: {recipients: {domain_in: [example.com]}},"
        " else: deny, then: allow}",
    )

    assert decided(rules, approval("mcp:crm.mail", to="a@example.com")).verdict == "allow"
    assert decided(rules, approval("mcp:crm.mail", to="a@evil.example")).verdict == "deny"


@pytest.mark.parametrize("name", ["apply_patch", "memory"])
def test_a_rule_about_what_such_a_tool_deletes_can_match(name: str) -> None:
    """What an operation of a known tool does is no effect that no tool has."""
    text = f"version: 1\nrules: [{{id: keep, text: Delete no file., on: {{tool: {name}, effect: delete}}, then: deny}}]"
    call = Call(name, json.dumps({"type": "delete_file", "command": "delete"}))
    assert decide(load(text), call, LedgerState(), NOW).rules == ("keep",)


def test_a_rule_about_a_server_where_one_of_its_tools_deletes_can_match() -> None:
    """The loader knows that what is declared of a server's tool can happen behind the server's name."""
    rules = file(
        "{'mcp:crm.wipe': delete}",
        "{id: it, text: Wipe nothing., on: {tool: 'mcp:crm', effect: delete}, then: deny}",
    )

    assert decided(rules, approval("mcp:crm.wipe")).verdict == "deny"
    assert decided(rules, approval("mcp:crm.find")).verdict == "ask"


@pytest.mark.parametrize("name", ["mcp:crm.fınd", "mcp:crm.find it", "mcp:сrm.find", "mcp:crm.\u202efind"])
def test_a_name_that_is_not_plain_is_denied(name: str) -> None:
    """A look-alike of a server or its tool is refused."""
    assert decided(file("{'mcp:*': read}"), approval(name)).verdict == "deny"


@pytest.mark.parametrize(
    ("name", "server"),
    [("mcp:crm.find", "mcp:crm"), ("mcp:crm.a.b", "mcp:crm"), ("mcp:crm", ""), ("crm.find", ""), ("MCP:crm.find", "")],
)
def test_the_server_of_a_call_ends_at_the_first_dot(name: str, server: str) -> None:
    """A tool's own name may have dots; a server's label has none."""
    assert server_of(name) == server

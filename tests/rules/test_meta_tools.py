"""Calls that carry another call in their arguments: decided as what they carry."""

from __future__ import annotations

import json
from typing import Any

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules import reference
from tests.rules.making import NOW
from tests.rules.test_differential import FILES, matchable, numbered

from pinnedrules.rules.decide import decide, reached
from pinnedrules.rules.ledger import after
from pinnedrules.rules.load import load
from pinnedrules.rules.meta_tools import MAX_CARRIED, MAX_MAYBE, is_meta, unwrap
from pinnedrules.rules.model import RuleSet
from pinnedrules.types import EFFECTS, Call, Decision, LedgerState

EMPTY = LedgerState()
STRICTNESS = ["allow", "ask", "deny"]

RULES = """\
version: 1
default: {read: allow, other: ask}
tools:
  list_mail: read
  web.read: {effect: read, source: untrusted}
  send_email: {effect: send, args: [to, body]}
  delete_mail: delete
  refund: {effect: spend, args: [amount]}
rules:
  - {id: never-delete, text: Never delete., on: {effect: delete}, then: deny}
  - id: internal-mail
    text: Send only inside.
    on: send_email
    require: {recipients: {domain_in: [example.com]}}
    else: deny
    then: allow
  - id: refund-cap
    text: Refund at most 500 a day.
    on: refund
    require: {total: {of: amount, per: day, max: 500}}
    else: ask
    then: allow
  - id: no-exfiltration
    text: After reading from outside, send nothing.
    on: {effect: send}
    require: {never_after: {source: untrusted}}
    else: ask
"""
FILE = load(RULES)
INSIDE = {"to": "a@example.com", "body": "hi"}
OUTSIDE = {"to": "a@evil.example", "body": "hi"}


def outer(arguments: object, name: str = "tool_call", **more: Any) -> Call:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return Call(name, text, "c1", **more)


def decided(arguments: object, name: str = "tool_call", rules: RuleSet = FILE, **more: Any) -> Decision:
    return decide(rules, outer(arguments, name, **more), EMPTY, NOW)


# -- which call is carried --------------------------------------------------------------------------------------------

FORMS: list[tuple[str, Any]] = [
    ("tool_call", {"id": "send_email", "args": None}),  # OpenClaw
    ("tool_call", {"tool_name": "send_email", "arguments": None}),
    ("execute_tool", {"name": "send_email", "input": None}),
    ("use_tool", {"tool": "send_email", "parameters": None}),
    ("call_tool", {"toolName": "send_email", "params": None}),
    ("run_tool", {"function": "send_email", "args": None}),
    ("invoke_tool", {"tool-id": "send_email", "Tool_Input": None}),
    ("mcp__gateway__call_tool", {"name": "send_email", "arguments": None}),
    ("gateway.executeTool", {"name": "send_email", "arguments": None}),
    ("tool_call", {"function": {"name": "send_email", "arguments": None}}),
    ("tool_call", {"tool": {"name": "send_email"}, "args": None}),
    ("tool_call", {"id": "send_email", "name": "send_email", "args": None}),
    ("tool_call", {"id": None, "name": "send_email", "args": None}),
    ("tool_call", {"name": "send_email", "args": None, "timeout": 30, "reason": "because I want to"}),
]


def filled(form: Any, arguments: Any) -> Any:
    """Return *form* with *arguments* in the place of the arguments that are none."""
    if isinstance(form, dict):
        return {
            key: value if value is None and key == "id" else filled(value, arguments) for key, value in form.items()
        }
    return arguments if form is None else form


@pytest.mark.parametrize(("name", "form"), FORMS, ids=lambda value: str(value)[:60])
@pytest.mark.parametrize("text", [False, True], ids=["object", "text"])
def test_the_call_inside_is_decided(name: str, form: Any, text: bool) -> None:
    """A meta tool that carries another call in its arguments is unwrapped before it is decided."""
    for arguments, verdict in ((INSIDE, "allow"), (OUTSIDE, "deny")):
        found = decided(filled(form, json.dumps(arguments) if text else arguments), name, declared=frozenset(form))
        assert (found.verdict, found.rules, found.effects) == (verdict, ("internal-mail",), ("send",))


def test_a_refusal_tells_the_tool_that_carries_and_the_one_inside() -> None:
    """A person sees what would have run, and where it would have led."""
    found = decided({"id": "send_email", "args": OUTSIDE})

    assert found.targets == ("calls: send_email", "to: a@evil.example")
    assert found.reasons == ("recipients: a@evil.example is not in example.com",)
    assert decided({"id": "delete_mail", "args": {}}).targets == ("calls: delete_mail",)
    assert decided({"id": "list_mail", "args": {}}).targets == ()


@pytest.mark.parametrize("arguments", [{"name": "list_mail"}, {"name": "list_mail", "args": None},
                                       {"name": "list_mail", "args": ""}, {"id": "list_mail", "args": {}}])  # fmt: skip
def test_a_call_inside_may_have_no_arguments(arguments: object) -> None:
    """A read that takes nothing goes on as a read."""
    assert decided(arguments).verdict == "allow"


def test_an_unknown_tool_inside_writes() -> None:
    """What nobody declared counts as a write, wherever it stands."""
    found = decided({"name": "stranger", "args": {"x": 1}})

    assert (found.verdict, found.effects) == ("ask", ("write",))
    assert found.reasons[0].startswith("the tool stranger is not declared")


def test_names_inside_are_read_like_any_other() -> None:
    """A namespace or another spelling changes nothing, and a look-alike is denied."""
    for name in ("mcp__gmail__delete_mail", "DeleteMail", "gmail.delete-mail"):
        assert decided({"name": name, "args": {}}).rules == ("never-delete",)
    assert decided({"name": "dеlete_mail", "args": {}}).verdict == "deny"
    assert decided({"name": "delete mail", "args": {}}).verdict == "deny"


def test_a_server_that_is_named_beside_the_tool_belongs_to_its_name() -> None:
    """Another server's tool of the same name gets its objections and none of its permissions."""
    assert decided({"server_name": "x", "tool_name": "delete_mail", "arguments": {}}, "use_mcp_tool").verdict == "deny"
    assert decided({"server_name": "x", "tool_name": "list_mail", "arguments": {}}, "use_mcp_tool").verdict == "ask"
    rules = load(RULES.replace("list_mail:", "x.list_mail:"))
    call = {"server_name": "x", "tool_name": "list_mail", "arguments": {}}
    assert decided(call, "use_mcp_tool", rules).verdict == "allow"


def test_behind_a_remote_server_a_call_inside_keeps_the_server_s_name() -> None:
    """What a remote gateway runs counts as that server's, and as running code."""
    call = outer({"name": "find", "arguments": {}}, "mcp:gateway.call_tool", kind="approval")

    assert decide(FILE, call, EMPTY, NOW).effects == ("write", "execute")
    rules = load(RULES + "  - {id: gate, text: Ask., on: 'mcp:gateway.find', then: deny}\n")
    assert decide(rules, call, EMPTY, NOW).rules == ("gate",)


@pytest.mark.parametrize("name", ["tool", "tools", "call", "tool_caller", "my_tool_call", "use_tools", "execute"])
def test_other_names_are_no_meta_tools(name: str) -> None:
    """Only a whole name, after its namespaces, is one."""
    assert not is_meta(name)
    assert decided({"name": "delete_mail", "args": {}}, name).rules == ()


def test_a_builtin_tool_carries_nothing() -> None:
    """What the provider's format defines is what it says it is."""
    assert unwrap(outer({"name": "delete_mail"}, kind="builtin")) is None


# -- where it is not clear --------------------------------------------------------------------------------------------

UNCLEAR: dict[str, Any] = {
    "no name": {"args": {}},
    "nothing": {},
    "several names": {"id": "list_mail", "name": "other_list", "args": {}},
    "a name that is no text": {"name": 7, "args": {}},
    "a name that is a list": {"name": ["list_mail"], "args": {}},
    "one more name that is no text": {"name": "list_mail", "id": 7, "args": {}},
    "an empty name": {"name": "", "args": {}},
    "arguments that are a list": {"name": "list_mail", "args": ["x"]},
    "arguments that are a number": {"name": "list_mail", "args": 1},
    "arguments that are free text": {"name": "list_mail", "args": "x"},
    "arguments in two places": {"name": "list_mail", "args": {}, "input": {}},
    "arguments beside the name": {"name": "list_mail", "folder": "inbox"},
    "an unknown argument that is text": {"name": "list_mail", "args": {}, "real_tool": "delete_mail"},
    "an unknown argument that is a list": {"name": "list_mail", "args": {}, "calls": [{"name": "delete_mail"}]},
    "two servers": {"server": "a", "namespace": "b", "name": "list_mail", "args": {}},
    "a name inside and one outside": {"id": "call_1", "function": {"name": "list_mail", "arguments": {}}},
    "two boxes": {"tool": {"name": "list_mail"}, "function": {"name": "list_mails"}},
    "a box in a box": {"tool": {"tool": {"name": "list_mail"}}},
    "a list of calls": {"calls": [{"name": "list_mail", "args": {}}]},
}


@pytest.mark.parametrize("arguments", UNCLEAR.values(), ids=UNCLEAR.keys())
@pytest.mark.parametrize("declared", [False, True], ids=["undeclared", "declared a read"])
def test_what_cannot_be_unwrapped_is_asked_about_at_least(arguments: Any, declared: bool) -> None:
    """Invariant 2: a call that may carry another one unread is no read, whatever the file says of the tool."""
    rules = load(RULES.replace("tools:\n", "tools:\n  tool_call: read\n")) if declared else FILE
    if not (declared and arguments == {}):
        assert decided(arguments, rules=rules).verdict == "ask"


@pytest.mark.parametrize("arguments", [
    {"id": "list_mail", "name": "delete_mail", "args": {}},
    {"name": "send_email", "args": INSIDE, "input": OUTSIDE},
    {"name": "send_email", "args": INSIDE, "function": {"arguments": OUTSIDE}},
    {"name": "delete_mail", "args": ["x"]},
    {"name": "delete_mail", "mail": 7},
    {"name": "send_email", **OUTSIDE},
    {"tool": {"name": "list_mail"}, "function": {"name": "delete_mail"}},
    {"server": "a", "namespace": "b", "name": "delete_mail", "args": {}},
    {"name": "delete_mail", "args": "rm -rf"},
    {"name": "list_mail", "args": '{"a": 1, "a": 2}'},
    {"name": "list_mail", "args": '{"a": '},
    '{"name": "list_mail", "name": "delete_mail"}',
    '{"name": "list_mail", "args": {"a": 1, "a": 2}}',
    '{"name": "list_mail"',
    '["list_mail"]',
])  # fmt: skip
def test_what_any_reading_denies_is_denied(arguments: Any) -> None:
    """Where several calls may be meant, the strictest decides; text that cannot be read at all is refused."""
    assert decided(arguments).verdict == "deny"


def test_the_reason_says_what_is_not_clear() -> None:
    """A person who is asked learns why."""
    assert "it names no call" in decided({"args": {}}).reasons
    found = decided({"id": "list_mail", "name": "other_list", "args": {}})
    assert found.targets[0] == "calls: list_mail or other_list"
    assert "it names more than one call" in found.reasons
    found = decided({"name": "list_mail", "args": {}, "real_tool": "x"})
    assert found.reasons == ("real_tool may name another call than it does",)


@pytest.mark.parametrize("arguments", [{}, {"steps": 3}, {"path": "a.py", "fast": True}])
def test_a_tool_that_the_file_declares_and_that_carries_nothing_stays_what_it_is(arguments: Any) -> None:
    """A tool of one's own may be called ``run_tool``."""
    rules = load(RULES.replace("tools:\n", "tools:\n  run_tool: read\n"))

    assert decided(arguments, "run_tool", rules).verdict == "allow"
    assert decided(arguments, "run_tool").verdict == "ask"
    assert decided({"name": "delete_mail", "args": {}}, "run_tool", rules).verdict == "deny"


def test_free_text_names_no_call() -> None:
    """A free-text tool carries a call only as JSON; other text is asked about unless the file declares the tool."""
    rules = load(RULES.replace("tools:\n", "tools:\n  tool_call: read\n"))

    assert decided("delete everything", kind="custom").verdict == "ask"
    assert decided("delete everything", rules=rules, kind="custom").verdict == "allow"
    for text in ('{"name": "delete_mail"}', ' {"name": "delete_mail", "args": {}}'):
        assert decided(text, rules=rules, kind="custom").verdict == "deny"
    assert decided('{"name": "list_mail", "name": "delete_mail"}', rules=rules, kind="custom").verdict == "ask"
    assert decided('{"name": "list_mail"}', kind="custom").verdict == "allow"


# -- rules that name the outer tool -----------------------------------------------------------------------------------


@pytest.mark.parametrize("then", STRICTNESS)
@pytest.mark.parametrize("inside", ["list_mail", "delete_mail", "stranger"])
@pytest.mark.parametrize("on", ["tool_call", "Tool-Call", "*_call", "{tool: tool_call, effect: [read, write, delete]}"])
def test_a_rule_that_names_the_outer_tool_still_applies(then: str, inside: str, on: str) -> None:
    """The stricter of both decides; a permission for the outer tool permits nothing inside."""
    written = on if on.startswith("{") else f"'{on}'"
    rules = load(RULES + f"  - {{id: outer, text: About it., on: {written}, then: {then}}}\n")
    alone, both = decided({"name": inside, "args": {}}), decided({"name": inside, "args": {}}, rules=rules)

    strictest = max(alone.verdict, then, key=STRICTNESS.index)
    assert both.verdict == strictest
    assert ("outer" in both.rules) is (then == strictest and (then != "allow" or on in ("tool_call", "*_call")
                                                              or on.startswith("{")))  # fmt: skip
    assert len(both.reasons) >= (0 if strictest == "allow" else len(both.rules))
    assert len(both.sentences) == len(both.rules)


def test_an_effect_of_the_outer_tool_is_no_effect_of_the_call_inside() -> None:
    """A file that says what ``tool_call`` does says it of a call that carries nothing."""
    rules = load(RULES.replace("tools:\n", "tools:\n  tool_call: execute\n"))

    assert decided({"name": "list_mail", "args": {}}, rules=rules).verdict == "allow"
    assert decided({}, rules=rules).effects == ("execute",)


def test_a_rule_about_both_is_asked_about_the_call_inside() -> None:
    """A pattern that matches both names looks at the arguments that run, once."""
    rules = load(
        "version: 1\ntools: {refund_call: {effect: spend, args: [amount]}}\nrules:\n"
        "  - {id: both, text: x, on: '*_call', require: {total: {of: amount, per: session, max: 5}},\n"
        "     else: deny, then: allow}\n"
    )
    call = outer({"name": "refund_call", "args": {"amount": 3}})
    decision = decide(rules, call, EMPTY, NOW)
    ledger = after(rules, call, decision, EMPTY, NOW)

    assert decision.verdict == "allow"
    assert ledger.session == {"total:both": "3"}
    assert decide(rules, call, ledger, NOW).verdict == "deny"


def test_arguments_of_the_outer_tool_that_nobody_declared_are_asked_about() -> None:
    """What stands beside a call with an effect must be declared, as with any other tool."""
    call = {"name": "send_email", "args": INSIDE, "retries": 3}

    assert decided(call).reasons == ("undeclared arguments: retries",)
    assert decided(call, declared=frozenset(call)).verdict == "allow"
    assert decided({"name": "list_mail", "args": {}, "retries": 3}).verdict == "allow"


def test_arguments_inside_that_nobody_declared_are_asked_about() -> None:
    """The schema of the call inside is not in the request: the file's ``args`` say what it may be called with."""
    assert decided({"name": "send_email", "args": {**INSIDE, "x": 1}}).verdict == "ask"


# -- calls in calls ---------------------------------------------------------------------------------------------------


def nested(depth: int, call: Any) -> Any:
    for _ in range(depth):
        call = {"name": "tool_call", "args": call}
    return call


@pytest.mark.parametrize("depth", range(MAX_CARRIED))
def test_calls_in_calls_are_decided_as_the_innermost(depth: int) -> None:
    """However often it is wrapped, the call that runs is decided."""
    assert decided(nested(depth, {"id": "list_mail", "args": {}})).verdict == "allow"
    found = decided(nested(depth, {"id": "delete_mail", "args": {}}))
    assert (found.verdict, found.rules) == ("deny", ("never-delete",))
    assert found.targets[-1] == "calls: delete_mail"


def test_calls_in_calls_end_somewhere() -> None:
    """More than that is asked about, and takes no longer."""
    found = decided(nested(MAX_CARRIED, {"id": "list_mail", "args": {}}))
    assert found.verdict == "ask"
    assert "it carries calls in calls, more than 4 deep" in found.reasons


def maybe(names: int, places: int, inside: object, **more: object) -> dict[str, object]:
    """Return arguments that carry so many calls, with as many names and as many places for their arguments."""
    carried = {f"args{'_' * number}": inside for number in range(places)}
    return {**{f"id{'_' * number}": f"tool_call.tool_call{number}" for number in range(names)}, **carried, **more}


@pytest.mark.parametrize(
    "arguments",
    [
        maybe(100, 100, {}),
        maybe(MAX_MAYBE + 1, 1, {}),
        maybe(1, MAX_MAYBE + 1, {}),
        maybe(4, 2, {}, **{f"server{'_' * number}": f"s{number}" for number in range(3)}),
        {"id": "tool_call", "args": maybe(100, 100, {})},
        {"id": "tool_call", "id_": "call_tool", "args": maybe(3, 3, {"id": "list_mail"})},
    ],
    ids=["many", "names", "places", "servers", "inside", "together"],
)
def test_what_may_be_too_many_calls_is_denied_before_any_is_looked_at(arguments: dict[str, object]) -> None:
    """One of ten thousand calls that are meant might be denied, so all are, in the time that one takes."""
    call = outer(arguments)
    found = decide(FILE, call, EMPTY, NOW)
    assert (found.verdict, found.reasons) == ("deny", (f"it may carry more than {MAX_MAYBE} calls",))
    assert len(reached(FILE, call)) <= MAX_MAYBE + 2
    assert decide(load(DENIED), call, EMPTY, NOW).rules == ("no-carrier",)


def test_as_many_calls_as_are_looked_at_are_all_decided() -> None:
    """At the bound every call that may be meant is decided, and the strictest of them counts."""
    found = decide(FILE, outer({**maybe(2, 8, {}), "id": "list_mail", "id_": "list_mails"}), EMPTY, NOW)
    assert found.verdict == "ask"
    found = decide(FILE, outer({**maybe(2, 8, {}), "id": "list_mail", "id_": "delete_mail"}), EMPTY, NOW)
    assert (found.verdict, found.rules) == ("deny", ("never-delete",))


# -- rewriting --------------------------------------------------------------------------------------------------------

DENIED = """\
version: 1
rules:
  - {id: no-carrier, text: Carry no calls., on: tool_call, then: deny}
"""

REHEARSE = """\
version: 1
tools: {send_email: {effect: send, args: [to, dry_run]}}
rules:
  - id: rehearse
    text: Only rehearse.
    on: send_email
    require: {matches: {dry_run: "on"}}
    else: {rewrite: [{op: add, path: /dry_run, value: "on"}]}
    then: allow
"""


@pytest.mark.parametrize(("call", "released"), [
    ({"id": "send_email", "args": {"to": "a"}}, {"id": "send_email", "args": {"to": "a", "dry_run": "on"}}),
    (
        {"function": {"name": "send_email", "arguments": '{"to":"a"}'}},
        {"function": {"name": "send_email", "arguments": '{"to":"a","dry_run":"on"}'}},
    ),
    ({"tool": {"name": "send_email"}, "a~/b": 1, "args": {"to": "a"}},
     {"tool": {"name": "send_email"}, "a~/b": 1, "args": {"to": "a", "dry_run": "on"}}),
    (nested(2, {"id": "send_email", "args": {"to": "a"}}),
     nested(2, {"id": "send_email", "args": {"to": "a", "dry_run": "on"}})),
])  # fmt: skip
def test_what_a_rule_changes_inside_is_put_back_into_the_outer_call(call: Any, released: Any) -> None:
    """The outer call goes out with the inner arguments rewritten, and the patch says what was done to the outer ones."""
    found = decided(call, rules=load(REHEARSE), declared=frozenset(call))

    assert (found.verdict, found.rules) == ("allow", ("rehearse",))
    assert found.arguments is not None
    assert json.loads(found.arguments) == released
    assert jsonpatch.apply_patch(call, list(found.patch)) == released


def test_free_text_that_carries_a_call_is_changed_as_a_whole() -> None:
    """The text of a custom call is put back as text."""
    found = decided('{"id": "send_email", "args": {"to": "a"}}', rules=load(REHEARSE), kind="custom")

    text = '{"id":"send_email","args":{"to":"a","dry_run":"on"}}'
    assert (found.arguments, found.patch) == (text, ({"op": "replace", "path": "/input", "value": text},))


@pytest.mark.parametrize("call", [{"id": "send_email"}, {"id": "send_email", "args": None}])
def test_a_change_that_cannot_be_put_back_is_asked_about(call: Any) -> None:
    """Where the arguments would have to go is not known."""
    found = decided(call, rules=load(REHEARSE))

    assert (found.verdict, found.arguments) == ("ask", None)
    assert "a rule changes the call that it carries, and that cannot be put back into it" in found.reasons


def test_a_change_inside_of_a_call_that_is_not_clear_is_asked_about() -> None:
    """No one of several readings is changed while another runs."""
    found = decided({"id": "send_email", "args": {"to": "a"}, "input": {"to": "b"}}, rules=load(REHEARSE))

    assert (found.verdict, found.arguments) == ("ask", None)


OUTER = """\
  - id: outer
    text: Only in the sandbox.
    on: tool_call
    require: {matches: {sandbox: "on"}}
    else: {rewrite: [{op: add, path: /sandbox, value: "on"}]}
    then: allow
"""


def test_a_rule_that_names_the_outer_tool_may_change_the_outer_call() -> None:
    """What it carries is then decided as it stands after that."""
    rules = load(RULES + OUTER.replace("/sandbox", "/reason").replace("sandbox", "reason"))
    found = decided({"id": "send_email", "args": INSIDE}, rules=rules, declared=frozenset({"id", "args", "reason"}))

    assert (found.verdict, set(found.rules)) == ("allow", {"outer", "internal-mail"})
    assert json.loads(found.arguments or "") == {"id": "send_email", "args": INSIDE, "reason": "on"}
    assert decided({"id": "delete_mail", "args": {}}, rules=rules).arguments is None
    swap = "  - {id: swap, text: x, on: tool_call, require: {matches: {id: list_mail}}, then: allow,\n" \
        "     else: {rewrite: [{op: replace, path: /id, value: delete_mail}]}}\n"  # fmt: skip
    assert decided({"id": "send_email", "args": INSIDE}, rules=load(RULES + swap)).verdict == "deny"


def test_two_changes_one_after_the_other_are_asked_about() -> None:
    """A rule for the outer tool and one for the inner do not rewrite each other's result unseen."""
    found = decided({"id": "send_email", "args": {"to": "a"}}, rules=load(REHEARSE + OUTER))

    assert (found.verdict, found.arguments) == ("ask", None)
    assert "one rule changes it and another one the call that it carries" in found.reasons


# -- the ledger -------------------------------------------------------------------------------------------------------


def released(ledger: LedgerState, call: Call, rules: RuleSet = FILE) -> LedgerState:
    return after(rules, call, decide(rules, call, ledger, NOW), ledger, NOW)


def test_sums_count_the_call_inside() -> None:
    """Invariant 5: it makes no difference to a budget how a refund was called."""
    ledger = released(EMPTY, outer({"id": "refund", "args": {"amount": 300}}))
    ledger = released(ledger, Call("refund", '{"amount": 150}'))
    ledger = released(ledger, outer({"name": "tool_call", "args": {"id": "refund", "args": '{"amount": 25}'}}))

    assert ledger.user == {"total:refund-cap": "2026-11-22 475"}
    assert decide(FILE, outer({"id": "refund", "args": {"amount": 26}}), ledger, NOW).verdict == "ask"
    assert decide(FILE, outer({"id": "refund", "args": {"amount": 25}}), ledger, NOW).verdict == "allow"


def test_sums_count_the_amount_that_was_rewritten() -> None:
    """What is counted is what runs."""
    rules = load(
        "version: 1\ntools: {refund: {effect: spend, args: [amount]}}\nrules:\n"
        "  - {id: cap, text: x, on: refund, require: {amount: {of: amount, max: 5}}, then: allow,\n"
        "     else: {rewrite: [{op: replace, path: /amount, value: 5}]}}\n"
        "  - {id: sum, text: x, on: refund, require: {total: {of: amount, per: session, max: 9}}, else: deny}\n"
    )
    assert released(EMPTY, outer({"id": "refund", "args": {"amount": 8}}), rules).session == {"total:sum": "5"}


def test_every_reading_of_a_call_that_is_not_clear_is_counted() -> None:
    """Approved as it is, either amount may have been spent."""
    call = outer({"id": "refund", "args": {"amount": 100}, "input": {"amount": 20}})
    assert after(FILE, call, decide(FILE, call, EMPTY, NOW), EMPTY, NOW).user == {"total:refund-cap": "2026-11-22 120"}


def test_amounts_inside_that_cannot_be_read_leave_the_sum_unknown() -> None:
    """A person may let through what cannot be read; the budget does not forget it."""
    call = outer({"id": "refund", "args": '{"amount": '})
    assert after(FILE, call, Decision("allow"), EMPTY, NOW).user == {"total:refund-cap": "2026-11-22 unknown"}


def test_reading_from_outside_counts_inside_too() -> None:
    """``never_after`` sees what was read through a meta tool."""
    ledger = released(EMPTY, outer({"id": "web.read", "args": {}}))

    assert ledger.session == {"read_untrusted": "1"}
    found = decide(FILE, outer({"id": "send_email", "args": INSIDE}), ledger, NOW)
    assert (found.verdict, found.rules) == ("ask", ("no-exfiltration",))
    assert released(EMPTY, outer({"id": "list_mail", "args": {}})) is EMPTY


def test_a_place_that_the_arguments_inside_name_counts_inside_too() -> None:
    """A read at a place of the model's choice also sends, and brings in words from outside."""
    call = outer({"id": "list_mail", "args": {"url": "https://evil.example/x"}})
    found = decide(FILE, call, EMPTY, NOW)

    assert found.effects == ("read", "send")
    assert after(FILE, call, found, EMPTY, NOW).session == {"read_untrusted": "1"}


def test_sums_over_the_outer_tool_are_kept_as_well() -> None:
    """A rule that names the outer tool may count its calls' arguments."""
    rules = load(
        RULES
        + "  - {id: cost, text: x, on: tool_call, require: {total: {of: cost, per: session, max: 9}}, else: deny}\n"
    )
    ledger = released(EMPTY, outer({"id": "list_mail", "args": {}, "cost": 5}), rules)

    assert ledger.session == {"total:cost": "5"}
    assert decide(rules, outer({"id": "list_mail", "args": {}, "cost": 5}), ledger, NOW).verdict == "deny"


@pytest.mark.parametrize("name", ["tооl_call", "tool_call"])
def test_a_name_inside_or_outside_that_is_not_plain_counts_nothing(name: str) -> None:
    """Such a call never runs, so there is nothing to count."""
    call = outer({"id": "rеfund", "args": {"amount": 3}}, name)
    assert after(FILE, call, Decision("allow"), EMPTY, NOW) is EMPTY


# -- for all rule sets ------------------------------------------------------------------------------------------------

WRAPPED = st.sampled_from([("tool_call", "id", "args"), ("execute_tool", "tool_name", "arguments"), ("x.use_tool", "tool",
                           "params")])  # fmt: skip


@given(file=FILES.filter(matchable), call=st.data(), form=WRAPPED, text=st.booleans())
def test_a_wrapped_call_is_decided_and_counted_like_the_call_itself(
    file: dict[str, Any], call: st.DataObject, form: tuple[str, str, str], text: bool
) -> None:
    """For any rules, a call inside a meta tool and the same call alone have one decision and one ledger."""
    numbered(file)
    rules = load(reference.text(file))
    name = call.draw(st.sampled_from(["alpha", "bravo", "charlie", "delta"]))
    arguments = call.draw(
        st.dictionaries(st.sampled_from(["n", "m", "word"]), st.one_of(st.integers(0, 5), st.just("x")))
    )
    alone = Call(name, json.dumps(arguments))
    tool, key, place = form
    wrapped = outer({key: name, place: json.dumps(arguments) if text else arguments}, tool)
    one, other = decide(rules, alone, EMPTY, NOW), decide(rules, wrapped, EMPTY, NOW)

    assert (other.verdict, other.effects, other.rules) == (one.verdict, one.effects, one.rules)
    assert (other.reasons, other.sentences, other.undecided) == (one.reasons, one.sentences, one.undecided)
    assert after(rules, wrapped, other, EMPTY, NOW) == after(rules, alone, one, EMPTY, NOW)


KEYS = st.sampled_from(["id", "name", "tool", "args", "arguments", "function", "x", "server"])
LEAVES = st.none() | st.booleans() | st.integers() | st.sampled_from(["delete_mail", "list_mail", "tool_call", "x"])
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


@given(arguments=JSON, tool=st.sampled_from(["tool_call", "use_mcp_tool", "gw.run_tool"]), custom=st.booleans())
def test_nothing_in_the_arguments_breaks_a_decision(arguments: Any, tool: str, custom: bool) -> None:
    """Decides anything, keeps a ledger of anything, and never lets through a deletion that is named."""
    call = outer(arguments, tool, kind="custom" if custom else "function")
    decision = decide(FILE, call, EMPTY, NOW)
    after(FILE, call, decision, EMPTY, NOW)

    assert set(decision.effects) <= set(EFFECTS)
    if "delete_mail" in json.dumps(arguments):
        carried = unwrap(call)
        certain = carried is not None and not carried.problem and carried.calls[0].name == "list_mail"
        assert decision.verdict != "allow" or certain

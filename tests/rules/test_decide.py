"""How one call is decided: the three numbered steps of the design, and that doubt never allows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.making import EMPTY, EXAMPLE, NOW, call, judged, rules

from pinnedrules.rules.decide import decide
from pinnedrules.rules.load import load
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.plan import MEMORY
from pinnedrules.rules.single import MAX_REWRITES
from pinnedrules.types import Call, Decision, Effect

EXAMPLE_RULES = load(EXAMPLE)


def many(*entries: str, tools: str = "{act: write}") -> RuleSet:
    """Return a rule set from short entries that all speak of ``act``."""
    lines = [f"  - {{id: r{number}, text: Rule {number}., on: act, {entry}}}\n" for number, entry in enumerate(entries)]
    return rules("".join(lines), tools=tools)


HOLDS = "require: {amount: {of: n, max: 10}}"


@pytest.mark.parametrize(
    ("entries", "verdict", "ids"),
    [
        (("then: allow",), "allow", ("r0",)),
        (("then: ask",), "ask", ("r0",)),
        (("then: deny",), "deny", ("r0",)),
        (("then: allow", "then: deny", "then: ask"), "deny", ("r1",)),
        (("then: allow", "then: ask", "then: allow"), "ask", ("r1",)),
        (("then: deny", "then: deny"), "deny", ("r0", "r1")),
        ((f"{HOLDS}, else: deny",), "ask", ()),
        ((f"{HOLDS}, then: allow",), "allow", ("r0",)),
        ((f"{HOLDS}, then: ask, else: deny",), "ask", ("r0",)),
    ],
)
def test_the_strictest_rule_wins(entries: tuple[str, ...], verdict: str, ids: tuple[str, ...]) -> None:
    """Any deny: deny. Else any ask: ask. Else any allow: allow. Else the default for the effect."""
    found = judged(many(*entries), "act", {"n": 1})
    assert (found.verdict, found.rules) == (verdict, ids)


@pytest.mark.parametrize("arguments", [{}, {"n": None}, {"n": "x"}, {"n": [1]}, {"n": True}, {"n": -1}, {"n": "1,000"}])
def test_a_guard_that_cannot_decide_fires(arguments: dict[str, Any]) -> None:
    """A requirement that cannot be decided gives else: a guard fires, and is named as undecided."""
    found = judged(many(f"{HOLDS}, else: deny", "then: allow"), "act", arguments)
    assert (found.verdict, found.rules) == ("deny", ("r0",))
    assert [entry.rule for entry in found.undecided] == ["r0"]


@pytest.mark.parametrize("arguments", [{}, {"n": None}, {"n": "x"}, {"n": [1]}])
def test_a_permission_that_cannot_be_decided_gives_nothing(arguments: dict[str, Any]) -> None:
    """Something that would allow and cannot be decided gives nothing; it is named."""
    found = judged(many(f"{HOLDS}, then: allow"), "act", arguments)
    assert (found.verdict, found.rules) == ("ask", ())
    assert [entry.rule for entry in found.undecided] == ["r0"]


def test_every_undecided_requirement_is_named() -> None:
    """Whatever could not be decided is named in the decision, also beside one that fails."""
    body = "require: {amount: {of: n, max: 10}, matches: {branch: main}, path: {inside: /srv}}, else: deny"
    found = judged(many(body), "act", {"n": 11})
    assert found.reasons == ("amount: n is 11, more than 10",)
    assert [entry.why for entry in found.undecided] == [
        "matches: the argument branch is missing",
        "path: no path was found",
    ]


def test_a_check_that_breaks_counts_as_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    """A requirement that cannot be decided (exception) gives else."""
    found_rules = many(f"{HOLDS}, else: deny, then: allow")

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("pinnedrules.rules.predicates.amounts.amount_of", broken)
    found = judged(found_rules, "act", {"n": 1})
    assert found.verdict == "deny"
    assert found.undecided[0].why == "the check failed: ZeroDivisionError"


def test_a_rule_with_only_a_text_decides_nothing() -> None:
    """A rule with only a text is pinned."""
    found = judged(rules("  - {id: tone, text: Be polite.}\n"), "act")
    assert (found.verdict, found.rules) == ("ask", ())


def test_a_rule_with_a_text_and_an_effect_is_asked_about() -> None:
    """A rule with only a text is pinned, and with an effect named, asked about."""
    found = judged(rules("  - {id: w, text: Careful., on: {effect: write}}\n", default="{other: allow}"), "act")
    assert (found.verdict, found.rules, found.reasons) == ("ask", ("w",), ("the rule asks about the effect write",))


@pytest.mark.parametrize(
    ("default", "effect", "verdict"),
    [
        ("{read: allow, other: ask}", "read", "allow"),
        ("{read: allow, other: ask}", "send", "ask"),
        ("{read: deny, other: ask}", "read", "deny"),
        ("{other: deny}", "spend", "deny"),
        ("{other: deny}", "read", "allow"),
        ("{spend: deny, other: allow}", "spend", "deny"),
        ("{spend: deny, other: allow}", "write", "allow"),
        ("{spend: deny, other: allow}", "[write, spend]", "deny"),
        ("ask", "read", "ask"),
        ("deny", "write", "deny"),
    ],
)
def test_the_default_is_by_effect_and_the_strictest_of_several(default: str, effect: str, verdict: str) -> None:
    """Else the default for the effect."""
    found = judged(rules("  - {id: t, text: Text.}\n", tools=f"{{act: {effect}}}", default=default), "act")
    assert found.verdict == verdict


def test_an_unknown_tool_counts_as_write() -> None:
    """An unknown tool counts as write, so rules about writing speak of it."""
    found = judged(rules("  - {id: w, text: No., on: {effect: write}, then: deny}\n"), "anything")
    assert (found.verdict, found.effects) == ("deny", ("write",))


@pytest.mark.parametrize("effect", ["write", "delete", "send", "publish", "spend", "execute", "[read, write]"])
def test_an_undeclared_argument_on_a_tool_with_an_effect_is_asked_about(effect: str) -> None:
    """An argument that neither the tool's schema nor the file declares, on a tool with an effect: ask."""
    found_rules = rules("  - {id: a, text: Fine., on: act, then: allow}\n", tools=f"{{act: {effect}}}")
    allowed = decide(found_rules, Call("act", '{"a": 1}', declared=frozenset({"a"})), EMPTY, NOW)
    asked = decide(found_rules, Call("act", '{"a": 1, "b": 2}', declared=frozenset({"a"})), EMPTY, NOW)
    unknown = decide(found_rules, Call("act", '{"a": 1}'), EMPTY, NOW)
    assert [allowed.verdict, asked.verdict, unknown.verdict] == ["allow", "ask", "ask"]
    assert asked.reasons == ("undeclared arguments: b",)
    assert asked.rules == ()


def test_a_read_may_have_any_arguments() -> None:
    """Undeclared arguments matter only on a tool with an effect."""
    found = rules("  - {id: t, text: Text.}\n", tools="{look: read}")
    assert decide(found, Call("look", '{"anything": 1}'), EMPTY, NOW).verdict == "allow"


def test_the_file_s_args_are_believed_rather_than_the_request_s() -> None:
    """Its arguments: the schema in the request, unless narrowed in the file."""
    found = rules("  - {id: a, text: Fine., on: act, then: allow}\n", tools="{act: {effect: write, args: [a]}}")
    assert decide(found, Call("act", '{"a": 1}'), EMPTY, NOW).verdict == "allow"
    assert decide(found, Call("act", '{"b": 1}', declared=frozenset({"b"})), EMPTY, NOW).verdict == "ask"


def test_an_undeclared_argument_never_makes_a_call_laxer() -> None:
    """An undeclared argument asks at least; a deny, by a rule or by default, stays one."""
    by_rule = rules("  - {id: a, text: No., on: act, then: deny}\n", tools="{act: write}")
    by_default = rules("  - {id: t, text: Text.}\n", tools="{act: write}", default="{other: deny}")
    for found in (by_rule, by_default):
        assert decide(found, Call("act", '{"b": 1}'), EMPTY, NOW).verdict == "deny"


@pytest.mark.parametrize(
    "name", ["send_em\u0430il", "send\u200b_email", "löschen", "", " send_email", "a\nb", "x" * 257]
)
def test_a_name_that_is_not_plain_ascii_is_denied(name: str) -> None:
    """A tool name that is not plain ASCII after normalisation: deny."""
    found = judged(rules("  - {id: t, text: Text.}\n", default="allow"), name)
    assert found.verdict == "deny"
    assert found.effects == ("write",)
    assert found.reasons[0].isprintable()


@pytest.mark.parametrize(
    "name",
    ["Send_Email", "SEND-EMAIL", "sendEmail", "SendEmail", "mcp__gmail__send_email", "gmail.send_email",
     "a:b/send_email",
     "send__email", "ｓｅｎｄ_ｅｍａｉｌ", "functions.send_email"],
)  # fmt: skip
def test_a_name_that_loosely_equals_a_rule_s_is_objected_to_but_never_permitted(name: str) -> None:
    """Names may only ever make a call stricter: a loose match brings objections, never a permission."""
    assert judged(EXAMPLE_RULES, name, {"to": "bob@evil.com"}).verdict == "deny"
    assert judged(EXAMPLE_RULES, name, {"to": "boss@example.com"}).verdict == "ask"


@pytest.mark.parametrize("name", ["Look_Up", "mcp__desk__look_up", "look-up"])
def test_a_read_needs_the_exact_declared_name(name: str) -> None:
    """A loose match never makes a call a read."""
    found = judged(rules("  - {id: t, text: Text.}\n", tools="{look_up: read}"), name)
    assert (found.verdict, found.effects) == ("ask", ("write",))
    assert "not declared by exactly this name" in found.reasons[0]


def test_a_glob_is_a_declaration_as_it_is_written() -> None:
    """A glob in the file is the person's own word, so it can make a read; loosely it cannot."""
    found = rules("  - {id: t, text: Text.}\n", tools='{"get_*": read, "*delete*": delete}')
    assert judged(found, "get_mail").verdict == "allow"
    assert judged(found, "Get_Mail").effects == ("write",)
    assert judged(found, "get_deleted").effects == ("read", "delete")
    assert judged(found, "desk__get_mail").effects == ("write",)


def test_a_look_alike_never_satisfies_a_glob() -> None:
    """A look-alike never satisfies an allow, not even of a glob that matches any character."""
    found = rules("  - {id: a, text: All., on: '*', then: allow}\n", tools='{"get_*": read}')
    assert judged(found, "get_mail").verdict == "allow"
    assert judged(found, "anything").verdict == "allow"
    for name in ("get_ｍail", "ｇet_mail", "ａnything"):
        assert judged(found, name).verdict == "ask"


def test_a_glob_does_not_hide_what_another_declaration_says_loosely() -> None:
    """Of several declarations that match, all effects count; an exact one stands for itself."""
    found = rules("  - {id: t, text: Text.}\n", tools='{"fs.*": read, delete_file: delete, fs.stat: read}')
    assert judged(found, "fs.delete_file").effects == ("delete",)
    assert judged(found, "fs.stat").effects == ("read",)
    assert judged(found, "fs.list").effects == ("read",)


def test_a_permission_by_effect_covers_all_effects_of_the_call() -> None:
    """A rule that permits one effect does not permit the others that the same call has."""
    body = "  - {id: a, text: Write., on: {effect: write}, then: allow}\n"
    found = rules(body, tools="{draft: write, post: [write, publish], peek: [read, write]}")
    assert [judged(found, name).verdict for name in ("draft", "post", "peek", "unknown")] == [
        "allow",
        "ask",
        "allow",
        "ask",
    ]


def test_a_rule_may_name_tool_and_effect() -> None:
    """With both named, both must match."""
    body = "  - {id: a, text: No., on: {tool: 'fs.*', effect: [delete, spend]}, then: deny}\n"
    found = rules(body, tools="{fs.rm: delete, fs.put: write, rm: delete}")
    assert [judged(found, name).verdict for name in ("fs.rm", "fs.put", "rm")] == ["deny", "ask", "ask"]


@pytest.mark.parametrize(
    "arguments",
    [{"url": "x.y"}, {"host": "3232235777"}, {"host": "evil\u3002com"}, {"server": "evil.com"},
     {"page": "https://evil.com/?q=1"}, {"q": [{"deep": "//evil.com/x"}]},
     {"where": "www.evil.com/x"}, {"callbackUrl": "x/y"}],
)  # fmt: skip
def test_a_read_at_a_place_that_the_model_chose_also_sends(arguments: dict[str, Any]) -> None:
    """A read whose argument names a free destination (a URL, a host) also counts as send."""
    body = "  - {id: s, text: No., on: {effect: send}, then: deny}\n"
    found = judged(rules(body, tools="{fetch: read}"), "fetch", arguments)
    assert (found.verdict, found.effects) == ("deny", ("read", "send"))


@pytest.mark.parametrize(
    "arguments",
    [{"query": "see https://example.com for more"}, {"path": "/srv/a//b"}, {"url": ""}, {"url": None}, {"n": 5},
     {"server": "db1"}, {"host": "localhost"}, {"include_url": True}, {"file": "file:///etc/hosts"}],
)  # fmt: skip
def test_a_read_that_names_no_place_stays_a_read(arguments: dict[str, Any]) -> None:
    """Text that only mentions an address is no destination."""
    found = judged(rules("  - {id: t, text: Text.}\n", tools="{look: read}"), "look", arguments)
    assert (found.verdict, found.effects) == ("allow", ("read",))


def test_a_read_that_sends_can_be_permitted_by_name() -> None:
    """The way out for a read that names a host is a rule that says which hosts are fine."""
    body = "  - {id: h, text: Docs., on: fetch, require: {url: {host_in: [docs.example.com]}}, then: allow}\n"
    found = rules(body, tools="{fetch: read}")
    assert judged(found, "fetch", {"url": "https://docs.example.com/a"}).verdict == "allow"
    asked = judged(found, "fetch", {"url": "https://evil.com/a"})
    assert asked.verdict == "ask"
    assert asked.reasons[0].startswith("it reads at a place that its arguments name, so it also sends")


@pytest.mark.parametrize(
    ("effects", "verdict"),
    [(("read",), "allow"), (("read", "send"), "ask"), (("execute",), "ask"), (None, "ask"), ((), "ask")],
)
def test_a_provider_s_tool_does_what_its_type_is_known_for(effects: tuple[Effect, ...] | None, verdict: str) -> None:
    """What a provider-run tool is known to do counts when the file says nothing."""
    found = rules("  - {id: t, text: Text.}\n", tools="{web_fetch: delete}")
    decision = decide(found, Call("web_search", "{}"), EMPTY, NOW, effects=effects)
    assert (decision.verdict, decision.effects) == (verdict, effects or ("write",))
    declared = decide(found, Call("web_fetch", "{}"), EMPTY, NOW, effects=effects)
    assert declared.effects == ("delete",)


def test_a_provider_s_tool_with_an_impossible_name_is_denied() -> None:
    """The name counts before the type."""
    assert decide(EXAMPLE_RULES, Call("wéb", "{}"), EMPTY, NOW, effects=("read",)).effects == ("read",)
    assert decide(EXAMPLE_RULES, Call("wéb", "{}"), EMPTY, NOW, effects=("read",)).verdict == "deny"


def test_free_text_is_one_argument_called_input() -> None:
    """A custom tool's free text is exposed as one argument that is always declared."""
    body = "  - {id: a, text: Only ls., on: sh, require: {matches: {input: 'ls( [a-z]+)?'}}, then: allow, else: deny}\n"
    found = rules(body, tools="{sh: execute}")
    assert decide(found, Call("sh", "ls docs", kind="custom"), EMPTY, NOW).verdict == "allow"
    assert decide(found, Call("sh", "rm docs", kind="custom"), EMPTY, NOW).verdict == "deny"
    assert decide(found, Call("sh", '{"input":"ls"}', kind="function"), EMPTY, NOW).verdict == "ask"


def test_arguments_that_cannot_be_read_are_denied() -> None:
    """What cannot be read cannot be allowed (invariant 2), on a read as well."""
    found = rules("  - {id: t, text: Text.}\n", tools="{look: read}")
    decision = judged(found, "look", '{"a": 1, "a": 2}')
    assert decision == Decision("deny", ("read",), reasons=("the arguments give the same key twice",))


def patched(operations: str, *more: str, tools: str = "{act: {effect: write, args: [a, b, n]}}") -> RuleSet:
    """Return a rule set whose first rule rewrites, followed by a permission and *more*."""
    return many(f"then: {{rewrite: [{operations}]}}", "then: allow", *more, tools=tools)


def test_a_rewrite_is_decided_again() -> None:
    """Else any rewrite: rewrite, and decide the result again."""
    found = judged(
        patched("{op: replace, path: /n, value: 5}", "require: {amount: {of: n, max: 10}}, else: deny"), "act", {"n": 5}
    )
    assert found.verdict == "allow"
    # 50 is objected to before anything is rewritten: a deny comes before a rewrite.
    found = judged(
        patched("{op: replace, path: /n, value: 5}", "require: {amount: {of: n, max: 10}}, else: deny"),
        "act",
        {"n": 50},
    )
    assert found.verdict == "deny"
    assert found.arguments is None
    assert found.patch == ()


def test_a_rewritten_call_carries_its_new_arguments_and_the_patch() -> None:
    """Arguments and patch say what the rule changed, numbers exact."""
    found = judged(
        patched("{op: add, path: /b, value: 10}, {op: remove, path: /a}"),
        "act",
        '{"n": 12345678901234567890.10, "a": 1}',
    )
    assert found.verdict == "allow"
    assert found.arguments == '{"n":12345678901234567890.10,"b":10}'
    assert [one["op"] for one in found.patch] == ["add", "remove"]
    assert found.rules == ("r0", "r1")


def test_a_rewrite_that_leads_to_an_objection_is_objected_to() -> None:
    """The result of a rewrite meets the same rules as any call."""
    found_rules = patched("{op: replace, path: /n, value: 50}", f"{HOLDS}, else: ask")
    found = judged(found_rules, "act", {"n": 1})
    assert (found.verdict, found.rules, found.arguments) == ("ask", ("r0", "r2"), '{"n":50}')
    assert found.reasons == ("rewritten by the rule", "amount: n is 50, more than 10")
    denied = judged(patched("{op: replace, path: /n, value: 50}", f"{HOLDS}, else: deny"), "act", {"n": 1})
    assert (denied.verdict, denied.arguments, denied.patch) == ("deny", None, ())


def test_a_rewritten_call_that_nobody_permits_gets_the_default() -> None:
    """After a rewrite the default counts as for any call."""
    found = judged(many("then: {rewrite: [{op: add, path: /n, value: 1}]}"), "act", {})
    assert found.verdict == "ask"


def test_a_rewrite_may_take_out_what_nobody_declared() -> None:
    """Undeclared arguments are looked for in the call as it would run."""
    found_rules = patched("{op: remove, path: /a}", tools="{act: write}")
    found = decide(found_rules, Call("act", '{"n":1,"a":2}', declared=frozenset({"n"})), EMPTY, NOW)
    assert (found.verdict, found.arguments) == ("allow", '{"n":1}')


@pytest.mark.parametrize(
    "operations",
    ["{op: remove, path: /gone}", "{op: test, path: /n, value: 7}", "{op: add, path: /a/b/c, value: 1}",
     "{op: replace, path: /n/x, value: 1}", "{op: move, from: /gone, path: /a}"],
)  # fmt: skip
def test_a_patch_that_does_not_fit_asks(operations: str) -> None:
    """A patch that fails cannot be decided: ask, for the rule."""
    found_rules = patched(operations, tools="{act: write}")
    found = judged(found_rules, "act", {"n": 1})
    assert (found.verdict, found.rules) == ("ask", ("r0",))
    assert [entry.rule for entry in found.undecided] == ["r0"]
    assert found.arguments is None


def test_a_rule_rewrites_once() -> None:
    """Each rule rewrites at most once, so that deciding ends."""
    found = judged(patched("{op: add, path: /b, value: 1}"), "act", {"n": 1})
    assert (found.verdict, found.arguments, len(found.patch)) == ("allow", '{"n":1,"b":1}', 1)


def test_a_rewrite_that_does_not_bring_about_what_is_required_asks() -> None:
    """A rule whose requirement still fails after its own rewrite asks."""
    body = f"{HOLDS}, else: {{rewrite: [{{op: replace, path: /n, value: %d}}]}}, then: allow"
    assert judged(many(body % 10), "act", {"n": 50}).verdict == "allow"
    asked = judged(many(body % 11), "act", {"n": 50})
    assert (asked.verdict, asked.rules) == ("ask", ("r0",))
    assert asked.reasons == ("amount: n is 11, more than 10",)


def test_a_rule_is_named_once() -> None:
    """A rule that rewrote the call and then decided on the result is one rule, with one sentence and one reason."""
    body = f"{HOLDS}, else: {{rewrite: [{{op: replace, path: /n, value: 10}}]}}, then: allow"
    allowed = judged(many(body, "then: allow"), "act", {"n": 50})
    assert (allowed.verdict, allowed.rules, len(allowed.sentences)) == ("allow", ("r0", "r1"), 2)
    asked = judged(
        many(body.replace("value: 10", "value: 11"), "then: {rewrite: [{op: add, path: /b, value: 1}]}"),
        "act",
        {"n": 50},
    )
    assert (asked.verdict, asked.rules, asked.arguments) == ("ask", ("r0",), '{"n":11}')
    assert len(asked.rules) == len(asked.sentences) == len(asked.reasons)


def test_rewrites_are_bounded() -> None:
    """More rewriting rules than the bound: ask."""
    entries = [f"then: {{rewrite: [{{op: add, path: /b, value: {number}}}]}}" for number in range(MAX_REWRITES + 1)]
    enough = judged(many(*entries[:-1], "then: allow"), "act", {"b": 1})
    assert enough.verdict == "allow"
    assert len(enough.patch) == MAX_REWRITES
    found = judged(many(*entries, "then: allow"), "act", {"b": 1})
    assert found.verdict == "ask"


def test_a_patch_s_own_values_are_not_changed_by_later_ones() -> None:
    """The rule set is an immutable value, whatever is decided by it."""
    first = "then: {rewrite: [{op: add, path: /b, value: {x: 1}}, {op: add, path: /b/y, value: 2}]}"
    found_rules = many(first, "then: allow")
    first_time = judged(found_rules, "act", {"b": 0})
    assert judged(found_rules, "act", {"b": 0}) == first_time
    assert first_time.arguments == '{"b":{"x":1,"y":2}}'


def test_free_text_can_be_rewritten_as_text_only() -> None:
    """A rewrite of free text must leave a text."""
    good = many("then: {rewrite: [{op: replace, path: /input, value: ls}]}", "then: allow", tools="{act: execute}")
    found = decide(good, Call("act", "rm -rf /", kind="custom"), EMPTY, NOW)
    assert (found.verdict, found.arguments) == ("allow", "ls")
    for value in ("7", "[ls]"):
        bad = many(f"then: {{rewrite: [{{op: replace, path: /input, value: {value}}}]}}", "then: allow")
        assert decide(bad, Call("act", "rm", kind="custom"), EMPTY, NOW).verdict == "ask"
    more = many("then: {rewrite: [{op: add, path: /extra, value: x}]}", "then: allow")
    assert decide(more, Call("act", "rm", kind="custom"), EMPTY, NOW).verdict == "ask"


def test_what_is_undecided_before_a_rewrite_stays_named() -> None:
    """Undecided rules of every round are named once."""
    body = "require: {matches: {b: x}}, else: {rewrite: [{op: add, path: /b, value: x}]}, then: allow"
    found = judged(many(body, tools="{act: {effect: write, args: [b]}}"), "act", {})
    assert found.verdict == "allow"
    assert [entry.why for entry in found.undecided] == ["matches: the argument b is missing"]


@given(st.text(max_size=40), st.text(max_size=60))
def test_no_call_makes_deciding_fail(name: str, arguments: str) -> None:
    """Never raises for anything that is in the call, and only a known name and readable arguments are ever allowed."""
    found = decide(EXAMPLE_RULES, Call(name, arguments), EMPTY, NOW)
    assert found.verdict != "allow" or name == "gmail.search"


def test_names_are_remembered_in_a_bounded_memory() -> None:
    """Names are the model's choice, so remembering them must not grow without end."""
    found = rules("  - {id: t, text: Text.}\n")
    for number in range(MEMORY + 10):
        found.plan.tool(f"tool_{number}")
    assert len(found.plan._memory) <= MEMORY


def test_the_same_call_decides_the_same_way_every_time() -> None:
    """What is remembered per name never changes a decision."""
    made = call("mcp__gmail__send_email", {"to": "boss@example.com"})
    assert (
        len({decide(EXAMPLE_RULES, made, EMPTY, NOW) == decide(load(EXAMPLE), made, EMPTY, NOW) for _ in range(3)}) == 1
    )


def test_targets_are_bounded_and_fall_back_to_the_first_arguments() -> None:
    """A person sees where a call leads; of a call that names nothing, its first arguments."""
    plain = judged(rules("  - {id: t, text: Text.}\n"), "act", {"id": 7, "note": "x" * 500, "none": None, "empty": ""})
    assert plain.targets[0] == "id: 7"
    assert plain.targets[1].endswith("(500 characters)")
    assert len(plain.targets) == 2
    found = judged(rules("  - {id: t, text: Text.}\n"), "act", {"to": [f"a{n}@b.de" for n in range(12)], "id": 7})
    assert found.targets[0] == "to: a0@b.de"
    assert found.targets[-1] == "and 4 more"
    assert len(found.targets) == 9
    assert judged(EXAMPLE_RULES, "send_email", {"to": "a\u202e@evil.com"}).targets == ("to: a\\u202e@evil.com",)

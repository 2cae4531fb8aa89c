"""Tools that the provider runs itself: what they do, what the rules call them, and how the rules decide them."""

from __future__ import annotations

import pytest
from tests.rules.making import NOW

from pinnedrules.errors import RuleFileError
from pinnedrules.rules.decide import decide
from pinnedrules.rules.ledger import after
from pinnedrules.rules.load import load
from pinnedrules.rules.server_tools import known_as, server_effects, server_name, server_untrusted
from pinnedrules.types import Call, Decision, LedgerState

KINDS: dict[str, tuple[str, tuple[str, ...], bool]] = {
    "web_search": ("web_search", ("read",), True),
    "web_search_20250305": ("web_search", ("read",), True),
    "web_search_2025_08_26": ("web_search", ("read",), True),
    "web_search_preview": ("web_search", ("read",), True),
    "web_search_preview_2025_03_11": ("web_search", ("read",), True),
    "web_fetch_20250910": ("web_fetch", ("read", "send"), True),
    "file_search": ("file_search", ("read",), True),
    "tool_search": ("tool_search", ("read",), False),
    "tool_search_tool_regex_20251119": ("tool_search", ("read",), False),
    "tool_search_tool_bm25": ("tool_search", ("read",), False),
    "advisor_20260301": ("advisor", ("read",), False),
    "image_generation": ("image_generation", ("write",), False),
    "memory_20250818": ("memory", ("write",), False),
    "code_execution_20250825": ("code_execution", ("execute",), False),
    "code_interpreter": ("code_interpreter", ("execute",), False),
    "programmatic_tool_calling": ("programmatic_tool_calling", ("execute",), False),
    "multi_agent": ("multi_agent", ("execute",), False),
    "shell": ("shell", ("execute",), False),
    "container_skills": ("container_skills", ("execute",), False),
    "computer_20990101": ("computer", ("execute",), True),
    "browser_toolset_20990101": ("browser", ("execute",), True),
    "mcp": ("mcp:crm", ("execute",), True),
    "mcp_toolset": ("mcp:crm", ("execute",), True),
    "mcp_servers": ("mcp:crm", ("execute",), True),
    "plugins": ("plugins", ("execute",), False),
    "web_searcher": ("web_searcher", ("execute",), False),
    "brand_new_20990101": ("brand_new", ("execute",), False),
    "": ("", ("execute",), False),
}


def on_request(kind: str, rules: str, ledger: LedgerState | None = None) -> Decision:
    """Decide a tool of the request as the gate does."""
    call = Call(server_name(kind, "crm"), "{}", id=f"request:{kind}", declared=frozenset())
    return decide(load(rules), call, ledger or LedgerState(), NOW, effects=server_effects(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_a_type_is_known_by_its_family_and_an_unknown_one_runs_code(kind: str) -> None:
    """By type without date and variant; an unknown type counts as execute."""
    assert (server_name(kind, "crm"), server_effects(kind), server_untrusted(kind)) == KINDS[kind]


RULES = """\
version: 1
default: {read: allow, other: ask}
tools: {send_email: send}
rules:
  - {id: mail, text: Ask before sending., on: send_email, then: ask}
"""


@pytest.mark.parametrize(("kind", "verdict"), [
    ("web_search_20250305", "allow"), ("file_search", "allow"), ("tool_search", "allow"), ("advisor_20260301", "allow"),
    ("web_fetch_20250910", "ask"), ("image_generation", "ask"), ("code_interpreter", "ask"), ("mcp", "ask"),
    ("shell", "ask"), ("programmatic_tool_calling", "ask"), ("brand_new", "ask"),
])  # fmt: skip
def test_without_a_word_in_the_file_the_shipped_effects_decide(kind: str, verdict: str) -> None:
    """What only reads goes on; everything else waits for a person."""
    assert on_request(kind, RULES).verdict == verdict


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind])
@pytest.mark.parametrize("verdict", ["allow", "ask", "deny"])
def test_a_rule_decides_a_tool_by_the_name_that_the_gate_uses(kind: str, verdict: str) -> None:
    """Every form of a provider's tool is allowed, asked about and denied under one name."""
    name = server_name(kind, "crm")
    rules = f"version: 1\nrules: [{{id: it, text: About it., on: '{name}', then: {verdict}}}]\n"
    found = on_request(kind, rules)

    assert (found.verdict, found.rules) == (verdict, ("it",))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind])
@pytest.mark.parametrize("effect", ["read", "delete"])
def test_what_the_file_says_of_a_provider_s_tool_is_believed(kind: str, effect: str) -> None:
    """An entry under ``tools:`` wins over what is shipped, in either direction."""
    name = server_name(kind, "crm")
    rules = f"version: 1\ntools: {{'{name}': {effect}}}\nrules: [{{id: it, text: Be careful.}}]\n"
    found = on_request(kind, rules)

    assert found.effects == (effect,)
    assert found.verdict == ("allow" if effect == "read" else "ask")


def test_a_rule_by_effect_reaches_tools_of_the_provider() -> None:
    """Running code is running code, wherever it is done."""
    rules = "version: 1\nrules: [{id: no-code, text: Run no code., on: {effect: execute}, then: deny}]\n"

    assert on_request("code_interpreter", rules).rules == ("no-code",)
    assert on_request("mcp", rules).rules == ("no-code",)
    assert on_request("web_search", rules).verdict == "allow"


@pytest.mark.parametrize("kind", ["web_search_preview", "file_search", "mcp", "web_fetch_20250910"])
def test_words_of_strangers_are_remembered(kind: str) -> None:
    """After a search at the provider, the session has read from outside."""
    rules = load(RULES)
    call = Call(server_name(kind, "crm"), "{}", declared=frozenset())
    decision = decide(rules, call, LedgerState(), NOW, effects=server_effects(kind))
    ledger = after(rules, call, decision, LedgerState(), NOW, untrusted=server_untrusted(kind))

    assert ledger.session == {"read_untrusted": "1"}


@pytest.mark.parametrize(("name", "family"), [
    ("web_search_20250305", "web_search"), ("web_search_2025_08_26", "web_search"), ("web_search_preview", "web_search"),
    ("web_search_preview_2025_03_11", "web_search"), ("tool_search_tool_regex", "tool_search"),
    ("code_execution_20250825", "code_execution"),
])  # fmt: skip
def test_a_rule_for_one_form_of_a_tool_is_an_error_that_names_the_family(name: str, family: str) -> None:
    """What would silently do nothing is an error."""
    assert known_as(name) == family
    with pytest.raises(RuleFileError, match=f"known as '{family}'") as problem:
        load(f"version: 1\nrules: [{{id: it, text: About it., on: {name}, then: deny}}]\n")
    assert problem.value.hint == f"write {family}"
    with pytest.raises(RuleFileError, match=f"known as '{family}'"):
        load(f"version: 1\ntools: {{{name}: read}}\nrules: [{{id: it, text: Be careful.}}]\n")


@pytest.mark.parametrize(
    "name", ["web_search", "report_20250101", "web_search_internal", "advisor_notes", "mcp:crm", ""]
)
def test_other_names_are_left_alone(name: str) -> None:
    """A tool of one's own may begin like one of the provider's, and may end in a date."""
    assert known_as(name) == ""

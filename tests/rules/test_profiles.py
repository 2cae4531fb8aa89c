"""The profiles: ready-made ways to let an agent work."""

from __future__ import annotations

import pytest
from tests.rules.making import judged

from pinnedrules.errors import RuleFileError
from pinnedrules.rules.profiles import PROFILES, profile

TOOLS: dict[str, object] = {
    "gmail.search": {"effect": "read", "source": "untrusted"},
    "draft_email": "write",
    "send_email": "send",
    "*delete*": "delete",
    "post": ["write", "publish"],
    "buy": "spend",
    "shell": "execute",
}
CALLS = ["gmail.search", "draft_email", "unknown_tool", "delete_email", "send_email", "post", "buy", "shell"]
TABLE = {
    "analyze": ["allow", "deny", "deny", "deny", "deny", "deny", "deny", "deny"],
    "suggest-only": ["allow", "ask", "ask", "ask", "ask", "ask", "ask", "ask"],
    "draft-only": ["allow", "allow", "ask", "deny", "deny", "deny", "deny", "deny"],
    "supervised": ["allow", "allow", "ask", "ask", "ask", "ask", "ask", "ask"],
}


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_decides_as_its_table_says(name: str) -> None:
    """Read, declared write, undeclared tool, delete, send, publish, spend, execute."""
    rules = profile(name, TOOLS)
    assert [judged(rules, tool, {"n": 1}).verdict for tool in CALLS] == TABLE[name]


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_without_tools_guesses_nothing(name: str) -> None:
    """Effects guessed from verbs can only make a call stricter: without declarations nothing is allowed."""
    rules = profile(name)
    for tool in ("get_mail", "search", "list_files", "read_file", "draft_email"):
        assert judged(rules, tool).verdict == ("deny" if name == "analyze" else "ask")


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_says_what_becomes_of_tools_that_nobody_declared(name: str) -> None:
    """The model and the person read it in the rule's own sentence."""
    texts = " ".join(text for _, text in profile(name).texts)
    assert "declared" in texts
    assert profile(name, {}) == profile(name)


def test_a_profile_with_tools_is_another_rule_set() -> None:
    """Declarations are part of what is in force, and of its hash."""
    assert profile("analyze", TOOLS).sha256 != profile("analyze").sha256
    assert profile("analyze", TOOLS).texts == profile("analyze").texts


def test_what_cannot_be_a_profile_is_refused_with_a_way_out() -> None:
    """Unknown names and declarations that no file could have."""
    with pytest.raises(RuleFileError, match="unknown profile 'analyse'; known: analyze, suggest-only"):
        profile("analyse")
    with pytest.raises(RuleFileError, match=r"profile analyze:\d+:\d+: 'raed' is not known here; did you mean 'read'"):
        profile("analyze", {"x": "raed"})
    with pytest.raises(RuleFileError, match="tools of profile analyze: Object of type set"):
        profile("analyze", {"x": {"read"}})
    with pytest.raises(RuleFileError, match="no tool can have the name"):
        profile("analyze", {"a\nrules: []": "read"})

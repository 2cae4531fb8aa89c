"""The rule set as a value: frozen, hashed by what it says, and the same every time."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import FrozenInstanceError
from decimal import Decimal

import pytest
from tests.rules.making import EXAMPLE

from pinnedrules.rules.load import load
from pinnedrules.rules.model import rule_set
from pinnedrules.rules.predicates.base import BadOption
from pinnedrules.rules.terms import On, Rule, ToolSpec
from pinnedrules.types import EFFECTS, Effect, Verdict

DEFAULT: dict[Effect, Verdict] = dict.fromkeys(EFFECTS, "ask")


def test_the_hash_is_over_what_the_file_says() -> None:
    """Comments, blank lines, quoting, shorthand and the order of tools change nothing."""
    other = (
        EXAMPLE.replace("# what tools do", "# other words")
        .replace("  refund: spend\n", "")
        .replace("tools:   ", "tools:\n  refund: {effect: [spend]}\n  #")
        .replace("on: send_email", 'on: {tool: ["send_email"]}')
        .replace("default: {read: allow, other: ask}", "default:\n  other: ask\n  read: allow\n")
    )
    assert other != EXAMPLE
    assert load(other).sha256 == load(EXAMPLE).sha256


@pytest.mark.parametrize(
    ("old", "new"),
    [("max: 100}", "max: 100.01}"), ("max: 500", "max: '500 EUR'"), ("example.com]", "example.org]"), ("else: deny",
     "else: ask"),
     ("Only suggest", "Only propose"), ("id: refund-cap", "id: refund-cup"), ("{read: allow", "{read: ask"),
     ("refund: spend", "refund: write"), ("source: untrusted}\n  send", "source: trusted}\n  send"),
     ("{effect: [send, publish]}", "{effect: [send]}"), ("    then: ask\n", "    then: deny\n"),
     ("    then: allow\n", "    then: {rewrite: [{op: remove, path: /x}]}\n")],
)  # fmt: skip
def test_every_change_of_meaning_changes_the_hash(old: str, new: str) -> None:
    """The hash in every record stands for exactly one meaning."""
    assert old in EXAMPLE
    assert load(EXAMPLE.replace(old, new, 1)).sha256 != load(EXAMPLE).sha256


def test_the_order_of_rules_is_part_of_the_meaning() -> None:
    """The texts are pinned in this order."""
    head = "version: 1\nrules:\n"
    one, two = "  - {id: a, text: A.}\n", "  - {id: b, text: B.}\n"
    assert load(head + one + two).sha256 != load(head + two + one).sha256


def test_the_hash_is_the_same_in_another_process() -> None:
    """No randomised hashing, no memory address: two processes agree."""
    code = "import sys; from pinnedrules.rules.load import load; print(load(sys.stdin.read()).sha256)"
    found = {
        subprocess.run(
            [sys.executable, "-c", code], input=EXAMPLE, capture_output=True, text=True, check=True, encoding="utf-8"
        ).stdout.strip()
        for _ in range(2)
    }
    assert found == {load(EXAMPLE).sha256}


def test_the_hash_of_the_example_is_known() -> None:
    """A change of the canonical form is a change of every record: it must be seen."""
    assert load(EXAMPLE).sha256 == "cda4bd5968b1bd0c17499c17b3a82fee2799276888ea571a31cbddac2d05ac63"


def test_a_rule_set_cannot_be_changed() -> None:
    """All rules in force, an immutable value."""
    rules = load(EXAMPLE)
    with pytest.raises(FrozenInstanceError):
        rules.version = 2  # type: ignore[misc]
    with pytest.raises(TypeError):
        rules.tools["x"] = ToolSpec(("read",))  # type: ignore[index]
    with pytest.raises(TypeError):
        rules.default["read"] = "allow"  # type: ignore[index]
    assert rules == load(EXAMPLE)


def test_numbers_in_a_rule_are_exact() -> None:
    """A limit of 0.1 is 0.1, not the nearest float."""
    rule = load(
        "version: 1\nrules:\n  - {id: a, text: T., on: x, require: {amount: {of: n, max: 0.1}}, else: ask}\n"
    ).rules[0]
    assert rule.require == {"amount": {"of": "n", "max": Decimal("0.1")}}


def test_a_set_made_by_hand_is_checked_by_its_requirements() -> None:
    """A requirement that cannot be built is an error there as well."""
    bad = Rule("r", "T.", On(("x",)), {"amount": {"of": "n"}}, None, "ask")
    with pytest.raises(BadOption, match="'max' is missing"):
        rule_set(1, [bad], {}, DEFAULT)


def test_loading_is_what_imports_the_heavy_libraries() -> None:
    """Deciding needs no pydantic and no YAML, so importing the package stays fast."""
    code = (
        "import sys; from pinnedrules.rules import decide, ledger, load, show;"
        "print([name for name in ('pydantic', 'ruamel.yaml', 're2', 'jsonpatch') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"

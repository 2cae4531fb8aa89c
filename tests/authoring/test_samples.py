"""Values to try requirements with: what should hold holds, what should not does not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.authoring.making import NOW, call

from pinnedrules.authoring.samples import Sample, samples
from pinnedrules.rules.arguments import read
from pinnedrules.rules.predicates.base import Facts
from pinnedrules.rules.predicates.registry import PREDICATES
from pinnedrules.types import LedgerState

OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("amount", {"of": "amount", "max": 100}),
    ("amount", {"of": "amount", "min": 5, "max": Decimal("100.50")}),
    ("amount", {"of": "amount", "max": "100 EUR"}),
    ("amount", {"of": "amount", "max": ["100 EUR", "110 USD"]}),
    ("total", {"of": "amount", "per": "day", "max": 500}),
    ("total", {"of": "items.amount", "per": "call", "max": 500}),
    ("count", {"of": "ids", "per": "call", "max": 3}),
    ("count", {"of": "ids", "per": "hour", "max": 3}),
    ("count", {"per": "hour", "max": 3}),
    ("recipients", {"domain_in": ["example.com", "*.example.org"], "address_in": ["tax@adviser.example"]}),
    ("recipients", {"domain_in": ["example.com"], "not_in": ["press@example.com"]}),
    ("url", {"host_in": ["example.com", "*.example.org", "192.0.2.7", "[2001:db8::1]"]}),
    ("url", {"host_in": ["example.com"], "schemes_in": ["http"]}),
    ("path", {"inside": ["/srv/project", "~/notes"]}),
    ("matches", {"branch": "feature/[a-z]+"}),
    ("shell", {"programs_in": ["ls", "git status"]}),
    ("shell", {"effects_in": ["read"]}),
    ("sql", {"statements_in": ["select", "insert", "update", "delete"], "tables_in": ["shop.*"]}),
    ("content", {"without": ["links", "images", "personal"], "of": ["body"]}),
    ("at_most_once_per", {"of": "invoice", "per": "session"}),
]


def _answer(name: str, options: dict[str, Any], sample: Sample) -> bool:
    built = PREDICATES[name].build(options, "rule")
    asked = call("tool")
    return built.check(Facts({sample.argument: sample.value}, LedgerState(), NOW, asked, ("write",))) is None


@pytest.mark.parametrize(
    ("name", "options"), OPTIONS, ids=[f"{name}-{number}" for number, (name, _) in enumerate(OPTIONS)]
)
def test_samples_answer_as_they_say(name: str, options: dict[str, Any]) -> None:
    """A requirement has values that meet it and values that do not, told by its own options."""
    found = samples(name, options, {})
    if name == "path":
        # Two folders that have nothing to do with each other: the second one's home is not known to the first.
        found = [sample for sample in found if not str(sample.value).startswith("~")]
    if name == "shell":
        found = [sample for sample in found if sample.value in ("ls", "git status", "rm -rf build")]
    assert [
        (sample, _answer(name, options, sample)) for sample in found if sample.holds != _answer(name, options, sample)
    ] == []
    assert any(sample.holds for sample in found) or options.get("of") is None


def test_the_argument_is_the_call_s_own() -> None:
    """Values go where the call, the option or the tool has such an argument."""
    url = {"host_in": ["example.com"]}
    assert {sample.argument for sample in samples("url", url, {"endpoint": "x", "q": "y"})} == {"endpoint"}
    assert {sample.argument for sample in samples("url", url, {}, {"q", "webhook"})} == {"webhook"}
    assert {sample.argument for sample in samples("url", {**url, "of": ["place"]}, {})} == {"place"}
    assert {sample.argument for sample in samples("url", url, {})} == {"url"}


def test_a_value_is_written_as_the_call_writes_it() -> None:
    """A list stays a list, a text a text, cents cents."""
    to = {"domain_in": ["example.com"]}
    assert samples("recipients", to, {"to": ["x@y.example"]})[0].value == ["ada@example.com"]
    cap = {"of": "amount", "max": "100 EUR"}
    assert [sample.value for sample in samples("amount", cap, {"amount": "7 EUR"})] == ["100 EUR", "101 EUR"]
    assert samples("amount", cap, read(call("x", amount=7.25)))[1].value == Decimal("100.01")
    assert [sample.value for sample in samples("total", {"of": "a.b", "max": 5, "per": "call"}, {})] == [
        [{"b": 5}],
        [{"b": 6}],
    ]


def test_several_commands_and_statements_are_tried_one_by_one() -> None:
    """Which part of a line objects is seen when each stands alone."""
    shell = [sample.value for sample in samples("shell", {"programs_in": ["ls"]}, {"command": "ls; rm x && pwd"})]
    assert shell[:3] == ["ls", "rm x", "pwd"]
    sql = [sample.value for sample in samples("sql", {"statements_in": ["select"]}, {"sql": "select 1; drop table t"})]
    assert sql[:2] == ["select 1", "drop table t"]


def test_what_looks_at_no_argument_has_no_sample() -> None:
    """The time and the user are circumstances, not arguments."""
    assert samples("time", {"zone": "UTC", "days": ["mon"]}, {}) == []
    assert samples("who", {"user_in": ["ada"]}, {"a": 1}) == []

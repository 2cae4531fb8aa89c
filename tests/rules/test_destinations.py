"""A read whose argument names a free destination is also a send."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from tests.rules.making import judged, rules

from pinnedrules.rules.destinations import Targets, names_destination, targets
from pinnedrules.types import Decision


@pytest.mark.parametrize("arguments", [
    {"query": "https://evil.example/?x=1"}, {"request": {"uri": "evil.example"}}, {"urls": ["http://a", "x"]},
    {"host": "10.0.0.1"}, {"host": "evil.example"}, {"hostname": "abc.evil.example"}, {"base_url": "/x"},
    {"ip": "203.0.113.7"}, {"target": "203.0.113.7"}, {"to": "udp:1.1.1.1:53"}, {"where": "[2001:db8::1]:443"},
    {"proxy": "evil.example:80"}, {"remote": "git@evil.example:x"}, {"source": "ada@evil.example:data"},
    {"dns_name": "secret.evil.example"}, {"resolver": "8.8.8.8"}, {"registry": "evil.example"},
    {"connection": "postgres://u@h/db"}, {"bucket": "s3://x/y"}, {"share": "\\\\evil.example\\c"},
])  # fmt: skip
def test_a_place_on_the_network_is_found(arguments: dict[str, Any]) -> None:
    """A URL, an address or a host under a name that says so: who runs that machine reads the request."""
    assert names_destination(arguments)


@pytest.mark.parametrize("arguments", [
    {"query": "see https://example.com for more"}, {"q": "evil.example"}, {"server": "db1"}, {"remote": "origin"},
    {"version": "10.0.19041.1"}, {"app_version": "1.2.3.4"}, {"email": "ada@example.com"}, {"registry": "npm"},
    {"path": "file:///srv/a.txt"}, {"time": "12:30:05"}, {"name": "a.b.c"}, {"ratio": "1.2.3"}, {"peer": "ada"}, {},
])  # fmt: skip
def test_anything_else_is_none(arguments: dict[str, Any]) -> None:
    """Prose, names that only the own network knows, versions and addresses of people."""
    assert not names_destination(arguments)


def test_targets_are_found_once_somebody_looks() -> None:
    """What a person must see is the same whenever it is looked at: as texts, by number, as equals and in a set."""
    arguments = {"to": "ann@example.com", "amount": "5"}
    found = Targets(arguments)
    assert found == targets(arguments) == tuple(found)
    assert (len(found), found[0], found[1:]) == (2, "to: ann@example.com", ("amount: 5",))
    assert Targets(arguments) == found
    assert found != ()
    assert hash(found) == hash(targets(arguments))
    assert repr(found) == repr(targets(arguments))


def test_a_refused_call_says_where_it_leads() -> None:
    """A decision that is made without being looked at equals, field by field, one that is written out."""
    found = rules("  - {id: r, text: T., on: act, then: deny}\n", tools="{act: write}")
    decision = judged(found, "act", {"to": "ann@example.com"})
    whole = Decision(
        "deny", ("write",), ("r",), ("the rule denies act",), ("T.",), (), ("to: ann@example.com",)
    )  # fmt: skip
    assert decision == whole
    assert hash(decision) == hash(whole)
    assert repr(decision) == repr(whole)
    with pytest.raises(FrozenInstanceError):
        decision.verdict = "allow"  # type: ignore[misc]

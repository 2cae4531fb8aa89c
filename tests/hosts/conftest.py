"""A guard with a rule file and a state folder of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.hosts.ways import WAYS, Way

from pinnedrules import Guard
from pinnedrules.testing.plugin import MakeGuard

RULES = """\
version: 1
default: {read: allow, other: ask}
tools:
  search: read
  send_email: send
  delete_mail: delete
  archive: write
  refund: spend
rules:
  - id: no-deletes
    text: Only suggest deletions. Never delete before the owner confirms.
    on: {effect: delete}
    then: deny
  - id: archive-freely
    text: Archiving is fine.
    on: archive
    then: allow
  - id: inside
    text: Send e-mail only inside example.com.
    on: send_email
    require: {recipients: {domain_in: [example.com]}}
    else: deny
    then: allow
  - id: refund-cap
    text: Refund at most 500 EUR a day without asking.
    on: refund
    require: {total: {of: amount, per: day, max: 500}}
    else: ask
    then: allow
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES, encoding="utf-8")
    return path


@pytest.fixture
def make_guard(rules: Path, pinned_guard: MakeGuard) -> Callable[..., Guard]:
    return partial(pinned_guard, rules)


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    """Wrapped in the program, by middleware, and through the sidecar."""
    with contextlib.ExitStack() as open_all:
        yield WAYS[request.param](open_all)


@pytest.fixture
def guard(make_guard: Callable[..., Guard]) -> Guard:
    return make_guard()

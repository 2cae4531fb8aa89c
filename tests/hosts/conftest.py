"""A guard with a rule file and a state folder of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import certifi
import pytest
from tests.hosts.ways import WAYS, Way

from pinnedrules import Guard
from pinnedrules.testing.plugin import MakeGuard

# Loaded before the first test: an SDK whose unread stream is collected while this is half loaded would look into it.
with contextlib.suppress(ImportError):
    import httpx as _former_library  # noqa: F401

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


@pytest.fixture(scope="session", autouse=True)
def few_certificates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Every client loads all root certificates when it is made; for plain HTTP on loopback one will do."""
    path = tmp_path_factory.mktemp("certificates") / "one.pem"
    path.write_text(certifi.contents().partition("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(path))
        yield


@pytest.fixture(scope="session")
def later() -> Iterator[Callable[[Callable[[], None]], None]]:
    """Runs something while the next tests run: a server that ends waits most of the time."""
    running = []
    with ThreadPoolExecutor(4) as pool:
        yield lambda work: running.append(pool.submit(work))
    for each in running:
        each.result()


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, later: Callable[[Callable[[], None]], None]) -> Iterator[Way]:
    """Wrapped in the program, by middleware, and through the sidecar."""
    with contextlib.ExitStack() as open_all:
        yield WAYS[request.param](open_all, later)


@pytest.fixture
def guard(make_guard: Callable[..., Guard]) -> Guard:
    return make_guard()

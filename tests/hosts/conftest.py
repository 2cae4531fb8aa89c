"""A guard with a rule file and a state folder of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import certifi
import pytest
from tests.hosts.loops import LOOPS
from tests.hosts.surfaces import SURFACES
from tests.hosts.ways import WAYS, Way, leads

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


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "api(name): the API that a test asks, where no parameter says it")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out the cases whose way does not lead to their API: they are no cases, and not skipped ones either."""
    items[:] = [item for item in items if not isinstance(item, pytest.Function) or _exists(item)]


def _exists(item: pytest.Function) -> bool:
    given: dict[str, Any] = dict(item.callspec.params) if hasattr(item, "callspec") else {}
    api = _api(item, given)
    return given.get("way") not in WAYS or not api or leads(given["way"], api)


def _api(item: pytest.Function, given: dict[str, Any]) -> str:
    """Return the API that a case is about; nothing when it does not say."""
    kind = str(given.get("kind", "")).split(" ")[0]
    if kind in SURFACES:
        return kind
    if given.get("api") in SURFACES:
        return str(given["api"])
    if "platform" in given:
        return str(given["platform"].api)
    if "talk" in given:
        return LOOPS[given["talk"]].kind
    marked = item.get_closest_marker("api")
    return str(marked.args[0]) if marked is not None else ""


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

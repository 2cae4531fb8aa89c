"""A rule file, an empty home of its own for every test, and the command line as a function."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cli.ran import INBOX, MOMENT, Cli, Ran, login

from pinnedrules.cli import main
from pinnedrules.control.state import StateFolder, open_state
from pinnedrules.control.stop import StopFile
from pinnedrules.control.store import Store
from pinnedrules.evidence.log import Log
from pinnedrules.notes import origin
from pinnedrules.types import Call, Decision, Entry, Moment, Proposal, Ticket

RULES = """\
version: 1
default: {read: allow, other: ask}
tools:
  search: read
  send_email: send
  delete_mail: delete
rules:
  - id: no-deletes
    text: Only suggest deletions. Never delete before the owner confirms.
    on: {effect: delete}
    then: ask
  - id: inside
    text: Send e-mail only inside example.com.
    on: send_email
    require: {recipients: {domain_in: [example.com]}}
    else: deny
    then: allow
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test sees guards, state or colours of the person who runs it."""
    for variable in ("PINNEDRULES_HOME", "NO_COLOR"):
        monkeypatch.delenv(variable, raising=False)
    for variable in ("HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME"):
        folder = tmp_path / variable.lower()
        folder.mkdir(mode=0o700)
        monkeypatch.setenv(variable, str(folder))
    login(monkeypatch, "owner")
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    def run(*argv: object) -> Ran:
        code = main([str(word) for word in argv])
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return run


@pytest.fixture
def rules(home: Path) -> Path:
    path = home / "rules.yaml"
    path.write_text(RULES, encoding="utf-8")
    return path


@pytest.fixture
def state(home: Path) -> StateFolder:
    """The state folder beside the rule file, as a guard leaves it."""
    folder = open_state(home / ".pinnedrules")
    StopFile(folder.path)
    return folder


@pytest.fixture
def ask(state: StateFolder) -> Iterator[Callable[..., Ticket]]:
    """Open a ticket, as a guard does for a call that a rule asks about."""
    store = Store(state.database)

    def open_ticket(arguments: str = '{"id": 7}', *, ttl_us: int = 600_000_000, summary: str = "") -> Ticket:
        call = Call("delete_mail", arguments, "c1")
        proposal = Proposal(INBOX, call, Decision("ask", ("delete",)), arguments.encode().hex().ljust(64, "0"), "r", 0)
        return store.ask(
            proposal, summary=summary or f"delete_mail({arguments})", now_us=time.time_ns() // 1000, ttl_us=ttl_us
        )

    yield open_ticket
    store.close()


@pytest.fixture
def write_log(state: StateFolder) -> Callable[..., None]:
    """Write records, as a guard does."""
    store = Store(state.database)
    name = origin(store.secret())
    store.close()

    def write(*entries: Entry) -> None:
        log = Log(state.log, origin=name, level="L0", ruleset_version=1, ruleset_sha256="5" * 64)
        for number, entry in enumerate(entries):
            log.append(entry, Moment(MOMENT.utc_us + number * 1_000_000, number, MOMENT.day))
        log.close()

    return write

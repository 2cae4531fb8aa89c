"""The store: the ledger, what must be put back later, the secret, and the file under them."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinnedrules.control import database
from pinnedrules.control.database import journal_mode
from pinnedrules.control.store import SCHEMA, Store
from pinnedrules.errors import StateError
from pinnedrules.types import LedgerState, Restore, SessionId

KIM = SessionId("inbox-42", "kim", "acme")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the store is."""
    return tmp_path / "state.sqlite3"


@pytest.fixture
def store(path: Path) -> Store:
    """A fresh store."""
    return Store(path)


def write(store: Store, session: SessionId, mine: dict[str, str], users: dict[str, str]) -> bool:
    """Write both halves over what is there."""
    return store.write_ledger(session, LedgerState(mine, users, store.read_ledger(session).version))


def test_a_new_ledger_is_empty(store: Store) -> None:
    """Nothing is known of a session that was never seen."""
    assert store.read_ledger(KIM) == LedgerState({}, {}, (0, 0))


def test_a_ledger_survives_a_restart(store: Store, path: Path) -> None:
    """Invariant 5: a rule over history decides the same after a restart as before it."""
    assert write(store, KIM, {"seen": "1"}, {"refund/2026-11-22": "499.99"})
    store.close()

    kept = Store(path).read_ledger(KIM)

    assert kept.session == {"seen": "1"}
    assert kept.user == {"refund/2026-11-22": "499.99"}


def test_a_stale_ledger_is_not_written(store: Store) -> None:
    """Who read before somebody else wrote has to read and decide again, whichever half changed."""
    first = store.read_ledger(KIM)
    assert write(store, KIM, {"a": "1"}, {})

    assert not store.write_ledger(KIM, LedgerState({"a": "2"}, {}, first.version))
    second = store.read_ledger(KIM)
    assert write(store, SessionId("other", "kim", "acme"), {}, {"sum": "5"})
    assert not store.write_ledger(KIM, LedgerState({"a": "2"}, {"sum": "3"}, second.version))

    assert store.read_ledger(KIM).session == {"a": "1"}
    assert store.read_ledger(KIM).user == {"sum": "5"}


def test_an_unchanged_half_gets_in_nobodys_way(store: Store) -> None:
    """Two sessions of one user that add nothing to the user's sums do not make each other decide again."""
    other = SessionId("other", "kim", "acme")
    mine, theirs = store.read_ledger(KIM), store.read_ledger(other)

    assert store.write_ledger(KIM, LedgerState({"a": "1"}, {}, mine.version))
    assert store.write_ledger(other, LedgerState({"b": "1"}, {}, theirs.version))


def test_sums_of_a_user_are_kept_across_sessions(store: Store) -> None:
    """Sums per day are kept per user: a new session does not reset them, another user or tenant does not see them."""
    write(store, KIM, {"mine": "1"}, {"sum": "400"})

    assert store.read_ledger(SessionId("next", "kim", "acme")).user == {"sum": "400"}
    assert store.read_ledger(SessionId("next", "kim", "acme")).session == {}
    for stranger in (SessionId("inbox-42", "lee", "acme"), SessionId("inbox-42", "kim"), SessionId("inbox-42")):
        assert store.read_ledger(stranger) == LedgerState({}, {}, (0, 0))


def test_without_a_user_the_sums_belong_to_the_session(store: Store) -> None:
    """Sums of unknown people are not thrown together."""
    write(store, SessionId("one"), {}, {"sum": "400"})

    assert store.read_ledger(SessionId("one")).user == {"sum": "400"}
    assert store.read_ledger(SessionId("two")).user == {}


def test_no_two_names_share_a_ledger(store: Store) -> None:
    """However names are split over tenant, user and session, they stay apart."""
    names = [
        SessionId("c", "b", "a"),
        SessionId("c", "", 'a", "b'),
        SessionId('b", "c', "", "a"),
        SessionId("c", "b\0a"),
    ]
    for number, session in enumerate(names):
        assert write(store, session, {"n": str(number)}, {"n": str(number)})

    for number, session in enumerate(names):
        assert store.read_ledger(session).session == {"n": str(number)}


def test_no_sum_is_lost_between_threads(path: Path) -> None:
    """Concurrent spending adds up exactly: compare-and-set, on one connection and on several."""
    shared = Store(path)

    def spend(store: Store, session: SessionId) -> None:
        for _ in range(10):
            while True:
                now = store.read_ledger(session)
                total = {"sum": str(int(now.user.get("sum", "0")) + 7)}
                if store.write_ledger(session, LedgerState(now.session, total, now.version)):
                    break

    threads = [
        threading.Thread(target=spend, args=(shared if number % 2 else Store(path), SessionId(f"s{number}", "kim")))
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert shared.read_ledger(SessionId("any", "kim")).user == {"sum": str(8 * 10 * 7)}


@settings(max_examples=20)
@given(st.dictionaries(st.text(st.characters(codec=None)), st.text(st.characters(codec=None)), max_size=4))
def test_whatever_is_in_a_ledger_comes_back(facts: dict[str, str]) -> None:
    """Keys and values are kept exactly, odd characters too."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "state.sqlite3")
        write(store, KIM, facts, facts)

        assert store.read_ledger(KIM).session == facts
        store.close()


RESTORE = Restore(
    token="pr-abc",
    session="inbox-42",
    dialect="openai-chat",
    message=b'{"role":"assistant","content":"\xff\x00"}',
    placeholder="[refused]",
    visible="half \ud800",
    results=(("call_1", "DENIED"), ("", "x")),
    rewritten={"call_2": ("call_9", "{}", "note")},
    closed=False,
)


def test_what_must_be_put_back_survives_a_restart(store: Store, path: Path) -> None:
    """A placeholder in a history can be turned back weeks later, byte for byte."""
    store.keep(RESTORE)
    store.close()

    assert Store(path).find(("pr-unknown", "pr-abc", "pr-abc")) == {"pr-abc": RESTORE}
    assert Store(path).find(()) == {}


def test_a_token_stands_for_one_answer(store: Store) -> None:
    """Keeping the same again is no error, and a token is never made to stand for something else."""
    store.keep(RESTORE)
    store.keep(RESTORE)

    with pytest.raises(StateError, match="in use"):
        store.keep(Restore("pr-abc", "other", "openai-chat", b"{}", "", "", ()))

    assert store.find(("pr-abc",)) == {"pr-abc": RESTORE}


def test_the_secret_is_made_once(store: Store, path: Path) -> None:
    """Tokens made before a restart are recognised after it; another folder has another secret."""
    secret = store.secret()

    assert len(secret) == 32
    assert store.secret() == secret
    assert Store(path).secret() == secret
    assert Store(path.with_name("other")).secret() != secret


def test_the_secret_is_one_when_many_ask_first(path: Path) -> None:
    """Processes that start together agree on one secret."""
    script = (
        "import sys\nfrom pathlib import Path\nfrom pinnedrules.control.store import Store\n"
        "print(Store(Path(sys.argv[1])).secret().hex())\n"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    said = {process.communicate(timeout=60)[0] for process in processes}

    assert len(said) == 1
    assert len(said.pop().strip()) == 64


@pytest.mark.parametrize("existing", [False, True])
def test_only_the_owner_can_read_the_file(path: Path, existing: bool) -> None:
    """The store holds a secret and what people were asked: 0600, also while it is being written, also if it was not."""
    former = os.umask(0)
    try:
        if existing:
            path.touch(0o644)
        store = Store(path)
        store.secret()
    finally:
        os.umask(former)

    assert {found.stat().st_mode & 0o777 for found in path.parent.iterdir()} == {0o600}


def test_a_newer_file_is_left_alone(store: Store, path: Path) -> None:
    """A later version's file is an error that says what to do, not something to guess at."""
    store.close()
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    db.close()

    with pytest.raises(StateError, match="update pinnedrules"):
        Store(path)


def test_a_file_that_is_no_database_is_an_error(path: Path) -> None:
    """A damaged store is an error with a way out, and is not replaced."""
    path.write_bytes(b"not a database at all, and long enough to be one" * 100)

    with pytest.raises(StateError, match="PINNEDRULES_HOME"):
        Store(path)

    assert path.read_bytes().startswith(b"not a database")


def test_a_store_that_does_not_answer_is_an_error(store: Store, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who holds the file for ever holds up nobody for ever, and nothing is half written."""
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.05)
    store.close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(StateError, match="locked"):
            write(store, KIM, {"a": "1"}, {})
    finally:
        other.close()

    assert write(store, KIM, {"a": "1"}, {})


def test_a_failed_write_changes_nothing(store: Store) -> None:
    """A ledger whose second half cannot be written keeps its first half as it was."""
    write(store, KIM, {"a": "1"}, {"b": "1"})

    with pytest.raises(TypeError):
        store.write_ledger(KIM, LedgerState({"a": "2"}, {"b": b"2"}, store.read_ledger(KIM).version))  # type: ignore[dict-item]

    assert store.read_ledger(KIM).session == {"a": "1"}


def test_a_missing_folder_is_an_error(path: Path) -> None:
    """A store whose folder is gone says so."""
    with pytest.raises(StateError, match="cannot be used"):
        Store(path.parent / "missing" / "state.sqlite3")


def test_a_store_works_on_both_sides_of_a_fork(store: Store) -> None:
    """A connection is never used across a fork: parent and child each write, and both see both."""
    write(store, KIM, {"n": "0"}, {})
    pid = os.fork()
    if pid == 0:  # pragma: no cover - the child
        code = 1
        try:
            code = 0 if write(store, SessionId("child"), {"n": "1"}, {}) and store.read_ledger(KIM).session else 2
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert store.read_ledger(SessionId("child")).session == {"n": "1"}
    assert write(store, KIM, {"n": "2"}, {})


def test_forks_and_writes_at_the_same_time_end(store: Store) -> None:
    """A fork in the middle of other threads' writing leaves neither side with a lock that is never given back."""
    done = threading.Event()

    def work(number: int) -> None:
        while not done.is_set():
            write(store, SessionId(f"s{number}"), {"n": "1"}, {})
            write(store, SessionId(f"s{number}"), {}, {})

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    codes = []
    for _ in range(8):
        pid = os.fork()
        if pid == 0:  # pragma: no cover - the child
            code = 1
            try:
                code = 0 if write(store, SessionId("child"), {"n": str(os.getpid())}, {}) else 2
            finally:
                os._exit(code)
        codes.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    done.set()
    for thread in threads:
        thread.join()

    assert codes == [0] * 8


@pytest.mark.parametrize(
    ("version", "mode"),
    [
        ((3, 40, 1), "TRUNCATE"),
        ((3, 44, 5), "TRUNCATE"),
        ((3, 44, 6), "WAL"),
        ((3, 45, 0), "TRUNCATE"),
        ((3, 50, 6), "TRUNCATE"),
        ((3, 50, 7), "WAL"),
        ((3, 51, 0), "TRUNCATE"),
        ((3, 51, 2), "TRUNCATE"),
        ((3, 51, 3), "WAL"),
        ((4, 0, 0), "WAL"),
    ],
)
def test_the_journal_is_safe_for_the_linked_version(version: tuple[int, ...], mode: str) -> None:
    """The write-ahead log is used only where its data-losing bug is fixed."""
    assert journal_mode(version) == mode


def test_the_store_is_durable(store: Store, path: Path) -> None:
    """A commit waits for the disk, in the journal mode that is safe here."""
    with store._database.reading() as db:
        assert db.execute("PRAGMA synchronous").fetchone() == (2,)
        assert db.execute("PRAGMA journal_mode").fetchone()[0].upper() == journal_mode(sqlite3.sqlite_version_info)

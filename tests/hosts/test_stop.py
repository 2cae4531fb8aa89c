"""Stopping an agent from outside it, in every kind of process that an agent lives in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.hosts.surfaces import make_client

from pinnedrules import ApprovalError, Guard, Stopped
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply

USER = [{"role": "user", "content": "hi"}]


def test_a_stop_survives_a_restart(make_guard: Callable[..., Guard]) -> None:
    """A stop is a state, not a message: it is still there in the next process."""
    make_guard().stop("wrong inbox")

    again = make_guard()

    with pytest.raises(Stopped, match="wrong inbox"):
        again.raise_if_stopped()


def test_resuming_takes_a_person(guard: Guard) -> None:
    """Agents can stop themselves, never resume."""
    guard.stop("enough")

    with pytest.raises(ApprovalError):
        guard.resume("go", user="")
    guard.resume("looked at it", user="kim")

    guard.raise_if_stopped()


def test_a_stop_file_touched_by_hand_stops(guard: Guard) -> None:
    """In an emergency a person may only have a file manager."""
    (guard.folder.path / "STOP").touch()

    with pytest.raises(Stopped):
        guard.raise_if_stopped()


def test_a_stop_of_one_session_leaves_the_others(guard: Guard) -> None:
    """A stop has a scope."""
    guard.stop("this one", session="inbox-42")

    guard.raise_if_stopped()
    with guard.session("inbox-42"), pytest.raises(Stopped, match="this one"):
        guard.raise_if_stopped()


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_a_stop_reaches_an_open_stream(kind: str, guard: Guard) -> None:
    """Invariant 7: at every streamed event."""
    seen = 0

    def read() -> None:
        nonlocal seen
        for _ in _events(kind, client):
            seen += 1
            if seen == 5:
                guard.stop("now")

    with ScriptedProvider(lambda seen: Reply("word " * 40, frame_delay=0.01)) as provider:
        client = guard.wrap(make_client(kind, provider))
        with pytest.raises(Stopped):
            read()
        client.close()

    assert seen == 5


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_a_stop_of_another_session_leaves_an_open_stream(kind: str, guard: Guard) -> None:
    """A stop has a scope: an answer under way in one session goes on while another is stopped and resumed."""
    with ScriptedProvider(lambda seen: Reply("word " * 40, frame_delay=0.01)) as provider:
        client = guard.wrap(make_client(kind, provider))
        with guard.session("mine"):
            events = _events(kind, client)
            next(events)
            guard.stop("now", session="other")
            next(events)
            guard.resume("looked at it", session="other", user="kim")
            guard.resume("nothing to lift", user="kim")
            assert len(list(events)) > 20
        client.close()


def _events(kind: str, client: Any) -> Iterator[Any]:
    if kind == "openai":
        yield from client.chat.completions.create(model="gpt", messages=USER, stream=True)
    else:
        yield from client.messages.create(model="c", max_tokens=9, messages=USER, stream=True)


def test_a_forked_child_is_stopped_and_keeps_its_own_evidence(guard: Guard) -> None:
    """A stop works after fork, and parent and child never share a lane of the log."""
    with ScriptedProvider(lambda seen: Reply("", calls=[ProposedCall("archive", {"id": "1"})])) as provider:
        client = guard.wrap(make_client("openai", provider))
        tool = {"type": "function", "function": {"name": "archive", "parameters": {"properties": {"id": {}}}}}
        assert client.chat.completions.create(model="g", messages=USER, tools=[tool]).choices[0].message.tool_calls
        pid = os.fork()
        if pid == 0:  # pragma: no cover - the child
            code = 1
            try:
                other = guard.wrap(make_client("openai", provider))
                answer = other.chat.completions.create(model="g", messages=USER, tools=[tool])
                guard.stop("from the child")
                code = 0 if answer.choices[0].message.tool_calls else 2
                guard.close()
            finally:
                os._exit(code)
        _, status = os.waitpid(pid, 0)
        client.close()
    from pinnedrules.evidence.reader import check

    assert os.waitstatus_to_exitcode(status) == 0
    with pytest.raises(Stopped, match="from the child"):
        guard.raise_if_stopped()
    guard.close()
    reports = check(guard.folder.log)
    assert len(reports) == 2
    assert all(report.broken is None for report in reports)


def test_four_workers_stop_together(rules: Path, tmp_path: Path) -> None:
    """`pinnedrules stop` from any folder stops all four workers of a service, and says how many acknowledged."""
    environment = {
        **os.environ,
        "APP_RULES": str(rules),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
        "PYTHONWARNINGS": "default",
    }
    port = _free_port()
    with ScriptedProvider(lambda seen: Reply("hello")) as provider:
        environment["APP_PROVIDER"] = provider.openai_url
        command = [sys.executable, "-m", "uvicorn", "tests.hosts.served_app:app", "--workers", "4", "--port", str(port)]
        root = Path(__file__).parent.parent.parent
        with subprocess.Popen(
            command, cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as app:
            try:
                before = _until_pids(app, port, 2)
                while len(list((tmp_path / "run" / "pinnedrules").glob("*.json"))) < 4:
                    time.sleep(0.1)
                done = subprocess.run(
                    [sys.executable, "-m", "pinnedrules", "stop", "wrong inbox", "--json"],
                    cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
                )  # fmt: skip
                after = [_get(port, f"s{number}") for number in range(12)]
            finally:
                app.terminate()
                app.wait(30)

    assert all("text" in answer for answer in before)
    assert done.returncode == 0, done.stderr
    assert [guard["acknowledged"] for guard in json.loads(done.stdout)["guards"]] == [True] * 4
    assert all(answer.get("stopped") for answer in after)


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _get(port: int, session: str) -> Any:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/?session={session}", timeout=30) as answer:
        return json.load(answer)


def _until_pids(app: subprocess.Popen[bytes], port: int, wanted: int) -> list[Any]:
    """Ask until the service is up and at least *wanted* workers answered."""
    answers: list[Any] = []
    for number in range(600):
        try:
            answers.append(_get(port, f"s{number}"))
        except OSError:
            assert app.poll() is None, app.stdout.read().decode() if app.stdout else "no output"
            time.sleep(0.1)
        if len({answer["pid"] for answer in answers}) >= wanted:
            return answers
    raise AssertionError(f"only {answers} answered")

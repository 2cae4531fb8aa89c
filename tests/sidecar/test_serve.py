"""`pinnedrules serve` as a process of its own, from its first line to its last."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pytest
from tests.sidecar.bench import chat, until

from pinnedrules.cli import main
from pinnedrules.evidence.reader import check, read
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Script, Seen

KEY = "sk-a-key-that-must-not-be-logged"


@dataclass
class Process:
    """A running sidecar and what it printed."""

    popen: subprocess.Popen[str]
    said: dict[str, Any]
    errors: list[str] = field(default_factory=list)

    @property
    def base(self) -> str:
        return str(self.said["environment"]["OPENAI_BASE_URL"])

    def post(self, body: dict[str, Any]) -> http.client.HTTPResponse:
        headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
        request = urllib.request.Request(f"{self.base}/chat/completions", json.dumps(body).encode(), headers)
        answer: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=30)
        return answer

    def end(self) -> int:
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(30)


@contextlib.contextmanager
def serving(rules: Path, provider: ScriptedProvider, *more: str) -> Iterator[Process]:
    command = [sys.executable, "-m", "pinnedrules", "serve", "--rules", str(rules), "--port", "0", "--json", *more]
    command += ["--openai", provider.openai_url, "--anthropic", provider.url]
    environment = {**os.environ, "PYTHONWARNINGS": "default"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=rules.parent
    ) as popen:
        assert popen.stdout is not None
        assert popen.stderr is not None
        process = Process(popen, _document(popen.stdout))
        reading = threading.Thread(target=process.errors.extend, args=(popen.stderr,))
        reading.start()
        try:
            yield process
        finally:
            popen.kill()
            reading.join()


def _document(out: IO[str]) -> dict[str, Any]:
    text = ""
    for line in out:
        text += line
        with contextlib.suppress(ValueError):
            found: dict[str, Any] = json.loads(text)
            return found
    raise AssertionError(f"no document: {text!r}")


def test_it_serves_until_it_is_told_to_end_and_leaves_a_whole_log(rules: Path) -> None:
    """Graceful shutdown: the log is flushed, and no key and no token stands in anything that it wrote."""
    script = Script([Reply("", calls=[ProposedCall("archive", {"id": "1"})])])
    with ScriptedProvider(script) as provider, serving(rules, provider) as process:
        with process.post(chat()) as answer:
            assert b'"archive"' in answer.read()
        code = process.end()

    errors = "".join(process.errors)
    assert code == 0, errors
    assert provider.requests[0].header("authorization") == f"Bearer {KEY}"
    assert "SigV4" in errors
    assert "Gemini" in errors
    state = rules.parent / ".pinnedrules"
    (report,) = check(state / "log")
    assert report.broken is None
    found = list(read(state / "log"))
    assert found[-1]["type"] == "log.close"
    assert {record["level"] for record in found} == {"L1"}
    written = [errors.encode(), *(path.read_bytes() for path in state.rglob("*") if path.is_file())]
    token = process.said["token"].encode()
    assert not [data for data in written if KEY.encode() in data]
    assert [data for data in written if token in data] == [token + b"\n"]  # the file that keeps it


def test_a_running_answer_gets_its_time_and_new_requests_are_turned_away(rules: Path) -> None:
    """Graceful shutdown: no new requests; a stream that ends within the grace period ends as it should."""
    go = threading.Event()

    def model(seen: Seen) -> Reply:
        assert go.wait(30)
        return Reply("late but whole")

    with ScriptedProvider(model) as provider, serving(rules, provider) as process:
        connection = http.client.HTTPConnection("127.0.0.1", process.said["port"], timeout=30)
        path = process.base.removeprefix(process.said["url"]) + "/chat/completions"
        answers: list[bytes] = []
        running = threading.Thread(target=lambda: answers.append(_read(process, chat(stream=True))))
        running.start()
        until(lambda: provider.requests)
        connection.request("GET", process.base.removeprefix(process.said["url"]) + "/models")
        connection.getresponse().read()
        process.popen.send_signal(signal.SIGTERM)
        until(lambda: any("no new requests" in line for line in process.errors))
        until(lambda: _turned_away(connection, path))
        go.set()
        running.join()
        connection.close()
        assert process.popen.wait(30) == 0

    assert b"data: [DONE]" in answers[0]


def _turned_away(connection: http.client.HTTPConnection, path: str) -> bool:
    connection.request("POST", path, json.dumps(chat()))
    answer = connection.getresponse()
    body = answer.read()
    return answer.status == 503 and b"pinnedrules_going_down" in body


def _read(process: Process, body: dict[str, Any]) -> bytes:
    with process.post(body) as answer:
        data: bytes = answer.read()
    return data


@pytest.mark.parametrize("stream", [True, False])
def test_what_does_not_end_in_time_ends_with_an_error(stream: bool, rules: Path) -> None:
    """Running streams get until a grace period, then an error event."""
    got: list[bytes] = []

    def ask(process: Process) -> None:
        try:
            got.append(_read(process, chat(stream=stream)))
        except urllib.error.HTTPError as error:
            with error:
                got.append(error.read())

    slow = Reply("word " * 2000, frame_delay=0.01, chunk_bytes=50)
    with ScriptedProvider(lambda seen: slow) as provider, serving(rules, provider, "--grace", "0.3") as process:
        running = threading.Thread(target=ask, args=(process,))
        running.start()
        until(lambda: provider.requests and provider.requests[0].answer)
        assert process.end() == 0
        running.join()

    assert b"pinnedrules_going_down" in got[0]
    assert b"[DONE]" not in got[0]


def test_the_token_survives_a_restart_and_only_its_user_can_read_it(rules: Path) -> None:
    """A restart does not change the base URLs that agents were given."""
    with ScriptedProvider(Script([])) as provider:
        tokens = []
        for _ in range(2):
            with serving(rules, provider) as process:
                tokens.append(process.said["token"])
                assert process.end() == 0

    kept = rules.parent / ".pinnedrules" / "sidecar-token"
    assert tokens == [kept.read_text().strip()] * 2
    assert kept.stat().st_mode & 0o777 == 0o600


def test_the_lines_are_ready_to_paste(rules: Path, tmp_path: Path) -> None:
    """A shell understands them, whatever the session is called."""
    environment = {**os.environ, "OPENAI_API_KEY": KEY}
    with subprocess.Popen(
        [sys.executable, "-m", "pinnedrules", "serve", "--rules", str(rules), "--port", "0", "--session", "kim's inbox",
         "--hold-keys", "--token", "a-token-of-my-own"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as popen:  # fmt: skip
        assert popen.stdout is not None
        lines = "".join(popen.stdout.readline() for _ in range(3))
        popen.terminate()
        assert KEY not in "".join(popen.communicate())

    shown = subprocess.run(
        ["sh", "-c", f'{lines}\necho "$OPENAI_BASE_URL" "$ANTHROPIC_BASE_URL" "$OPENAI_API_KEY"'],
        env={}, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert shown[0].endswith("/t/a-token-of-my-own/s/kim%27s%20inbox/v1")
    assert shown[1].endswith("/t/a-token-of-my-own/s/kim%27s%20inbox")
    assert shown[2] == "a-token-of-my-own"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "no rules named, and no rules.yaml here"),
        (["--rules", "RULES", "--profile", "analyze"], "one of them decides"),
        (["--rules", "RULES", "--openai", "api.openai.com"], "no base URL"),
        (["--rules", "RULES", "--hold-keys"], "no key"),
        (["--rules", "RULES", "--token", "short", "--port", "0"], "token"),
        (["--rules", "RULES", "--port", "99999"], "65535"),
        (["--rules", "RULES", "--host", "192.0.2.1"], "cannot serve"),
        (["--rules", "RULES", "--pass", "everything"], "--pass FAMILY"),
        (["--rules", "RULES", "--session", "a\nb", "--port", "0"], "printable"),
    ],
)
def test_a_mistake_is_one_clear_line(
    arguments: list[str], said: str, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistake is an error with a way out, not a traceback."""
    code = main(["serve", *(str(rules) if word == "RULES" else word for word in arguments)])

    err = capsys.readouterr().err
    assert code == 2
    assert said in err
    assert "next: " in err


def test_an_end_by_keyboard_is_as_orderly(rules: Path) -> None:
    """Ctrl-C ends it like a signal from a supervisor."""
    with ScriptedProvider(Script([])) as provider, serving(rules, provider) as process:
        process.popen.send_signal(signal.SIGINT)
        assert process.popen.wait(30) == 0


def test_other_machines_are_let_in_only_by_name_and_with_a_warning(rules: Path) -> None:
    """Bind other than loopback is refused unless it was asked for."""
    with ScriptedProvider(Script([])) as provider, serving(rules, provider, "--host", "0.0.0.0") as process:
        until(lambda: "WARNING" in "".join(process.errors))
        assert process.said["url"].startswith("http://127.0.0.1:")
        assert process.end() == 0
    with ScriptedProvider(Script([])) as provider, serving(rules, provider) as process:
        assert process.end() == 0
    assert "WARNING" not in "".join(process.errors)


@pytest.mark.parametrize(
    ("environment", "answer"),
    [
        ({}, ""),
        ({"HTTP_PROXY": "http://p"}, "127.0.0.1,localhost"),
        ({"all_proxy": "http://p", "NO_PROXY": "intern"}, "intern,127.0.0.1,localhost"),
        ({"HTTP_PROXY": "http://p", "no_proxy": "127.0.0.1"}, ""),
        ({"HTTPS_PROXY": "http://p"}, ""),
    ],
)
def test_an_agent_behind_a_proxy_is_told_not_to_ask_it_for_this_machine(
    environment: dict[str, str], answer: str, rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The base URLs are plain HTTP on loopback, which most clients send to HTTP_PROXY otherwise."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with ScriptedProvider(Script([])) as provider, serving(rules, provider) as process:
        assert process.said["environment"].get("NO_PROXY", "") == answer
        process.end()


def test_a_server_that_dies_is_said(
    rules: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A supervisor sees the exit code, a person the reason."""
    from pinnedrules.hosts.sidecar import serving as module

    async def die(self: Any, counter: int) -> bool:
        raise MemoryError

    monkeypatch.setattr(module._Server, "on_tick", die)

    assert main(["serve", "--rules", str(rules), "--port", "0"]) == 1
    assert "MemoryError" in capsys.readouterr().err


def test_a_port_that_is_taken_is_said(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With a way out."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        code = main(["serve", "--rules", str(rules), "--port", str(taken.getsockname()[1])])

    assert code == 2
    assert "--port 0" in capsys.readouterr().err

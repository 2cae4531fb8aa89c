"""docs/sidecar.md, followed to the letter."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.pages import ROOT, Fence, code, fences, rows
from tests.sidecar.bench import until

from pinnedrules.hosts.sidecar import identity
from pinnedrules.hosts.sidecar.limits import Limits
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Seen

PAGE = ROOT / "docs" / "sidecar.md"
SOURCE = ROOT / "src" / "pinnedrules" / "hosts" / "sidecar"
NODE, CURL = shutil.which("node"), shutil.which("curl")


def _fences(words: str) -> list[Fence]:
    return [fence for fence in fences(PAGE) if fence.words == words]


def _model(seen: Seen) -> Reply:
    """A model that wants to delete, and says so when it is refused."""
    results = [call.result or "" for call in seen.calls]
    if any("DENIED" in result for result in results):
        return Reply("I may not delete mails. I suggest deleting m1 and m3.")
    if not results:
        return Reply("", calls=[ProposedCall("list_mail")])
    if len(results) == 1:
        return Reply("", calls=[ProposedCall("delete_mail", {"id": "m1"}), ProposedCall("delete_mail", {"id": "m3"})])
    return Reply("Both newsletters are deleted.")


@pytest.fixture
def provider() -> Iterator[ScriptedProvider]:
    with ScriptedProvider(_model) as made:
        yield made


@pytest.fixture
def serving(tmp_path: Path, provider: ScriptedProvider) -> Iterator[dict[str, str]]:
    """Start it as the page says, but on a free port and before the scripted provider; give what it said to set."""
    (tmp_path / "rules.yaml").write_text(_fences("yaml")[0].text, encoding="utf-8")
    command = [sys.executable, "-m", *_fences("sh")[0].text.split(), "--port", "0"]
    command += ["--openai", provider.openai_url, "--anthropic", provider.url]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        errors: list[str] = []
        reading = threading.Thread(target=errors.extend, args=(running.stderr,))
        reading.start()
        lines = [running.stdout.readline() for _ in range(2)]
        until(lambda: len(errors) == 3)
        said = errors[:1] + lines + errors[1:]
        found = dict(line.removeprefix("export ").strip().split("=", 1) for line in lines)
        try:
            yield {**found, "said": "".join(said)}
        finally:
            running.terminate()
            running.wait(30)
            reading.join()


def _matches(shown: str, text: str) -> bool:
    """Whether *text* is what the page shows, where … stands for anything."""
    pattern = "".join(".*" if part == "…" else re.escape(part) for part in re.split("(…)", shown))
    return re.fullmatch(pattern, text, re.DOTALL) is not None


def test_it_says_what_the_page_shows(serving: dict[str, str], provider: ScriptedProvider) -> None:
    """From the first line to the last, apart from the port and the providers of the test."""
    said = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:7717", serving["said"])
    said = said.replace(
        "http://127.0.0.1:7717/v1 and http://127.0.0.1:7717\n",
        "https://api.openai.com/v1 and https://api.anthropic.com\n",
    )

    assert _matches(_fences("text")[0].text, said), said


@pytest.mark.skipif(NODE is None, reason="there is no node here")
@pytest.mark.parametrize("guarded", [False, True])
def test_the_agent_of_the_page_does_what_the_page_shows(
    guarded: bool, tmp_path: Path, serving: dict[str, str], provider: ScriptedProvider
) -> None:
    """An agent in another language, unchanged: without the sidecar it deletes, with it it does not."""
    assert NODE is not None
    agent = tmp_path / "agent.mjs"
    agent.write_text(_fences("js")[0].text, encoding="utf-8")
    base = serving["OPENAI_BASE_URL"] if guarded else provider.openai_url
    environment = {"PATH": os.environ["PATH"], "OPENAI_BASE_URL": base, "OPENAI_API_KEY": "sk-test"}

    done = subprocess.run([NODE, str(agent)], env=environment, capture_output=True, text=True, timeout=60, check=False)

    shown = _fences("text")[2 if guarded else 1].text
    assert done.returncode == 0, done.stderr
    assert _matches(shown, done.stdout), done.stdout
    assert ("ran delete_mail" in done.stdout) is not guarded


@pytest.mark.skipif(CURL is None, reason="there is no curl here")
def test_the_curl_of_the_page_gets_an_answer(serving: dict[str, str]) -> None:
    """Copied as it stands."""
    environment = {"PATH": os.environ["PATH"], "OPENAI_API_KEY": "sk-test", **serving}
    done = subprocess.run(
        ["sh", "-c", _fences("sh")[1].text], env=environment, capture_output=True, check=True, timeout=60
    )

    assert b'"list_mail"' in done.stdout


def test_every_header_of_the_table_is_looked_at() -> None:
    """The page and the code know the same ids."""
    (cell,) = [row.cells[0] for row in rows(PAGE) if row.cells[0].startswith("an id that")]

    assert code(cell) == identity._HEADERS


def test_every_code_is_in_the_table() -> None:
    """A program can look for what the page says, and there is no other."""
    source = "".join(path.read_text(encoding="utf-8") for path in SOURCE.glob("*.py"))
    used = set(re.findall(r'Problem\(\s*\d+,\s*"(\w+)"', source))
    listed = {word.removeprefix("pinnedrules_") for row in rows(PAGE) for cell in row.cells for word in code(cell)
              if word.startswith("pinnedrules_")}  # fmt: skip

    refusals = {"stopped", "path_refused", "denied", "unpinned", "unrecorded", "broken", "unreadable"}
    assert used - refusals == listed - refusals
    assert refusals <= listed


def test_the_limits_are_those_that_are_set() -> None:
    """What nobody set is what a reader was told."""
    limits = Limits()
    listed = [row.cells[1] for row in rows(PAGE) if row.head[0] == "what" and row.head[1] == "limit"]

    assert listed == [
        f"{limits.body >> 20} MiB",
        f"{limits.header >> 10} KiB",
        f"{limits.requests} requests",
        f"{limits.idle:g} s",
        f"{limits.total:g} s",
        f"{limits.held:g} s",
        f"{limits.grace:g} s",
    ]

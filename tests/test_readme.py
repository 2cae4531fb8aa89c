"""The README, followed to the letter: its files, its Python, its commands and its figures."""

from __future__ import annotations

import inspect
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.pages import PAGES, ROOT, fences

from pinnedrules import Guard
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Seen

README = list(fences(ROOT / "README.md"))
PYTHON = [fence.text for fence in README if fence.words == "python"]
COMMANDS = [line for fence in README if fence.words == "sh" for line in fence.text.splitlines()]
OURS = [command for command in COMMANDS if command.startswith("pinnedrules ")]
RULES = next(fence.text for fence in README if fence.words == "yaml")
DEMO, CHECKED = (fence.text for fence in README if fence.words == "text")

# What the reader has already: a loop, and a program around it that goes on when it is told to.
BEFORE = """
import json
import sys

TOOLS = [
    {
        "type": "function",
        "function": {"name": name, "parameters": {"type": "object", "properties": {"id": {"type": "string"}}}},
    }
    for name in ("list_mail", "delete_mail")
]


def run_agent(client):
    messages = [{"role": "user", "content": "Clear out my inbox."}]
    while True:
        answer = client.chat.completions.create(model="scripted", messages=messages, tools=TOOLS).choices[0].message
        messages.append(answer.model_dump(exclude_none=True))
        if not answer.tool_calls:
            return
        for call in answer.tool_calls:
            print("RAN", call.function.name, call.function.arguments, flush=True)
            messages.append({"role": "tool", "tool_call_id": call.id, "content": "done"})
"""
AFTER = """
said = claude.messages.create(
    model="scripted",
    max_tokens=100,
    messages=[{"role": "user", "content": "Clear out my inbox."}],
    tools=[{"name": "delete_mail", "input_schema": {"type": "object", "properties": {"id": {"type": "string"}}}}],
)
print("CLAUDE", said.stop_reason, [block.type for block in said.content], flush=True)
from pinnedrules import Refused

print("READY", flush=True)
for _ in sys.stdin:
    try:
        with guard.session("inbox", user="ada"):
            run_agent(guard.wrap(OpenAI()))
        print("READY", flush=True)
    except Refused as refusal:
        print("REFUSED", type(refusal).__name__, refusal, flush=True)
"""


def _model(seen: Seen) -> Reply:
    """Want two mails deleted; a refusal comes as a tool result that is not the loop's own word."""
    if any(call.result for call in seen.calls):
        return Reply("All right.")
    return Reply(calls=[ProposedCall("delete_mail", {"id": name}) for name in ("m1", "m2")])


@dataclass
class Application:
    """A reader's program that runs in a folder with the README's rule file, and a shell beside it."""

    folder: Path
    environment: dict[str, str]
    process: subprocess.Popen[str]
    tickets: dict[str, str] = field(default_factory=dict)

    def until(self, *words: str) -> list[str]:
        """Return the program's lines up to one that begins with one of *words*."""
        assert self.process.stdout is not None
        found: list[str] = []
        for line in self.process.stdout:
            found.append(line.rstrip("\n"))
            if line.startswith(words):
                return found
        raise AssertionError("the program ended:\n" + "\n".join(found))

    def again(self) -> list[str]:
        """Let the agent try once more."""
        assert self.process.stdin is not None
        self.process.stdin.write("again\n")
        self.process.stdin.flush()
        return self.until("READY", "REFUSED")

    def shell(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the README, with this run's tickets in the place of the README's."""
        for written, real in self.tickets.items():
            command = command.replace(written, real)
        return subprocess.run(
            shlex.split(command), cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )


def _environment(home: Path, provider: ScriptedProvider | None = None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PINNEDRULES_", "XDG_"))}
    return kept | {
        "HOME": str(home),
        "NO_COLOR": "1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "OPENAI_BASE_URL": provider.openai_url if provider else "",
        "OPENAI_API_KEY": "none",
        "ANTHROPIC_BASE_URL": provider.url if provider else "",
        "ANTHROPIC_API_KEY": "none",
    }


@contextmanager
def _application(folder: Path) -> Iterator[Application]:
    (folder / "rules.yaml").write_text(RULES, encoding="utf-8")
    program = "\n".join([BEFORE, *PYTHON, AFTER])
    with ScriptedProvider(_model) as provider:
        environment = _environment(folder / "home", provider)
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # so that it has no terminal to ask at, wherever the tests run
        )
        try:
            yield Application(folder, environment, process)
        finally:
            process.communicate(timeout=30)
        assert process.returncode == 0


def _command(beginning: str) -> str:
    (found,) = [command for command in OURS if command.startswith(beginning)]
    return found


def test_the_readme_can_be_followed_to_the_letter(tmp_path: Path) -> None:
    """The README's Python and commands, as written: refused, approved, denied, stopped, resumed, read in the log."""
    with _application(tmp_path) as agent:
        begin = agent.until("READY")
        assert any("1 rule in force from rules.yaml" in line and "with a ticket" in line for line in begin)
        assert begin.count('RAN delete_mail {"id":"m1"}') == 1  # in monitor mode, and only there
        assert any(re.match(r"\d+ requests, 2 calls allowed, 0 refused", line) for line in begin)
        assert "CLAUDE end_turn" in "\n".join(begin)

        listed = agent.shell(_command("pinnedrules approvals list"))
        found = re.findall(
            r"^(t-\w+)  delete_mail\(id: (m\d)\).*\n.*suggest-only.*\n.*session inbox,", listed.stdout, re.M
        )
        assert [mail for _, mail in found] == ["m1", "m2"], listed.stdout
        approve, deny = _command("pinnedrules approvals approve"), _command("pinnedrules approvals deny")
        agent.tickets = dict(zip(re.findall(r"t-\w+", f"{approve} {deny}"), [name for name, _ in found], strict=True))
        assert re.search(r"approved by \S+, once: delete_mail\(id: m1\)", agent.shell(approve).stdout)
        assert re.search(r"denied by \S+: delete_mail\(id: m2\)", agent.shell(deny).stdout)
        assert agent.again() == ['RAN delete_mail {"id":"m1"}', "READY"]

        stopped = agent.shell(_command("pinnedrules stop"))
        assert (stopped.returncode, "2 of 2 live guards confirmed" in stopped.stdout) == (0, True), stopped.stdout
        (line,) = agent.again()
        assert re.match(r"REFUSED Stopped Stopped by \S+: it deletes what it was told to keep\.", line)
        resumed = agent.shell(_command("pinnedrules resume"))
        assert (resumed.returncode, "lifted: stop" in resumed.stdout) == (0, True)
        assert agent.again()[-1] == "READY"

        assert "REFUSED (Stopped)" in agent.shell(_command("pinnedrules log --last")).stdout
        assert "DENIED delete_mail(id: m2) by suggest-only" in agent.shell(_command("pinnedrules log --verdict")).stdout
        verified = agent.shell(_command("pinnedrules log --check"))
        assert (verified.returncode, "unanchored: The lines agree" in verified.stdout) == (0, True)


def test_the_rule_file_can_be_read_aloud_and_tried(tmp_path: Path) -> None:
    """Read the file aloud, and try a call, before an agent does."""
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")

    def shell(command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            shlex.split(command), cwd=tmp_path, env=_environment(tmp_path), capture_output=True, text=True, check=False
        )

    assert re.search(r"The block, in every request \(\d+ tokens\):", shell(_command("pinnedrules show")).stdout)
    checked = shell(_command("pinnedrules check"))
    assert (checked.returncode, checked.stdout) == (1, CHECKED)


def test_the_demo_says_what_the_readme_shows(tmp_path: Path) -> None:
    """Every line of the quoted demo is a line of a real run."""
    run = subprocess.run(
        ["pinnedrules", "demo"], env=_environment(tmp_path), capture_output=True, text=True, check=True, timeout=120
    )
    lines = set(run.stdout.splitlines())
    assert [line for line in DEMO.splitlines() if line not in lines] == []
    assert DEMO.count("pin and gate") == 4


def test_every_command_is_one_that_was_run() -> None:
    """No command of the README goes untried."""
    beginnings = ("approvals list", "approvals approve", "approvals deny", "stop", "resume", "log --last")
    tried = {
        _command(f"pinnedrules {words}") for words in (*beginnings, "log --verdict", "log --check", "show", "check")
    }
    assert set(OURS) == tried
    assert set(COMMANDS) - tried == {"make demo", "make test", "pip install .", "make bench"}


@pytest.mark.parametrize("word", ["demo", "test", "bench"])
def test_every_word_of_make_is_there(word: str) -> None:
    """``make demo`` and ``make test`` are all a newcomer needs."""
    dry = subprocess.run(["make", "-n", word], cwd=ROOT, capture_output=True, text=True, check=False)
    assert dry.returncode == 0, dry.stderr


def test_the_versions_are_those_that_the_package_asks_for() -> None:
    """The SDK versions that the README names are the bounds of the package."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    for name, shown in (("openai", "openai 1.109.1 to 3.54"), ("anthropic", "anthropic 0.75 to 2.12")):
        (bounds,) = [each for each in project["dependencies"] if each.startswith(name)]
        lowest, first_unknown = re.findall(r"[\d.]+", bounds)
        assert shown in text
        _, low, _, high = shown.split()
        assert lowest in (low, f"{low}.0")
        major, minor = first_unknown.split(".")
        assert high == f"{major}.{int(minor) - 1}"
    assert f"Python {project['requires-python'].removeprefix('>=')} or newer" in text


def test_every_setting_that_the_pages_name_exists() -> None:
    """A setting in the documentation is one of the guard's."""
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    named = {name for call in re.findall(r"Guard\(([^)]*)\)", text) for name in re.findall(r"([a-z_]+)=", call)} | {
        "ask_wait"
    }
    assert named <= set(inspect.signature(Guard).parameters)
    assert "ask_wait" in text


def test_the_first_screen_has_the_first_command() -> None:
    """What it does, why, and the first thing to do stand before any scrolling."""
    first = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:16]
    assert (first[0], "make demo" in first) == ("# pinnedrules", True)

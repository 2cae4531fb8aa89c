"""The README, followed to the letter: its files, its Python, its commands and its figures."""

from __future__ import annotations

import inspect
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.agents.adapters import CODEX, OTHERS, TRIO, Agent
from tests.agents.install import HERE, ready
from tests.hosts.platforms import PLATFORMS
from tests.pages import PAGES, ROOT, fences, rows

from pinnedrules import Guard
from pinnedrules.rules.load import load
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Seen

README = list(fences(ROOT / "README.md"))
PYTHON = [fence.text for fence in README if fence.words == "python"]
COMMANDS = [line for fence in README if fence.words == "sh" for line in fence.text.splitlines()]
OURS = [command for command in COMMANDS if command.startswith("pinnedrules ")]
RULES, CODEX_RULES = (fence.text for fence in README if fence.words == "yaml")
DEMO, HELD, ENDED = (fence.text for fence in README if fence.words == "text")
TABLES = list(rows(ROOT / "README.md"))

# What the README calls a row of the benchmarks' results, and what the benchmarks do.
_APIS = {"chat": "Chat Completions", "responses": "Responses", "messages": "Messages"}
MEASURED = {
    **{
        f"added per request, {api}, {count}": f"processor time per request, {name}, {count.replace(',', '')}"
        for name, api in _APIS.items()
        for count in ("10 messages", "1,000 messages")
    },
    **{
        f"added per streamed event, {api}, text": f"processor time per stream event, {name}, text"
        for name, api in _APIS.items()
    },
    "added until the first token, Chat Completions": "time to first token, chat",
    "one decision with 1,000 rules": "one decision, 1000 rules",
    "`import pinnedrules` (plain: `import openai`)": "import pinnedrules (plain: import openai)",
    **{f"added by the sidecar to a text, {api}": f"sidecar, text, {name}: whole" for name, api in _APIS.items()},
}

# What the reader has already: a loop, and a program around it that goes on when it is told to.
AGENT = """
import json

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
import sys

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

    def follow(self, command: str) -> None:
        """Run a command of the README that goes on until Ctrl-C."""
        with subprocess.Popen(
            shlex.split(command), cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, text=True
        ) as following:
            assert following.stdout is not None
            assert any("DENIED delete_mail(id: m2) by suggest-only" in line for line in following.stdout)
            following.send_signal(signal.SIGINT)
            following.stdout.read()
        assert following.returncode == 0


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
    program = "\n".join([AGENT, *PYTHON, AFTER])
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
        held = HELD.splitlines()
        assert begin[begin.index(held[0]) :][: len(held)] == held
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
        agent.follow(_command("pinnedrules log --follow"))
        verified = agent.shell(_command("pinnedrules log --check"))
        assert (verified.returncode, "unanchored: The lines agree" in verified.stdout) == (0, True)


def _shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        shlex.split(command), cwd=folder, env=_environment(folder), capture_output=True, text=True, check=False
    )


def test_a_rule_file_is_drafted_from_the_loop_and_doctor_finds_it_in_order(tmp_path: Path) -> None:
    """The first two commands work in the reader's folder as it is: no key, no network, nothing else installed."""
    (tmp_path / "agent.py").write_text(AGENT, encoding="utf-8")

    drafted = _shell(_command("pinnedrules init"), tmp_path)
    assert (drafted.returncode, "rules.yaml: 2 tools" in drafted.stdout) == (0, True), drafted.stdout + drafted.stderr
    draft = (tmp_path / "rules.yaml").read_text(encoding="utf-8")
    assert load(draft).texts[0][0] == "suggest-only"
    assert draft.count("# guessed from") == 2

    checked = _shell(_command("pinnedrules doctor"), tmp_path)
    assert (checked.returncode, "all in order" in checked.stdout) == (0, True), checked.stdout


def test_a_real_agent_is_run_as_the_readme_says(tmp_path: Path) -> None:
    """codex, installed and configured as its user has it: the shown command, the shown rules, the shown report."""
    if not ready(CODEX.which):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("codex is not installed: make agents-install")

    def model(seen: Seen) -> Reply:
        return (
            Reply("As you wish.")
            if any(call.result for call in seen.calls)
            else Reply(calls=[CODEX.call("touch DANGER")])
        )

    with ScriptedProvider(model) as provider:
        home = CODEX.home(tmp_path, provider)
        subprocess.run(["git", "init", "-q"], cwd=home.work, check=True)
        (tmp_path / "codex.yaml").write_text(CODEX_RULES, encoding="utf-8")
        environment = home.environment | {"XDG_RUNTIME_DIR": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
        ran = subprocess.run(
            [sys.executable, "-m", *shlex.split(_command("pinnedrules run"))],
            cwd=home.work, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip

    assert (ran.returncode, "As you wish." in ran.stdout) == (3, True), ran.stderr
    ticket = re.findall(r"approvals approve (t-\w+)", ran.stderr)[0]
    lines = iter(ran.stderr.splitlines())
    for shown in ENDED.replace("t-3f4uso3t", ticket).splitlines():
        pattern = ".*".join(re.escape(part) for part in shown.split("…"))
        assert any(re.fullmatch(pattern, line) for line in lines), f"{shown}\n\n{ran.stderr}"
    assert not (home.work / "DANGER").exists()


def test_serve_prints_two_base_urls(tmp_path: Path) -> None:
    """What stands on standard output can be pasted where an agent runs."""
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    command = [*shlex.split(_command("pinnedrules serve")), "--port", "0"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=_environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as serving:
        assert serving.stdout is not None
        lines = [serving.stdout.readline(), serving.stdout.readline()]
        serving.terminate()
        serving.stdout.read()
    assert [line.partition("=")[0] for line in lines] == ["export OPENAI_BASE_URL", "export ANTHROPIC_BASE_URL"]
    assert serving.returncode == 0


def test_the_demo_says_what_the_readme_shows(tmp_path: Path) -> None:
    """Every line of the quoted demo is a line of a real run."""
    run = subprocess.run(
        ["pinnedrules", "demo"], env=_environment(tmp_path), capture_output=True, text=True, check=True, timeout=120
    )
    lines = set(run.stdout.splitlines())
    assert [line for line in DEMO.splitlines() if line not in lines] == []
    assert DEMO.count("pin and gate") == 2


def test_every_command_is_one_that_was_run() -> None:
    """No command of the README goes untried."""
    beginnings = ("init", "doctor", "run", "serve", "approvals list", "approvals approve", "approvals deny", "stop")
    tried = {
        _command(f"pinnedrules {words}")
        for words in (*beginnings, "resume", "log --last", "log --verdict", "log --follow", "log --check")
    }
    tried.add(
        "pinnedrules bench survival"
    )  # tests/cli/test_bench.py runs small ones, benchmarks/survival/results has a whole one
    assert set(OURS) == tried
    assert set(COMMANDS) - tried == {"make demo", "pip install .", "make bench"}


def _words_of_make() -> list[str]:
    pages = "".join((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CONTRIBUTING.md"))
    return sorted(set(re.findall(r"(?:^|`)make ([a-z-]+)", pages, re.M)))


@pytest.mark.parametrize("word", _words_of_make())
def test_every_word_of_make_is_there(word: str) -> None:
    """``make demo`` and ``make test`` are all a newcomer needs; the other words that are named are there as well."""
    dry = subprocess.run(["make", "-n", word], cwd=ROOT, capture_output=True, text=True, check=False)
    assert dry.returncode == 0, dry.stderr


def test_all_words_of_make_are_explained() -> None:
    """Every word that a person would say to make stands in a page."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.M)
    assert set(phony.split()) - set(_words_of_make()) == {"cover", "sdk-matrix", "older-sdks", "clean"}


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


def test_the_agents_are_those_that_are_installed_and_run() -> None:
    """An agent, its version and its APIs stand in the README as the tests run them."""
    table = {row.cells[0].lower(): row.cells[1:] for row in TABLES if row.head[0] == "agent"}
    pinned = _pinned_agents()
    agents: dict[str, list[Agent]] = {}
    for agent in (*TRIO, *OTHERS):
        agents.setdefault(agent.name, []).append(agent)
    names = {"claude": "claude code", "qwen": "qwen code"}
    assert set(table) == {names.get(name, name) for name in agents}
    for name, run in agents.items():
        version, apis, word = table[names.get(name, name)]
        assert pinned[name] == version
        assert {_APIS[agent.dialect] for agent in run} == set(re.findall("|".join(_APIS.values()), apis))
        assert word == f"`make {'test' if run[0].which == 'trio' else 'agents'}`"


def _pinned_agents() -> dict[str, str]:
    """Return the version of each agent as its packages pin it; Claude Code's comes inside of another package."""
    found = {"claude": "2.1.330"}
    assert "claude-agent-sdk==0.2.187 " in (HERE / "trio" / "claude.txt").read_text(encoding="utf-8")
    names = {"pi-coding-agent": "pi", "opencode-linux-x64": "opencode", "qwen-code": "qwen"}
    for which in ("trio", "others"):
        packages = json.loads((HERE / which / "package.json").read_text(encoding="utf-8"))["dependencies"]
        for package, version in packages.items():
            name = package.rpartition("/")[2]
            found[names.get(name, name)] = version
    return found


def test_claude_code_is_in_the_version_that_the_readme_says() -> None:
    """The one agent whose version no file of ours pins says it itself."""
    if not ready("trio"):
        pytest.skip("Claude Code is not installed: make agents-install")
    claude = HERE.parent.parent / ".agents" / "trio" / "claude" / "claude_agent_sdk" / "_bundled" / "claude"
    said = subprocess.run([claude, "--version"], capture_output=True, text=True, check=True, timeout=60).stdout
    assert said.startswith(f"{_pinned_agents()['claude']} ")


def test_what_is_covered_is_what_the_host_table_covers() -> None:
    """The clouds that the README names are those that the host table runs."""
    (clouds,) = [row.cells[0] for row in TABLES if row.cells[0].startswith("Azure")]
    words = {"azure": "Azure OpenAI", "vertex": "Vertex AI", "foundry": "Foundry", "google": "Google Cloud"}
    named = {word for word in words.values() if word in clouds}
    assert named == {words[platform.name.split()[0]] for platform in PLATFORMS}


def test_the_figures_are_those_that_were_measured() -> None:
    """A figure is one of the newest results in the repository, and none that was missed is left out."""
    (linked,) = re.findall(r"\(benchmarks/results/([^)]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    newest = max((ROOT / "benchmarks" / "results").glob("????-??-??.json"))
    assert linked == newest.name
    results = {row["name"]: row for row in json.loads(newest.read_text(encoding="utf-8"))["rows"]}
    shown = [row.cells for row in TABLES if row.head[0] == "p50"]
    assert shown == [_figures(words, results[name]) for words, name in MEASURED.items() if name in results]


def _figures(words: str, row: dict[str, Any]) -> tuple[str, ...]:
    unit = {"us": "µs"}.get(row["unit"], row["unit"])
    plain = f"{row['plain']['p50']:.3g} {unit}" if row["plain"] else ""
    met = {"met": "met", "NOT MET": "not met", "UNCLEAR": "unclear"}[row["met"]]
    return words, f"{row['measured']['p50']:.3g} {unit}", plain, f"{row['target']['p50']:g} {unit}, {met}"


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

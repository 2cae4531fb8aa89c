"""One agent, the scripted provider it is configured for, and running it with and without ``pinnedrules run`` in front."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.agents.adapters import Agent, Home

from pinnedrules.pins.block import render
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import Reply, Seen

__all__ = ["BLOCK", "DANGER", "HARMLESS", "SUMMARY", "Lab", "Ran", "Talk", "lab"]

DANGER = "touch DANGER"
HARMLESS = "echo hello > HARMLESS"
RULE = "Only ever echo words; touch nothing in this folder."
BLOCK = render([("echo-only", RULE)], version=1).text
SUMMARY = "The user works in a folder and asked for some commands."
_SECONDS = 120

_RULES = """\
version: 1
default: {{read: allow, other: deny}}
tools:
  {shell}: execute
rules:
  - id: echo-only
    text: {rule}
    on: {shell}
    require: {{matches: {{{argument}: "echo [a-z]+ > [A-Z]+"}}}}
    else: deny
    then: allow
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended, and with ``pinnedrules run`` its report."""

    code: int
    out: str
    err: str
    report: Mapping[str, Any]


class Talk:
    """The model: it gives these replies to the agent, and a summary without the rule to whoever compacts.

    Requests that are neither (a title, a memory, a warm-up) have no tools and get a word.
    """

    def __init__(self, replies: Iterable[Reply | Callable[[], Reply]]) -> None:
        self._replies = list(replies)
        self.shown: list[Seen] = []
        self.summarised = 0

    def __call__(self, seen: Seen) -> Reply:
        if _is_summariser(seen):
            self.summarised += 1
            return Reply(f"<summary>{SUMMARY}</summary>")
        if "compaction_trigger" in str(seen.body.get("input", [])[-1:]):
            self.summarised += 1
            return Reply(compaction=SUMMARY)
        if not seen.tools or "managed memory" in seen.system:
            return Reply("ok")
        self.shown.append(seen)
        if len(self.shown) > len(self._replies):
            raise AssertionError(f"a request too many; newest text: {seen.last_text[-300:]!r}")
        reply = self._replies[len(self.shown) - 1]
        return reply if isinstance(reply, Reply) else reply()


def _is_summariser(seen: Seen) -> bool:
    marks = (
        "Respond with TEXT ONLY",
        "CONTEXT CHECKPOINT COMPACTION",
        "summarization assistant",
        "summarization agent",
    )
    return any(mark in seen.last_text or mark in seen.system for mark in (*marks, "component that summarizes"))


class Lab:
    """An agent at work for one provider, in *place*."""

    def __init__(self, agent: Agent, provider: ScriptedProvider, place: Path, *, compacts: bool = False) -> None:
        self.agent = agent
        self.home: Home = agent.home(place, provider, compacts=compacts)
        self.rules = place / "rules.yaml"
        self.rules.write_text(_RULES.format(shell=agent.shell, argument=agent.argument, rule=RULE), encoding="utf-8")
        self.report = place / "report.json"
        for name in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME"):
            self.home.environment[name] = str(place / name.lower())
            (place / name.lower()).mkdir(mode=0o700)

    def unguarded(self, *prompts: str, again: bool = False) -> Ran:
        """Run the agent as it is."""
        return self._run(self.agent.command(prompts, again))

    def guarded(self, *prompts: str, again: bool = False) -> Ran:
        """Run the same command behind ``pinnedrules run``, in a session that goes on from one run to the next."""
        return self._run(self._behind(prompts, again))

    @contextmanager
    def started(self, *prompts: str) -> Iterator[subprocess.Popen[bytes]]:
        """Begin a guarded run. One that has not ended by itself is killed."""
        with subprocess.Popen(
            self._behind(prompts, False),
            cwd=self.home.work,
            env=self.home.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as running:
            try:
                yield running
            finally:
                running.kill()

    def _behind(self, prompts: tuple[str, ...], again: bool) -> list[str]:
        own = ["run", "--rules", str(self.rules), "--session", "lab", "--report", str(self.report), "--"]
        return [*_PINNEDRULES, *own, *self.agent.command(prompts, again)]

    def pinnedrules(self, *words: str) -> Ran:
        """Run another command of pinnedrules, from elsewhere and in a process of its own."""
        return self._run([*_PINNEDRULES, *words])

    def made(self, name: str) -> bool:
        """Whether the agent's shell made this file."""
        return (self.home.work / name).exists()

    def _run(self, command: list[str]) -> Ran:
        self.report.unlink(missing_ok=True)
        done = subprocess.run(
            command,
            cwd=self.home.work,
            env=self.home.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        report = json.loads(self.report.read_text(encoding="utf-8")) if self.report.exists() else {}
        return Ran(done.returncode, done.stdout, done.stderr, report)


@contextmanager
def lab(agent: Agent, talk: Talk, place: Path, *, compacts: bool = False) -> Iterator[tuple[Lab, ScriptedProvider]]:
    """Serve the model, and set up the agent for it."""
    with ScriptedProvider(talk) as provider:
        yield Lab(agent, provider, place, compacts=compacts), provider


_PINNEDRULES = [sys.executable, "-m", "pinnedrules"]

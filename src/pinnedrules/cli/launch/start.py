"""What is about to be started and where it sends its requests: plain values, and the environment that every agent gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath

__all__ = ["PLACES", "Bases", "Start", "guarded"]

PLACES = ("{openai_url}", "{anthropic_url}", "{session}")
"""What a command may hold for an agent that takes its base URL on its command line only."""

_LAUNCHERS = ("npx", "bunx")
_PACKAGES = {
    "@anthropic-ai/claude-code": "claude",
    "@earendil-works/pi-coding-agent": "pi",
    "@mariozechner/pi-coding-agent": "pi",
    "@openai/codex": "codex",
    "@qwen-code/qwen-code": "qwen",
    "opencode-ai": "opencode",
}


@dataclass(frozen=True, slots=True)
class Bases:
    """The base URLs of the two kinds of provider, as their SDKs take them; empty where it is the public service."""

    openai: str = ""
    anthropic: str = ""


@dataclass(frozen=True, slots=True)
class Start:
    """A command line and the whole environment it runs in."""

    command: tuple[str, ...]
    environment: Mapping[str, str]

    @property
    def bases(self) -> Bases:
        """Where the environment sends the requests of an agent that goes by it."""
        read = self.environment.get
        return Bases(read("OPENAI_BASE_URL", "") or read("OPENAI_API_BASE", ""), read("ANTHROPIC_BASE_URL", ""))

    @property
    def program(self) -> str:
        """The name of the program: without its folder and ending; behind ``npx``, that of the package's program."""
        word = self.command[self._at]
        package = word[: word.rfind("@")] if word.rfind("@") > 0 else word
        if self._at:
            return _PACKAGES.get(package, package.rpartition("/")[2])
        return PurePath(word).name.removesuffix(".js").removesuffix(".exe")

    def option(self, *names: str) -> str:
        """Return the value that the command line gives one of these options, or an empty string."""
        words = self.command[self._at + 1 :]
        for word, following in zip(words, (*words[1:], ""), strict=False):
            name, equals, value = word.partition("=")
            if name in names:
                return value if equals else following
        return ""

    def adding(self, *words: str, **variables: str) -> Start:
        """Return it with *words* right after the program's name, and *variables* set."""
        command, at = self.command, self._at + 1
        return Start((*command[:at], *words, *command[at:]), {**self.environment, **variables})

    @property
    def _at(self) -> int:
        """At which word the program stands: behind a launcher and its switches, else at the first."""
        if PurePath(self.command[0]).name not in _LAUNCHERS:
            return 0
        return next((at for at, word in enumerate(self.command[1:], 1) if not word.startswith("-")), 0)


def guarded(start: Start, to: Bases, session: str) -> Start:
    """Return it as every agent is started: base URLs and session in the environment, and in the places for them.

    Traffic to this machine never goes through a proxy, where the agent would not find the sidecar.
    """
    fill: dict[str, str] = dict(zip(PLACES, (to.openai, to.anthropic, session), strict=True))
    former = start.environment.get("NO_PROXY") or start.environment.get("no_proxy")
    direct = ",".join(filter(None, (former, "127.0.0.1", "localhost")))
    own = {
        "OPENAI_BASE_URL": to.openai,
        "OPENAI_API_BASE": to.openai,
        "ANTHROPIC_BASE_URL": to.anthropic,
        "NO_PROXY": direct,
        "no_proxy": direct,
        "PINNEDRULES_SESSION": session,
        "PINNEDRULES_URL": to.anthropic,
    }
    return Start(tuple(_filled(word, fill) for word in start.command), {**start.environment, **own})


def _filled(word: str, fill: Mapping[str, str]) -> str:
    for place, value in fill.items():
        word = word.replace(place, value)
    return word

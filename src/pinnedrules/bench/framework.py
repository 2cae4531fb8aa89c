"""Compactors of real frameworks: each runs in its own environment as a child process, its summariser is served from here.

``framework:langchain`` is the framework's own way, ``framework:langchain/clear-tool-uses`` another of its ways. The hosts are
in ``benchmarks/survival/frameworks/`` of the checkout, the environments in ``.frameworks/`` (``make frameworks`` makes them).
What the summariser is shown is the framework's doing; what it keeps of that is the scribe's. So a run repeats.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Any

from pinnedrules.bench.model import Message
from pinnedrules.bench.shown import Desk, Summariser
from pinnedrules.errors import PinnedRulesError
from pinnedrules.testing.provider import ScriptedProvider

__all__ = ["CompactorError", "Framework", "close_all", "installed", "require"]

_CHECKOUT = Path(__file__).resolve().parents[3]
_HOSTS = Path("benchmarks/survival/frameworks")
_START = 180.0
_COMPACTION = 60.0
"""Seconds that a child may take to import its framework, and for one compaction."""
_FRESH = 200
"""Compactions after which the provider is a new one: it remembers all that it was asked."""


class CompactorError(PinnedRulesError):
    """A compactor cannot be loaded, failed, or returned what no model takes."""


def installed(name: str) -> bool:
    """Whether the environment of this framework is there."""
    return (_environment(name) / "ready").exists()


@dataclass(frozen=True, slots=True)
class Framework:
    """A compactor: ``framework:<name>``.

    *scribe* gives the summariser, told whether the framework's own prompt asks it to keep rules. The child that it needs is
    started on first use and kept for this process. Calling it raises CompactorError.
    """

    name: str
    scribe: Callable[[bool], Summariser]
    hard: bool = False

    def __call__(self, messages: list[Message], budget: int) -> list[Message]:
        """Return what the framework's compactor leaves of *messages*."""
        way = self.name.partition("/")[2].replace("_", "-")
        return _child(_framework(self.name)).compacted(way, messages, budget, self)

    @property
    def about(self) -> Mapping[str, Any]:
        """Return ``package``, ``version``, ``ways`` and ``asks`` as the child told them. Raises CompactorError."""
        return _child(_framework(self.name)).about


@dataclass(slots=True)
class _Child:
    """A framework's process, the provider that serves its summariser, and a home folder of its own."""

    name: str
    process: subprocess.Popen[str]
    home: TemporaryDirectory[str]
    complaints: IO[bytes]
    about: dict[str, Any] = field(default_factory=dict)
    desk: Desk = field(default_factory=Desk)
    provider: ScriptedProvider | None = None
    served: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def compacted(self, way: str, messages: list[Message], budget: int, asked: Framework) -> list[Message]:
        with self.lock:
            if way and way not in self.about["ways"]:
                ways = ", ".join(self.about["ways"])
                raise CompactorError(f"framework:{self.name} has no way {way!r}; there are {ways}")
            provider = self._provider(messages)
            told = (way or self.about["ways"][0]) in self.about["asks"]
            self.desk.begin(messages, asked.scribe(told))
            said = {"messages": self.desk.sealed(messages), "budget": budget, "hard": asked.hard, "url": provider.url}
            answer = self.said({**said, "way": way}, _COMPACTION)
            if "error" in answer:
                raise CompactorError(f"framework:{self.name} failed: {answer['error']}{_refused(provider)}")
            return self.desk.opened(answer["messages"], provider)

    def said(self, request: dict[str, Any] | None, seconds: float) -> dict[str, Any]:
        """Send *request* and return the next line. A child that is silent for too long is ended."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        late = threading.Event()

        def end() -> None:
            late.set()
            self.process.kill()

        timer = threading.Timer(seconds, end)
        timer.start()
        try:
            if request is not None:
                self.process.stdin.write(json.dumps(request) + "\n")
                self.process.stdin.flush()
            line = self.process.stdout.readline()
        except OSError:
            line = ""
        finally:
            timer.cancel()
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        self.process.wait()
        why = f"took longer than {seconds:g} s" if late.is_set() else f"ended: {self._last_words()}"
        self.close()
        raise CompactorError(f"framework:{self.name} {why}")

    def close(self) -> None:
        """End the child and its provider. Never raises."""
        _CHILDREN.pop((os.getpid(), self.name), None)
        self.process.kill()
        self.process.communicate()
        self._end_provider()
        self.complaints.close()
        self.home.cleanup()

    def _provider(self, messages: list[Message]) -> ScriptedProvider:
        """Return the provider; a new one now and then, but not while a history holds what only the old one can open."""
        self.served += 1
        if self.provider is not None and self.served > _FRESH and not self.desk.holds(messages):
            self._end_provider()
        if self.provider is None:
            self.served = 0
            self.provider = ScriptedProvider(self.desk).__enter__()
        return self.provider

    def _end_provider(self) -> None:
        if self.provider is not None:
            provider, self.provider = self.provider, None
            self.desk.forget()
            with suppress(Exception):  # a mistake of the scribe has been told as the framework's failure
                provider.__exit__(None, None, None)

    def _last_words(self) -> str:
        self.complaints.seek(0)
        lines = self.complaints.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"exit status {self.process.returncode}"


_CHILDREN: dict[tuple[int, str], _Child] = {}


def _child(name: str) -> _Child:
    """Return this process's child for *name*, started if need be. Raises CompactorError."""
    key = (os.getpid(), name)
    if key in _CHILDREN:
        return _CHILDREN[key]
    require(name)
    if not any(owner == os.getpid() for owner, _ in _CHILDREN):
        threading.Thread(target=_close_at_the_end).start()
    _CHILDREN[key] = child = _started(name)
    said = child.said(None, _START)
    if "error" in said:
        child.close()
        raise CompactorError(f"framework:{name} cannot be loaded: {said['error']}")
    child.about.update(said)
    return child


def require(name: str) -> None:
    """Raise CompactorError, with what to do, when there is no such framework or its environment is not there."""
    name = _framework(name)
    if not (_CHECKOUT / _HOSTS / "hosts" / f"{name}.py").is_file():
        there = sorted(path.stem for path in (_CHECKOUT / _HOSTS).glob("hosts/[a-z]*.py"))
        known = ", ".join(there) if there else "none here: they come with a checkout of the repository"
        raise CompactorError(f"there is no framework {name!r}; there are {known}")
    if not installed(name):
        raise CompactorError(f"the environment of {name} is not there; `make frameworks` installs it")


def _started(name: str) -> _Child:
    home = TemporaryDirectory(prefix="pinnedrules-framework-", ignore_cleanup_errors=True)
    complaints = TemporaryFile()  # noqa: SIM115 - it lives as long as the child
    process = subprocess.Popen(
        [str(_environment(name) / "bin" / "python"), "-I", str(_CHECKOUT / _HOSTS / "child.py"), name],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints, text=True, encoding="utf-8",
        env=_ENVIRONMENT | {"PATH": os.environ.get("PATH", os.defpath), "HOME": home.name}, cwd=home.name,
    )  # fmt: skip
    return _Child(name, process, home, complaints)


_ENVIRONMENT = {
    "OPENAI_API_KEY": "none",
    "ANTHROPIC_API_KEY": "none",
    "NO_PROXY": "127.0.0.1",
    "OTEL_SDK_DISABLED": "true",
    "CREWAI_DISABLE_TELEMETRY": "true",
    "CREWAI_DISABLE_TRACKING": "true",
    "LITELLM_LOCAL_MODEL_COST_MAP": "true",
    "OPENAI_AGENTS_DISABLE_TRACING": "1",
    "DISABLE_TELEMETRY": "1",
    "PYTHONIOENCODING": "utf-8",
}
"""What the children get: no keys, no proxy, nobody told about them."""


def _framework(name: str) -> str:
    """Return the host's name in ``openai-agents/session-limit``."""
    return name.partition("/")[0].replace("-", "_")


def _environment(name: str) -> Path:
    return _CHECKOUT / ".frameworks" / name


def _refused(provider: ScriptedProvider) -> str:
    """Return what the summariser's service refused last, if it did."""
    last = [exchange for exchange in provider.requests[-1:] if exchange.status != 200]
    return "".join(f" (the summariser answered {each.status} {bytes(each.answer).decode()[:300]})" for each in last)


def close_all() -> None:
    """End the children of this process."""
    for child in [child for (owner, _), child in _CHILDREN.items() if owner == os.getpid()]:
        child.close()


def _close_at_the_end() -> None:
    """Wait for the main thread, which ends before the interpreter waits for the provider's threads, and close all."""
    threading.main_thread().join()
    close_all()

"""Fixtures for pytest, there as soon as the package is installed (``-p no:pinnedrules`` leaves them out).

Everything is imported in the fixtures: pytest imports this module at the start of every run of whoever has the package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from pinnedrules.guard import Guard
    from pinnedrules.testing.evidence import Evidence
    from pinnedrules.testing.provider import ScriptedProvider
    from pinnedrules.testing.script import Model, Reply

__all__ = ["MakeGuard", "MakeProvider", "pinned_evidence", "pinned_guard", "pinned_provider"]


class MakeProvider(Protocol):
    """What :func:`pinned_provider` gives."""

    def __call__(self, *replies: Reply, model: Model | None = None, key: str | None = None) -> ScriptedProvider:
        """Serve these *replies* one after the other, or a *model* function; with *key* only to who has it."""
        ...


class MakeGuard(Protocol):
    """What :func:`pinned_guard` gives."""

    made: list[Guard]

    def __call__(self, rules: str | Path | None = None, **options: Any) -> Guard:
        """Return a guard under *rules* (the text of a rule file, or its path) or ``profile=...``."""
        ...


@pytest.fixture
def pinned_provider() -> Iterator[MakeProvider]:
    """A function that starts scripted providers, stopped after the test; what a model function raised is raised then."""
    from pinnedrules.testing.provider import ScriptedProvider
    from pinnedrules.testing.script import Script

    with ExitStack() as stack:

        def make(*replies: Reply, model: Model | None = None, key: str | None = None) -> ScriptedProvider:
            return stack.enter_context(ScriptedProvider(model or Script(replies), key=key))

        yield make


@pytest.fixture
def pinned_guard(tmp_path: Path) -> Iterator[MakeGuard]:
    """A function that makes guards, closed after the test.

    Their state is in the test's temporary folder, shared by the guards of one test (so that a second one is the first
    after a restart); they are quiet, and asks become tickets that nobody waits for. Every option of :class:`Guard` can be
    given.
    """
    makes = _Makes(tmp_path)
    yield makes
    with ExitStack() as stack:
        for guard in makes.made:
            stack.callback(guard.close)


@pytest.fixture
def pinned_evidence(pinned_guard: MakeGuard) -> Callable[..., Evidence]:
    """A function that gives what a guard recorded so far: the one given, or the last that this test made."""

    def evidence(guard: Guard | None = None) -> Evidence:
        from pinnedrules.testing.evidence import recorded

        assert guard is not None or pinned_guard.made, "this test made no guard: pinned_guard(...) makes one"
        return recorded(guard or pinned_guard.made[-1])

    return evidence


class _Makes:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, Path] = {}
        self.made: list[Guard] = []

    def __call__(self, rules: str | Path | None = None, **options: Any) -> Guard:
        from pinnedrules.guard import Guard

        usual = {"approver": "tickets", "quiet": True, "state": self._folder / "pinnedrules-state"}
        guard = Guard(self._file(rules), **{**usual, **options})
        self.made.append(guard)
        return guard

    def _file(self, rules: str | Path | None) -> str | Path | None:
        if not isinstance(rules, str) or "\n" not in rules:
            return rules
        if rules not in self._files:
            # Not over another one: a guard may be looking at that.
            self._files[rules] = self._folder / f"rules-{len(self._files)}.yaml"
            self._files[rules].write_text(rules, encoding="utf-8")
        return self._files[rules]

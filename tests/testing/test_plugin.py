"""The pytest plugin: fixtures for whoever has the package."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from pinnedrules import Denied, Guard
from pinnedrules.testing import Evidence, Reply, ScriptEndedError, recorded
from pinnedrules.testing.plugin import MakeGuard, MakeProvider

ROOT = Path(__file__).parent.parent.parent
RULES = """\
version: 1
tools: {delete_mail: delete}
rules:
  - {id: suggest-only, text: Only suggest deletions., on: {effect: delete}, then: deny}
"""
A_USERS_TEST = """\
import openai
from pinnedrules.testing import ProposedCall, Reply, assert_blocked, assert_pinned

def test_agent(pinned_provider, pinned_guard, pinned_evidence):
    provider = pinned_provider(Reply(calls=[ProposedCall("delete_mail", {"id": "7"})]), Reply("No."))
    guard = pinned_guard(profile="suggest-only", tools={"delete_mail": "delete"})
    with openai.OpenAI(base_url=provider.openai_url, api_key="k") as client:
        guard.wrap(client).chat.completions.create(model="m", messages=[{"role": "user", "content": "tidy"}])
    assert_blocked(guard, "delete_mail")
    assert_pinned(provider, guard)
    assert len(pinned_evidence().requests) == 2
"""


def test_the_plugin_is_declared_and_installed() -> None:
    """Pytest finds the fixtures by the package's entry point."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (found,) = (entry for entry in entry_points(group="pytest11") if entry.name == "pinnedrules")

    assert project["entry-points"]["pytest11"] == {found.name: found.value}


@pytest.mark.parametrize("more", [(), ("-p", "no:pinnedrules")], ids=["there", "left out"])
def test_a_user_s_test_needs_no_conftest(tmp_path: Path, more: tuple[str, ...]) -> None:
    """A test file elsewhere uses the fixtures as they are, warnings being errors; they can be left out."""
    (tmp_path / "test_it.py").write_text(A_USERS_TEST, encoding="utf-8")
    command = [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", *more, str(tmp_path)]

    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert ("1 passed" if not more else "fixture 'pinned_provider' not found") in ran.stdout, ran.stdout + ran.stderr


def test_guards_of_one_test_share_their_state(pinned_guard: MakeGuard, tmp_path: Path) -> None:
    """A second guard is the first one after a restart; another rule text is another file."""
    first = pinned_guard(RULES)
    first.stop("enough")
    again, other = pinned_guard(RULES), pinned_guard(RULES.replace("deletions", "removals"))
    by_path = pinned_guard(tmp_path / "rules-0.yaml")

    assert first.folder.path == again.folder.path == other.folder.path
    assert [guard.rules.sha256 == first.rules.sha256 for guard in (again, other, by_path)] == [True, False, True]
    with pytest.raises(Exception, match="enough"):
        again.raise_if_stopped()
    assert pinned_guard.made == [first, again, other, by_path]


def test_options_of_a_guard_can_be_given(pinned_guard: MakeGuard, tmp_path: Path) -> None:
    """State, mode and everything else are the guard's own options."""
    guard = pinned_guard(RULES, state=tmp_path / "mine", on_denied="raise")

    assert guard.folder.path == tmp_path / "mine"

    @guard.tool
    def delete_mail(number: int) -> int:
        return number

    with pytest.raises(Denied):
        delete_mail(7)


def test_the_evidence_is_of_the_last_guard_or_the_one_given(
    pinned_guard: MakeGuard, pinned_evidence: Callable[..., Evidence], tmp_path: Path
) -> None:
    """Without a guard there is no evidence, and that is said."""
    with pytest.raises(AssertionError, match="made no guard"):
        pinned_evidence()
    first = pinned_guard(RULES)
    second = pinned_guard(RULES, state=tmp_path / "other")
    first.check("delete_mail", {})

    assert [each.released for each in pinned_evidence(first).decided("delete_mail")] == [False]
    assert pinned_evidence().decisions == pinned_evidence(second).decisions == ()


def test_a_provider_is_stopped_and_its_script_s_mistake_raised() -> None:
    """What a model function raises fails the test that used the fixture, when it ends."""
    import openai

    from pinnedrules.testing import plugin

    fixture = plugin.pinned_provider.__wrapped__  # type: ignore[attr-defined]
    steps = fixture()
    make: MakeProvider = next(steps)
    provider = make(Reply("ok"), key="right")
    with openai.OpenAI(base_url=provider.openai_url, api_key="right", max_retries=0) as client:
        client.responses.create(model="m", input="hi")
        with pytest.raises(openai.InternalServerError):
            client.responses.create(model="m", input="hi")

    with pytest.raises(ScriptEndedError):
        next(steps)


def test_guards_are_closed_after_the_test(tmp_path: Path) -> None:
    """No guard outlives its test, however many there were."""
    from pinnedrules.testing import plugin

    steps = plugin.pinned_guard.__wrapped__(tmp_path)  # type: ignore[attr-defined]
    make: MakeGuard = next(steps)
    guards: list[Guard] = [make(RULES), make(RULES)]
    next(steps, None)

    ends = [
        item.record["type"] for item in recorded(guards[0].folder).records if item.record["type"].startswith("log.")
    ]
    assert ends == ["log.open", "log.open", "log.close", "log.close"]

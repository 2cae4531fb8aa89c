"""Python functions that a rule file names: three answers, and no code of a project that nobody trusted."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.rules.making import judged, one

from pinnedrules import Guard
from pinnedrules.cli import main
from pinnedrules.errors import RuleFileError, StateError
from pinnedrules.rulefile import RuleFile
from pinnedrules.rules.compare import weaker
from pinnedrules.rules.load import load
from pinnedrules.rules.meaning import Fault
from pinnedrules.rules.model import RuleSet
from pinnedrules.trust import hearing, place, trust

RULES = """\
version: 1
tools: {{act: write}}
rules:
  - id: own
    text: Only what the function says.
    on: act
    require: {{python: {name}}}
    then: allow
    else: deny
"""
MODULE = """\
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

Path({marker!r}).touch()


@dataclass
class Known:
    to: str


def inside(arguments, facts):
    return Known(arguments["to"]).to == "ada" and facts.call.name == "act"


async def later(arguments, facts):
    return True


number = 7
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with a rule file and a module that leaves a mark when it is run."""
    for variable in ("HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        folder = tmp_path / variable.lower()
        folder.mkdir(mode=0o700)
        monkeypatch.setenv(variable, str(folder))
    monkeypatch.delenv("PINNEDRULES_SESSION", raising=False)
    monkeypatch.delenv("PINNEDRULES_HOME", raising=False)
    folder = tmp_path / "project"
    (folder / "checks").mkdir(parents=True)
    (folder / "rules.yaml").write_text(RULES.format(name="checks.mail:inside"), encoding="utf-8")
    (folder / "checks" / "mail.py").write_text(MODULE.format(marker=str(folder / "was-run")), encoding="utf-8")
    return folder


def loaded(project: Path) -> RuleSet:
    return RuleFile(project / "rules.yaml", "", None, []).rules


def loaded_once_trusted(project: Path) -> RuleSet:
    trust(project / "rules.yaml")
    return loaded(project)


def test_nothing_is_run_that_nobody_trusted(project: Path) -> None:
    """Never loaded from a project folder that was not trusted once; the error says what to do."""
    with pytest.raises(RuleFileError) as caught:
        loaded(project)
    assert (caught.value.line, caught.value.column) == (7, 23)
    assert f"then run: pinnedrules trust {project / 'rules.yaml'}" in caught.value.hint
    assert not (project / "was-run").exists()


def test_a_trusted_function_decides(project: Path) -> None:
    """It holds when the function returns True, and fails when it returns False."""
    trust(project / "rules.yaml")
    assert not (project / "was-run").exists()
    rules = loaded(project)
    assert judged(rules, "act", {"to": "ada"}).verdict == "allow"
    refused = judged(rules, "act", {"to": "eve"})
    assert (refused.verdict, refused.undecided) == ("deny", ())
    assert refused.reasons == ("python: checks.mail:inside says no",)
    with Guard(project / "rules.yaml", quiet=True, approver="tickets") as guard:
        assert not guard.check("act", {"to": "ada"}).refused


def test_what_the_function_cannot_say_is_not_decided(project: Path) -> None:
    """An exception is no permission."""
    trust(project / "rules.yaml")
    found = judged(loaded(project), "act", {})
    assert (found.verdict, [item.why for item in found.undecided]) == ("deny", ["the check failed: KeyError"])


ANSWERS: list[tuple[Callable[..., object], str]] = [
    (lambda *_: True, "allow"),
    (lambda *_: False, "deny"),
    (lambda *_: None, "cannot"),
    (lambda *_: 1, "cannot"),
    (lambda *_: "yes", "cannot"),
    (lambda *_: 1 / 0, "cannot"),
]


async def _later() -> bool:
    return True


@pytest.mark.parametrize(("function", "answer"), [*ANSWERS, (lambda *_: _later(), "cannot")])
def test_only_true_holds(function: Callable[..., object], answer: str) -> None:
    """True holds, False fails; nothing else is taken for either, and never for a permission."""
    rules = load(RULES.format(name="a:b"), functions=lambda _: function)
    found = judged(rules, "act", {"to": "ada"})
    assert found.verdict == ("allow" if answer == "allow" else "deny")
    assert bool(found.undecided) == (answer == "cannot")


def test_a_function_does_not_change_what_is_decided_on() -> None:
    """It gets a copy of the arguments."""
    seen: list[Any] = []

    def greedy(arguments: Any, facts: Any) -> bool:
        seen.append(arguments)
        arguments["to"].append("eve")
        facts.arguments["to"].append("eve")
        return True

    name = "  - {id: after, text: A., on: act, require: {count: {of: to, per: call, max: 1}}, else: deny}\n"
    rules = load(RULES.format(name="a:b") + name, functions=lambda _: greedy)
    assert judged(rules, "act", {"to": ["ada"]}).verdict == "allow"
    assert len(seen) == 1


def test_without_a_function_it_cannot_be_decided() -> None:
    """A rule file that is only read, with nobody to load functions, permits nothing by them."""
    found = judged(one("{python: 'a.b:c'}"), "act", {})
    assert [item.why for item in found.undecided] == ["python: a.b:c was not loaded"]


@pytest.mark.parametrize("what", ["rules.yaml", "checks/mail.py"])
def test_what_changed_has_to_be_trusted_again(project: Path, what: str) -> None:
    """Trust is in the rule file and the module as they were."""
    trust(project / "rules.yaml")
    with (project / what).open("a", encoding="utf-8") as file:
        file.write("\n# changed\n")
    with pytest.raises(RuleFileError, match="nobody trusted as it is now"):
        loaded(project)
    assert not (project / "was-run").exists()
    trust(project / "rules.yaml")
    assert judged(loaded(project), "act", {"to": "ada"}).verdict == "allow"


def test_a_running_guard_does_not_run_what_changed(project: Path) -> None:
    """The rules that were in force stay so, with the function as it was."""
    trust(project / "rules.yaml")
    with Guard(project / "rules.yaml", quiet=True, approver="tickets") as guard:
        (project / "checks" / "mail.py").write_text("def inside(*_): return True\n", encoding="utf-8")
        (project / "rules.yaml").write_text(RULES.format(name="checks.mail:inside") + "# more\n", encoding="utf-8")
        assert guard.check("act", {"to": "eve"}).refused
        assert not guard.check("act", {"to": "ada"}).refused


def test_trust_is_in_one_place_of_the_file_system(project: Path, tmp_path: Path) -> None:
    """A copy of a trusted project is another project."""
    trust(project / "rules.yaml")
    other = tmp_path / "other"
    project.rename(other)
    with pytest.raises(RuleFileError, match="nobody trusted"):
        loaded(other)


def test_a_project_does_not_bring_its_own_trust(project: Path) -> None:
    """What is trusted stands in the user's own folder, private to this user."""
    trust(project / "rules.yaml")
    assert project not in place().parents
    assert place().stat().st_mode & 0o077 == 0
    (project / ".pinnedrules").mkdir(mode=0o700)
    place().rename(project / ".pinnedrules" / "trusted.json")
    with pytest.raises(RuleFileError, match="nobody trusted"):
        loaded(project)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("checks.mail:missing", "is no function that can be called"),
        ("checks.mail:number", "is no function that can be called"),
        ("checks.mail:later", "is no function that can be called"),
        ("checks.other:f", "there is no checks/other.py beside the rule file"),
        ("json:loads", "there is no json.py beside the rule file"),
        ("checks.broken:f", "broken.py fails: ZeroDivisionError"),
        ("../evil:f", "not the name of a function"),
        ("checks.mail", "not the name of a function"),
        ("'checks.mail:'", "not the name of a function"),
    ],
)
def test_a_function_that_is_none_is_an_error_at_load(project: Path, name: str, problem: str) -> None:
    """A rule that could never be decided is not put in force."""
    (project / "checks" / "broken.py").write_text("1 / 0\n", encoding="utf-8")
    (project / "rules.yaml").write_text(RULES.format(name=name), encoding="utf-8")
    with pytest.raises(RuleFileError, match=problem):
        loaded_once_trusted(project)


@pytest.mark.parametrize("value", ["7", "{call: 7}", "{call: a:b, more: 1}", "{}", "[a:b]"])
def test_what_is_no_name_is_an_error(value: str) -> None:
    """One form, closed."""
    with pytest.raises(RuleFileError):
        load(RULES.format(name=value), functions=lambda _: print)


def test_a_revision_may_name_only_what_was_trusted(project: Path) -> None:
    """A patch is no way to run other code, or the same code from a changed module."""
    trust(project / "rules.yaml")
    with Guard(project / "rules.yaml", quiet=True, approver="tickets") as guard:
        patch = [{"op": "replace", "path": "/rules/0/require/python/call", "value": "checks.mail:later"}]
        with pytest.raises(RuleFileError, match="nobody trusted"):
            guard.revise({"version": 1, "patch": patch}, user="x", why="w")
        guard.revise(
            {"version": 1, "patch": [{"op": "replace", "path": "/default/read", "value": "deny"}]}, user="x", why="w"
        )
        assert not guard.check("act", {"to": "ada"}).refused
        assert guard.check("look", {}).refused
    (project / "checks" / "mail.py").write_text("def inside(*_): return True\n", encoding="utf-8")
    trust(project / "rules.yaml")
    with Guard(project / "rules.yaml", quiet=True, approver="tickets") as guard:
        assert not guard.check("act", {"to": "eve"}).refused


def test_a_function_is_no_narrower_than_another() -> None:
    """What a function says is not known, so another one in its place is not proven to be stricter."""
    assert weaker(one("{python: 'a:b'}"), one("{python: 'a:b'}")) is None
    assert weaker(one("{python: 'a:b'}"), one("{python: 'a:c'}")) is not None
    with pytest.raises(RuleFileError, match="gone"):
        load(RULES.format(name="a:b"), functions=_gone)


def _gone(_: str) -> Any:
    raise Fault("gone")


def test_trust_that_cannot_be_read_is_none(project: Path) -> None:
    """A file that is damaged trusts nothing."""
    trust(project / "rules.yaml")
    place().write_text("{", encoding="utf-8")
    with pytest.raises(StateError, match="what is trusted cannot be read"):
        loaded(project)
    place().write_text("[]", encoding="utf-8")
    with pytest.raises(RuleFileError, match="nobody trusted"):
        loaded(project)


def test_the_command_says_what_it_trusts(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`pinnedrules trust FILE`: a person's act, never the agent's."""
    path = project / "rules.yaml"
    monkeypatch.setenv("PINNEDRULES_SESSION", "s")
    assert main(["trust", str(path)]) == 2
    assert "the agent cannot" in capsys.readouterr().err
    monkeypatch.delenv("PINNEDRULES_SESSION")
    assert main(["trust", str(path)]) == 0
    assert f"trusted: checks.mail:inside in {project / 'checks' / 'mail.py'}" in capsys.readouterr().out
    assert main(["check", str(path), "act", '{"to": "ada"}']) == 0
    capsys.readouterr()
    path.write_text("version: 1\nrules: [{id: a, text: A.}]\n", encoding="utf-8")
    assert main(["trust", str(path), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["trusted"] == {}


HEARS = """\
from pathlib import Path

from pinnedrules.hearing import Heard

Path({marker!r}).touch()


def stops(text):
    return Heard("stop") if "banana" in text else None


async def later(text):
    return stops(text)


number = 7
"""


@pytest.fixture
def listening(project: Path) -> Path:
    """The rule file of a project with a module that could hear."""
    (project / "checks" / "ears.py").write_text(HEARS.format(marker=str(project / "was-heard")), encoding="utf-8")
    (project / "rules.yaml").write_text(
        "version: 1\ntools: {act: write}\nrules: [{id: r, text: T.}]\n", encoding="utf-8"
    )
    return project / "rules.yaml"


def test_what_nobody_trusted_hears_nothing(listening: Path) -> None:
    """A project that one has fetched could bring it; the error says what to do."""
    trust(listening)
    with pytest.raises(Fault, match="nobody trusted") as caught:
        hearing(listening, "checks.ears:stops")
    assert f"pinnedrules trust {listening} --hears checks.ears:stops" in caught.value.hint
    assert not (listening.parent / "was-heard").exists()


def test_what_is_trusted_hears_until_it_changes(listening: Path) -> None:
    """Trusting the rule file anew keeps what was trusted to hear; another function or another text of it is not."""
    trust(listening, "checks.ears:stops")
    trust(listening, "checks.ears:later")
    trust(listening)
    assert hearing(listening, "checks.ears:stops")("banana").kind == "stop"
    assert inspect.iscoroutinefunction(hearing(listening, "checks.ears:later"))
    for name in ("checks.ears:number", "checks.mail:inside"):
        with pytest.raises(Fault):
            hearing(listening, name)
    file = listening.parent / "checks" / "ears.py"
    file.write_text(file.read_text(encoding="utf-8") + "# more\n", encoding="utf-8")
    with pytest.raises(Fault, match="nobody trusted"):
        hearing(listening, "checks.ears:stops")


def test_a_command_that_guards_takes_what_was_trusted_to_hear(
    listening: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """``run --hears``: refused until it is trusted, and without a rule file; then the command starts."""
    asked = ["run", "--rules", str(listening), "--hears", "checks.ears:stops", "--", "true"]
    assert main(asked) == 2
    assert "nobody trusted" in capfd.readouterr().err
    assert main(["trust", str(listening), "--hears", "checks.ears:nothing"]) == 2
    assert main(["trust", str(listening), "--hears", "checks.nowhere:stops"]) == 2
    assert main(["trust", str(listening), "--hears", "checks.ears:stops"]) == 0
    assert "trusted: checks.ears:stops in" in capfd.readouterr().out
    assert main(asked) == 0
    assert main(["run", "--profile", "suggest-only", "--hears", "checks.ears:stops", "--", "true"]) == 2
    assert "--hears without a rule file" in capfd.readouterr().err


def test_a_guard_pauses_by_what_was_trusted_to_hear(listening: Path) -> None:
    """What it hears can only limit: a turn that the patterns leave open becomes a pause."""
    trust(listening, "checks.ears:stops")
    hears = hearing(listening, "checks.ears:stops")
    with Guard(listening, quiet=True, approver="tickets", hears=hears) as guard, guard.session("s", user="ada"):
        assert guard.user_turn("The banana is ripe.", user="ada").did == "pause"

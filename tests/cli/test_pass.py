"""``--pass FAMILY``: doors that no gate covers, open all the same because the owner says so."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from tests.cli.ran import Cli
from tests.hosts.managed import Fake

from pinnedrules.cli import main
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import Script

ASKING = """\
import json, openai

with openai.OpenAI(max_retries=0) as client:
    for ask in (lambda: client.batches.retrieve("b1"), lambda: client.evals.retrieve("e1")):
        try:
            ask()
        except openai.APIStatusError as error:
            print(json.dumps([error.status_code, error.message]))
"""


@pytest.mark.parametrize("command", [["serve"], ["run"]])
def test_a_family_that_is_none_is_named_with_the_ones_that_are(command: list[str], rules: Path, cli: Cli) -> None:
    """A misspelt setting does not silently do nothing."""
    behind = ["--", "true"] if command == ["run"] else []
    ran = cli(*command, "--rules", rules, "--pass", "batch", *behind)

    assert ran.code == 2
    assert "there are no paths called 'batch'; did you mean 'batches'? known: batches, realtime" in ran.err


@pytest.mark.parametrize("passed", [[], ["--pass", "batches"], ["--pass", "batches", "--pass", "evals"]])
def test_a_sidecar_lets_pass_what_it_is_told_to(
    passed: list[str], rules: Path, home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Refused is a 403 of ours that names the setting; passed is the provider's own answer, here a 404."""
    (home / "agent.py").write_text(ASKING, encoding="utf-8")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    with ScriptedProvider(Script([])) as provider:
        monkeypatch.setenv("OPENAI_BASE_URL", provider.openai_url)
        main(["run", "--rules", str(rules), *passed, "--", sys.executable, "agent.py"])
        asked = len(provider.requests)
    answers = [json.loads(line) for line in capfd.readouterr().out.splitlines()]

    assert [status for status, _ in answers] == [404 if name in passed else 403 for name in ("batches", "evals")]
    assert asked == sum(name in passed for name in ("batches", "evals"))
    for (status, message), name in zip(answers, ("batches", "evals"), strict=True):
        assert (f"--pass {name}" in message) is (status == 403)


MANAGED = """\
import anthropic

with anthropic.Anthropic(max_retries=0) as client:
    try:
        print(client.beta.agents.create(model="m", name="a").system is not None)
    except anthropic.APIStatusError as error:
        print(error.status_code)
"""


@pytest.mark.parametrize(("given", "seen"), [([], "403"), (["--gate", "managed-agents"], "True")])
def test_a_sidecar_opens_the_gate_that_it_is_told_to(
    given: list[str],
    seen: str,
    rules: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Shut by default; opened, the rules are in what leaves."""
    (home / "agent.py").write_text(MANAGED, encoding="utf-8")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    with Fake() as fake:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", fake.url)
        main(["run", "--rules", str(rules), *given, "--", sys.executable, "agent.py"])

    assert capfd.readouterr().out.split() == [seen]
    assert len(fake.agents) == (seen == "True")


def test_a_gate_that_is_none_is_an_error(rules: Path, cli: Cli) -> None:
    """A setting that nothing implements is an error, not a promise."""
    ran = cli("serve", "--rules", rules, "--gate", "batches")

    assert ran.code == 2
    assert "no gate is made for 'batches'" in ran.err

"""The benchmark as a task of Inspect, with a mock of a model; skipped where Inspect is not installed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from pinnedrules.bench.suite import load

# Inspect's own use of its libraries: what it calls is deprecated, and it leaves streams open.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Unclosed <Memory:ResourceWarning"),
]

SUITE = load()
_ERRAND = re.compile(r"^Call (\w+) with (\{.*\})\.$", re.MULTILINE)


def test_without_the_extra_the_import_says_what_to_install() -> None:
    """Whoever has no Inspect is told which extra has it."""
    code = "import sys; sys.modules['inspect_ai'] = None; import pinnedrules.bench.inspect"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert ran.returncode == 1
    assert "ImportError: the Inspect task needs more: pip install 'pinnedrules[inspect]'" in ran.stderr


def heedless(messages: list[Any], tools: list[Any], choice: Any, config: Any) -> Any:
    """Do every errand, and give way to every temptation."""
    from inspect_ai.model import ModelOutput, ModelUsage

    asked = max(at for at, message in enumerate(messages) if message.role == "user")
    calls: list[tuple[str, dict[str, Any]]] = []
    if asked == len(messages) - 1:
        read = (
            messages[asked - 1].text if messages[asked].text == "Act on the newest document." else messages[asked].text
        )
        calls = [(name, json.loads(values)) for name, values in _ERRAND.findall(read)]
        for family in SUITE.families.values():
            for tempt in family.temptations:
                if tempt.turn == read:
                    calls += [(call.name, dict(call.arguments)) for call in tempt.violating]
    output = ModelOutput.from_content("mockllm/model", "" if calls else "Done.")
    output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    if calls:
        output.choices[0].message.tool_calls = [_called(f"call_{asked}_{at}", *call) for at, call in enumerate(calls)]
    return output


def _called(ident: str, name: str, values: dict[str, Any]) -> Any:
    from inspect_ai.tool import ToolCall

    return ToolCall(ident, name, values)


def evaluated(tmp_path: Path, model: Any = heedless, **options: Any) -> Any:
    """Run the task with a mock of a model; return Inspect's log."""
    pytest.importorskip("inspect_ai")
    from inspect_ai import eval as evaluate
    from inspect_ai.model import get_model

    from pinnedrules.bench.inspect import rule_survival

    mock = get_model("mockllm/model", custom_outputs=model, memoize=False)
    (log,) = evaluate(rule_survival(**options), model=mock, log_dir=str(tmp_path), display="none")
    assert log.status == "success", log.error
    return log


def figures(log: Any) -> dict[str, float]:
    """Return the accuracies by name of score."""
    return {score.name: score.metrics["accuracy"].value for score in log.results.scores}


def test_without_a_guard_a_heedless_model_breaks_the_rule_and_does_its_task(tmp_path: Path) -> None:
    """Only executed calls count, and the same loop runs them in every arm."""
    log = evaluated(tmp_path, arm="nothing", situations_per_family=2)

    assert figures(log) == {"rule_kept": 0.0, "task_done": 1.0}
    assert Counter(sample.metadata["family"] for sample in log.samples) == dict.fromkeys(SUITE.families, 2)
    assert {score.name: "stderr" in score.metrics for score in log.results.scores} == {
        "rule_kept": True,
        "task_done": True,
    }
    assert log.eval.metadata["suite_sha256"] == SUITE.sha256


def test_the_guard_lets_no_violation_through_and_the_task_is_done(tmp_path: Path) -> None:
    """Every call is decided before it runs, whatever the model does, and what the task needs runs."""
    log = evaluated(tmp_path, arm="all", situations_per_family=2)

    assert figures(log) == {"rule_kept": 1.0, "task_done": 1.0}
    assert all(sample.scores["rule_kept"].metadata["refused"] for sample in log.samples)


def test_with_the_guard_the_block_is_in_each_request_and_once(tmp_path: Path) -> None:
    """The block stands in the system message, never in what is compacted."""
    seen: list[int] = []

    def looked(messages: list[Any], tools: list[Any], choice: Any, config: Any) -> Any:
        marks = [message.text.count("[operator's rules v1") for message in messages]
        seen.append(marks[0] if sum(marks) == marks[0] else -1)
        assert messages[0].role == "system"
        assert {tool.name for tool in tools} <= {one["function"]["name"] for one in SUITE.families["mail"].tools}
        return heedless(messages, tools, choice, config)

    log = evaluated(tmp_path, looked, arm="all", families="mail", situations_per_family=3, rounds="3")

    assert set(seen) == {1}
    assert all(set(one.scores["rule_kept"].metadata["survived"]) <= {"verbatim", "in words"} for one in log.samples)


def test_a_copy_in_the_system_prompt_is_there_after_each_compaction(tmp_path: Path) -> None:
    """The arm says the rule in the system prompt, besides the place where it was said."""
    log = evaluated(tmp_path, arm="system-prompt", families="cap", situations_per_family=1)

    (sample,) = log.samples
    assert set(sample.scores["rule_kept"].metadata["survived"]) == {"verbatim"}
    assert sample.target in sample.messages[0].text


def test_a_compactor_of_ones_own_is_named_by_its_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``-T compactor=pkg.mod:fn`` runs what a team runs itself, sync or async, also out of the folder where one stands."""
    module = tmp_path / "own_memory.py"
    module.write_text(
        "async def compact(messages, budget):\n    return [messages[0], {'role': 'user', 'content': 'All is well.'}]\n"
    )
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)

    log = evaluated(tmp_path, arm="nothing", compactor="own_memory:compact", families="window", situations_per_family=3)

    for sample in log.samples:
        left = "verbatim" if sample.metadata["place"] == "system" else "gone"
        assert set(sample.scores["rule_kept"].metadata["survived"]) == {left}
        assert sample.metadata["compactor"] == "own_memory:compact"


def test_what_is_not_known_is_refused_with_what_is() -> None:
    """Names are checked before the model is asked anything."""
    pytest.importorskip("inspect_ai")
    from pinnedrules.bench.compactors import CompactorError
    from pinnedrules.bench.inspect import rule_survival

    with pytest.raises(ValueError, match="arm is one of nothing, system-prompt, all, not 'some'"):
        rule_survival(arm="some")
    with pytest.raises(ValueError, match="there is no family 'post'; there are mail, cap"):
        rule_survival(families="mail,post")
    with pytest.raises(CompactorError, match="there is no compactor 'none-such'"):
        rule_survival(compactor="none-such")


def test_inspect_finds_the_task_by_the_package_s_name() -> None:
    """``inspect eval pinnedrules/rule_survival`` loads what the entry point names."""
    pytest.importorskip("inspect_ai")
    from inspect_ai._util.registry import registry_info

    (found,) = (one for one in entry_points(group="inspect_ai") if one.name == "pinnedrules")
    assert registry_info(found.load().rule_survival).name == "pinnedrules/rule_survival"

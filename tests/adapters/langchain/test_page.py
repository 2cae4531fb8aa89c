"""docs/langchain.md does what it says: its code is run, in order, against a scripted provider over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.pages import ROOT, fences

from pinnedrules.testing import ProposedCall, Reply, Script, ScriptedProvider

PAGE = ROOT / "docs" / "langchain.md"
CALLS = [ProposedCall("delete_mail", {"id": "m1"}), ProposedCall("wipe", {})]


def test_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Every block of code runs, and prints what the page shows after it."""
    blocks = [(one.words, one.text) for one in fences(PAGE)]
    (rules,) = [text for words, text in blocks if words == "yaml"]
    (tmp_path / "rules.yaml").write_text(rules, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "any")
    names: dict[str, Any] = {"__name__": "page"}
    with ScriptedProvider(Script([Reply("", CALLS), Reply("I deleted the newsletter.")])) as provider:
        monkeypatch.setenv("OPENAI_BASE_URL", provider.openai_url)
        monkeypatch.setenv("OPENAI_API_BASE", provider.openai_url)
        shown = ""
        for words, text in blocks:
            if words == "python":
                exec(compile(text, str(PAGE), "exec"), names)
                shown += capsys.readouterr().out
            elif words == "text":
                assert text in shown
                shown = ""
        assert len(provider.requests) == 2
        assert "never-wipe" in provider.requests[1].body.decode()
    names["client"].close()
    names["guard"].close()

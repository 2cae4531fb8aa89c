"""pinnedrules show"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.ran import Cli

from pinnedrules.cli import main
from pinnedrules.pins.block import render


def test_the_rules_are_read_aloud_with_the_block(cli: Cli, rules: Path) -> None:
    """show says every rule, what is enforced of it, and the block byte for byte as requests carry it."""
    found = cli("show", rules)
    block = render(
        [
            ("no-deletes", "Only suggest deletions. Never delete before the owner confirms."),
            ("inside", "Send e-mail only inside example.com."),
        ],
        version=1,
    )

    assert found.code == 0
    assert "no-deletes: Only suggest deletions." in found.out
    assert "if every recipient is in example.com, allow" in found.out
    assert block.text in found.out
    assert " tokens)" in found.out


def test_only_the_block(cli: Cli, rules: Path) -> None:
    """--block prints the block and nothing else."""
    found = cli("show", rules, "--block")

    assert found.out.startswith("[operator's rules v1 ")
    assert found.out.endswith("[end]\n")


def test_json_has_rules_and_block(cli: Cli, rules: Path) -> None:
    """--json gives the canonical rules with their sha256, and the block with its digest and token count."""
    found = cli("show", rules, "--json").json

    assert found["name"] == "rules.yaml"
    assert [rule["id"] for rule in found["rules"]["rules"]] == ["no-deletes", "inside"]
    assert len(found["rules"]["sha256"]) == 64
    assert found["block"]["tokens"] > 10
    assert found["block"]["digest"][:12] in found["block"]["text"]


def test_an_estimate_is_called_one(cli: Cli, rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the encoding is missing the number of tokens is an estimate and says so."""
    from pinnedrules import tokens
    from pinnedrules.cli import show

    monkeypatch.setattr(show, "count", lambda text: tokens.Count(7, exact=False))

    assert "(7 tokens, estimated)" in cli("show", rules).out


def test_a_profile_is_shown_like_a_file(cli: Cli) -> None:
    """--profile shows a built-in rule set."""
    found = cli("show", "--profile", "suggest-only")

    assert found.code == 0
    assert "suggest-only" in found.out


def test_all_profiles_are_listed(cli: Cli) -> None:
    """--profiles lists the four profiles, each as plain rules."""
    words, document = cli("show", "--profiles"), cli("show", "--profiles", "--json").json

    names = [profile["name"].removeprefix("profile ") for profile in document["profiles"]]
    assert names == ["analyze", "suggest-only", "draft-only", "supervised"]
    assert all(f"{name}:" in words.out for name in names)


def test_a_broken_file_says_where(cli: Cli, home: Path) -> None:
    """A rule file with a fault is told with file, line, column and a way out."""
    (home / "bad.yaml").write_text("version: 1\nrules:\n  - id: a\n    text: b\n    onn: c\n", encoding="utf-8")

    found = cli("show", home / "bad.yaml", "--json")

    assert found.code == 2
    assert found.json["error"].startswith("bad.yaml:5:5: unknown key 'onn'")
    assert "did you mean 'on'" in found.json["next"]


def test_main_reads_the_command_line_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without arguments main takes those of the program."""
    monkeypatch.setattr("sys.argv", ["pinnedrules", "show", "--profiles"])

    assert main() == 0


def test_the_price_of_a_reminder_is_printed(cli: Cli, tmp_path: Path) -> None:
    """A reminder's price in tokens is told before it is paid; without the key there is none."""
    rules = tmp_path / "reminding.yaml"
    text = "version: 1\nrules:\n  - {id: often, text: Never shout., remind: NUMBER}\n"
    rules.write_text(text.replace("NUMBER", "20"), encoding="utf-8")
    found = cli("show", rules)
    assert "A reminder of often after every 20 answers of the model: " in found.out
    assert "Pinned; enforced by nothing else. Repeated after every 20 answers of the model." in found.out
    (one,) = cli("show", rules, "--json").json["reminders"]
    assert (one["rule"], one["after"], 5 < one["tokens"] < 40) == ("often", 20, True)
    rules.write_text(text.replace("NUMBER", "1"), encoding="utf-8")
    assert "after every answer of the model" in cli("show", rules).out

"""pinnedrules import"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from tests.cli.ran import Cli

from pinnedrules.rules.load import load

PAGE = """\
# Agents

- Never delete files.
- Never modify generated/x.py.
- Only edit files in src/.
- Always sort imports.
"""


@pytest.fixture
def page(home: Path) -> Path:
    path = home / "AGENTS.md"
    path.write_text(PAGE)
    return path


def test_each_sentence_is_shown_with_calls_decided_for_real(cli: Cli, page: Path, home: Path) -> None:
    """A person sees what a rule would stop and let through before it is in force, and what no check can see."""
    found = cli("import", "AGENTS.md")
    lines = found.out.splitlines()

    assert found.code == 1
    assert lines[:9] == [
        "AGENTS.md:3: Never delete files.",
        "  becomes a check",
        '  never-delete would stop: bash {"command":"rm -rf build"} (deny); delete_file {"path":"a.txt"} (deny);'
        ' bash {"command":"git push --force"} (deny)',
        '  and let through: bash {"command":"ls"}; write_file {"path":"a.txt","content":"x"}; bash {"command":"make"};'
        ' bash {"command":"git push"}',
        "AGENTS.md:4: Never modify generated/x.py.",
        "  cannot become a check, and is only pinned: a requirement says inside of which folder something must stay,"
        " not what it must not touch",
        "AGENTS.md:5: Only edit files in src/.",
        "  becomes a check that stops more than it says: a call that names no path, such as a command, is asked about as well",
        '  only-write would stop: write_file {"path":"/etc/passwd"} (ask); bash {"command":"touch a.txt"} (ask);'
        ' bash {"command":"rm -rf build"} (ask); bash {"command":"git push --force"} (ask)',
    ]
    assert "  cannot become a check, and is left out: it says how to work, not what may not be done" in lines
    assert "AGENTS.md: 2 checks, 1 sentence only pinned, 2 other sentences that no rule file needs" in lines
    assert f'    require: {{path: {{inside: ["{home}/src"]}}}}' in lines
    assert list(home.glob("*.yaml")) == []
    assert page.exists()


def test_what_is_printed_loads(cli: Cli, page: Path) -> None:
    """The draft is a rule file, with the sentences as they stand in the page."""
    rules = load(cli("import", page, "--json").json["file"])
    assert dict(rules.texts) == {
        "never-delete": "Never delete files.",
        "told": "Never modify generated/x.py.",
        "only-write": "Only edit files in src/.",
    }


@pytest.mark.usefixtures("page")
def test_nothing_is_written_without_a_yes(cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal and without --yes nothing is written; on a terminal it asks, and takes only a yes for one."""
    assert cli("import", "AGENTS.md", "--write", "rules.yaml").code == 2

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal("no\n"))
    found = cli("import", "AGENTS.md", "--write", "rules.yaml")
    assert (found.code, "nothing was written" in found.err) == (1, True)
    assert not (home / "rules.yaml").exists()

    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    found = cli("import", "AGENTS.md", "--write", "rules.yaml")
    assert "rules.yaml: written" in found.out
    assert cli("check", "rules.yaml").code == 0


def test_yes_can_be_said_beforehand_and_no_file_is_replaced(cli: Cli, home: Path) -> None:
    """--yes writes; a page in which everything became a check is code 0; a file that is there stays."""
    (home / "CLAUDE.md").write_text("Never buy anything.\n")
    found = cli("import", "CLAUDE.md", "--write", "rules.yaml", "--yes")
    assert found.code == 0, found
    written = (home / "rules.yaml").read_text()
    assert "never-spend" in written

    assert cli("import", "CLAUDE.md", "--write", "rules.yaml", "--yes").code == 2
    assert (home / "rules.yaml").read_text() == written


OTHER_LANGUAGES = """\
- Lösche niemals Dateien ausserhalb von src.
- Frage mich, bevor du etwas löschst.
- No borres nada sin preguntar.
- Ne supprime jamais de fichiers.
- Não apague arquivos sem perguntar.
- Non cancellare mai i file.
- 削除しないでください
- Не удаляй файлы
- Use `npm test` for tests.
- Run tests.
- Naïve résumé parsing is in `src/`.
"""


def test_sentences_in_another_language_are_not_counted_as_harmless(cli: Cli, home: Path) -> None:
    """Instructions are read in English; what was not read is said, and the page is not done."""
    (home / "AGENTS.md").write_text(OTHER_LANGUAGES, encoding="utf-8")
    found = cli("import", "AGENTS.md", "--json")
    assert [one["line"] for one in found.json["unread"]] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert (found.json["others"], found.code) == (3, 1)
    told = cli("import", "AGENTS.md").out
    assert (
        "AGENTS.md: 8 sentences in another language than English, which nobody has read; the first is line 1:" in told
    )
    assert "nothing else in it forbids, restricts or asks for anything" in told


def test_relative_paths_begin_where_one_says(cli: Cli, page: Path) -> None:
    """--root is the folder that the agent works in."""
    assert '{inside: ["/srv/app/src"]}' in cli("import", page, "--root", "/srv/app").out


def test_several_sentences_of_a_kind_have_names_of_their_own(cli: Cli, home: Path) -> None:
    """Ids are told by what a sentence forbids, and never twice the same."""
    (home / "a.md").write_text("Never delete files.\n\nNever delete mails.\n\nNever send mails, or install x\u200by.\n")
    found = cli("import", "a.md", "--json").json
    assert [rule["rule"] for rule in found["rules"]] == ["never-delete", "never-delete-2", "never-send", "ask-install"]
    assert "\u200b" not in found["file"]


def test_a_requirement_that_needs_a_library_is_pinned_without_it(
    cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where an extra is missing, the sentence is pinned, and the reason says what to install."""
    monkeypatch.setitem(sys.modules, "detect_secrets", None)
    monkeypatch.setitem(sys.modules, "detect_secrets.core", None)
    (home / "a.md").write_text("Never commit secrets.\n")
    found = cli("import", "a.md", "--json").json
    assert found["rules"][0]["fit"] in ("part", "none")


def test_a_check_that_stops_what_it_permits_is_none(cli: Cli, home: Path) -> None:
    """A command that nobody can read whole is not offered as one that may run."""
    (home / "a.md").write_text("Only run `git -C x status`.\n")
    (rule,) = cli("import", "a.md", "--json").json["rules"]
    assert rule["fit"] == "none"


def test_a_page_without_rules_and_pages_that_cannot_be_read(cli: Cli, home: Path) -> None:
    """Nothing to draft is said; no text, or no page, is wrong usage."""
    (home / "a.md").write_text("Be kind.\n")
    found = cli("import", "a.md", "--write", "rules.yaml", "--yes")
    assert "nothing in it forbids, restricts or asks for anything" in found.out
    assert not (home / "rules.yaml").exists()
    (home / "b.md").write_bytes(b"\xff\xfe\x00")
    (home / "c.md").write_text("x" * ((1 << 20) + 1))
    assert [cli("import", name).code for name in ("b.md", "c.md", "none.md")] == [2, 2, 2]


def test_a_limit_for_a_day_is_one_of_the_day(cli: Cli, home: Path) -> None:
    """What a sentence says of a day is added up over the day; where nothing can add it up, that is said."""
    (home / "AGENTS.md").write_text(
        "- Never spend more than 100 EUR per day.\n- Never spend more than 500 EUR a month.\n"
    )
    found = cli("import", "AGENTS.md")
    assert 'total: {of: amount, per: day, max: "100 EUR"}' in found.out
    assert "it looks at each payment alone, because nothing adds up a month" in found.out
    assert 'never-spend would stop: buy_item {"amount":101} (deny)' in found.out

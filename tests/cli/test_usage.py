"""Exit codes, errors, pipes and imports, the same for every command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.ran import Cli

from pinnedrules import __version__
from pinnedrules.cli import entry
from pinnedrules.cli.arguments import parser
from pinnedrules.cli.printing import Printer, age
from pinnedrules.errors import Stopped

COMMANDS = (
    "demo", "init", "doctor", "show", "check", "replay", "stop", "resume", "approvals", "log", "run", "serve",
    "lint", "test", "explain", "attack", "import",
)  # fmt: skip
MISTAKES = [
    ["bake"],
    [],
    ["init", "missing.py"],
    ["init", "rules.txt"],
    ["init", "--profile", "yolo"],
    ["init", "--from", "no such thing"],
    ["doctor"],
    ["doctor", "--rules", "missing.yaml"],
    ["doctor", "--profile", "yolo"],
    ["run"],
    ["run", "--rules", "rules.yaml", "codex"],
    ["serve"],
    ["serve", "--rules", "missing.yaml"],
    ["show"],
    ["show", "missing.yaml"],
    ["show", "--profile", "yolo"],
    ["show", "rules.yaml", "--profile", "analyze"],
    ["check"],
    ["check", "missing.yaml"],
    ["check", "--profile", "analyze", "a", "{}", "b"],
    ["replay"],
    ["replay", "trace.jsonl"],
    ["replay", "missing.jsonl", "--profile", "analyze"],
    ["replay", "missing.jsonl.gz", "--profile", "analyze"],
    ["replay", "trace.jsonl", "--profile", "analyze", "--compact-at", "0"],
    ["replay", "trace.jsonl", "--profile", "analyze", "--compact-at", "many"],
    ["stop", "--state", "missing"],
    ["resume"],
    ["resume", "--reason", "fixed", "--state", "missing"],
    ["approvals"],
    ["approvals", "approve"],
    ["approvals", "list", "--state", "missing"],
    ["lint"],
    ["lint", "missing.yaml"],
    ["lint", "rules.yaml", "--ignore", "everything"],
    ["test"],
    ["test", "missing.yaml"],
    ["explain"],
    ["explain", "missing.yaml", "tool"],
    ["explain", "--profile", "analyze", "--log", "t-1", "--state", "missing"],
    ["attack"],
    ["attack", "missing.yaml"],
    ["import"],
    ["import", "missing.md"],
    ["log"],
    ["log", "--state", "missing"],
    ["log", "--verdict", "maybe"],
]


def run(*argv: str, **more: object) -> subprocess.CompletedProcess[str]:
    """Run the command line as a program."""
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        [sys.executable, "-m", "pinnedrules", *argv], capture_output=True, text=True, timeout=60, **more
    )


@pytest.mark.parametrize("argv", MISTAKES, ids=" ".join)
def test_a_mistake_gives_one_line_and_the_next_step(cli: Cli, argv: list[str]) -> None:
    """A user's mistake is code 2, one line of what is wrong and one of what to do; never a traceback."""
    found = cli(*argv)

    assert found.code == 2
    assert found.out == ""
    problem, *rest = found.err.splitlines()
    assert problem.startswith("pinnedrules: ")
    assert all(line.startswith("  next: ") for line in rest)
    assert "Traceback" not in found.err


@pytest.mark.parametrize("argv", MISTAKES, ids=" ".join)
def test_a_mistake_is_json_when_json_was_asked_for(cli: Cli, argv: list[str]) -> None:
    """With --json an error is one document on stdout too, with the same code, and stderr stays empty."""
    found = cli(*argv, "--json")

    assert found.code == 2
    assert set(found.json) == {"error", "next"}
    assert found.err == ""


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(cli: Cli, command: str) -> None:
    """--help of every command says what it is for and returns 0."""
    found = cli(command, "--help")

    assert found.code == 0
    assert f"pinnedrules {command}" in found.out


def test_the_exit_codes_are_in_the_help(cli: Cli) -> None:
    """The exit codes are documented where people look first."""
    found = cli("--help")

    assert found.code == 0
    assert "exit codes:" in found.out
    assert all(f"  {command}" in found.out for command in COMMANDS)


def test_the_version_is_told(cli: Cli) -> None:
    """--version prints the version of the package."""
    assert cli("--version").out.strip() == __version__


def test_an_abbreviation_is_not_guessed(cli: Cli) -> None:
    """`--prof` is no option: what a shorter word means would change with the next option."""
    assert cli("show", "--prof", "analyze").code == 2


@pytest.mark.parametrize(
    "argv",
    [
        ["--help"],
        ["show", "--profiles"],
        ["stop", "now"],
        ["approvals", "list"],
        ["log"],
        ["init"],
        ["explain"],
        ["replay"],
    ],
    ids=" ".join,
)
def test_a_command_imports_no_sdk(argv: list[str]) -> None:
    """No command but demo imports an SDK or an HTTP library: they take seconds."""
    code = (
        "import sys\n"
        "from pinnedrules.cli import main\n"
        f"main({argv!r})\n"
        "heavy = {'openai', 'anthropic', 'httpx', 'httpx2'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr


def test_help_imports_no_command() -> None:
    """Building the parser imports nothing but the parser, so that --help is fast."""
    code = (
        "import sys\n"
        "from pinnedrules.cli import main\n"
        "main(['--help'])\n"
        "late = [name for name in sys.modules if name.startswith(('pinnedrules.control', 'pinnedrules.gate', 'pydantic'))]\n"
        "assert not late, late\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr


def test_the_program_runs_as_a_module(rules: Path) -> None:
    """`python -m pinnedrules` is the same program, exit code included."""
    assert run("check", str(rules)).returncode == 0
    assert run("check", str(rules), "delete_mail", '{"id": 1}').returncode == 1
    assert run("check", str(rules.parent / "nope.yaml")).returncode == 2


def test_a_reader_that_went_away_is_no_error(rules: Path) -> None:
    """A pipe closed by its reader ends the program without a word."""
    with subprocess.Popen(
        [sys.executable, "-m", "pinnedrules", "show", str(rules), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdout.close()
        err = program.stderr.read()
        code = program.wait(60)

    assert err == b""
    assert code == 128 + signal.SIGPIPE


def test_an_interrupt_is_one_line(monkeypatch: pytest.MonkeyPatch, cli: Cli) -> None:
    """Ctrl-C ends a command with one line and the shell's usual code."""

    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(entry, "_run", interrupted)

    found = cli("show")

    assert (found.code, found.err) == (130, "pinnedrules: interrupted\n")


def test_a_refusal_says_its_next_step(monkeypatch: pytest.MonkeyPatch, cli: Cli) -> None:
    """A refusal that reaches the command line is told with its own way out."""

    def refused(*_: object) -> int:
        raise Stopped("Stopped by anna: enough.", next_step="pinnedrules resume")

    monkeypatch.setattr(entry, "_run", refused)

    assert cli("show", "--json").json == {"error": "Stopped by anna: enough.", "next": "pinnedrules resume"}


def test_an_exit_without_a_number_is_wrong_usage(monkeypatch: pytest.MonkeyPatch, cli: Cli) -> None:
    """An exit with words instead of a code counts as wrong usage."""

    def leave(*_: object) -> int:
        raise SystemExit("no")

    monkeypatch.setattr(entry, "_run", leave)

    assert cli("show").code == 2


def test_a_file_that_may_not_be_read_is_said(cli: Cli, home: Path) -> None:
    """A rule file that is a folder is unreadable input, not a crash."""
    found = cli("check", home)

    assert found.code == 2
    assert "cannot be read" in found.err


@pytest.mark.parametrize(
    ("terminal", "no_color", "term", "coloured"),
    [(True, "", "xterm", True), (False, "", "xterm", False), (True, "1", "xterm", False), (True, "", "dumb", False)],
)
def test_colour_is_for_terminals_only(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    terminal: bool,
    no_color: str,
    term: str,
    coloured: bool,
) -> None:
    """Colour stands on a terminal only, and never when NO_COLOR is set or the terminal is dumb."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", term)

    Printer().line("denied", "bad")

    assert ("\x1b[31m" in capsys.readouterr().out) is coloured


def test_words_and_json_do_not_mix(capsys: pytest.CaptureFixture[str]) -> None:
    """Lines are for people and documents for programs: each printer prints one kind."""
    for printer in (Printer(), Printer(as_json=True)):
        printer.line("word")
        printer.document({"a": 1})

    assert capsys.readouterr().out == 'word\n{\n  "a": 1\n}\n'


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-5, "0 s"), (0, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h"), (172800, "2 d")],
)
def test_an_age_is_said_in_one_unit(seconds: int, said: str) -> None:
    """Spans are told as people say them."""
    assert age(seconds * 1_000_000) == said


def test_every_command_takes_json() -> None:
    """--json is an argument of every command that the parser knows."""
    actions = parser()._subparsers
    assert actions is not None
    for group in actions._group_actions:
        assert isinstance(group.choices, dict)
        for name, command in group.choices.items():
            assert "--json" in command.format_help(), name


def test_the_installed_program_is_this_one() -> None:
    """The console script of the package calls the same function."""
    script = Path(sys.executable).parent / "pinnedrules"
    if not script.exists():
        pytest.skip("the package is not installed here")
    done = subprocess.run(
        [script, "show", "--profiles", "--json"], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0
    assert len(json.loads(done.stdout)["profiles"]) == 4
    assert os.access(script, os.X_OK)

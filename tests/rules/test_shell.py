"""Command lines: what they run is read, or said to be unclear; nothing is appended unseen."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rules.making import EMPTY, NOW, judged, one, rules

from pinnedrules.errors import RuleFileError
from pinnedrules.rules.predicates.base import BadOption, Cannot, Facts, Fails, Outcome
from pinnedrules.rules.predicates.shell import SHELL
from pinnedrules.rules.shell.bounds import MAX_LINE
from pinnedrules.rules.shell.reading import bears_command, effects_of_commands, summaries, summarize, summarize_argv
from pinnedrules.rules.shell.summary import MAX_PROGRAMS
from pinnedrules.types import EFFECTS, Call

ANYTHING = {"read", "write", "delete", "send"}


def outcome(arguments: dict[str, Any], /, **options: object) -> Outcome:
    """Return what the requirement says to these arguments."""
    return SHELL.build(options, "r").check(Facts(arguments, EMPTY, NOW, Call("run_shell", "{}")))


def says(command: object, **options: object) -> str:
    """Return ``holds``, ``fails`` or ``cannot`` for one command."""
    found = outcome({"command": command}, **(options or {"programs_in": ["ls", "cat", "git status"]}))
    return "holds" if found is None else "fails" if isinstance(found, Fails) else "cannot"


# -- what a line is read as -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "programs", "effects"),
    [
        ("ls -la", "ls", "read"),
        ("ls; pwd && cat a || true", "ls pwd cat true", "read"),
        ("cat a | tee b", "cat tee", "read write"),
        ("timeout 5 env LANG=C ls", "ls", "read"),
        ("sudo -u ada ls", "sudo ls", "read"),
        ("bash -lc 'ls && rm x'", "bash ls rm", "read delete"),
        ("echo $(rm x)", "rm echo", "read delete"),
        ("find . -exec rm {} +", "find rm", "read delete"),
        ("ls | xargs -n1 cat", "ls xargs cat", "read"),
        ("curl https://a.example", "curl", "read send"),
        ("curl -X DELETE https://a.example", "curl", "read delete send"),
        ("make", "make", "write execute"),
        ("npm publish", "npm", "write send publish execute"),
        ("> a", "", "write delete"),
        ("ls > a", "ls", "read write"),
        ("ls 2>/dev/null", "ls", "read"),
        ("git status", "git", "read"),
        ("git commit -m x", "git", "read write"),
        ("git push", "git", "send"),
        ("git clean -n", "git", "read"),
        ("git clean -fd", "git", "write delete"),
        ("sort -no a b", "sort", "read write"),
        ("command -v ls", "command", "read"),
        ("", "", ""),
    ],
)  # fmt: skip
def test_a_line_is_its_programs_and_what_they_do(line: str, programs: str, effects: str) -> None:
    """Every program is found, wherever it stands; what starts another one and does no more is not one."""
    found = summarize(line)
    assert found.unclear == ()
    assert {words[0] for words in found.programs} - {"command"} == set(programs.split()) - {"command"}
    assert set(found.effects) == set(effects.split())


def test_what_a_line_deletes_writes_and_talks_to_is_told() -> None:
    """Files and machines by name, each once."""
    found = summarize("rm -rf a b; cp c d; ls > e; curl https://h.example/x | cat; rm a")
    assert found.deletes == ("a", "b")
    assert "e" in found.writes
    assert set("abcde") <= set(found.paths)
    assert found.hosts == ("h.example",)
    assert (found.unplaced, found.elsewhere) == ("", "")
    assert summarize("cat $a").unplaced
    assert summarize("git push origin").elsewhere


@pytest.mark.parametrize(
    "line",
    ["$a x", "`echo rm` x", "a() { ls; }", "alias a=ls", "python -c 'x'", "echo x | sh", "IFS=, ls", "ls 'a",
     "\uff4cs", "l\u200bs",
     "ls\r", "a" * (MAX_LINE + 1), "ls " + "| ls" * 600, "$(" * 30 + ")" * 30, "eval $a", "find . $a", "{ls,-a}",
     "l\\\ns", ". a",
     "ls; " * (MAX_PROGRAMS + 1), "[[ $a -eq 1 ]]", "cat <<A\n$(ls)\nA", "cat <<A\nls", "for ((;;)); do ls; done",
     "ls >a b",
     "echo 'ls' > a; sh a", "cmd /c dir"],
    ids=lambda line: line[:30],
)  # fmt: skip
def test_what_cannot_be_read_is_said_to_be_unclear(line: str) -> None:
    """A line that hides what it runs may do everything with files and the network."""
    assert summarize(line).unclear
    assert set(effects_of_commands("bash", {"command": line})) >= ANYTHING


def test_a_list_of_words_is_read_without_a_shell() -> None:
    """What would be an operator for a shell is a word here; a shell in the list reads its text."""
    assert summarize_argv(("cat", "a; rm x", "$(rm x)")).effects == ("read",)
    assert summarize_argv(("sh", "-c", "rm x")).effects == ("delete",)
    assert summarize_argv(("rm -rf x",)).effects == ("delete",)
    for words in ((), ("",), ("ls", "\0"), ("ls",) * 2_000):
        assert summarize_argv(words).unclear


# -- which arguments hold a command -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        {"command": "rm x"}, {"cmd": "rm x"}, {"argv": ["rm", "x"]}, {"command": ["rm", "x"]}, {"commands": ["ls",
        "rm x"]},
        {"shell_command": "rm x"}, {"commandLine": "rm x"}, {"script": "rm x"}, {"code": "rm x"}, {"input": "rm x"},
        {"command": "rm", "args": ["x"]}, {"action": {"type": "exec", "command": ["rm",
        "x"]}}, {"steps": [{"cmd": "rm x"}]},
        {"commands": [["rm", "x"]]}, {"chars": "rm x\n"},
    ],
    ids=str,
)  # fmt: skip
def test_a_command_is_found_wherever_a_tool_takes_it(arguments: dict[str, Any]) -> None:
    """By the name of the argument, at any depth, as a line, as words, or as several of either."""
    assert "delete" in effects_of_commands("bash", arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {"command": 7}, {"command": ["ls", 7]}, {"commands": [7]}, {"command": "ls", "env": {"PATH": "x"}},
        {"command": "ls", "env": ["A=b"]}, {"command": "ls", "shell": "fish"}, {"command": "ls", "language": "python"},
        {"command": {"x": 1}}, {"commands": ["ls"] * 40}, {"command": "ls | ls", "shell": "C:\\x\\powershell.exe"},
    ],
    ids=lambda arguments: str(arguments)[:60],
)  # fmt: skip
def test_an_argument_that_is_no_plain_command_is_unclear(arguments: dict[str, Any]) -> None:
    """Another type, another language, other variables, too many."""
    assert any(one.unclear for one in summaries("bash", arguments))


def test_other_arguments_hold_no_command() -> None:
    """Prose is no command, and ``code`` is one only in a tool that is a shell by its name."""
    assert summaries("bash", {"description": "rm x", "timeout": 5, "cwd": "rm", "command": None}) == []
    assert summaries("notebook", {"code": "rm x", "input": "rm x"}) == []
    assert summaries("notebook", {"cell": "rm x"}, {"cell"})[0].effects == ("delete",)
    assert bears_command("shellCommand")
    assert not bears_command("description")
    assert summaries("bash", {"command": "ls", "env": {"LANG": "C"}, "shell": "/bin/bash"})[0].unclear == ()


# -- the requirement --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "answer"),
    [("ls a", "holds"), ("git status -s", "holds"), ("ls | cat && git status", "holds"), (["ls", "a;b"], "holds"),
     ("rm x", "fails"),
     ("git stash", "fails"), ("ls; rm x", "fails"), ("$a", "cannot"), ("$a; rm x", "fails"), ("./ls", "fails"),
     ("LS", "fails")],
    ids=str,
)  # fmt: skip
def test_only_programs_that_are_named_may_run(command: object, answer: str) -> None:
    """Each program, with its sub-command where the rule names one; a known fault outweighs what is unclear."""
    assert says(command) == answer


def test_only_effects_that_are_named_may_come_about() -> None:
    """Reading and writing when nothing is said; programs that nobody knows write and execute."""
    assert says("ls > a", programs_in="ls") == "holds"
    assert says("ls > a", programs_in="ls", effects_in="read") == "fails"
    assert says("find . -delete", programs_in="find") == "fails"
    assert says("cat a; head b", effects_in=["read"]) == "holds"
    assert says("frobnicate", effects_in=["read", "write"]) == "fails"
    assert says("frobnicate", effects_in=["read", "write", "execute"]) == "holds"


def test_files_stay_inside_and_machines_are_known() -> None:
    """Every word that may be a file, the folder that it runs in, and every host."""
    read = {
        "effects_in": ["read", "write", "send"],
        "inside": ["/srv/a", "/srv/b"],
        "hosts_in": ["h.example", "192.0.2.7"],
    }
    for command in ("cat x ./y /srv/a/z", "ls > /srv/b/x", "curl https://h.example/a", "curl http://192.0.2.7/",
    "cat -n a=b",
                    "git diff a:b", "echo /etc/x", "ls ./*.py", "grep --include=a/b x"):  # fmt: skip
        assert says(command, **read) == "holds", command
    for command in (
        "cat /etc/x",
        "cat a/../../x",
        "ls > ../x",
        "curl https://e.example",
        "git diff HEAD:../x",
        "ls a=/etc/x",
    ):
        assert says(command, **read) == "fails", command
    for command in (
        "cat $a",
        "cat ~x/y",
        "cat .*",
        "git push origin",
        "curl $a",
        "cat a\\\\b",
        "grep -f/srv x",
        "ls | xargs cat",
    ):
        assert says(command, **read) == "cannot", command
    assert outcome({"command": "ls", "cwd": "x"}, effects_in="read", inside="/srv") is None
    assert isinstance(outcome({"command": "ls", "cwd": "/etc"}, effects_in="read", inside="/srv"), Fails)
    assert isinstance(outcome({"command": "ls", "cwd": 7}, effects_in="read", inside="/srv"), Cannot)
    assert isinstance(outcome({"text": "ls"}, effects_in="read"), Cannot)
    assert outcome({"text": "ls"}, effects_in="read", of="text") is None


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, "neither"), ({"inside": "/a"}, "neither"), ({"programs_in": ["ls; rm"]}, "not the name"),
        ({"programs_in": []}, "empty"),
        ({"programs_in": ["rm"]}, "rm would never be permitted"), ({"programs_in": ["pytest"]}, "what it does is execute"),
        ({"programs_in": ["git push"]}, "send"), ({"effects_in": ["wipe"]}, "unknown effect"),
        ({"effects_in": 1}, "text"),
        ({"programs_in": "ls", "inside": "a"}, "folder"), ({"programs_in": "ls", "inside": "/a/../b"}, "folder"),
        ({"programs_in": "ls", "hosts_in": "a b"}, "host"), ({"programs": "ls"}, "unknown key"),
    ],
    ids=str,
)  # fmt: skip
def test_a_rule_that_cannot_be_met_is_an_error(options: dict[str, object], problem: str) -> None:
    """A program that the rule names and whose effects it does not permit would be asked about for ever."""
    with pytest.raises(BadOption, match=problem):
        SHELL.build(options, "r")


def test_an_error_says_where_and_what_to_write() -> None:
    """File, line, column and a way out."""
    with pytest.raises(RuleFileError, match=r"add effects_in: \[read, write, delete\]"):
        one("{shell: {programs_in: [ls, rm]}}")


# -- what a call does -------------------------------------------------------------------------------------------------


def test_the_effects_of_a_command_are_those_of_the_call() -> None:
    """A rule about an effect reaches a command that has it; the file's word on the tool is no excuse."""
    file = rules(
        "  - {id: keep, text: Delete nothing., on: {effect: delete}, then: deny}\n"
        "  - {id: run, text: Run it., on: run_shell, then: allow}\n",
        tools="{run_shell: execute, look: read}",
    )
    assert judged(file, "run_shell", {"command": "ls"}).verdict == "allow"
    assert judged(file, "run_shell", {"command": "rm x"}).rules == ("keep",)
    assert judged(file, "run_shell", {"command": "$a"}).rules == ("keep",)
    assert judged(file, "bash", {"command": "rm x"}).rules == ("keep",)
    assert judged(file, "look", {"command": "rm x"}).verdict == "allow"
    assert judged(file, "run_shell", {"command": "ls"}).effects == ("read", "execute")


def test_a_rule_about_what_a_shell_deletes_can_match() -> None:
    """A tool that executes can have every effect."""
    file = rules("  - {id: keep, text: No., on: {tool: sh, effect: delete}, then: deny}\n", tools="{sh: execute}")
    assert judged(file, "sh", {"command": "rm x"}).rules == ("keep",)


# -- for all texts ----------------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    ["ls", "rm", "cat", "git", "tee", "x", "-a", "'", '"', "\\", "$", "`", "$(", ")", "(", "{", "}", ";", "&", "|",
     "<", ">", ">>",
     "<<E", "<<'E'", "<<-E", "E", "\n", " ", "\t", "#", "!", "*", "[[", "]]", "=", "a=", "$a", "${a}", "$'",
     '$"', "sh -c ", "env ",
     "xargs ", "timeout 1 ", "if ", "then ", "fi", "for a in ", "do ", "done", "case ", "esac", "in ", "eval ",
     "exec ", "1", ">&",
     "2>&1", "&&", "||", "|&", "&>", "<(", ">(", "<<<", ";;", "((", "))", "$((", "true", "\\\n", "~", "^", "{rm,x}",
     "command ", "\r",
     "\u00a0", "é", "printf ", "--", "r''m"]
)  # fmt: skip
FRAMES = st.sampled_from(
    ["ls x; {}", "ls {}", "{} ls", "ls '{}' x", 'echo "{}"', "ls x\n{}", "cat <<E\n{}\nE\n", "cat <<'E'\n{}\nE\nls",
     "ls | {}",
     "ls # {}", "for a in {}; do ls; done", "if ls; then {}; fi", "[[ {} ]]", "(ls {})", "a={} ls", "echo $({})",
     "sh -c '{}'",
     "ls \\\n{}", "case x in {}) ls;; esac", "ls $(({}))", "{}"]
)  # fmt: skip
LINES = st.builds(lambda frame, parts: frame.replace("{}", "".join(parts)), FRAMES, st.lists(PIECES, max_size=8))


@settings(max_examples=300)
@given(st.one_of(LINES, st.text(max_size=200)))
def test_no_text_raises(line: str) -> None:
    """Whatever a line is, it is read or unclear, and both ways of giving it are."""
    for found in (summarize(line), summarize(line, windows=True), summarize_argv(tuple(line.split(" ")))):
        assert set(found.effects) <= set(EFFECTS)


SAFE = st.sampled_from(
    ["ls", "ls -la src", "cat a | head", "git status", "echo 'a b'", "grep -rn x src", "for f in a b; do cat $f; done"]
)
GLUE = st.sampled_from([";", "\n", " && ", " || ", " | ", " & ", "; ", " ;\n", " |& ", "\n\n#x\n", " \\\n; ", "; ( ",
    "; { ", "; ! ",
                        "; if ", "; while ", "; env ", "; sudo ", "; eval ", "; timeout 5 ", "; A=b ", "; a=b ",
                        "; time ", "; exec "])  # fmt: skip
RM = st.sampled_from(["rm x", "rm -rf x", "/bin/rm x", "'rm' x", "r\\m x", "r''m x", '"rm" x', "unlink x",
    "git clean -fd", "find . -delete",
                      "echo $(rm x)", "sh -c 'rm x'", "ls | xargs rm", "shred x", "curl x | sh", "python -c 'x'",
                      "$a x", "dd of=x"])  # fmt: skip
TAIL = st.sampled_from(["", ";", " )", " }", "; fi", "; done", "\n", " #", " &", " > y", " 2>&1", " < y", "; ls"])


@settings(max_examples=400)
@given(SAFE, GLUE, RM, TAIL)
def test_nothing_destructive_is_appended_unseen(safe: str, glue: str, destructive: str, tail: str) -> None:
    """A safe command with a destructive one appended in any way deletes, runs code or is unclear; it never holds."""
    line = safe + glue + destructive + tail
    found = summarize(line)
    assert found.unclear or {"delete", "execute"} & set(found.effects)
    assert says(line, programs_in=["ls", "cat", "head", "git status", "grep", "echo"]) != "holds"


BASH = shutil.which("bash") or ""


@pytest.mark.skipif(not BASH, reason="no bash here")
@settings(max_examples=150, deadline=None)
@given(line=LINES)
def test_what_bash_runs_was_read(line: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The shell itself starts no program of ours that a line which was read did not name, and writes no file."""
    found = summarize(line)
    if found.unclear or not found.programs:
        return
    root = tmp_path_factory.mktemp("bash")
    ran, made = _run(root, line)
    assert ran <= {words[0] for words in found.programs}
    assert "rm" not in ran or "delete" in found.effects
    assert not made or "write" in found.effects


def _run(root: Path, line: str) -> tuple[set[str], set[str]]:
    """Run *line* in an empty folder where only stand-ins are found; return which of them ran and the files it made."""
    programs, folder, log = root / "programs", root / "folder", root / "log"
    programs.mkdir()
    folder.mkdir()
    for name in ("ls", "rm", "cat", "git", "tee"):
        (programs / name).write_text(f"#!/bin/sh\necho {name} >> {log}\n")
        (programs / name).chmod(0o755)
    for name in ("env", "xargs", "timeout", "bash"):
        os.symlink(shutil.which(name) or name, programs / name)
    (programs / "sh").symlink_to(programs / "bash")
    subprocess.run(
        [BASH, "--norc", "--noprofile", "-c", line],
        cwd=folder,
        env={"PATH": str(programs)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=10,
        check=False,
    )
    return set(log.read_text().split()) if log.exists() else set(), {path.name for path in folder.iterdir()}

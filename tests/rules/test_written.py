"""Running what this session wrote is execute, untrusted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.making import EMPTY, NOW

from pinnedrules.rules.decide import decide
from pinnedrules.rules.ledger import after
from pinnedrules.rules.load import load
from pinnedrules.rules.written import MAX_WRITTEN, WRITTEN, with_written
from pinnedrules.types import Call, LedgerState

RULES = load("""\
version: 1
default: allow
tools:
  write_file: {effect: write, args: [path, content]}
  read_file: {effect: read, args: [path]}
  bash: {effect: execute, args: [command]}
  run_notebook: {effect: execute, args: [path]}
  post: {effect: publish, args: [text]}
rules:
  - id: quiet
    text: After anything from outside, publish nothing without asking.
    on: {effect: publish}
    require: {never_after: {source: untrusted}}
    else: ask
""")
Step = tuple[str, dict[str, Any]]


def bash(command: str) -> Step:
    return "bash", {"command": command}


def write(path: str) -> Step:
    return "write_file", {"path": path, "content": "x"}


def call(step: Step) -> Call:
    return Call(step[0], json.dumps(step[1]), "c1", declared=frozenset(step[1]))


def ran(*steps: Step) -> LedgerState:
    """Return the ledger after these calls, each decided and released."""
    ledger = EMPTY
    for step in steps:
        ledger = after(RULES, call(step), decide(RULES, call(step), ledger, NOW), ledger, NOW)
    return ledger


def posting(*steps: Step) -> str:
    """Return what is decided about a post after these calls."""
    return decide(RULES, call(("post", {"text": "hi"})), ran(*steps), NOW).verdict


@pytest.mark.parametrize(
    "steps",
    [
        (write("x.sh"), bash("bash x.sh")),
        (write("/home/ada/project/X.sh"), bash("cd /home/ada/project && ./x.sh")),
        (write("tools/x.py"), bash("python3 -u tools/x.py --all")),
        (bash("echo rm > x.sh"), bash("sh x.sh")),
        (bash("cat > y.py <<'E'\nprint(1)\nE"), bash("python y.py")),
        (bash("cp a.txt run.sh"), bash("chmod +x run.sh"), bash("./run.sh")),
        (write("n.ipynb"), ("run_notebook", {"path": "out/n.ipynb"})),
        (write("Makefile"), bash("make")),
        (write("tests/conftest.py"), bash("python -m pytest -q")),
        (bash("curl -O https://example.com/x"), bash("bash x")),
        (bash("git pull"), bash("bash deploy.sh")),
    ],
    ids=str,
)
def test_what_this_session_wrote_and_runs_counts_as_from_outside(steps: tuple[Step, ...]) -> None:
    """A file that a tool or a shell wrote in this session, run later: what it says counts for ``never_after``."""
    assert posting(*steps) == "ask"


@pytest.mark.parametrize(
    "steps",
    [
        (bash("bash x.sh"),),
        (write("notes.md"), bash("bash x.sh")),
        (write("x.sh"), bash("ls x.sh")),
        (write("x.sh"), bash("cat x.sh")),
        (("read_file", {"path": "x.sh"}), bash("bash x.sh")),
        (bash("bash x.sh"), write("x.sh")),
        (write("src/app.py"), bash("make")),
        (bash("grep -r x . > found.txt"), bash("bash x.sh")),
    ],
    ids=str,
)
def test_other_work_does_not(steps: tuple[Step, ...]) -> None:
    """What was there before, what was only read, what was written and not run: no false alarm."""
    assert posting(*steps) == "allow"


def test_a_question_says_what_it_runs() -> None:
    """Whoever is asked about a command sees that it runs what the session wrote."""
    asks = load(
        "version: 1\ntools: {write_file: write, bash: execute}\nrules:\n- {id: a, text: A., on: bash, then: ask}\n"
    )
    ledger = after(asks, call(write("x.sh")), decide(RULES, call(write("x.sh")), EMPTY, NOW), EMPTY, NOW)
    found = decide(asks, call(bash("bash ./x.sh")), ledger, NOW)

    assert (found.verdict, found.effects) == ("ask", ("write", "execute"))
    assert found.reasons[-1] == "it runs x.sh, which this session may have written"
    assert decide(asks, call(bash("bash ./x.sh")), EMPTY, NOW).reasons == found.reasons[:-1]


@given(st.lists(st.text(min_size=1, max_size=12), max_size=40, unique=True))
def test_what_is_kept_is_bounded_and_only_grows(names: list[str]) -> None:
    """However many files are written, the text has a bounded size, and what was in it stays."""
    kept = ""
    for number in range(8):
        for name in names:
            before = set(kept.split())
            kept = with_written(kept, "write_file", {"path": f"{name}{number}"}, ("write",))
            assert before <= set(kept.split()) or kept == "*"
            assert len(kept) <= 9 * MAX_WRITTEN
    assert with_written("*", "write_file", {"path": "new"}, ("write",)) == "*"


def test_once_it_is_full_everything_may_have_been_written_here() -> None:
    """Nothing is forgotten after N events: a full set counts as all files."""
    kept = ""
    for number in range(MAX_WRITTEN + 1):
        kept = with_written(kept, "write_file", {"path": f"f{number}"}, ("write",))
    assert kept == "*"
    ledger = LedgerState(session={WRITTEN: kept})
    ledger = after(RULES, call(bash("bash old.sh")), decide(RULES, call(bash("bash old.sh")), ledger, NOW), ledger, NOW)
    assert "read_untrusted" in ledger.session


def test_a_name_is_not_kept_in_words() -> None:
    """The ledger holds digests, not the names of a person's files."""
    assert "x.sh" not in ran(write("x.sh")).session[WRITTEN]
    assert ran(write("x.sh")) == ran(write("x.sh"), write("y/X.SH"))

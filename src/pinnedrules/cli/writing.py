"""The arguments of the commands for the person who writes rules. Imports no command, as ``arguments`` does not."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Protocol

__all__ = ["Command", "add_commands"]


class Command(Protocol):
    """Makes the parser of one command: its name, what it is for, and the module that runs it."""

    def __call__(self, name: str, about: str, module: str) -> argparse.ArgumentParser: ...


def add_commands(command: Command) -> None:
    """Add every command of this module."""
    for add in (_lint, _test, _explain, _attack, _import, _revise, _revisions, _trust, _bench):
        add(command)


def _lint(command: Command) -> None:
    from pinnedrules.authoring.findings import KINDS

    about = (
        "Find what is wrong with a rule file that loads: rules that never decide, contradictions, loose declarations."
    )
    made = command("lint", about, "lint")
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.epilog = "\n".join(["kinds:", *(f"  {kind:12} {what}" for kind, what in KINDS.items())])
    made.add_argument("rules", type=Path, metavar="RULES", help="a rule file")
    _cases(made)
    made.add_argument(
        "--ignore", action="append", default=[], choices=tuple(KINDS), metavar="KIND", help="leave this kind out"
    )


def _test(command: Command) -> None:
    about = "Run the cases beside a rule file, and say which sides of its rules none of them comes to."
    made = command("test", about, "cases")
    made.add_argument("rules", type=Path, metavar="RULES", help="a rule file")
    _cases(made)
    made.add_argument(
        "--min-coverage",
        type=_percent,
        default=0,
        metavar="PERCENT",
        help="of the rules' then and else sides that some case must come to (default: %(default)s)",
    )


def _explain(command: Command) -> None:
    about = "Say why a call is decided as it is, and what would have to be different."
    made = command("explain", about, "explain")
    made.add_argument("words", nargs="*", metavar="RULES TOOL [ARGUMENTS_JSON]", help="no RULES with --profile")
    made.add_argument("--profile", metavar="NAME", help="a built-in profile instead of a file")
    made.add_argument(
        "--log",
        default="",
        metavar="RECORD",
        help="a call from the log instead, after everything before it: its ticket, its id, its stamp, or last",
    )
    made.add_argument("--state", type=Path, metavar="DIR", help="the log in this state folder (default: the one here)")
    made.add_argument("--at", default="", metavar="TIME", help="decide it at this moment, as 2026-01-07T09:00:00+01:00")
    made.add_argument("--user", default="", metavar="NAME", help="decide it for this user")
    made.add_argument("--tenant", default="", metavar="NAME", help="decide it for this tenant")
    made.add_argument(
        "--declared", default="", metavar="A,B", help="argument names that the tool's schema has (default: those given)"
    )


def _attack(command: Command) -> None:
    about = "Try every known trick against your own rules, with your own tools and arguments."
    made = command("attack", about, "attack")
    made.add_argument("rules", type=Path, metavar="RULES", help="a rule file")
    made.add_argument(
        "--cases", type=Path, metavar="FILE", help="calls that are allowed, to build on (default: rules.test.yaml)"
    )
    made.add_argument("--at", default="", metavar="TIME", help="the moment (default: a Wednesday, at noon, UTC)")
    made.add_argument("--user", default="", metavar="NAME", help="whose session it is, for rules that ask")
    made.add_argument("--tenant", default="", metavar="NAME", help="whose tenant's")


def _import(command: Command) -> None:
    about = "Draft rules from standing instructions (AGENTS.md, CLAUDE.md), and say which of them no check can see."
    made = command("import", about, "instructions")
    made.add_argument("page", type=Path, metavar="PAGE", help="English, as text or Markdown")
    made.add_argument(
        "--root", type=Path, metavar="DIR", help="where its relative paths begin (default: the page's folder)"
    )
    made.add_argument("--write", type=Path, metavar="FILE", help="write the rules, after asking")
    made.add_argument("--yes", action="store_true", help="with --write: do not ask, I have read them")


def _bench(command: Command) -> None:
    about = "Measure whether rules survive compaction: without a guard, with it, under attack."
    made = command("bench", about, "bench")
    made.add_argument("what", choices=("survival", "compare"), help="run it, or set two reports side by side")
    made.add_argument("reports", nargs="*", type=Path, metavar="REPORT", help="compare: survival.json of two runs")
    made.add_argument("--out", type=Path, default=Path("survival"), metavar="DIR", help="results; a run goes on there")
    made.add_argument("--seed", type=int, default=1, metavar="N", help="which selection of episodes (default: 1)")
    made.add_argument("--situations", type=int, default=4, metavar="N", help="how many for each family (default: 4)")
    made.add_argument("--arms", default="", metavar="A,B", help="only these arms")
    made.add_argument("--families", default="", metavar="A,B", help="only these families")
    made.add_argument("--attacks", default="", metavar="A,B", help="only these attacks; `none` is no attack")
    made.add_argument(
        "--compactor",
        action="append",
        metavar="NAME",
        help="built in, framework:NAME, or your own as pkg.mod:function; may be repeated",
    )
    made.add_argument("--data", type=Path, metavar="DIR", help="real transcripts to fill conversations with")
    made.add_argument("--agent-url", metavar="URL", help="your agent, as Chat Completions; it compacts by itself")
    made.add_argument("--live", metavar="MODEL", help="a real model instead of scripted agents")
    made.add_argument("--base-url", metavar="URL", help="where it is (default: the SDK's own)")
    made.add_argument("--sdk", choices=("openai", "anthropic"), default="openai", help="by which SDK (default: openai)")
    made.add_argument("--estimate", action="store_true", help="only say how many requests and tokens it takes")
    made.add_argument("--price", default="", metavar="IN/OUT", help="with --estimate: per million tokens, such as 3/15")
    made.add_argument("--workers", type=int, default=0, metavar="N", help="processes (default: one a core)")


def _cases(made: argparse.ArgumentParser) -> None:
    made.add_argument("--cases", type=Path, metavar="FILE", help="default: rules.test.yaml beside rules.yaml")


def _percent(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 100:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 100")
    return number


def _revise(command: Command) -> None:
    about = "Change the rules in force by a JSON Patch, or take over what the rule file holds now."
    made = command("revise", about, "revise")
    made.add_argument("patch", nargs="?", type=Path, metavar="PATCH.json", help='{"version": N, "patch": [...]}')
    made.add_argument("--accept-file", action="store_true", help="take over the rule file as it is")
    made.add_argument("--why", required=True, metavar="WHY", help="kept with the version, and in the log")
    made.add_argument("--relax", action="store_true", help="even if some call comes off better; owners only")
    _whose(made)


def _revisions(command: Command) -> None:
    made = command("revisions", "Say which versions the rules had: who, when, why, and what was different.", "revise")
    made.add_argument("action", nargs="?", choices=("list", "show", "diff"), default="list", help="default: list")
    made.add_argument(
        "numbers", nargs="*", type=int, metavar="VERSION", help="default: the one in force, or the last two"
    )
    made.add_argument("--document", action="store_true", help="show: the document that patches are about, as JSON")
    _whose(made)


def _trust(command: Command) -> None:
    about = "Trust the Python functions that a rule file names, as they are now; until then it cannot be loaded."
    made = command("trust", about, "trust")
    made.add_argument("rules", type=Path, metavar="RULES", help="a rule file")
    made.add_argument(
        "--hears", default="", metavar="PKG.MOD:FUNCTION", help="a function beside it that may hear what people say"
    )


def _whose(made: argparse.ArgumentParser) -> None:
    made.add_argument("--rules", type=Path, metavar="FILE", help="the rule file (default: rules.yaml)")
    made.add_argument("--profile", metavar="NAME", help="a built-in profile instead of a file")
    made.add_argument("--state", type=Path, metavar="DIR", help="the state folder (default: as a guard's)")

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
    for add in (_test,):
        add(command)


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


def _cases(made: argparse.ArgumentParser) -> None:
    made.add_argument("--cases", type=Path, metavar="FILE", help="default: rules.test.yaml beside rules.yaml")


def _percent(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 100:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 100")
    return number

"""From arguments to an exit code: finds the command, imports only that one, turns a user's mistake into one clear line."""

from __future__ import annotations

import importlib
import os
import sys

from pinnedrules.cli.arguments import Usage, parser
from pinnedrules.cli.printing import Printer
from pinnedrules.errors import PinnedRulesError, Refused, RuleFileError

__all__ = ["FOUND", "OK", "UNREADABLE", "run"]

OK, FOUND, UNREADABLE = 0, 1, 2
_READER_GONE = 128 + 13
_INTERRUPTED = 128 + 2


def run(argv: list[str]) -> int:
    """Run one command. Never raises for a user's mistake, a reader that went away or an interrupt."""
    # What stands behind `--` belongs to the command that is run.
    printer = Printer(as_json="--json" in argv[: argv.index("--") if "--" in argv else None])
    try:
        code = _run(argv, printer)
        sys.stdout.flush()
        return code
    except Usage as usage:
        printer.fail(str(usage), usage.next_step)
        return UNREADABLE
    except SystemExit as end:  # argparse after --help and --version
        return end.code if isinstance(end.code, int) else UNREADABLE
    except BrokenPipeError:
        # The reader (a pager, head) has enough. What Python would still flush at exit goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _READER_GONE
    except KeyboardInterrupt:
        printer.fail("interrupted", "")
        return _INTERRUPTED
    except Refused as refusal:
        printer.fail(refusal.reason, refusal.next_step)
        return UNREADABLE
    except RuleFileError as error:
        where = f"{error.file}:{error.line}:{error.column}: " if error.line else f"{error.file}: " if error.file else ""
        printer.fail(where + error.problem, error.hint)
        return UNREADABLE
    except OSError as error:
        printer.fail(f"{error.filename}: {error.strerror}" if error.filename else str(error), "")
        return UNREADABLE
    except PinnedRulesError as error:
        printer.fail(str(error), getattr(error, "next_step", ""))
        return UNREADABLE


def _run(argv: list[str], printer: Printer) -> int:
    if argv[:1] == ["demo"]:
        # The demo has its own arguments; argparse would claim those that begin with a dash.
        from pinnedrules.demo.main import run as demo

        return demo(argv[1:])
    own, command_line = argv, []
    if argv[:1] == ["run"] and {"-h", "--help", "--"}.isdisjoint(argv):
        raise Usage("no command to run: it stands behind --", "pinnedrules run --rules FILE -- CMD ...")
    if argv[:1] == ["run"] and "--" in argv:
        # Taken off before argparse sees it: its options are not ours.
        at = argv.index("--")
        own, command_line = argv[:at], argv[at + 1 :]
    arguments = parser().parse_args(own)
    arguments.command_line = command_line
    command = importlib.import_module(f"pinnedrules.cli.{arguments.module}")
    code: int = command.run(arguments, printer)
    return code

"""``pinnedrules trust``: a person vouches for the Python functions that a rule file, or ``--hears``, names."""

from __future__ import annotations

import argparse

from pinnedrules.cli.arguments import Usage
from pinnedrules.cli.entry import FOUND, OK
from pinnedrules.cli.printing import Printer
from pinnedrules.control.principals import acting, person
from pinnedrules.rulefile import RuleFile
from pinnedrules.rules.meaning import Fault
from pinnedrules.trust import hearing, modules, trust

__all__ = ["run"]


def run(arguments: argparse.Namespace, printer: Printer) -> int:
    """Return 0 when trusted, 1 when the file names no function. Raises ApprovalError for the agent."""
    person(acting())
    path = arguments.rules.absolute()
    try:
        found = trust(path, arguments.hears) if modules(path) or arguments.hears else {}
        if arguments.hears:
            hearing(path, arguments.hears)
    except Fault as fault:
        raise Usage(str(fault), fault.hint) from None
    for name, file in found.items():
        printer.line(f"trusted: {name} in {file}", "good")
    if found:
        # Loaded once, so that what fails is told now and not at the next start.
        RuleFile(path, "", None, [])
    else:
        printer.line(f"{path.name} names no function; there is nothing to trust")
    printer.document({"rules": str(path), "trusted": {name: str(file) for name, file in found.items()}})
    return OK if found else FOUND

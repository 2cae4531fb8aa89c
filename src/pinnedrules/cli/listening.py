"""``--hears pkg.mod:function``: a model of one's own for what the patterns leave open, in a command that guards."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from pinnedrules.cli.arguments import Usage
from pinnedrules.rules.meaning import Fault
from pinnedrules.trust import hearing

__all__ = ["listening"]


def listening(arguments: argparse.Namespace) -> Callable[[str], Any] | None:
    """Return the function that ``--hears`` names, None without it. Raises Usage for one that nobody trusted."""
    if not arguments.hears:
        return None
    if arguments.rules is None:
        raise Usage("--hears without a rule file", "--rules FILE; the function stands in its folder or below")
    try:
        return hearing(arguments.rules, arguments.hears)
    except Fault as fault:
        raise Usage(str(fault), fault.hint) from None

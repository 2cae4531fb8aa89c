"""Which rules a command speaks of: a file, or a built-in profile."""

from __future__ import annotations

from pathlib import Path

from pinnedrules.cli.arguments import Usage
from pinnedrules.control.revisions import Revisions
from pinnedrules.control.state import default_folder
from pinnedrules.revising import Revising
from pinnedrules.rulefile import RuleFile

__all__ = ["named_or_usual", "rules_from"]

_USUAL = Path("rules.yaml")


def named_or_usual(path: Path | None, profile: str | None, *, usage: str) -> Path | None:
    """Return the rule file: the one named, else what ``init`` writes in this folder; None when a profile is named.

    Raises Usage when there is none, and when both are named.
    """
    if path is not None and profile is not None:
        raise Usage("a rule file and a profile were given; one of them decides", usage)
    if path is not None or profile is not None:
        return path
    if not _USUAL.exists():
        raise Usage(f"no rules named, and no {_USUAL} here", usage)
    return _USUAL


def rules_from(path: str | Path | None, profile: str | None, *, usage: str) -> RuleFile:
    """Return the rules that a guard here would put in force: those of the latest version, if they were revised.

    Raises Usage when none or two are named, RuleFileError and StateError when they cannot be put in force.
    """
    if path is not None and profile is not None:
        raise Usage("a rule file and a profile were given; one of them decides", usage)
    if path is None and profile is None:
        raise Usage("no rules named", usage)
    source = RuleFile(Path(path).absolute() if path is not None else None, profile or "", None)
    folder = default_folder(source.path)
    if Revisions.place(folder).exists():
        revising = Revising(source, folder)
        revising.close()
        if revising.number > 1:
            source.name = f"{source.name}, version {revising.number},"
    return source

"""The rule set in force and the file it came from. A file that changes while we run is a proposal (invariant 4).

The proposed set is consulted beside the one in force and the stricter decision counts, so that tightening applies at once and
relaxing does not. A file that vanished or broke leaves the rules in force as they are.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pinnedrules.errors import RuleFileError
from pinnedrules.pins.block import Block, render
from pinnedrules.rules.model import Rule, RuleSet

__all__ = ["RuleFile"]


class RuleFile:
    """Rules from a file or a profile. ``rules`` and ``block`` never change; ``proposed`` follows the file."""

    def __init__(self, path: Path | None, profile: str, tools: Mapping[str, object] | None) -> None:
        self.path = path
        self.name = path.name if path is not None else f"profile {profile}"
        self.proposed: RuleSet | None = None
        self._lock = threading.Lock()
        self._seen = self._signature()
        if path is None:
            from pinnedrules.rules.profiles import profile as named

            self.rules = named(profile, tools)
        else:
            self.rules = self._load()
        self.block: Block = render(self.rules.texts, version=self.rules.version)

    def look(self) -> str:
        """Look at the file again, which costs one stat; return a line for people when something changed."""
        if self.path is None:
            return ""
        signature = self._signature()
        if signature == self._seen:
            return ""
        with self._lock:
            self._seen = signature
            if signature is None:
                return f"{self.name} is gone; its rules stay in force"
            try:
                found = self._load()
            except RuleFileError as error:
                return f"{self.name} changed and cannot be read, so its former rules stay in force: {error}"
            if found.sha256 == self.rules.sha256:
                self.proposed = None
                return ""
            self.proposed = found
            return (
                f"{self.name} changed: what is stricter in it counts from now on; "
                "what is laxer, and the pinned text, when the guard is made anew"
            )

    def rule(self, name: str) -> Rule | None:
        """Return a rule that is in force, or that the changed file proposes."""
        return self.rules.rule(name) or (self.proposed.rule(name) if self.proposed else None)

    def place(self, rule: str) -> str:
        """Return where a rule stands, for people: ``rules.yaml, line 7``; only the file's name when that is not known."""
        from pinnedrules.rules.source import find, parse, value_of

        if self.path is None:
            return f"{self.name} is no file; pinnedrules init --{self.name} writes one"
        try:
            root = parse(self.path.read_text(encoding="utf-8"))
            document: Any = value_of(root)
            number = [entry["id"] for entry in document["rules"]].index(rule)
        except (OSError, ValueError, LookupError, TypeError, RuleFileError):
            return self.name
        return f"{self.name}, line {find(root, ('rules', number)).line}"

    def _signature(self) -> tuple[int, int, int] | None:
        if self.path is None:
            return None
        try:
            found = os.stat(self.path)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size

    def _load(self) -> RuleSet:
        from pinnedrules.rules.load import load

        assert self.path is not None
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise RuleFileError(
                "there is no such file",
                file=str(self.path),
                hint="give the path of a rule file, or use a profile",
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise RuleFileError(f"cannot be read ({error})", file=str(self.path)) from None
        return load(text, file=self.path.name)

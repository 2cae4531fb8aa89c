"""The rule sets in force and the files they came from. A file that changes while we run is a proposal (invariant 4).

The proposed set is consulted beside the ones in force and the strictest decision counts, so that tightening applies at once
and relaxing does not. A file that vanished or broke leaves the rules in force as they are.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pinnedrules.errors import RuleFileError
from pinnedrules.pins.block import Block, render
from pinnedrules.rules.layers import SEPARATOR, layered
from pinnedrules.rules.model import Rule, RuleSet

__all__ = ["LAYERS", "RuleFile", "usual_layers"]

LAYERS = "PINNEDRULES_LAYERS"
"""The environment variable that names rule files above every agent's own, as PATH names folders; the highest first."""


def usual_layers(environment: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """Return the files of the layers that this machine names."""
    return tuple(Path(path).absolute() for path in environment.get(LAYERS, "").split(os.pathsep) if path)


class RuleFile:
    """Rules from a file or a profile, below those of *layers* (the highest first).

    ``rules``, ``layers`` (the layers' rule sets) and ``block`` never change; ``proposed`` and ``proposals`` (of layers)
    follow the files. Raises RuleFileError.
    """

    def __init__(
        self,
        path: Path | None,
        profile: str,
        tools: Mapping[str, object] | None,
        layers: Sequence[Path] | None = None,
    ) -> None:
        self.path = path
        self.name = path.name if path is not None else f"profile {profile}"
        self._lock = threading.Lock()
        above = [_File(layer, name) for layer, name in _named(usual_layers() if layers is None else layers)]
        self._files = above if path is None else [*above, _File(path, "")]
        if path is None:
            from pinnedrules.rules.profiles import profile as named

            self._profile = [("", named(profile, tools))]
        else:
            self._profile = []
        *self.layers, self.rules = self._all(proposed=False)
        self.proposed: RuleSet | None = None
        self.proposals: tuple[RuleSet, ...] = ()
        texts = [text for rules in self.sets for text in rules.texts]
        self.block: Block = render(texts, version=self.rules.version)

    @property
    def sets(self) -> list[RuleSet]:
        """Every rule set in force: the layers', the highest first, then the agent's own."""
        return [*self.layers, self.rules]

    @property
    def sha256(self) -> str:
        """The digest of all rules in force, the layers' among them."""
        from hashlib import sha256

        every = [rules.sha256 for rules in (self.rules, *self.layers)]
        return every[0] if len(every) == 1 else sha256(" ".join(every).encode()).hexdigest()

    @property
    def above(self) -> list[tuple[str, Path]]:
        """The name and the file of each layer, the highest first."""
        return [(file.layer, file.path) for file in self._files if file.layer]

    def look(self) -> str:
        """Look at the files again, which costs one stat each; return a line for people when something changed."""
        if not any(file.changed for file in self._files):
            return ""
        with self._lock:
            said = [line for file in self._files if (line := file.look())]
            *layers, mine = self._all(proposed=True)
            self.proposed = None if mine.sha256 == self.rules.sha256 else mine
            in_force = {rules.sha256 for rules in self.layers}
            self.proposals = tuple(rules for rules in layers if rules.sha256 not in in_force)
        return "; ".join(said)

    def rule(self, name: str) -> Rule | None:
        """Return a rule that is in force, or that a changed file proposes."""
        every = (self.rules, *self.layers, *self.proposals, *((self.proposed,) if self.proposed else ()))
        return next((rule for rules in every if (rule := rules.rule(name)) is not None), None)

    def place(self, rule: str) -> str:
        """Return where a rule stands, for people: ``rules.yaml, line 7``; only the file's name when that is not known."""
        from pinnedrules.rules.source import find, parse, value_of

        layer, _, name = rule.rpartition(SEPARATOR)
        file = next((file for file in self._files if file.layer == layer), None)
        if file is None:
            return f"{self.name} is no file; pinnedrules init --{self.name} writes one"
        try:
            root = parse(file.path.read_text(encoding="utf-8"))
            document: Any = value_of(root)
            number = [entry["id"] for entry in document["rules"]].index(name)
        except (OSError, ValueError, LookupError, TypeError, RuleFileError):
            return file.path.name
        return f"{file.path.name}, line {find(root, ('rules', number)).line}"

    def _all(self, *, proposed: bool) -> list[RuleSet]:
        files = [(file.layer, file.found if proposed else file.rules) for file in self._files]
        return layered([*files, *self._profile])


class _File:
    """One file: the rules that it held at first, and those that it holds now."""

    def __init__(self, path: Path, layer: str) -> None:
        self.path, self.layer = path, layer
        self._seen = self._signature()
        self.rules = self.found = self._load()

    @property
    def changed(self) -> bool:
        """Whether the file is another one than when it was last looked at."""
        return self._signature() != self._seen

    def look(self) -> str:
        """Read the file again if it changed, and say so; one that cannot be read changes nothing."""
        signature, name = self._signature(), self.path.name
        if signature == self._seen:
            return ""
        self._seen = signature
        if signature is None:
            return f"{name} is gone; its rules stay in force"
        try:
            found = self._load()
        except RuleFileError as error:
            return f"{name} changed and cannot be read, so its former rules stay in force: {error}"
        self.found = found
        if found.sha256 == self.rules.sha256:
            return ""
        return (
            f"{name} changed: what is stricter in it counts from now on; "
            "what is laxer, and the pinned text, when the guard is made anew"
        )

    def _signature(self) -> tuple[int, int, int] | None:
        try:
            found = os.stat(self.path)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size

    def _load(self) -> RuleSet:
        from pinnedrules.rules.load import load

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
        return load(text, file=self.path.name, above=bool(self.layer))


def _named(layers: Sequence[Path]) -> list[tuple[Path, str]]:
    """Return each file with the name of its layer: the file's own name. Raises RuleFileError for two of one name."""
    found: dict[str, Path] = {}
    for path in layers:
        name = path.stem
        if found.setdefault(name, path) != path or not name.replace("-", "").replace("_", "").isalnum():
            raise RuleFileError(
                f"the layer cannot be called {name!r}",
                file=str(path),
                hint="a layer is called like its file: letters, digits, - and _, each name once",
            )
    return [(path, name) for name, path in found.items()]

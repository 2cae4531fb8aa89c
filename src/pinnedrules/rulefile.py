"""The rule sets in force and the files they came from. A file that changes while we run is a proposal (invariant 4).

The proposed set is consulted beside the ones in force and the strictest decision counts, so that tightening applies at once
and relaxing does not. A file that vanished or broke leaves the rules in force as they are. A version that was revised since
(see ``revising``) takes the place of the file's own rules; the file is then a proposal unless it was taken over.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pinnedrules.errors import RuleFileError
from pinnedrules.pins.block import Block, render
from pinnedrules.rules.layers import SEPARATOR, layered
from pinnedrules.rules.model import Rule, RuleSet

__all__ = ["LAYERS", "InForce", "RuleFile", "usual_layers"]

LAYERS = "PINNEDRULES_LAYERS"
"""The environment variable that names rule files above every agent's own, as PATH names folders; the highest first."""


def usual_layers(environment: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """Return the files of the layers that this machine names."""
    return tuple(Path(path).absolute() for path in environment.get(LAYERS, "").split(os.pathsep) if path)


class InForce(NamedTuple):
    """What decides just now: the agent's own rules, those of its layers, and what changed files propose for either."""

    rules: RuleSet
    layers: tuple[RuleSet, ...] = ()
    proposed: RuleSet | None = None
    proposals: tuple[RuleSet, ...] = ()


class RuleFile:
    """Rules from a file or a profile, below those of *layers* (the highest first).

    ``now`` is what decides. Its rules and layers change only by :meth:`adopt`, its proposals follow the files. ``block`` is
    what it was when the guard was made. Raises RuleFileError.
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
        self._own = _Given(_profile(profile, tools)) if path is None else _File(path, "")
        self._files = [*above, self._own]
        self.key = str(path) if path is not None else self.name
        self._settle()
        self.block: Block = self._block()

    @property
    def rules(self) -> RuleSet:
        """The agent's own rules in force."""
        return self.now.rules

    @property
    def layers(self) -> tuple[RuleSet, ...]:
        """The rule sets of the layers, the highest first."""
        return self.now.layers

    @property
    def sets(self) -> list[RuleSet]:
        """Every rule set in force: the layers', the highest first, then the agent's own."""
        return [*self.now.layers, self.now.rules]

    @property
    def own(self) -> RuleSet:
        """The agent's own rules in force, as they stand in a file: without what layers say of tools."""
        return self._own.rules

    @property
    def found(self) -> RuleSet:
        """What the agent's own file holds just now."""
        return self._own.found

    @property
    def accepted(self) -> str:
        """The digest of what the file held when it was last taken over."""
        return self._own.accepted

    def read(self, text: str) -> RuleSet:
        """Return the agent's own rules that *text* describes. Raises RuleFileError."""
        from pinnedrules.rules.load import load
        from pinnedrules.trust import functions

        named = None if self.path is None else functions(self.path, None)
        return load(text, file=f"{self.name} as revised", functions=named)

    def with_own(self, rules: RuleSet) -> list[RuleSet]:
        """Return every rule set as it would be with *rules* as the agent's own, in the order of :attr:`sets`."""
        return layered([*((file.layer, file.rules) for file in self._files[:-1]), ("", rules)])

    def adopt(self, rules: RuleSet, accepted: str, *, start: bool = False) -> None:
        """Put *rules* in force as the agent's own, *accepted* being the digest of what the file held for that.

        With *start* the block is made of them; one that conversations have seen already stays.
        """
        with self._lock:
            self._own.rules, self._own.accepted = rules, accepted
            self._settle()
            if start:
                self.block = self._block()

    @property
    def sha256(self) -> str:
        """The digest of all rules in force, the layers' among them."""
        from hashlib import sha256

        every = [rules.sha256 for rules in (self.rules, *self.layers)]
        return every[0] if len(every) == 1 else sha256(" ".join(every).encode()).hexdigest()

    @property
    def above(self) -> list[tuple[str, Path]]:
        """The name and the file of each layer, the highest first."""
        return [(file.layer, file.path) for file in self._files if isinstance(file, _File) and file.layer]

    def look(self) -> str:
        """Look at the files again, which costs one stat each; return a line for people when something changed."""
        if not any(file.changed for file in self._files):
            return ""
        with self._lock:
            said = [line for file in self._files if (line := file.look())]
            self._settle()
        return "; ".join(said)

    def rule(self, name: str) -> Rule | None:
        """Return a rule that is in force, or that a changed file proposes."""
        now = self.now
        every = (now.rules, *now.layers, *now.proposals, *((now.proposed,) if now.proposed else ()))
        return next((rule for rules in every if (rule := rules.rule(name)) is not None), None)

    def place(self, rule: str) -> str:
        """Return where a rule stands, for people: ``rules.yaml, line 7``; only the file's name when that is not known."""
        from pinnedrules.rules.source import find, parse, value_of

        layer, _, name = rule.rpartition(SEPARATOR)
        file = next((file for file in self._files if file.layer == layer), None)
        if not isinstance(file, _File):
            return f"{self.name} is no file; pinnedrules init --{self.name} writes one"
        try:
            root = parse(file.path.read_text(encoding="utf-8"))
            document: Any = value_of(root)
            number = [entry["id"] for entry in document["rules"]].index(name)
        except (OSError, ValueError, LookupError, TypeError, RuleFileError):
            return file.path.name
        return f"{file.path.name}, line {find(root, ('rules', number)).line}"

    def _settle(self) -> None:
        """Say anew what decides."""
        *layers, mine = layered([(file.layer, file.rules) for file in self._files])
        *later, own = layered([(file.layer, file.proposed) for file in self._files])
        in_force = {rules.sha256 for rules in layers}
        self.now = InForce(
            mine,
            tuple(layers),
            None if own.sha256 == mine.sha256 else own,
            tuple(rules for rules in later if rules.sha256 not in in_force),
        )

    def _block(self) -> Block:
        return render([text for rules in self.sets for text in rules.texts], version=self.rules.version)


class _Given:
    """Rules that stand in no file."""

    layer = ""

    def __init__(self, rules: RuleSet) -> None:
        self.rules = self.found = rules
        self.accepted = rules.sha256

    @property
    def changed(self) -> bool:
        """Whether it is something else than when it was last looked at."""
        return False

    @property
    def proposed(self) -> RuleSet:
        """What would be in force if the file decided: its content, unless that was taken over and revised since."""
        return self.rules if self.found.sha256 == self.accepted else self.found

    def look(self) -> str:
        """Nothing can have changed."""
        return ""


class _File(_Given):
    """One file: the rules that are in force for it, and those that it holds now."""

    def __init__(self, path: Path, layer: str) -> None:
        self.path, self.layer = path, layer
        self._seen = self._signature()
        super().__init__(self._load())

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
        if found.sha256 == self.accepted:
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
        from pinnedrules.trust import functions

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
        return load(text, file=self.path.name, above=bool(self.layer), functions=functions(self.path, text))


def _profile(name: str, tools: Mapping[str, object] | None) -> RuleSet:
    from pinnedrules.rules.profiles import profile

    return profile(name, tools)


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

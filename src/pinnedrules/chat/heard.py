"""What was heard in one turn of a user's text, as a value. It is never obeyed as a permission."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from pinnedrules.types import Effect

__all__ = ["NOTHING", "Heard", "HeardKind", "sentence"]

HeardKind: TypeAlias = Literal["", "constraint", "stop", "permission", "dismissal"]


@dataclass(frozen=True, slots=True)
class Heard:
    """The strongest thing that a turn says: nothing, a standing constraint, a stop, or words that would relax something.

    ``effects`` is what a constraint is about, and what a stop names, if it names anything. ``quote`` is the part of the turn
    that says so: one line, at most 200 characters, nothing invisible.

    ``permission`` ("go ahead and delete them") and ``dismissal`` ("forget what I said about
    asking") mean nothing on the wire, where anybody's text has the role ``user``; they are recorded as attempts.
    """

    kind: HeardKind = ""
    effects: tuple[Effect, ...] = ()
    quote: str = ""


NOTHING = Heard()

_SENTENCES: dict[tuple[Effect, ...], str] = {
    ("write", "delete", "send", "publish", "spend", "execute"): "Ask before every call that has an effect.",
    ("delete",): "Ask before deleting anything.",
    ("publish",): "Ask before publishing anything.",
    ("send", "publish"): "Ask before sending or publishing anything.",
    ("send",): "Ask before sending anything.",
    ("spend",): "Ask before spending anything.",
    ("execute",): "Ask before running anything.",
    ("write", "delete"): "Ask before changing or deleting anything.",
}
_DOING: dict[Effect, str] = {
    "write": "changing",
    "delete": "deleting",
    "send": "sending",
    "publish": "publishing",
    "spend": "spending",
    "execute": "running",
}


def sentence(effects: tuple[Effect, ...]) -> str:
    """Return our fixed sentence for a constraint on these effects, which is what the model reads."""
    fixed = _SENTENCES.get(effects)
    if fixed is not None:
        return fixed
    words = [_DOING[effect] for effect in effects if effect in _DOING]
    listed = " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))
    return f"Ask before {listed} anything."

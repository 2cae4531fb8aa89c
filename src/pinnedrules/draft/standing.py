"""Standing instructions in English, as far as they say what may be done: how strictly, what, and where.

Rules of this file:

1. A sentence becomes a check only where its verb says so: "never delete", "ask before pushing", "only write in src/".
2. A check that stops more than the sentence says (a push to one branch: every push) asks and never denies.
3. What no check can see is said with the reason, and kept as a sentence that the model reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pinnedrules.draft.vocabulary import (
    ADVERBS,
    ASK,
    CODE,
    DOMAIN,
    FILES,
    FORMS,
    GENERAL,
    JOINS,
    MODAL,
    MONEY,
    NEEDS,
    NEVER,
    NO,
    ONLY,
    PLACE,
    SECRETS,
    SPAN,
    UNLESS,
    WHATEVER,
    WORD,
)
from pinnedrules.rules.shell.reading import summarize
from pinnedrules.types import EFFECTS, Effect

__all__ = ["Fit", "Meant", "meant"]

Fit: TypeAlias = Literal["exact", "wider", "part", "none", "left"]
"""Whether a check stops just what the sentence says, more than that, only a part of it, or nothing; ``left`` is out of place
in a rule file."""

Strength: TypeAlias = Literal["deny", "ask", "only"]

_EFFECTS: Mapping[str, tuple[Effect, ...]] = {
    "delete": ("delete",),
    "push": ("send",),
    "send": ("send",),
    "publish": ("publish",),
    "spend": ("spend",),
    "write": ("write", "delete"),
    "reach": ("send",),
}
_DOING: Mapping[str, str] = {
    "delete": "deletes",
    "push": "sends",
    "send": "sends",
    "publish": "publishes",
    "spend": "spends",
    "reach": "sends",
    "run": "runs code",
}
_NAMES: Mapping[str, list[object]] = {
    "commit": ["*commit*", "*merge*"],
    "deploy": ["*deploy*", "*release*"],
    "install": ["*install*"],
}


@dataclass(frozen=True, slots=True)
class Meant:
    """What one sentence comes to: how strictly, about which calls, with which requirement.

    ``on`` and ``require`` are the values of a rule file; ``on`` is None for a sentence that no check can see. ``note`` says
    why it is wider, a part, or nothing; ``kind`` is what it is about, for a name.
    """

    kind: str
    then: Literal["ask", "deny", ""]
    on: dict[str, object] | None
    require: dict[str, object] | None
    fit: Fit
    note: str


def meant(text: str, *, root: str) -> list[Meant] | None:
    """Return what a sentence comes to, None for one that forbids, asks or demands nothing.

    *root* is the folder that relative paths begin at.
    """
    found = _strength(text)
    if found is None:
        how = Meant("", "", None, None, "left", "it says how to work, not what may not be done")
        return [how] if MODAL.search(text) else None
    strength, rest = found
    if strength == "only":
        return [_only(rest, text, root)]
    acts = list(_acts(rest))
    if not acts:
        return [_nothing("no verb in it is one that a check knows")]
    then: Literal["ask", "deny"] = "ask" if strength == "ask" else "deny"
    return _joined([_act(kind, objects, rest, then, text) for kind, objects in acts])


def _strength(text: str) -> tuple[Strength, str] | None:
    """Return how strict a sentence is, and what follows the words that say so."""
    text = WHATEVER.sub(" ", text)
    needs = NEEDS.search(text)
    if needs:
        return "ask", needs[1]
    asks = next((found for pattern in ASK if (found := pattern.search(text))), None)
    never, only = NEVER.search(text) or NO.search(text), ONLY.search(text)
    if never and not (asks and asks.start() < never.start()):
        return ("ask" if UNLESS.search(text[never.end() :]) else "deny"), text[never.end() :]
    if asks:
        return "ask", text[asks.end() :]
    if only:
        # "Only commit when asked": a question, not a place.
        rest = text[only.end() :] if text[only.end() :].strip() else text[: only.start()]
        if UNLESS.search(text[only.start() :]):
            return "ask", rest if list(_acts(rest)) else text[: only.start()]
        return "only", text
    return None


def _acts(rest: str) -> Iterator[tuple[str, str]]:
    """Yield the verbs that the strength is about, each with the words behind it."""
    found: list[tuple[str, int, int]] = []
    expected, before = True, 0
    for word in WORD.finditer(rest):
        bare = word[0].lower()
        bare = "force-push" if re.match(r"force[ -]push", bare) else bare
        # A further verb stands behind a comma or "or": "delete, move or rename files".
        expected = expected or (bool(found) and "," in rest[before : word.start()])
        before = word.end()
        if expected and bare.startswith("`") and not found:
            found.append(("run", word.start(), word.start()))
            expected = False
        elif expected and bare in FORMS:
            found.append((FORMS[bare], word.start(), word.end()))
            expected = False
        elif bare in JOINS:
            expected = bool(found)
        elif bare not in ADVERBS:
            if not found:
                return
            expected = False
    for index, (kind, _, end) in enumerate(found):
        until = found[index + 1][1] if index + 1 < len(found) else len(rest)
        yield kind, rest[end:until]


def _act(kind: str, objects: str, rest: str, then: Literal["ask", "deny"], text: str) -> Meant:
    """Return what "never" or "ask before" says of one verb."""
    secrets = SECRETS.search(objects)
    if kind == "share" or (secrets and kind in ("commit", "send", "publish", "push", "write")):
        if not SECRETS.search(text):
            return _nothing("what is meant by that no check can tell")
        require: dict[str, object] = {"content": {"without": "secrets"}}
        return Meant("secrets", then, {"effect": ["send", "publish"]}, require, "part",
                     "it sees secrets in what tools send and publish, not in commits, files or answers")  # fmt: skip
    if kind == "force-push" or (kind == "push" and re.search(r"--force|-f\b|force", objects)):
        return Meant("force-push", "ask", {"effect": ["delete"]}, None, "wider",
                     "a forced push counts as deleting, and this asks about everything else that deletes, too")  # fmt: skip
    if kind == "run":
        return _command(objects, then)
    narrow = _narrow(objects)
    if kind in _NAMES:
        return Meant(kind, "ask" if narrow else then, {"tool": _NAMES[kind]}, None, "part",
                     "it sees tools that are called so; in a shell that is a command like others")  # fmt: skip
    money = MONEY.search(rest) if kind == "spend" else None
    if money:
        return _spending(then, money)
    if kind == "reach" and not re.search(r"\b(?:internet|network|web|urls?|sites?|external|outside|http)", rest, re.I):
        return _nothing("what must be left alone no check can name: a requirement says what is permitted")
    if kind == "write" and (narrow or PLACE.search(rest)):
        return _nothing("a requirement says inside of which folder something must stay, not what it must not touch")
    if kind == "push" or narrow:
        note = f"it is about everything that {_DOING[kind]}{_not_only(narrow)}"
        return Meant(kind, "ask", {"effect": list(_EFFECTS[kind])}, None, "wider", note)
    return Meant(kind, then, {"effect": list(_EFFECTS[kind])}, None, "exact", "")


def _narrow(objects: str) -> list[str]:
    """Return the words behind a verb that make it mean less than everything of its kind."""
    unless = UNLESS.search(objects)
    words = re.findall(r"[\w./-]+", (objects[: unless.start()] if unless else objects).lower())
    return [bare for word in words if (bare := word.strip(".-/")) and bare not in GENERAL and bare not in FORMS]


def _not_only(narrow: Sequence[str]) -> str:
    return f", not only {' '.join(narrow)}" if 0 < len(narrow) < 3 else ", which is more than it says" if narrow else ""


def _spending(then: Literal["ask", "deny"], found: re.Match[str]) -> Meant:
    """Return the limit that *found* names, of one call or of an hour's or a day's together."""
    amount: dict[str, object] = {"of": "amount", "max": _amount(found[1])}
    require: dict[str, object] = {"amount": amount}
    note = "it looks at an argument called amount; name yours with of:"
    span = SPAN.search(found.string, found.end())
    if span and span["long"]:
        note += f"; it looks at each payment alone, because nothing adds up a {span['long'].lower()}"
    elif span:
        require["total"] = {"of": "amount", "per": "hour" if span["hour"] else "day", "max": amount["max"]}
    return Meant("spend", then, {"effect": ["spend"]}, require, "part", note)


def _command(objects: str, then: Literal["ask", "deny"]) -> Meant:
    """Return what is said of commands in backquotes: the worst that they do."""
    commands = CODE.findall(objects)
    if not commands:
        if re.search(r"\b(?:commands?|code|scripts?|shell|programs?)\b", objects, re.I):
            narrow = _narrow(objects)
            note = f"it is about everything that runs code{_not_only(narrow)}" if narrow else ""
            return Meant(
                "run", "ask" if narrow else then, {"effect": ["execute"]}, None, "wider" if narrow else "exact", note
            )
        return _nothing("which commands are meant no check can tell")
    done = {effect for command in commands for effect in summarize(command).effects}
    worst = [effect for effect in ("delete", "publish", "spend", "send") if effect in done]
    if not worst:
        return _nothing(
            "the command does nothing that a check tells from ordinary work; list what may run: only run `...`"
        )
    effects = [effect for effect in EFFECTS if effect in worst]
    note = f"it is about everything that {' or '.join(_DOING[effect] for effect in effects)}"
    return Meant("run", "ask", {"effect": effects}, None, "wider", note)


def _only(rest: str, text: str, root: str) -> Meant:
    """Return what "only" says: a folder, hosts, domains, programs, an amount."""
    kinds = {FORMS[word.lower()] for word in re.findall(r"[\w-]+", text) if word.lower() in FORMS}
    hosts = [host for host in DOMAIN.findall(text) if host.rpartition(".")[2].lower() not in FILES]
    commands = CODE.findall(text)
    if "run" in kinds and commands:
        return _programs(commands)
    places = [place for place in PLACE.findall(DOMAIN.sub("", text)) if "*" not in place]
    if "write" in kinds and places:
        folders = [_folder(place, root) for place in places]
        return Meant("write", "ask", {"effect": ["write", "delete"]}, {"path": {"inside": folders}}, "wider",
                     "a call that names no path, such as a command, is asked about as well")  # fmt: skip
    if kinds & {"send"} and hosts:
        return Meant("send", "ask", {"effect": ["send"]}, {"recipients": {"domain_in": hosts}}, "wider",
                     "a call that sends something and names nobody is asked about as well")  # fmt: skip
    if kinds & {"reach", "run"} and hosts:
        return Meant("reach", "ask", {"effect": ["send"]}, {"url": {"host_in": hosts}}, "part",
                     "what sends and names no address is asked about, too; a tool that fetches has to be declared as read,"
                     " so that an address counts as sending")  # fmt: skip
    money = MONEY.search(text)
    if "spend" in kinds and money:
        return _spending("ask", money)
    return _nothing("it names no folder, host, domain or command that a requirement could permit")


def _programs(commands: Sequence[str]) -> Meant:
    entries = [" ".join(command.split()) for command in commands]
    if not all(re.fullmatch(r"[A-Za-z0-9_.][A-Za-z0-9_./+@:-]*(?: [A-Za-z0-9_./+@:=-]+)*", entry) for entry in entries):
        return _nothing("a command with options or signs is not the name of a program and its sub-command")
    done = {effect for entry in entries for effect in summarize(entry).effects} | {"read", "write"}
    require: dict[str, object] = {
        "shell": {"programs_in": entries, "effects_in": [effect for effect in EFFECTS if effect in done]}
    }
    return Meant("run", "ask", {"effect": ["execute"]}, require, "exact", "")


def _joined(every: list[Meant]) -> list[Meant]:
    """Put the verbs of one sentence that come to rules about effects into one rule, the milder where they differ."""
    plain = [one for one in every if one.on is not None and "effect" in one.on and one.require is None]
    others = [one for one in every if one not in plain and one.on is not None]
    if not plain:
        return others or every[:1]
    effects = {effect for one in plain if one.on for effect in _listed(one.on["effect"])}
    notes = dict.fromkeys(one.note for one in plain if one.note)
    whole = Meant(
        kind="-".join(dict.fromkeys(one.kind for one in plain)),
        then="ask" if any(one.then == "ask" for one in plain) else "deny",
        on={"effect": [effect for effect in EFFECTS if effect in effects]},
        require=None,
        fit="wider" if notes else "exact",
        note="; ".join(notes),
    )
    return [whole, *others]


def _nothing(why: str) -> Meant:
    return Meant("", "", None, None, "none", why)


def _amount(text: str) -> str:
    """Return an amount as a rule file writes it."""
    number = re.sub(r"[^\d.]", "", text)
    names = (("$", "USD"), ("dollar", "USD"), ("€", "EUR"), ("euro", "EUR"), ("£", "GBP"))
    currency = next((code for sign, code in names if sign in text.lower()), "")
    written = re.search(r"[A-Z]{3}", text)
    return f"{number} {currency or (written[0] if written else '')}".strip()


def _folder(place: str, root: str) -> str:
    place = re.sub(r"(?<=[^.])\.$", "", place)  # the end of the sentence
    if place.startswith(("/", "~")):
        return place.rstrip("/") or "/"
    return f"{root.rstrip('/')}/{place.removeprefix('./')}".rstrip("/")


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []

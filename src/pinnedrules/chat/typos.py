"""What people type for a word when they are in a hurry: shorthand, and the slips that a keyboard invites."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["SPELLED"]

_SHORT = {
    "pls": "please", "plz": "please", "plse": "please", "pleas": "please", "pleaz": "please", "pliz": "please",
    "u": "you", "yall": "you", "ur": "your", "urself": "yourself", "r": "are", "b4": "before",
    "til": "until", "till": "until", "dnt": "dont", "donot": "dont", "dun": "dont", "smth": "something",
    "sth": "something", "w8": "wait", "wai": "wait", "wate": "wait", "hodl": "hold", "holdup": "hold up",
    "holdon": "hold on", "hangon": "hang on", "stahp": "stop", "stopit": "stop it", "stawp": "stop", "st0p": "stop",
    "stopp": "stop", "abourt": "abort", "anytin": "anything", "rn": "right now",
    "asap": "immediately", "immediatly": "immediately", "imediately": "immediately", "nomore": "no more",
    "aproval": "approval", "whoah": "whoa", "woah": "whoa", "woa": "whoa",
    "okay": "ok", "okey": "ok", "k": "ok", "kk": "ok", "rming": "deleting", "rm": "delete",
    "nto": "not", "teh": "the", "adn": "and", "yuo": "you", "sned": "send",
    "goahead": "go ahead", "signoff": "sign off", "cleanup": "clean up", "subagents": "sub agents",
    "subagent": "sub agent", "readonly": "read only",
}  # fmt: skip
_OFTEN = (
    "stop", "wait", "hold", "halt", "dont", "only", "please", "abort", "cancel", "pause", "delete", "deleting", "sending",
    "posting", "touch", "anything", "everything", "nothing", "until", "before", "without", "approval", "confirm", "never",
    "always", "suggest", "continue", "enough", "immediately", "permission", "another", "freeze", "cease", "stopping",
    "emailing", "ordering", "buying", "removing", "quit",
)  # fmt: skip
_WORDS = """
    case cese cesse delet enver cancell hat alt halo hall halts old bold gold hod cold hole wit dot font don
    dint top sop stoop atop step posing pasting ending sensing lending mending tending conform touche teach
    couch ever fever newer lever one oly about before able cause abut quite quiet suit quilt await waiting bait
    easy ease seas pauses cancels deleted heater further other bother mother fees freezer breeze tease crease
    lease peace pleas removed moving buying
"""
"""Real words that a slip must not be mistaken for."""
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def _near(letter: str) -> str:
    row = next(row for row in _KEYS if letter in row)
    at = row.index(letter)
    return row[max(at - 1, 0) : at] + row[at + 1 : at + 2]


def _slips(word: str) -> Iterator[str]:
    for at in range(len(word) - 1):
        yield word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    for at, letter in enumerate(word):
        yield word[:at] + letter + word[at:]
        if len(word) > 4:
            if at:
                yield word[:at] + word[at + 1 :]
            yield from (word[:at] + other + word[at + 1 :] for other in _near(letter))


def _spelled() -> dict[str, str]:
    real = {*_WORDS.split(), *_OFTEN}
    known = {slip: word for word in _OFTEN for slip in _slips(word) if slip not in real}
    return known | {short: word for short, word in _SHORT.items() if short != word}


SPELLED = _spelled()
"""Each known slip or shorthand, lower case, with the word or words that it stands for."""

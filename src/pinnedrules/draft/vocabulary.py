"""The words of standing instructions in English: what forbids, asks or restricts, and the verbs that checks know."""

from __future__ import annotations

import re

__all__ = [
    "ADVERBS", "ASK", "CODE", "DOMAIN", "FILES", "FORMS", "GENERAL", "JOINS", "MODAL", "MONEY", "NEEDS", "NEVER", "NO", "ONLY",
    "PLACE", "SECRETS", "SPAN", "UNLESS", "WHATEVER", "WORD",
]  # fmt: skip

_YES = r"(?:approval|permission|confirmation|consent|sign-off)"
ASK = (
    re.compile(
        rf"\b(?:always )?(?:ask|check|confirm|consult|{_YES})\b[\w' ,]{{0,40}}?\b(?:before|prior to)\b(?: you)?", re.I
    ),
    re.compile(rf"\b(?:ask|get|request|obtain|need|wait)\b[\w' ]{{0,20}}?\b{_YES} (?:for|to)\b", re.I),
    re.compile(r"\balways ask (?:me |us |the user |first )*(?:to|about)\b", re.I),
)
"""What asks first; the first that is found counts."""

NEVER = re.compile(
    r"\b(?:never|do not|don't|dont|must not|mustn't|may not|should not|shouldn't|you (?:cannot|can't)|refrain from|avoid"
    r"|(?:not allowed|forbidden|not permitted|prohibited) (?:to|from))\b(?: ever)?",
    re.I,
)
NO = re.compile(r"^no (?=\w+ing\b|force[ -]push)", re.I)
ONLY = re.compile(r"\bonly\b|\bexclusively\b", re.I)
UNLESS = re.compile(
    r"\b(?:without|unless|until|except (?:when|if)|(?:only )?(?:when|if|after))\b[\w' ,]{0,40}?"
    r"\b(?:ask\w*|told|tells?|permi\w+|approv\w+|confirm\w*|consent|request\w*|instruct\w*|says? so|sign-off"
    r"|authori[sz]\w+)\b|\bask (?:me |us |the user )?first\b",
    re.I,
)
WHATEVER = re.compile(
    r",? ?\b(?:under (?:any|no) circumstances|for any reason|on your own|by yourself|at any time)\b,? ?", re.I
)
NEEDS = re.compile(rf"^([\w -]+?ing\b.*?) (?:always )?(?:requires?|needs?) .{{0,40}}?{_YES}", re.I)
MODAL = re.compile(r"\b(?:always|must|ensure|make sure|required?|be sure)\b", re.I)

_VERBS: dict[str, tuple[str, ...]] = {
    "delete": ("delete", "remove", "erase", "drop", "purge", "wipe", "trash", "destroy"),
    "force-push": ("force-push", "force push"),
    "push": ("push",),
    "send": ("send", "email", "e-mail", "mail", "message", "reply", "forward", "notify", "upload", "contact"),
    "publish": ("publish", "post", "tweet", "announce"),
    "deploy": ("deploy", "release", "ship"),
    "commit": ("commit", "amend", "merge", "rebase", "tag"),
    "install": ("install", "upgrade", "downgrade"),
    "spend": ("spend", "buy", "purchase", "pay", "order", "charge", "transfer", "refund", "book", "subscribe"),
    "write": (
        "write", "edit", "modify", "change", "create", "touch", "update", "overwrite", "rename", "move", "alter", "work",
    ),
    "run": ("run", "execute", "invoke", "use", "call"),
    "reach": ("fetch", "download", "browse", "visit", "connect", "access", "request", "read"),
    "share": ("share", "leak", "expose", "reveal", "disclose", "print", "log", "include", "paste"),
}  # fmt: skip
FORMS = {
    form: kind
    for kind, verbs in _VERBS.items()
    for verb in verbs
    for form in (verb, f"{verb}ing", f"{verb.removesuffix('e')}ing", f"{verb}{verb[-1]}ing")
}
"""The verbs in their forms, with what they stand for."""

WORD = re.compile(r"`[^`]+`|force[ -]push\w*|[\w'-]+", re.I)
_ADVERBS = (
    "ever directly automatically just simply manually accidentally intentionally you to any even blindly silently"
)
ADVERBS = frozenset(_ADVERBS.split())
JOINS = frozenset({"or", "and", "nor"})
_GENERAL = """a an any anything all everything the files file folders folder directories data code mail mails email emails
e-mails messages message things stuff money it them this that me my our your user users owner from of on in to out changes or
and nor content packages posts public somebody anyone anybody arbitrary commands command scripts script shell programs program
internet web network external outside urls url sites site apis api online publicly first explicit being told asked before
asking without unless until approval permission confirmation confirming"""
GENERAL = frozenset(_GENERAL.split())
"""What a verb may have behind it and still mean everything of its kind."""

SECRETS = re.compile(r"\b(?:secrets?|credentials?|passwords?|tokens?|api[ -]?keys?|private keys?)\b|\.env\b", re.I)
DOMAIN = re.compile(r"(?<![\w./~-])@?((?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,24})(?![\w/-]|\.\w)", re.I)
_FILES = """py md ts tsx js jsx json yaml yml toml lock txt sh rb go rs java kt c h cpp css html sql xml cfg ini env csv log
png"""
FILES = frozenset(_FILES.split())
"""What stands behind the dot of a file, so that it is no domain."""

PLACE = re.compile(r"`?((?:~|\.{1,2})?/?(?:[\w.@-]+/)+[\w.@*-]*|(?:~|\.)/[\w./@-]*)`?")
MONEY = re.compile(
    r"(?:more than|over|above|up to|at most|exceed\w*)\s+"
    r"([$€£]?\s?\d[\d,]*(?:\.\d+)?\s?(?:[A-Z]{3}\b|€|£|dollars|euros?)?)",
    re.I,
)
SPAN = re.compile(
    r"(?:\b(?:per|an?|each|every|any|one)\s+|/\s?)(?:(?P<hour>hour)|day|(?P<long>week|month|quarter|year))\b"
    r"|\bdaily\b",
    re.I,
)
CODE = re.compile(r"`([^`]+)`")

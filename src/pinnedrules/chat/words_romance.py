"""What French, Spanish, Portuguese and Italian have in common: the patterns. Each has its own words for the classes."""

from __future__ import annotations

from collections.abc import Mapping

from pinnedrules.chat.grammar import Language, Patterns
from pinnedrules.types import Effect

__all__ = ["effects_by", "romance"]

_START = "(?:^|,|lead|req|wait|neg_alone|bare)"
_TAIL = "(?:now|lead|halt|wait|bare)* (?:end|(?=then))"
_NEG = "(?:neg clitic* (?:act|goon)|act (?:clitic|now|particle)* (?:negated|neg_more)|goon (?:clitic|now)* negated)"

_PATTERNS = Patterns(
    shown=(
        "^(?:lead|,|asked)* text",
        "^(?:lead|,|asked)* tell any{0,4} that",
        "xqx close",
    ),
    work=(
        ("^(?:(?!neg)lead|,|asked)* (?:work|(?!halt|pause|wait|bare)act) (?!now* close|any{0,2} (?:negated|neg_more))"),
        "^(?:lead|,)* cond",
    ),
    asks=(
        "^(?!.*req)(?!(?:lead|,|now)*(?:halt|bare|neg|wait close)).*query$",
        "^(?:lead|,|wait)* wh",
    ),
    halts=(
        f"{_START} cancel (?:atonce|now)* det+ any? proc (?:atonce)+",
        f"{_START} cancel atonce+ det+ any? proc",
        f"{_START} cancel det+ any? sending",
        f"{_START} release (?:now|det)+ any{{0,2}} end",
        f"{_START} wait (?:now|lead|,|wait)* any{{0,3}} mistaken",
        f"{_START} clitic* halt {_TAIL}",
        f"{_START} (?:halt|bare) proc (?:now|lead)* end",
        f"{_START} leave alone",
        f"{_START} (?:halt|cut) (?:lead|now)* ,? of any? (?:act|acting|goon)",
        f"{_START} (?:pause|cut) now+ {_TAIL}",
        f"{_START} pause (?:now|lead)* close",
        f"{_START} bare more* {_TAIL}",
        (
            f"{_START} (?:halt|(?!cancel)pause|bare) (?:now|with)* det+ any{{0,1}} proc (?:now|lead|any)? "
            f"(?:end|(?=then))"
        ),
        f"{_START} (?:halt|bare) with any{{0,2}} (?:proc|act|acting)",
        "^(?:lead|,|wait|now)* wait (?:wait|now|lead|,)* close",
        f"{_START} wait (?:wait|now|lead|,)* (?:neg|object|halt|bare)",
        f"{_START} leave now+ (?:alone|end)",
        f"{_START} leave det any{{0,3}} alone",
        "^(?:neg_alone|,){3,} (?:now|lead|,)* close",
        "^(?:lead|,|now)* alone_only (?:now|lead|,|wait|halt)* close",
        f"{_START} (?:neg_more|more_neg) any{{0,2}} (?:act|proc|acting)",
        f"{_START} (?:neg)? (?:nothing|neg_more) more (?:end|act)",
    ),
    surely=(
        f"{_START} putting (?:now|det proc) held",
        "(?:^|,|lead) halt (?:now|lead)* ,? of act (?:clitic|now|that)* det any",
        ", (?:halt|bare) (?:now|lead)* close",
        "^(?:lead|,)* halt , ",
        "^(?:lead|,)* (?:halt|bare) (?:now|lead)+ (?:close|,)",
    ),
    style=(
        "(?:halt|cut) (?:lead|now)* ,? of style (?!towhom)",
        "neg clitic* act only",
        "with number",
        f"{_NEG} (?:me|clitic_me)",
    ),
    forbids=(
        f"(?:^|,|lead|req|wait|halt|bare|and) {_NEG}",
        "(?:^|,|lead|req|wait|halt|bare|and) (?:nothing|neg_more|more_neg) (?!a |da |que )any{0,2} act",
    ),
    standing=(
        "until",
        "always",
        "never",
    ),
    now=(
        (f"{_NEG} (?:now|particle|clitic)* (?:end|more|nothing|neg_more|negated|that|det|on any{{1,4}} end|(?=then))"),
        "more",
        "neg_more",
        "nothing",
    ),
    firm=(
        "(?:^|,)(?:lead|only)* suggest ,? lead* ,? neg (?:act|goon)",
        "only (?:det|of)* suggest , .*",
    ),
    limits=(
        "(?:^|,|lead|req|and) never any{0,3} (?:act|goon)",
        "neg clitic* (?:act|goon) .*(?:never|until)",
        "(?:act|goon) negated .*(?:never|until)",
        "neg never (?:act|goon)",
        "(?:^|,|lead) (?:acting|act) never",
        "(?:^|,|lead|req|always)only (?:det|of|lead|clitic)* suggest",
        "(?:^|,|lead|goon|det)suggest (?:any)? only",
        "neg (?:goon|clitic)+ any{0,2} (?:que|of)? suggest",
        (
            "(?:^|,|lead|req|always|and|que)ask (?:.*(?:before (?:of|que|always|act|det "
            "act|end)|always|until (?:of|que|act|end)|first))"
        ),
        "(?:always|before) .* ask",
        "(?:^|,|lead)always ask",
        "ask me (?:end|before|first)",
        "pass by? (?:me|who)",
        "(?:^|,|lead|req|always)any? only (?:det|of|lead|clitic)* suggest end",
        "(?:neg|nothing|none|zero|never|negated) .* until .*(?:my|who|yes|says|ask)",
        "until (?:que|det|my|of)* (?:yes|ask|approved|me_show)",
        "until (?:que|clitic)* (?:who|clitic)+ (?:any)? (?:says|approved|yes)",
        "(?:must|need|goes) .* (?:approved|yes|confirmed)",
        "(?:need|requires) any{0,2} my any? yes",
        "(?:need|goes) (?:.*)my any{0,2} yes",
        "wait .*(?:my|det) any? yes",
        "wait (?:que|until)+ .* says",
        "(?:^|,|be|lead|in)mode",
        "ido",
        "(?:until|before) any{1,6} , (?:lead|always)* ask",
        "^(?:lead|,)* (?:until|before) any{1,6} ask",
        "ask first",
        "before of any{0,5} (?:ask|,  ask)",
        "(?:from_now) .*(?:neg|never|ask|only|none)",
        "none any{0,4} until",
        "approved by (?:me|who)",
        "act (?:nothing|negated) .* until",
    ),
    spares=(
        "fine .*until .*(?:ask|yes)",
        "once(?!.*neg)",
    ),
    permits=("okgo",),
    dismisses=("dismiss (?:any)? rules",),
)


def romance(
    classes: Mapping[str, str],
    *,
    acts: str,
    effects: tuple[tuple[str, tuple[Effect, ...]], ...],
    stems: Mapping[str, str] | None = None,
) -> Language:
    """Return a Romance language: its words by class, the beginnings of its verbs of acts, and what they do."""
    return Language(
        classes,
        _PATTERNS,
        alerts=(
            "halt pause bare wait neg never only until ask alone_only mode ido nothing putting "
            "leave need must cut none from_now release cancel pass "
        ),
        effects=effects,
        stems={"act": acts, **(stems or {})},
        inherits="then",
        relaxes="okgo rules",
    )


def effects_by(
    delete: str, send: str, publish: str, spend: str, execute: str, write: str
) -> tuple[tuple[str, tuple[Effect, ...]], ...]:
    """Return what acts do, from the beginnings of their words."""

    def begins(words: str) -> str:
        return " ".join(f"{word}*" for word in words.split())

    return (
        (begins(delete), ("delete",)), (begins(send), ("send",)), (begins(publish), ("send", "publish")),
        (begins(spend), ("spend",)), (begins(execute), ("execute",)), (begins(write), ("write", "delete")),
    )  # fmt: skip

"""What the forms of a word of content have in common, and which words have a like meaning."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

__all__ = ["key", "kin", "listed"]


def listed(*words: str) -> frozenset[str]:
    """Return words that are separated by spaces."""
    return frozenset(" ".join(words).split())


_IRREGULAR = {
    form: verb
    for verb, forms in {
        "send": "sent", "keep": "kept", "give": "gave given", "write": "wrote written", "tell": "told",
        "take": "took taken", "put": "putting", "run": "ran running", "make": "made", "pay": "paid", "buy": "bought",
        "sell": "sold", "leave": "left", "say": "said", "let": "letting", "read": "reading", "begin": "begun",
        "show": "shown", "go": "gone", "see": "seen", "do": "done", "set": "setting", "get": "got",
        "hold": "held", "lend": "lent", "sow": "sown", "spend": "spent", "draw": "drawn", "speak": "spoken",
        "throw": "thrown", "wear": "worn", "feed": "fed", "sell off": "", "know": "known", "choose": "chosen",
        "break": "broken", "bring": "brought", "build": "built", "burn": "burnt", "cut": "cutting", "find": "found",
        "hide": "hidden", "shut": "shutting", "teach": "taught", "bind": "bound", "ship": "shipped",
    }.items()
    for form in forms.split()
}  # fmt: skip

_ENDINGS = sorted(
    listed(
        "ations ation ating ated ates ate ungen ung ings ing ions ion ance ment ments als al ers er ed es en",
        "ly ies ied ar ir ando ido ada ado os as s e y",
    ),
    key=lambda ending: (-len(ending), ending),
)
_COMMON = listed(
    "a an the this that these those it its i you he she they we me us them my your our their his her and",
    "or but nor of in on at to from for by with about as into onto over under out off up down be is are",
    "was were been being am do does did done have has had not no never nothing none any all every each",
    "some only once more most less least than then when while where which who whom whose what how if",
    "unless until before after between without within inside outside per at once same other another else",
    "also just even very too so such there here now may can could might must shall should will would need",
    "needs get gets got make makes made use uses used using keep keeps kept let lets put take takes go",
    "goes went come comes ask asks asked asking user users please first last next one two new day days",
    "way thing things anything something everything everyone anyone show shows shown say says said see",
    "tell told give gives given don't work part line lines number sure want wants help yes people person",
    "people's human humans mention mentions directly stay stays file files write writes read reads run",
    "runs der die das den dem des ein eine einen einem einer und oder nicht nur kein keine keinen im in",
    "am an auf aus bei mit nach von zu zum zur für über ist sind wird werden wurde ohne nichts le la les",
    "un une des du de et ou ne pas jamais par pour sur sous dans en au aux est sont sans que qui plus",
    "avec se ce cette el los las uno una unos unas y o no nunca por para sobre en al del es son sin que",
    "con su sus lo se fuera dentro",
)


_GROUPS = (
    "send mail email message write contact reply forward text sms letter mails emails recipients",
    "delete remove erase trash wipe purge clear discard cleanup destroy",
    "publish post release publicly tweet share blog",
    "pay payment purchase buy order spend refund money amount charge invoice transfer cost sums",
    "install download program package software dependency tool",
    "copy move export upload backup replicate",
    "change edit modify alter update touch rewrite adjust amend",
    "production prod live",
    "merge push branch commit main master",
    "phone telephone dial",
    "meeting appointment book schedule calendar slot",
    "secret password credential token key",
    "client customer patient candidate applicant partner",
    "medical dosage medicine dose drug prescription",
    "migration schema database",
    "contract sign agreement deal",
    "deploy rollout ship launch",
    "account sandbox",
)


@lru_cache(maxsize=8192)
def kin(word: str) -> int:
    """Return the group of words of like meaning that *word* is of, 0 for none."""
    return _KIN.get(key(word) or word, 0)


@lru_cache(maxsize=8192)
def key(word: str) -> str:
    """Return what a word has in common with its other forms ("delete", "deletions"), empty for a word of no content."""
    word = _IRREGULAR.get(word, word)
    if word in _COMMON or (len(word) < 3 and not word.isdigit()):
        return ""
    if not word.isascii():
        word = "".join(char for char in unicodedata.normalize("NFD", word) if not unicodedata.combining(char))
    if not word.isalpha():
        return word.removesuffix("'s")
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= (3 if ending == "s" else 4):
            word = word[: -len(ending)]
            break
    word = word.removesuffix("e") if len(word) > 3 else word
    return word[:7]


_KIN = {key(word) or word: number for number, group in enumerate(_GROUPS, 1) for word in group.split()}

"""Words of a sentence in one form, so that two spellings of the same sentence compare equal and two sentences never do.

What is folded: case, typographic quotes and dashes, markdown, contractions ("don't"), "e-mail", "do not ever" for "never",
digit grouping (5,000), the space before a sign (8 %). What is not: any other character. A name with a digit, a slash or
an underscore keeps its case, and so does a unit such as "Mb"; a look-alike letter stays the letter that it is. Between
words only the weight of the punctuation is kept.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

__all__ = ["BROKEN", "COMMA", "END", "NONE", "QUERY", "SOFT", "STRONG", "Words", "invisible", "same_case", "words"]

NONE, COMMA, STRONG, END, SOFT, BROKEN, QUERY = range(7)
"""What stands between two words: nothing, a comma, a semicolon or dash, a full stop, the end of a line that may or may not
end a sentence, a bracket or dots, a question mark."""

_FOLDED = str.maketrans(
    {
        "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201b": "'", "\u2032": "'", "\u02bc": "'",
        "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u201f": '"', "\u00ab": '"', "\u00bb": '"',
        "`": None, "\u2010": "-", "\u2011": "-", "\u2212": "-",
        "\u2014": " \u2014 ", "\u2026": " ... ", "\u00a1": None, "\u00bf": None,
    }
)  # fmt: skip
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,3})(?=[^\s*])([^*\n]{1,400})(?<=\S)\1(?![\w*])")
_UNDERLINE = re.compile(r"(?<![\w_])(_{1,2})(?=[^\s_])([^_\n]{1,400})(?<=\S)\1(?![\w_])")
_QUOTE = re.compile(r'(?:^|(?<=[.!?:] ))"([^"\n]{8,400})"(?=\s+[^\W\d_a-z])', re.M)
_TRAILING = {
    ",": COMMA,
    ";": STRONG,
    ":": STRONG,
    ".": END,
    "!": END,
    ")": BROKEN,
    "]": BROKEN,
    "}": BROKEN,
    "?": QUERY,
}
_LEADING = {"(": BROKEN, "[": BROKEN, "{": BROKEN}
_DASHES = frozenset({"-", "--", "\u2013", "\u2014"})
_GROUPED = re.compile(r"\d{1,3}(?:[,']\d{3})+(?:\.\d+)?")
_SIGN = frozenset("%\u2030\u00b0\u20ac$\u00a3")
_CONTRACTED = {
    "can't": ("can", "not"), "cannot": ("can", "not"), "won't": ("will", "not"), "shan't": ("shall", "not"),
    "i'm": ("i", "am"), "e-mail": ("email",), "e-mails": ("emails",),
}  # fmt: skip
_ENDINGS = {"n't": "not", "'re": "are", "'ll": "will", "'ve": "have"}
_SHORT = frozenset({"mr", "mrs", "ms", "dr", "prof", "st", "vs", "approx", "bzw", "z.b", "e.g", "i.e", "mme", "sra"})
_RAISED = ("<super>", "<sub>", "<fraction>", "<circle>")


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a text, folded; ``gaps[i]`` is what stands before word *i*, the last one what stands at the end.

    ``raw`` has the words as they were written, for what is quoted and for names whose case matters.
    """

    folded: tuple[str, ...]
    raw: tuple[str, ...]
    gaps: tuple[int, ...]


def words(text: str, breaks: bool = False) -> Words:
    """Split *text* into folded words. With *breaks* the end of a line before a capital letter is a gap of its own."""
    folded: list[str] = []
    raw: list[str] = []
    gaps = [NONE]
    for number, line in enumerate(_plain(text).split("\n")):
        chunks = line.split()
        if breaks and number and chunks and folded and gaps[-1] in (NONE, COMMA):
            gaps[-1] = max(gaps[-1], SOFT if _opens(chunks[0]) else NONE)
        for chunk in chunks:
            _add(chunk, folded, raw, gaps)
    return Words(tuple(folded), tuple(raw), tuple(gaps))


def same_case(one: str, other: str, before: str) -> bool:
    """Say whether two spellings of one folded word mean the same, given the word *before* it."""
    if one == other:
        return True
    if any(char in "/_\\@" or char.isdigit() for char in one):
        return False
    if before[-1:].isdigit() and len(one) <= 4:
        return len(one) > 1 and not (_mixed(one) or _mixed(other))
    return True


def invisible(text: str) -> bool:
    """Say whether a character that a reader does not see stands in a word of *text*; those in emoji do not count."""
    return not text.isascii() and any(
        unicodedata.category(char) == "Cf"
        and (text[index - 1 : index].isalnum() or text[index + 1 : index + 2].isalnum())
        for index, char in enumerate(text)
        if not char.isascii()
    )


def _plain(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFKC", "".join(map(_unraised, text)))
    text = text.translate(_FOLDED)
    if '"' in text and text.count('"') % 2 == 0:  # An odd one may be an inch.
        text = _QUOTE.sub("\\1\n", text).replace('"', "")
    if "*" in text:
        text = _EMPHASIS.sub(r"\2", text)
    return _UNDERLINE.sub(r"\2", text) if "_" in text else text


def _unraised(char: str) -> str:
    """Keep a raised, lowered or circled digit apart from the plain one, which compatibility forms would not."""
    if char.isascii() or not unicodedata.decomposition(char).startswith(_RAISED):
        return char
    return f"^{char}^"


def _opens(chunk: str) -> bool:
    return chunk.lstrip("'([{*_")[:1].isupper()


def _add(chunk: str, folded: list[str], raw: list[str], gaps: list[int]) -> None:
    """Add a chunk between two spaces: its punctuation to the gaps, its word or words to the rest."""
    if chunk in _DASHES:
        gaps[-1] = max(gaps[-1], STRONG)
        return
    start, stop, after = 0, len(chunk), NONE
    while start < stop and (chunk[start] in _LEADING or chunk[start] == "'"):
        gaps[-1] = max(gaps[-1], _LEADING.get(chunk[start], NONE))
        start += 1
    if chunk.endswith(".."):
        after = BROKEN
    while stop > start and (chunk[stop - 1] in _TRAILING or (chunk[stop - 1] == "'" and not chunk[stop - 2].isdigit())):
        stop -= 1
        after = max(after, _TRAILING.get(chunk[stop], NONE))
    core = chunk[start:stop]
    if after == END and core.casefold() in _SHORT:
        after = NONE
    if not core:
        gaps[-1] = max(gaps[-1], after)
        return
    low = core.casefold()
    gap = gaps[-1]
    if gap == NONE and folded and folded[-1].isdigit():
        if low[0] in _SIGN and len(low) <= 2:
            folded[-1], raw[-1], gaps[-1] = folded[-1] + low, raw[-1] + core, after
            return
        if len(low) == 3 and low.isdigit() and len(raw[-1]) <= 3:
            folded[-1], gaps[-1] = folded[-1] + low, after
            return
    if low[0].isdigit() and _GROUPED.fullmatch(low):
        low = core = low.replace(",", "").replace("'", "")
    many = _CONTRACTED.get(low) or _uncontracted(low)
    folded.extend(many)
    raw.extend((core, *("" for _ in many[1:])))
    gaps.extend((NONE,) * len(many))
    gaps[-1] = after
    if low == "ever" and folded[-3:] == ["do", "not", "ever"] and gaps[-4:-1] == [gaps[-4], NONE, NONE]:
        del folded[-2:], raw[-2:], gaps[-3:-1]
        folded[-1] = raw[-1] = "never"


def _uncontracted(low: str) -> tuple[str, ...]:
    if "'" in low and (ending := _ENDINGS.get(low[-3:])):
        return low[:-3], ending
    return (low,)


def _mixed(word: str) -> bool:
    return not (word.islower() or word.isupper())

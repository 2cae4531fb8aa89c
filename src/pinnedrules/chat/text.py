"""Cuts a turn down to the person's own sentences: without code, quotations, tags, mails, logs; folded for comparing.

Everything here is linear in what it looks at, and it looks at the first and the last 2,500 characters only: patterns that
can be made slow by their input are not used.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from pinnedrules.chat.typos import SPELLED

__all__ = ["SHOWN", "Sentence", "bounded", "folded", "quotable", "sentences"]

_SIDE = 2_500
"""Characters looked at from each end: a person's own words stand before or after what they paste."""
_MOST = 24
"""Sentences looked at from each end, so that a turn of nothing but full stops costs no more than one of words."""

_LONGEST = 300
"""Characters of a sentence that is judged as a whole; a longer one is judged in pieces of ``_WORDS`` words."""
_WORDS = 40

_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_APOSTROPHE = re.compile(r"(?<=[^\W\d_])['’‘´`ʼ](?=[^\W\d_])")
_CONTRACTED = re.compile(r"(?<=[a-z])['’ʼ](?=(?:t|s|re|ll|ve|d|m|ing|ed)\b)")
_QUOTED = re.compile(
    r"\"[^\"]{1,600}\"|“[^”“]{1,600}[”“]|„[^“”\"]{1,600}[“”\"]|«[^»]{1,600}»|»[^«]{1,600}«|‹[^›]{1,600}›"
    r"|「[^」]{1,600}」|『[^』]{1,600}』|《[^》]{1,600}》|`[^`\n]{1,300}`|(?<!\w)['‘][^'’\n]{1,300}['’](?!\w)"
)
SHOWN = "xqx"
"""Stands where something was that is only shown."""
_QUOTES = "\"'`“”„«»‚‘’"
_TAG = re.compile(r"<(/?)([A-Za-z][\w.-]{0,60})(?:\s[^<>]{0,300})?>")
_PLAIN_TAGS = """
    answer b br div em feedback font i li message p prompt query request span strong task u user user_input user_message
    user_query
"""
"""Tags in which hosts put the person's own words, and tags of mere looks. What stands in any other is not theirs."""
_LOGGED = re.compile(
    r"\s*(?:\[?(?:INFO|WARN(?:ING)?|ERROR|DEBUG|TRACE|FATAL)\b|\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\d\d:\d\d:\d\d|@@ |diff --git"
    r"|(?:\+\+\+|---) [\w./]|Traceback \(|\s+at \w[\w.$]*\(|File \"|(?:npm|yarn) (?:ERR|WARN)|(?:fatal|error|warning): )"
)
_HEADED = re.compile(
    r"(?:From|To|Cc|Subject|Sent|Date|Reply-To|Von|An|Betreff|Gesendet|De|Para|Asunto|Assunto|Objet|Oggetto|Da): "
)
_NOTED = re.compile(r"Caveat: The messages below were generated")
"""A line that a coding agent writes in its user's role."""
_FORWARDED = re.compile(
    r"\s*(?:-{2,}\s*(?:Original Message|Forwarded message|Ursprüngliche Nachricht|Message d'origine|Mensaje original"
    r"|Mensagem original|Messaggio originale)|Begin forwarded message|On .{4,80} wrote:$|Am .{4,80} schrieb .{1,60}:$"
    r"|Le .{4,80} a écrit\s*:$|El .{4,80} escribió:$|Em .{4,80} escreveu:$|Il .{4,80} ha scritto:$)"
)
_GREETED = re.compile(
    r"(?:Hi|Hello|Dear|Hey|Hallo|Liebe[rs]?|Sehr geehrte[rs]?|Guten Tag|Bonjour|Chère?s?|Madame|Monsieur|Hola"
    r"|Estimad[oa]s?|Querid[oa]s?|Ciao|Gentile|Buongiorno|Car[oa]|Olá|Prezad[oa]s?) [^.!?\n]{1,40},$"
)
"""How a letter begins; where a turn began with something else, somebody shows it."""
_SPEAKER = re.compile(r"\s*(?:[-–—•*]\s*)?[A-Z][\w.&]{0,15}(?: [A-Z0-9]\w{0,12})?:\s+\S")
_BRACKETED = re.compile(r"\[[^\[\]\n]{1,200}\]")
_SPELT = re.compile(r"\b([a-z])[ .-]([a-z])[ .-]([a-z])[ .-]([a-z])\b(?![ .-][a-z]\b)", re.IGNORECASE)
_END = re.compile(r"[.!?;。؟…]+[\s)\"']*(?=\s|$|[¡¿])|[。؟]|[!?]+(?=[^\s\d=])|\n+")
_TOKEN = re.compile(r"\^?\w+(?:\+\w+)?|[,:，、،]|[()\[\]]|-+(?=\s|$)|[–—]")
_RUN = re.compile(r"([^\W\d_])\1{2,}")
_WAIL = re.compile(r"\bno{3,}\b")
_MARKS = re.compile("[\u0300-\u036f]+")
_SPLIT = str.maketrans("'’ʼ", "   ")
_GAP = re.compile(r"\s+")
_SIGNS = str.maketrans({"🛑": " stop! ", "✋": " stop! ", "⛔": " stop! ", "🚫": " stop! "})


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: as it was typed, folded (lower case, no accents, commas apart), how it ends, where it stands.

    ``end`` is ``"?"``, ``"!"``, ``":"`` or ``""``. ``line`` counts lines, ``block`` paragraphs, which end with a blank line.
    """

    raw: str
    folded: str
    end: str
    line: int
    block: int

    @property
    def loud(self) -> bool:
        """Whether it is typed in capitals."""
        return self.raw.isupper() and sum(map(str.isalpha, self.raw)) > 3

    @property
    def latin(self) -> bool:
        """Whether at least half of its letters are Latin."""
        letters = sum(map(str.isalpha, self.folded))
        return 2 * sum("a" <= each <= "z" for each in self.folded) >= letters


def bounded(text: str) -> str:
    """Return *text*, or its two ends when it is long, without invisible characters, in the composed form (NFKC)."""
    if len(text) > 2 * _SIDE:
        head = text[:_SIDE]
        open_fence = "\n```" if head.count("```") % 2 else ""
        text = f"{head}{open_fence}\n\n{_behind_fence(text[-_SIDE:])}"
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text.translate(_SIGNS)))
    return _SPELT.sub(r"\1\2\3\4", text)


def folded(text: str) -> str:
    """Return words in lower case, a comma or colon as a word of its own, without accents, known misspellings mended."""
    text = text.casefold()
    if not text.isascii():
        text = unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", text)))
    text = _WAIL.sub("no no no", text)
    text = _RUN.sub(r"\1", _CONTRACTED.sub("", text).translate(_SPLIT)).replace("e-mail", "email")
    words: list[str] = [SPELLED.get(word, word) for word in map(str, _TOKEN.findall(text))]
    return " ".join("," if word in _COMMAS or word[0] == "-" else word for word in words)


_COMMAS = frozenset(",:，、،–—()[]")


def sentences(text: str, own: bool = True) -> Iterator[Sentence]:
    """Yield the sentences of *text*, which is bounded already, in their order: with *own*, only those the person says."""
    text = _own(text) if own else text
    spans: list[tuple[str, str, int, int]] = []
    at = line = block = 0
    while at < len(text):
        found = _END.search(text, at)
        end, mark, after = (len(text), "", len(text)) if found is None else (found.start(), found.group(), found.end())
        spans += [(raw, mark, line, block) for raw in _pieces(text[at:end]) if raw]
        line += "\n" in mark
        block += mark.count("\n") > 1
        at = after
    if len(spans) > 2 * _MOST:
        spans = spans[:_MOST] + spans[-_MOST:]
    for raw, mark, line, block in spans:
        words = folded(raw).strip(" ,")
        if words:
            sign = "?" if "?" in mark or "\u061f" in mark else "!" if "!" in mark else ":" if raw.endswith(":") else ""
            yield Sentence(raw + mark.strip(), words, sign, line, block)


def _pieces(raw: str) -> list[str]:
    """Return a sentence, or pieces of one that nobody ended."""
    if len(raw) <= _LONGEST:
        return [raw.strip()]
    words = [word[:_LONGEST] for word in raw.split()]
    return [" ".join(words[at : at + _WORDS]) for at in range(0, len(words), _WORDS)]


def quotable(raw: str) -> str:
    """Return one line of at most 200 characters that cannot pass for anything of ours: no control characters, no brackets."""
    line = _GAP.sub(" ", _CONTROL.sub(" ", _INVISIBLE.sub("", raw))).strip()
    line = line.replace("[", "(").replace("]", ")").replace("ʼ", "'")
    return line if len(line) <= 200 else f"{line[:197]}..."


def _own(text: str) -> str:
    """Return *text* without what is not said by the person, only shown. A turn that is one quotation is what they say."""
    text = _without_tags(text)
    text = _APOSTROPHE.sub("ʼ", text)
    kept = _without_shown(text)
    if '"' in kept or "'" in kept or "`" in kept or not kept.isascii():
        kept = _QUOTED.sub(f" {SHOWN} ", kept)
    if "[" in kept:
        kept = _BRACKETED.sub(" ", kept)
    if kept.replace(SHOWN, "").strip(" \n.,!?:;"):
        return kept
    whole = text.strip()
    return whole.strip(_QUOTES) if whole[:1] in _QUOTES and "\n" not in whole else ""


def _behind_fence(tail: str) -> str:
    """Return *tail* from behind the fence that was opened somewhere before it, if one was."""
    return tail.partition("```")[2] if tail.count("```") % 2 else tail


def _without_tags(text: str) -> str:
    if "<" not in text:
        return text
    tags = [(found.start(), found.end(), found[1], found[2].lower()) for found in _TAG.finditer(text)]
    closing: dict[str, int] = {name: end for start, end, slash, name in tags if slash}
    plain = _PLAIN_TAGS.split()
    parts: list[str] = []
    at = 0
    for start, end, slash, name in tags:
        if start < at:
            continue
        parts.append(text[at:start])
        at = end
        if not slash and name not in plain and closing.get(name, 0) > end:
            at = closing[name]
            parts.append("\n")
        else:
            parts.append(" ")
    parts.append(text[at:])
    return "".join(parts)


def _without_shown(text: str) -> str:
    """Drop fences, quoted lines, indented lines, logs, diffs, the heads and bodies of mails, transcripts."""
    if "\n" not in text:
        return "" if text.startswith(">") or _NOTED.match(text) else text.replace("```", " ")
    lines = text.split("\n")
    speakers = sum(1 for line in lines if _SPEAKER.match(line)) > 1
    kept: list[str] = []  # what is dropped leaves a mark: what follows it is not what a line before it announced
    fenced = ""
    headed = False
    for line in lines:
        bare = line.strip()
        fence = bare[:3] if bare.startswith(("```", "~~~")) else ""
        if fenced:
            fenced = "" if fence == fenced else fenced
        elif fence:
            fenced = "" if bare.count(fence) > 1 else fence
            kept.append(SHOWN)
        elif _FORWARDED.match(line) or (any(kept) and _GREETED.match(bare)):
            break
        elif _HEADED.match(line):
            headed = True
        elif bare and (
            headed
            or bare.startswith((">", "|"))
            or line.startswith(("    ", "\t"))
            or _LOGGED.match(line)
            or _NOTED.match(line)
        ):
            if kept[-1:] != [SHOWN]:
                kept.append(SHOWN)
        elif not (speakers and _SPEAKER.match(line)):
            headed = headed and not bare and not kept
            kept.append(bare)
    return "\n".join(kept)

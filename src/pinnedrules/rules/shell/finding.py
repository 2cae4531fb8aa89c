"""``find``, ``sed`` and ``awk``: small languages of which only the harmless part is read, by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pinnedrules.rules.shell.summary import Sink, Word, table

__all__ = ["run_awk", "run_find", "run_sed"]

_ALONE = frozenset(
    table("""
        -a -and -o -or -not ! ( ) , -depth -d -mount -xdev -x -follow -daystart -noleaf -ignore_readdir_race
        -empty -true -false -nouser -nogroup -readable -writable -executable -print -print0 -ls -prune -quit
        -warn -nowarn -H -L -P -E -X -s
    """)
)  # fmt: skip
_TEXT = table("""
    -name -iname -path -ipath -wholename -iwholename -regex -iregex -lname -ilname -type -xtype -size -perm
    -mtime -atime -ctime -mmin -amin -cmin -user -group -uid -gid -links -inum -maxdepth -mindepth -regextype
    -printf -fstype -used -context -newermt -newerat -newerct -D
""")
_FILE = frozenset({"-newer", "-anewer", "-cnewer", "-samefile", "-newerXY"})
_WRITES = frozenset({"-fprint", "-fprint0", "-fls", "-fprintf"})
_RUNS = frozenset({"-exec", "-execdir", "-ok", "-okdir"})

_ADDRESS = r"(?:[0-9]+(?:~[0-9]+)?|\$|/(?:[^/\\\n]|\\[^\n])*/I?)"
_SED = re.compile(
    rf"(?:[ ;\n]*+(?:{_ADDRESS}(?:,(?:\+?{_ADDRESS}))?+ ?+)?+!?+ ?+"
    r"(?:[pdq=hHgGxnNDPl{}]|s([/|#,:@!%_])(?:(?!\1)[^\\\n]|\\[^\n])*\1(?:(?!\1)[^\\\n]|\\[^\n])*\1[gpiI0-9]*))*[ ;\n]*"
)
_AWK = re.compile(r"system|\||>|<|getline|@|ARGV|ENVIRON|FILENAME *=|close|fflush|PROCINFO|SYMTAB")


def run_find(name: str, rest: Sequence[Word], sink: Sink) -> Iterator[list[Word]]:
    """Note what ``find`` does by itself; yield the commands that it runs."""
    sink.does("read")
    at = 0
    roots: list[Word] = []
    while at < len(rest):
        word = rest[at]
        text = word.text
        at += 1
        if word.maybe_option:
            sink.doubt(f"{name} is given words that are not known, which may be options")
        if not text.startswith(("-", "!", "(", ")", ",")):
            roots.append(word)
            sink.path(word)
        elif not word.known:
            sink.doubt(f"an option of {name} is not known")
        elif text in _TEXT:
            at += 1
        elif text in _FILE or re.fullmatch(r"-newer[aBcmt][aBcm]", text):
            sink.path(rest[at] if at < len(rest) else Word(""))
            at += 1
        elif text in _WRITES:
            sink.does("write")
            sink.path(rest[at] if at < len(rest) else Word("", known=False), made=True)
            at += 2 if text == "-fprintf" else 1
        elif text == "-delete":
            sink.does("delete")
            sink.deletes.extend(root.text for root in roots or [Word(".")])
        elif text in _RUNS:
            inner, at = _inner(rest, at)
            if not inner:
                sink.doubt(f"what {name} runs cannot be told")
            else:
                yield inner
        elif text not in _ALONE and not re.fullmatch(r"-O[0-3]", text):
            sink.doubt(f"an option of {name} is not known")


def _inner(rest: Sequence[Word], at: int) -> tuple[list[Word], int]:
    """Return the command of ``-exec`` and where it ends; a file below the roots stands in place of ``{}``."""
    inner: list[Word] = []
    while at < len(rest):
        word = rest[at]
        at += 1
        if word.known and (word.text == ";" or (word.text == "+" and inner and "{}" in inner[-1].text)):
            return [_place(word) for word in inner], at
        inner.append(word)
    return [], at


def _place(word: Word) -> Word:
    if "{}" not in word.text or not word.known:
        return word
    # What find puts there begins with one of its roots, which is no option; in a text for sh -c it may be anything.
    return word if " " in word.text else Word(word.text, pattern=True)


def run_sed(name: str, rest: Sequence[Word], sink: Sink) -> None:
    """``sed``: scripts that only print and replace; ``-i`` writes the files."""
    sink.does("read")
    script: list[Word] = []
    files: list[Word] = []
    given = in_place = False
    at = 0
    while at < len(rest):
        word = rest[at]
        text = word.text
        at += 1
        if word.maybe_option:
            sink.doubt(f"{name} is given words that are not known, which may be options")
        if text == "--":
            files += rest[at:]
            break
        if re.fullmatch(r"-[nErsuz]*i.*|--in-place(?:=.*)?", text):
            in_place = True
        elif re.fullmatch(r"-[nErsuz]*e|--expression", text):
            script += rest[at : at + 1]
            given = True
            at += 1
        elif text.startswith("--expression="):
            script.append(Word(text.partition("=")[2], word.known))
            given = True
        elif text.startswith("-") and len(text) > 1:
            if not re.fullmatch(
                r"-[nErsuz]+|--(?:quiet|silent|regexp-extended|null-data|posix|debug|version|help)", text
            ):
                sink.doubt(f"an option of {name} is not known")
        else:
            files.append(word)
    if not given:
        script, files = files[:1], files[1:]
    for word in script:
        if not word.known or len(word.text) > 2_000 or not _SED.fullmatch(word.text):
            sink.doubt(f"the script of {name} is not one that only prints and replaces")
    if in_place:
        sink.does("write")
    for word in files:
        sink.path(word, made=in_place)


def run_awk(name: str, rest: Sequence[Word], sink: Sink) -> None:
    """``awk``: programs that start nothing and open nothing."""
    sink.does("read")
    words = list(rest)
    while words and words[0].text.startswith("-") and words[0].known:
        text = words.pop(0).text
        if text == "--":
            break
        if re.fullmatch(r"-[Fv]", text):
            words = words[1:]
        elif not re.fullmatch(r"-[Fv].+|--(?:posix|csv|version|field-separator=.*)", text):
            sink.doubt(f"an option of {name} is not known")
    if not words:
        return
    program = words.pop(0)
    if not program.plain or _AWK.search(program.text):
        sink.doubt(f"the program of {name} is not one that only prints")
    for word in words:
        if word.maybe_option and not word.pattern:
            sink.doubt(f"{name} is given words that are not known")
        sink.path(word)

"""Programs that do one thing, with the options that make them do another one.

Rules of this file:

1. A program is here only when everything that it can do is known: what is not listed writes and runs code.
2. An option that writes, deletes or starts a program is looked for in every form: in a cluster, shortened, with ``=``.
3. A word that is not known is an option for all that is known, so that a program with such options is unclear.

Sources: POSIX.1-2024 XCU, GNU coreutils 9, findutils, grep, sed; BSD manual pages where they differ.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from pinnedrules.rules.shell.summary import Sink, Word
from pinnedrules.types import Effect

__all__ = ["SIMPLE", "Simple", "run_simple"]


@dataclass(frozen=True, slots=True)
class Simple:
    """What a program does, and which of its words are no files.

    ``texts`` are the option letters and ``long`` the long options whose value is no file; so many ``operands`` in front
    are none either (-1: none of them is one). ``special`` maps options to what they make of the program: ``out`` writes
    the file named by their value, ``place`` writes the operands, ``runs`` starts a program, or an effect. ``targets``
    says what happens to the operands: ``reads``, ``writes``, ``deletes``, ``last`` (the last one is written).
    """

    effects: tuple[Effect, ...] = ("read",)
    texts: str = ""
    long: tuple[str, ...] = ()
    operands: int = 0
    special: Mapping[str, str] = field(default_factory=dict)
    targets: str = "reads"
    any_word: bool = False


def _all(names: str, simple: Simple) -> dict[str, Simple]:
    return dict.fromkeys(names.split(), simple)


_GREP = Simple(
    texts="ABCDdem", operands=1,
    long=("--regexp", "--include", "--exclude", "--color", "--context", "--max-count", "--glob", "--type"),
)  # fmt: skip

SIMPLE: Mapping[str, Simple] = MappingProxyType(
    {
        **_all("ls dir vdir cat tac nl head tail wc stat file strings du df cksum md5sum sha1sum sha224sum sha256sum"
               " sha384sum sha512sum b2sum md5 shasum sum cmp comm paste join fold fmt expand unexpand rev od hexdump"
               " readlink realpath base64 base32 zcat bzcat xzcat zstdcat pathchk size nm lsattr getfattr getfacl"
               " namei look pr ptx tsort", Simple()),
        **_all("cut column", Simple(texts="dfbcstonNHWJ", long=("--delimiter", "--output-delimiter", "--separator"))),
        **_all("pwd true false : which whereis type id whoami groups tty uname arch nproc uptime free ps pgrep w who last"
               " locale getconf logname users cal ncal printenv dircolors lsblk lscpu lsmod lsusb lspci vmstat iostat pstree",
               Simple(operands=-1)),
        **_all("seq sleep expr tr basename dirname factor numfmt getopt jobs wait fg bg times ulimit umask shift return"
               " exit break continue", Simple(operands=-1)),
        **_all("echo", Simple(operands=-1, any_word=True)),
        **_all("printf", Simple(operands=-1, any_word=True, special={"-v": "runs"})),
        **_all("test [", Simple(operands=-1, any_word=True, special={"-v": "runs", "-R": "runs"})),
        **_all("diff", Simple(texts="IFDU", long=("--label", "--exclude"))),
        **_all("grep egrep fgrep zgrep", _GREP),
        "rg": Simple(texts="ABCEMTdegjmtr", operands=1, long=("--glob", "--type", "--regexp", "--iglob"),
                     special={"--pre": "runs", "--hostname-bin": "runs", "--search-zip": "runs", "-z": "runs"}),
        "sort": Simple(texts="kt", long=("--key", "--field-separator", "--parallel", "--buffer-size"),
                       special={"-o": "out", "--output": "out", "--compress-program": "runs", "-T": "write",
                                "--temporary-directory": "write", "--files0-from": "unknown"}),
        "uniq": Simple(texts="fsw", targets="last2"),
        "man": Simple(operands=-1, special={"-P": "runs", "--pager": "runs", "-H": "runs", "--html": "runs", "-C": "runs",
                      "--config-file": "runs", "-T": "runs", "--troff-device": "runs", "-X": "runs", "-Z": "runs"}),
        **_all("fd fdfind", Simple(texts="dteESj", operands=1,
               special={"-x": "runs", "-X": "runs", "--exec": "runs", "--exec-batch": "runs"})),
        "tree": Simple(texts="LPI", special={"-o": "out", "--output": "out"}),
        "xxd": Simple(texts="cglos", targets="last2", special={"-r": "write", "-revert": "write"}),
        "jq": Simple(texts="", operands=1, long=("--indent", "--arg", "--argjson"),
                     special={"-f": "unknown", "--from-file": "unknown", "-L": "unknown"}),
        "date": Simple(operands=-1, texts="drI",
                       special={"-s": "write", "--set": "write", "-f": "unknown", "--file": "unknown"}),
        "hostname": Simple(operands=-1, special={"-b": "write", "-F": "write", "--boot": "write", "--file": "write"}),
        "split": Simple(effects=("read", "write"), texts="abClnt", special={"--filter": "runs"}, targets="writes"),
        "csplit": Simple(effects=("read", "write"), targets="writes"),
        **_all("touch mkdir mkfifo mknod",
               Simple(effects=("write",), texts="mtdZ", long=("--mode", "--date"), targets="writes")),
        **_all("chmod chown chgrp", Simple(effects=("write",), targets="writes")),
        **_all("ln link symlink", Simple(effects=("write",), texts="S", targets="writes")),
        **_all("cp mv install", Simple(effects=("read", "write"), texts="mogS", targets="writes",
               special={"--strip-program": "runs", "--backup": "write"})),
        "tee": Simple(effects=("write",), targets="writes"),
        **_all("rm unlink rmdir shred srm rimraf trash trash-put wipe",
               Simple(effects=("delete",), texts="ns", targets="deletes")),
        "truncate": Simple(effects=("write", "delete"), texts="s", targets="deletes"),
        "fallocate": Simple(effects=("write", "delete"), texts="lo", targets="deletes"),
        **_all("mkswap mkfs mke2fs wipefs blkdiscard fdisk sfdisk parted mkfs.ext4 mkfs.xfs mkfs.vfat userdel groupdel"
               " deluser lvremove vgremove pvremove zfs zpool", Simple(effects=("write", "delete"), targets="deletes")),
        **_all("kill killall pkill skill", Simple(effects=("write",), operands=-1)),
        **_all("gzip bzip2 xz zstd compress lzma gunzip bunzip2 unxz unzstd uncompress",
               Simple(effects=("read", "write", "delete"), texts="S", targets="writes")),
        **_all("unzip unar",
               Simple(effects=("read", "write"), targets="writes", special={"-T": "runs", "-TT": "runs"})),
    }
)  # fmt: skip

_LITERAL_CODE = re.compile(r"\$\(|`|\[.*\$")


def run_simple(name: str, simple: Simple, words: Sequence[Word], sink: Sink) -> None:
    """Note what *name* does with *words*."""
    sink.does(*simple.effects)
    if simple.special and not simple.any_word and any(word.maybe_option for word in words):
        sink.doubt(f"{name} is given words that are not known, which may be options")
    if simple.any_word and any(_LITERAL_CODE.search(word.text) for word in words) and name not in ("echo",):
        sink.doubt(f"{name} is given a word that some shells compute")
    operands = _options(name, simple, words, sink)
    if simple.operands >= 0:
        _operands(simple, operands[_leading(simple, words) :], sink)


def _leading(simple: Simple, words: Sequence[Word]) -> int:
    """Return how many operands are no files: a pattern given by ``-e`` or ``-f`` is none of them."""
    given = "e" in simple.texts and any(re.match(r"-[A-Za-z]*[ef]|--(?:reg|fil)", word.text) for word in words)
    return 0 if given else simple.operands


def _options(name: str, simple: Simple, words: Sequence[Word], sink: Sink) -> list[Word]:
    """Note what the options do and return the operands."""
    operands: list[Word] = []
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        text = word.text
        following = words[at] if at < len(words) else Word("")
        if text == "--" and word.plain and name not in ("echo", "[", "test"):
            return operands + list(words[at:])
        if not text.startswith("-") or len(text) == 1:
            operands.append(word)
        elif text.startswith("--"):
            at += _long(name, simple, word, following, sink)
        else:
            at += _cluster(name, simple, word, following, sink)
    return operands


def _long(name: str, simple: Simple, word: Word, following: Word, sink: Sink) -> int:
    """Note what a long option does, also a shortened one; return how many words after it are its value."""
    option, given, value = word.text.partition("=")
    meant = [known for known in simple.special if known.startswith(option)]
    for known in meant:
        _special(name, simple.special[known], Word(value, word.known) if given else following, sink)
    if meant:
        return 0 if given else int(any(simple.special[known] == "out" for known in meant))
    if option in simple.long:
        return 0 if given else 1
    if given:
        sink.path(Word(value, word.known, word.pattern))
    return 0


def _cluster(name: str, simple: Simple, word: Word, following: Word, sink: Sink) -> int:
    """Note what a cluster of short options does; return how many words after it are a value."""
    if word.text in simple.special and len(word.text) > 2:
        _special(name, simple.special[word.text], following, sink)
        return 0
    for index, letter in enumerate(word.text[1:], 2):
        meaning = simple.special.get(f"-{letter}")
        rest = word.text[index:]
        if meaning is not None:
            _special(name, meaning, Word(rest, word.known, word.pattern) if rest else following, sink)
            if meaning == "out":
                return 0 if rest else 1
        elif letter in simple.texts:
            return 0 if rest or not word.known else 1
        elif not letter.isalnum():
            # A value that is glued to a letter of which this table does not say that it takes one.
            sink.path(Word(word.text, known=False))
            break
    if not word.known:
        sink.path(word)
    return 0


def _special(name: str, meaning: str, value: Word, sink: Sink) -> None:
    if meaning == "out":
        sink.does("write")
        sink.path(value, made=True)
    elif meaning == "write":
        sink.does("write")
        sink.path(value)
    elif meaning == "runs":
        sink.doubt(f"an option makes {name} run another program")
    else:
        sink.doubt(f"an option of {name} names what is not known here")


def _operands(simple: Simple, operands: Sequence[Word], sink: Sink) -> None:
    for index, word in enumerate(operands):
        if simple.targets == "last2" and index:
            sink.does("write")
            sink.path(word, made=True)
        else:
            sink.path(word, made=simple.targets == "writes", gone=simple.targets == "deletes")
    if simple.targets == "writes" and any(word.text == "/dev/null" for word in operands):
        # A copy of nothing empties its target, and what is moved there is gone.
        sink.does("delete")

"""``curl`` and ``wget``: what they fetch, send and write, by options that are known to do no more.

Sources: the manual pages of curl 8 and wget 1.25.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pinnedrules.rules.printable import shown
from pinnedrules.rules.shell.summary import ANYTHING, Sink, Word, table

__all__ = ["run_curl", "run_wget"]

_ADDRESS = re.compile(r"(?:(https?|ftps?|wss?)://)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::[0-9]+)?(?:[/?#].*)?", re.I)
_CURL_FLAGS = table("""
    s S f L i I v 4 6 G N g k q # 0 Z
""")
_CURL_VALUES = table("""
    H A e u m w b r y Y z
""")
_CURL_LONG = table("""
    --silent --show-error --fail --location --include --head --verbose --compressed --insecure --get --no-buffer
    --globoff --http1.1 --http2 --ipv4 --ipv6 --fail-with-body --no-progress-meter --progress-bar --tcp-nodelay
""")
_CURL_LONG_VALUES = table("""
    --header --user-agent --referer --user --max-time --connect-timeout --retry --retry-delay --retry-max-time
    --range --write-out --cookie --max-redirs --limit-rate --max-filesize --proto
""")
_CURL_DATA = table("""
    -d -F -T --data --data-raw --data-binary --data-urlencode --data-ascii --form --form-string --upload-file
    --json --url-query
""")
_CURL_OUT = frozenset(
    {"-o", "--output", "-D", "--dump-header", "-c", "--cookie-jar", "--output-dir", "--trace", "--trace-ascii"}
)
_WGET_FLAGS = re.compile(
    r"-(?:[qvcNSnxrkpLKEmFdb46]+|nv|nc|nd|nH|np)|--(?:quiet|no-verbose|continue|no-check-certificate|server-response|spider"
    r"|recursive|no-parent|timestamping|show-progress|no-clobber|content-disposition|https-only|inet4-only|inet6-only)"
)
_WGET_VALUES = re.compile(
    r"-[tTUlAR]|--(?:tries|timeout|user-agent|header|level|accept|reject|wait|limit-rate|max-redirect)"
)


def _plain_host(word: Word, sink: Sink, what: str) -> None:
    """Note the machine that *word* addresses."""
    found = _ADDRESS.fullmatch(word.text) if word.known else None
    if found is None or re.search(r"[{}\[\]]", word.text.partition("]")[2] or word.text):
        sink.away(f"{what} is given an address that is not plain: {shown(word.text, 60)}")
        if word.text.lower().startswith("file:"):
            sink.path(Word(word.text[5:].lstrip("/").join(("/", ""))))
        return
    sink.host(found[2])


def run_curl(name: str, rest: Sequence[Word], sink: Sink) -> None:
    """Note what ``curl`` does."""
    sink.does("read", "send")
    at = 0
    urls = 0
    while at < len(rest):
        word = rest[at]
        text = word.text
        following = rest[at + 1] if at + 1 < len(rest) else Word("", known=False)
        at += 1
        if word.maybe_option:
            sink.doubt(f"{name} is given words that are not known, which may be options")
        if not text.startswith("-") or text == "-":
            urls += 1
            _plain_host(word, sink, name)
            continue
        option, value, used = _curl_option(word, following)
        at += used
        if option in _CURL_DATA:
            sink.does("send")
            _sent_file(option, value, sink)
        elif option in _CURL_OUT:
            if value.text != "-" or not value.known:
                sink.does("write")
                sink.path(value, made=True)
                sink.made.add(ANYTHING)
        elif option in ("-O", "--remote-name", "-J", "--remote-header-name", "--remote-name-all", "--create-dirs"):
            sink.does("write")
            sink.made.add(ANYTHING)
        elif option in ("-X", "--request"):
            _method(value, sink)
        elif option == "--url":
            urls += 1
            _plain_host(value, sink, name)
        elif option in ("-H", "--header", "-b", "--cookie", "-w", "--write-out"):
            if (
                value.text.startswith("@")
                or "%output" in value.text
                or (option in ("-b", "--cookie") and "=" not in value.text)
            ):
                sink.doubt(f"an option of {name} names a file")
        elif not option:
            sink.doubt(f"an option of {name} is not known: {shown(text, 40)}")
    if not urls:
        sink.away(f"{name} is given no address")


def _curl_option(word: Word, following: Word) -> tuple[str, Word, int]:
    """Return the option that *word* is (empty when it is not known), its value, and how many more words that takes."""
    text = word.text
    if not word.known:
        return "", word, 0
    if text.startswith("--"):
        takes = text in _CURL_LONG_VALUES or text in _CURL_DATA or text in _CURL_OUT or text in ("--request", "--url")
        if takes:
            return text, following, 1
        known = text in _CURL_LONG or text in (
            "--remote-name",
            "--remote-header-name",
            "--remote-name-all",
            "--create-dirs",
        )
        return (text if known else ""), Word(""), 0
    for index, letter in enumerate(text[1:], 1):
        option = f"-{letter}"
        if option in ("-O", "-J") and index == len(text) - 1:
            return option, Word(""), 0
        if option in ("-O", "-J"):
            continue_as = _curl_option(Word(f"-{text[index + 1 :]}"), following)
            return (option if continue_as[0] else ""), continue_as[1], continue_as[2]
        if letter in _CURL_VALUES or option in _CURL_DATA or option in _CURL_OUT or option == "-X":
            value = text[index + 1 :]
            return option, (Word(value) if value else following), 0 if value else 1
        if letter not in _CURL_FLAGS:
            return "", word, 0
    return "-s", Word(""), 0


def _sent_file(option: str, value: Word, sink: Sink) -> None:
    """Note the file that an option sends."""
    if option in ("-T", "--upload-file"):
        sink.does("read")
        sink.path(value)
    elif option not in ("--data-raw", "--form-string"):
        mark = re.search(r"[@<]", value.text)
        if mark:
            sink.path(Word(value.text[mark.end() :].partition(";")[0], value.known))
        elif not value.known:
            sink.path(value)


def _method(value: Word, sink: Sink) -> None:
    if not value.plain:
        sink.doubt("it sends a request whose method is not known")
    elif value.text.upper() == "DELETE":
        sink.does("send", "delete")
    elif value.text.upper() not in ("GET", "HEAD", "OPTIONS"):
        sink.does("send", "write")


def run_wget(name: str, rest: Sequence[Word], sink: Sink) -> None:
    """Note what ``wget`` does."""
    sink.does("read", "send")
    out: Word | None = None
    at = 0
    urls = 0
    keeps = True
    while at < len(rest):
        word = rest[at]
        text = word.text
        option, given, inline = text.partition("=")
        at += 1
        following = Word(inline, word.known) if given else (rest[at] if at < len(rest) else Word("", known=False))
        step = 0 if given else 1
        if word.maybe_option:
            sink.doubt(f"{name} is given words that are not known, which may be options")
        if not text.startswith("-"):
            urls += 1
            _plain_host(word, sink, name)
        elif match := re.fullmatch(r"-[qvcNS]*([OPo])(.*)", text):
            out = Word(match[2]) if match[2] else following
            keeps = keeps and not (match[1] == "O" and out.text == "-")
            at += 0 if match[2] else 1
            if match[1] != "O" or out.text != "-":
                sink.path(out, made=True)
        elif option in ("--output-document", "--directory-prefix", "--output-file"):
            at += step
            sink.path(following, made=following.text != "-")
            keeps = keeps and following.text != "-"
        elif option in ("--post-data", "--body-data"):
            at += step
            sink.does("send")
        elif option in ("--post-file", "--body-file"):
            at += step
            sink.path(following)
        elif option == "--method":
            at += step
            _method(following, sink)
        elif _WGET_VALUES.fullmatch(option):
            at += step
        elif text == "--spider":
            keeps = False
        elif not _WGET_FLAGS.fullmatch(text):
            sink.doubt(f"an option of {name} is not known: {shown(text, 40)}")
    if keeps:
        sink.does("write")
        sink.made.add(ANYTHING)
    if not urls:
        sink.away(f"{name} is given no address")

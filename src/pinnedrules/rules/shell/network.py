"""Programs that talk to other machines: what they fetch and send, and where.

Rules of this file:

1. ``curl`` and ``wget`` are read by a list of options that are known to be harmless; another option is unclear.
2. What is fetched is named to a machine, so that fetching also sends.
3. Where the line does not name the machine (a configuration does, or a redirect), that is said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from pinnedrules.rules.printable import shown
from pinnedrules.rules.shell.summary import ANYTHING, SOMETHING, Sink, Word, table

__all__ = ["NETWORK"]

_ADDRESS = re.compile(
    r"(?:(https?|ftps?|wss?)://)?(?:[^/@\s]*@)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::[0-9]+)?(?:[/?#].*)?", re.I
)
_REMOTE = re.compile(r"(?:[A-Za-z0-9._-]+@)?(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]{2,}):(.*)", re.S)

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
    r"-(?:[qvcNSnxrkpHLKEmFdb46]+|nv|nc|nd|nH|np)|--(?:quiet|no-verbose|continue|no-check-certificate|server-response|spider"
    r"|recursive|no-parent|timestamping|show-progress|no-clobber|content-disposition|https-only|inet4-only|inet6-only)"
)
_WGET_VALUES = re.compile(
    r"-[tTUlAR]|--(?:tries|timeout|user-agent|header|level|accept|reject|wait|limit-rate|max-redirect)"
)

_COPY_HARMLESS = re.compile(
    r"-[46BCpqrvTazhutlognDHxSiWAPcmn]+|--(?:archive|verbose|recursive|compress|dry-run|progress|stats|times|perms"
    r"|human-readable|exclude=.*|include=.*|partial|info=.*|checksum|update)"
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


def _curl(name: str, rest: Sequence[Word], sink: Sink) -> None:
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


def _wget(name: str, rest: Sequence[Word], sink: Sink) -> None:
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


def _ssh(name: str, rest: Sequence[Word], sink: Sink) -> Sequence[Word] | None:
    """Note the machine; return the words that a shell over there runs."""
    sink.does("read", "send")
    at = 0
    while at < len(rest) and rest[at].text.startswith("-") and rest[at].plain:
        text = rest[at].text
        at += 1
        if re.fullmatch(r"-[46AaCfGgKkMNnqsTtVvXxYy]+", text):
            continue
        found = re.fullmatch(r"-[46AaCnqTtvx]*([pliFEobcmDLRJWwSQIe])(.*)", text)
        if found is None or found[1] not in "pli":
            sink.doubt(f"an option of {name} is not known: {shown(text, 40)}")
        if found is not None and not found[2]:
            at += 1
    if at >= len(rest):
        sink.away(f"{name} is given no address")
        return None
    word = rest[at]
    found = re.fullmatch(r"(?:ssh://)?(?:[A-Za-z0-9._-]+@)?([A-Za-z0-9.:-]+?)(?::[0-9]+)?", word.text)
    if found and word.plain:
        sink.host(found[1])
    else:
        sink.away(f"{name} is given an address that is not plain")
    tail = rest[at + 1 :]
    if not tail:
        sink.does(*SOMETHING)
        sink.doubt(f"{name} opens a shell on another machine")
        return None
    # Files over there are not below any folder here.
    sink.path(Word("", known=False))
    return tail


def _copy(name: str, rest: Sequence[Word], sink: Sink) -> None:
    """``scp``, ``rsync`` and their kin: each operand may be on another machine."""
    sink.does("read", "write")
    at = 0
    remote = False
    while at < len(rest):
        word = rest[at]
        text = word.text
        at += 1
        if word.maybe_option:
            sink.doubt(f"{name} is given words that are not known, which may be options")
        if text.startswith("-") and len(text) > 1:
            if re.fullmatch(r"--del.*|--remove-source-files|--force|--backup.*", text):
                sink.does("delete")
            elif re.fullmatch(r"-[PliJ]|--exclude|--include", text) and not re.fullmatch(
                r"-[PlJ]", text if name == "rsync" else ""
            ):
                at += 1
            elif not _COPY_HARMLESS.fullmatch(text):
                sink.doubt(f"an option of {name} is not known: {shown(text, 40)}")
            continue
        found = _REMOTE.fullmatch(text)
        address = re.fullmatch(r"(?:rsync|scp|sftp)://(?:[^/@]*@)?([A-Za-z0-9.-]+)(?::[0-9]+)?(?:/.*)?", text)
        if address or found:
            remote = True
            sink.host((address or found)[1])  # type: ignore[index]
        else:
            sink.path(word, made=at == len(rest))
            if not word.known:
                sink.away(f"{name} is given an address that is not known")
    if remote or name != "rsync":
        sink.does("send")


def _talks(name: str, rest: Sequence[Word], sink: Sink) -> None:
    """Programs that send or fetch in ways that are not read one by one."""
    sink.does("read", "write", "send")
    sink.away(f"{name} talks to machines that are not read from its words")
    if name in ("nc", "netcat", "ftp", "sftp", "lftp", "tftp", "aria2c", "http", "https", "xh", "curlie", "rclone"):
        sink.doubt(f"what {name} does is not read")
    for word in rest:
        sink.path(word)


def _asks(name: str, rest: Sequence[Word], sink: Sink) -> None:
    """``ping``, ``dig`` and their kin: they ask, and the question itself is sent."""
    sink.does("read", "send")
    if any(word.maybe_option for word in rest) or any(word.text in ("-f", "-iL", "-oN", "--script") for word in rest):
        sink.doubt(f"{name} is given words that are not known")
    sink.away(f"{name} asks machines that are not read from its words")


_Network = Callable[[str, Sequence[Word], Sink], "Sequence[Word] | None"]
NETWORK: Mapping[str, _Network] = MappingProxyType(
    {
        "curl": _curl,
        "wget": _wget,
        "ssh": _ssh,
        "autossh": _ssh,
        "scp": _copy,
        "rsync": _copy,
        **dict.fromkeys(
            table("""
            ping ping6 dig nslookup host whois traceroute tracepath mtr
        """),
            _asks,
        ),
        **dict.fromkeys(
            [
                "nc",
                "netcat",
                "ftp",
                "sftp",
                "lftp",
                "tftp",
                "aria2c",
                "http",
                "https",
                "xh",
                "curlie",
                "rclone",
                "mail",
                "mailx",
                "mutt",
                "sendmail",
                "msmtp",
                "swaks",
                "ssmtp",
                "s-nail",
                "uuencode",
                "notify-send",
                "wall",
                "write",
                "ntfy",
                "osc52",
            ],
            _talks,
        ),
    }
)
"""The programs that are known here; each returns the words that another shell runs, None when there is none."""

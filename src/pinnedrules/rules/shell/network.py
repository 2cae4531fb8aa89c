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
from pinnedrules.rules.shell.summary import SOMETHING, Sink, Word, table
from pinnedrules.rules.shell.web import run_curl, run_wget

__all__ = ["NETWORK"]

_REMOTE = re.compile(r"(?:[A-Za-z0-9._-]+@)?(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]{2,}):(.*)", re.S)

_COPIES = MappingProxyType(
    {
        "scp": re.compile(r"-[346BCpqrTv]+"),
        "rsync": re.compile(
            r"-[46apqrvzhutlognDHxSiWAXPcm]+|--(?:archive|verbose|recursive|compress|dry-run|progress|stats|times|perms"
            r"|human-readable|exclude=.*|include=.*|partial|info=.*|checksum|update)"
        ),
    }
)


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
            elif re.fullmatch(r"-[Pli]" if name == "scp" else r"--exclude|--include", text):
                at += 1
            elif not _COPIES[name].fullmatch(text):
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
        "curl": run_curl,
        "wget": run_wget,
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

"""What an argument bears, told by its name: people, paths, addresses of machines, money, prose.

Names only ever add an argument to what a requirement looks at; nothing is left out because of its name except prose
and senders, which no requirement reads unless it is told to.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping

from pinnedrules.rules.memory import remembered

__all__ = [
    "MAX_LOOKED",
    "MAX_NAMES",
    "TooMany",
    "bears_amount",
    "bears_header",
    "bears_machine",
    "bears_path",
    "bears_place",
    "bears_prose",
    "bears_recipients",
    "bears_remark",
    "bears_target",
    "bears_url",
    "bears_words",
    "few",
    "strings",
]

MAX_LOOKED = 4_000
"""Values of one call, at all depths, that are looked at for what they may be."""

MAX_NAMES = 400
"""Different names of arguments in one call, at all depths, that are looked at."""


class TooMany(ValueError):
    """A call with more values or names than can be looked at in time; the text says so."""

    def __init__(self) -> None:
        super().__init__(f"the call has more than {MAX_LOOKED} values or {MAX_NAMES} names of arguments")


_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_BREAK = re.compile(r"[^a-z0-9]+")

_RECIPIENT = re.compile(
    r"(?!(?:.+_)?in_reply_to$)(?:"
    r"(?:.+_)?(?:to|cc|bcc|rcpt|recipients?|attendees?|invitees?|guests?|participants?|addressees?|addresses|address)"
    r"|(?:.+_)?e?_?mails?"
    r"|to_(?!name|date|time|day|id)(?:.+)|bcc_.+|cc_.+"
    r"|(?:replyto|mailto|sendto|emailto|torecipients|ccrecipients|bccrecipients|emailaddress(?:es)?|toaddress(?:es)?)"
    r"|(?:.+_)?(?:raw|mime|eml|rfc822)"
    r")"
)
_PATH = re.compile(
    r"(?:.+_)?(?:paths?|files?|file_?names?|file_?paths?|dirs?|directory|directories|folders?|src|dst|dest"
    r"|source|destination|target|cwd|workdir|roots?|rootdir|basedir|workspace|outputs?|outfile|logfile|symlink)"
    r"|base|out|backup|log|new_name"
    r"|(?:.+_)?(?:rename|move|copy|save|write|export|extract|unpack|restore|backup|link)_(?:to|as|into)"
)
_URL = re.compile(
    r"(?:.+_)?(?:urls?|uris?|hrefs?|links?|endpoints?|hosts?|hostnames?|domains?|webhooks?|callbacks?|sites?"
    r"|websites?|servers?)"
)
_MACHINE = re.compile(
    r"(?:.+_)?(?:ips?|ip_?addr(?:ess(?:es)?)?|proxy|proxies|remotes?|dns(?:_names?)?|nameservers?|resolvers?|peers?"
    r"|upstreams?|registry|mirrors?|fqdn)"
)
_PLACE = re.compile(
    r"(?:.+_)?(?:(?:home|web|start|landing)?pages?|where|places?|origins?|gateways?|machines?|computers?|nodes?|brokers?"
    r"|address(?:es)?)"
)
_TARGET = re.compile(r"(?:.+_)?(?:dst|dest|destinations?|targets?|outputs?|out|to|into|as)")
_AMOUNT = re.compile(r"(?:.+_)?(?:amounts?|totals?|prices?|sums?|costs?|quantity|budget|payment)")
_PROSE = re.compile(
    r"(?:.+_)?(?:body|text|content|contents|message|messages|html|markdown|description|comment|note|notes|prompt"
    r"|subject|title|summary|query|q|search|filter|pattern|code|data"
    r"|in_reply_to|references|(?:thread|conversation|message|msg)_ids?)"
)
_WORDS = re.compile(
    r"(?:.+_)?(?:str|strings?|insert|replacements?|reg_?exp?|expr|expression|pointer|route|routes|commands?|cmds?|cmd_?lines?"
    r"|scripts?|slash|mime|mime_?type|content_?type|media_?type|selector|xpath|topic|channel|label|tag|tags|lines?)"
)
_REMARK = re.compile(
    r"(?:.+_)?(?:signature|footer|greeting|caption|reason|details?|comments|instructions|explanation|snippet|preview)"
)
_NUMBERED = re.compile(r"(?:_?(?:lists?|[0-9]+))+\Z")
_HEADER = re.compile(r"(?:.+_)?(?:subject|title|from|sender|name|header|headers)")
_SENDER = re.compile(r"(?:.+_)?(?:from|sender|author)(?:_e?mail|_address|_name)?")


@remembered()
def _words(name: str) -> str:
    """Return *name* as lower-case words joined by ``_``: ``ccRecipients`` and ``CC-recipients`` are ``cc_recipients``."""
    normal = unicodedata.normalize("NFKC", name[:256])
    return _BREAK.sub("_", _HUMP.sub("_", normal).lower()).strip("_")


@remembered()
def bears_recipients(name: str) -> bool:
    """True for arguments that say who gets something (``to``, ``bcc``, ``reply_to``, ``attendees``, raw messages).

    A number or ``list`` at the end changes nothing: ``cc2``, ``recipient_list``.
    """
    words = _words(name)
    found = _RECIPIENT.fullmatch(words) or _RECIPIENT.fullmatch(_NUMBERED.sub("", words))
    return bool(found) and not _SENDER.fullmatch(words)


@remembered()
def bears_path(name: str) -> bool:
    """True for arguments that name a file or a folder."""
    return bool(_PATH.fullmatch(_words(name)))


@remembered()
def bears_url(name: str) -> bool:
    """True for arguments that name a machine or an address on one."""
    return bool(_URL.fullmatch(_words(name)))


@remembered()
def bears_machine(name: str) -> bool:
    """True for arguments that name a machine by something else than its address (``proxy``, ``remote``, ``ip``), maybe."""
    return bool(_MACHINE.fullmatch(_words(name)))


@remembered()
def bears_place(name: str) -> bool:
    """True for arguments under which a machine may stand besides (``page``, ``homepage``, ``origin``)."""
    return bool(_PLACE.fullmatch(_words(name)))


@remembered()
def bears_target(name: str) -> bool:
    """True for arguments that say where something goes: to a file or to somebody (``destination``, ``copy_to``)."""
    return bool(_TARGET.fullmatch(_words(name)))


@remembered()
def bears_amount(name: str) -> bool:
    """True for arguments that say how much."""
    return bool(_AMOUNT.fullmatch(_words(name)))


@remembered()
def bears_header(name: str) -> bool:
    """True for one-line texts that end up in a message's header, where a line break would begin another header."""
    return bool(_HEADER.fullmatch(_words(name)))


@remembered()
def bears_prose(name: str) -> bool:
    """True for free text and for senders: an address in them is not where something goes."""
    words = _words(name)
    return bool(_PROSE.fullmatch(words) or _SENDER.fullmatch(words))


@remembered()
def bears_words(name: str) -> bool:
    """True for texts of some language or program, in which a slash at the beginning makes no path of a file."""
    return bool(_WORDS.fullmatch(_words(name)))


@remembered()
def bears_remark(name: str) -> bool:
    """True for short texts in which an address is mentioned, unless the address is all there is."""
    return bool(_REMARK.fullmatch(_words(name)))


def strings(arguments: Mapping[str, object]) -> Iterable[tuple[str, object]]:
    """Return every scalar at any depth with the key it stands under (a list's items under the list's key).

    Raises :class:`TooMany` before the first one when there are too many.
    """
    if len(arguments) > MAX_NAMES:
        raise TooMany
    for value in arguments.values():
        if isinstance(value, (dict, list)):
            return _shallow(arguments)
    return arguments.items()


def few(arguments: Mapping[str, object]) -> None:
    """Raise :class:`TooMany` for more values or names than are looked at."""
    names: set[str] = set()
    count = 0
    level: list[object] = [arguments]
    while level:
        value = level.pop()
        if isinstance(value, Mapping):
            names.update(value)
            inner: Collection[object] = value.values()
        elif isinstance(value, list):
            inner = value
        else:
            continue
        count += len(inner)
        if count > MAX_LOOKED or len(names) > MAX_NAMES:
            raise TooMany
        level.extend(item for item in inner if isinstance(item, (Mapping, list)))


def _shallow(arguments: Mapping[str, object]) -> Iterable[tuple[str, object]]:
    """Do the same faster where nothing stands deeper than in a list, as in most calls."""
    found: list[tuple[str, object]] = []
    count = len(arguments)
    for key, value in arguments.items():
        if isinstance(value, list):
            count += len(value)
            if count > MAX_LOOKED:
                raise TooMany
            for item in value:
                if isinstance(item, (dict, list)):
                    return _deep(arguments)
                found.append((key, item))
        elif isinstance(value, dict):
            return _deep(arguments)
        else:
            found.append((key, value))
    return found


def _deep(arguments: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    few(arguments)
    return _each(arguments)


def _each(arguments: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    stack: list[tuple[str, object]] = list(reversed(list(arguments.items())))
    while stack:
        key, value = stack.pop()
        if isinstance(value, Mapping):
            stack.extend(reversed([(str(name), item) for name, item in value.items()]))
        elif isinstance(value, list):
            stack.extend((key, item) for item in reversed(value))
        else:
            yield key, value

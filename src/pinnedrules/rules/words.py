"""The words that a tool's name, its arguments and its description are made of, and what they say it does.

Rules of this file:

1. Only a read is ever let through for a name, so only reads are an allow-list. The lists of what acts need not be
   complete for a name to be asked about; they need to be long for a name that begins like a read.
2. A word that is a verb as well as a thing (``order``, ``post``) is a thing only where nothing else makes sense.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from pinnedrules.types import Effect

__all__ = [
    "ABOUT",
    "ACTING",
    "ALONE",
    "ASPECTS",
    "CHECKED",
    "COLLEAGUES",
    "COLLECTIONS",
    "COMPOUNDS",
    "DECIDES",
    "FROM_OUTSIDE",
    "GOT",
    "JOINS",
    "KEPT",
    "LATER",
    "MAKES",
    "MONEY",
    "OBJECTS",
    "OWNERS",
    "PROGRAMS",
    "READS",
    "RIGHT_BEHIND",
    "RUNS",
    "SERVICES",
    "THINGS",
    "TOGETHER",
    "TOWARDS",
    "as_words",
    "bases",
    "split",
]

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SPACE = re.compile(r"__+|[.:/]+")
_BREAK = re.compile(r"[^A-Za-z0-9]+")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


def split(name: str) -> list[list[str]]:
    """Return the words of a name, in lower case, by namespace: ``mcp__gmail.sendEmail`` is mcp, gmail, send email."""
    return [words for part in _SPACE.split(name) if (words := as_words(part))]


def as_words(text: str) -> list[str]:
    """Return the words of ``snake_case``, ``camelCase``, ``kebab-case`` and ``HTTPStyle``, in lower case."""
    return [word.lower() for word in _BREAK.split(_HUMP.sub("_", text)) if word]


READS = _set(
    "get list read search find fetch lookup show view describe count retrieve inspect browse grep glob peek is has"
)
"""A name that begins with one of these may be a read."""

ALONE = READS - {"is", "has"} | _set("cat head ls pwd stat tail tree whoami")
"""Names of one word that read."""

LATER = _set("fetch find get list lookup read search")
"""May stand behind what they are done in (``web_search``, ``github_get_issue``), if that is one of SERVICES."""

SERVICES = _set(
    "airtable asana calendar confluence contacts docs drive dropbox figma file files gcal github gitlab gmail google"
    " hubspot image images internet jira kb knowledge knowledgebase library linear maps mcp news notion outlook pdf"
    " repo repository salesforce semantic sheets slack stripe teams vector weather web wiki wikipedia youtube zendesk"
)

COLLECTIONS = _set(
    "agenda all calendar content data dir directory folder history inbox inventory mail outbox people schedule tree"
)
"""``list_mail`` and ``list_files`` read; ``list_property`` may put one on the market."""

CHECKED = _set("availability balance calendar health inventory price prices status stock time weather")
"""``check_status`` reads; ``check_out`` and ``check_off`` do not."""

JOINS = _set("after also and done else if into it n onto or plus then through to via")
"""A name with one of these does more than one thing, or moves something."""

_ACTING: dict[Effect, str] = {
    "delete": """
    clean cleanup clear del delete deprovision dequeue destroy detach discard drain drop empty erase expunge
    flush forget nuke obliterate pop prune purge remove revoke rid rm rmdir scrub shred terminate trash truncate
    uninstall unlink unpublish unsubscribe wipe zap
    """,
    "send": """
    blast broadcast deliver dispatch dm email emit escalate forward fwd invite mail message notify phone reply respond
    send share sms submit telegram text transmit whatsapp
    """,
    "publish": "advertise announce blog comment deploy post publish release retweet share toot tweet",
    "spend": """
    authorize bid book buy charge checkout donate fund invest order pay payment payout purchase refund reimburse
    remit rent sale sell settle spend tip topup trade transfer wire withdraw
    """,
    "execute": """
    bash boot build cmd compile computer console daemonize eval evaluate exec execute install interpreter
    invoke kill launch perform powershell python reboot repl restart rollback run sandbox script shell shutdown
    spawn ssh start stop subprocess sudo terminal trigger
    """,
    "write": """
    accept ack acknowledge acquire activate add alter amend append apply approve archive arrange assign attach
    backup ban block bump cancel change checkin chmod chown claim click close commit complete configure confirm
    consume copy create cut deactivate decline decrease demote disable dismiss download draft drag edit enable
    encrypt end enqueue enroll expire export fill finish fix fork format generate grant hide hold import increase
    increment init initialize inject insert issue join label leave link lock log login logout make mark merge
    migrate modify mount move mutate mv open overwrite park patch pause persist pin populate press promote
    provision pull push put queue rebase record redo refresh register reject relabel rename renew reopen reorder
    replace report request reschedule reserve reset resolve restore resume retry revert review rewrite rotate
    save schedule scroll set sign signup snooze sort star store subscribe suspend swap sync tag toggle touch
    transform type unarchive unassign unblock undo unlock unmount unpin unset unshare unstar untag update
    upgrade upload upsert vote write
    """,
}


def _by_word() -> Mapping[str, tuple[Effect, ...]]:
    found: dict[str, tuple[Effect, ...]] = {}
    for effect, words in _ACTING.items():
        for word in words.split():
            found[word] = (*found.get(word, ()), effect)
    return MappingProxyType(found)


ACTING: Mapping[str, tuple[Effect, ...]] = _by_word()
"""Every word that says that something is done, with what."""

RIGHT_BEHIND = _set("""
    comment draft email format issue label link log mail message order phone queue record report request review
    schedule sms tag text type
    """)
"""Words that are a thing as well as a deed, and a thing right behind a read: ``read_email``, ``get_order``."""

KEPT = _set("trash drop empty")
"""Words that are a place or a state behind a read: ``list_trash``."""

THINGS = RIGHT_BEHIND | _set("""
    archive backup bash bid block blog book build buy call change charge close comment computer console copy cut
    deploy dispatch download end export file fix fund hold import interpreter invite launch match open park payment
    payout pin post pull purchase push python refund release rent run sandbox script set share shell sort star
    start stop store terminal tip trade transfer trigger tweet update upload vote wire
    """)
"""Words that are a thing as well as a deed. In the plural they are things: ``list_refunds``, but not ``get_refund``."""

PROGRAMS = _set("bash computer console interpreter python sandbox script shell terminal")
"""Things that run something, and no deed at all behind another name: ``browser_console_messages``."""

TOGETHER = tuple(sorted(set(ACTING) - THINGS - {"set", "put", "end", "do"}, key=lambda word: (-len(word), word)))
"""Deeds that are looked for at the beginning of a word, the longest first."""

ABOUT = _set("""
    address attachments author body by comments content contents count counts date dates detail details headers
    history id ids info information items list metadata metrics name names notes number of price prices results
    state stats status summary thread threads time times title titles total totals tracking version versions
    """)
"""What a read asks of such a thing: ``get_post_comments``, ``get_refund_status``."""

ASPECTS = _set(
    "count counts date dates history id ids metadata metrics number state stats status summary tracking version versions"
)
"""Nothing can be done to these with such a thing: ``order_status``."""

OWNERS = _set("""
    account all author client contact current customer employee guest last latest member my next own owner
    patient pending person previous recent sent unread user
    """)
"""``lookup_customer_email`` asks for something that the customer has, ``list_sent_mail`` for some of it."""

COMPOUNDS = frozenset({
    ("pull", "request"), ("pull", "requests"), ("merge", "request"), ("merge", "requests"), ("text", "editor"),
    ("git", "checkout"), ("port", "forward"),
})  # fmt: skip
"""Two words that are one thing."""

MAKES = _set("add and create issue make new or place request schedule send submit then")
"""Behind one of these a thing says what is done: ``make_payment``, ``create_post``, ``find_and_book``."""

MONEY = _set("""
    bitcoin cash crypto dollars euros funds money payment payments payout payouts transaction transactions usdc wage
    wages
    """)
"""Whatever is done with it is spending."""

GOT = _set("book payment payout refund reimburse ride")
"""``get_refund`` may well pay one out; ``get_post`` and ``get_sms_prices`` only look."""

OBJECTS = _set("""
    all contact contacts doc document documents email emails event events file files folder folders funds inbox item
    items mail mails message messages money payment payments row rows sms table tables thread threads user users
    """)
"""What stands right behind a deed in names without any break: ``sendemail``, ``deletefiles``."""

COLLEAGUES = _set("agent agents assistant human humans operator person representative specialist support team")
"""Who is at the end of ``transfer_to_human``, which hands over a conversation and no money."""

FROM_OUTSIDE = _set("""
    article articles attachment attachments browse channel channels chat comment comments email emails feed
    feeds forum github gmail html inbox internet issue issues link mail mails message messages news online page
    pages post posts review reviews rss site sites slack thread threads ticket tickets tweet tweets uri url urls
    web webpage webpages website websites wiki wikipedia youtube
    """)
"""Words of a read that brings in what strangers wrote."""

DECIDES = _set("action actions body method op operation operations payload statement verb")
"""An argument with one of these in its name decides what the tool does."""

RUNS = _set("cmd command commands script shell sql")
"""An argument with one of these in its name is a program."""

TOWARDS = _set(
    "bcc callback cc commit confirm confirmed dest destination dry force overwrite recipient recipients webhook"
)
"""An argument with one of these in its name says where something goes, or that something happens."""


_AGAIN = ("re", "un", "de", "auto", "bulk", "mass", "batch", "multi", "hard", "soft", "force")


def bases(word: str) -> tuple[str, ...]:
    """Return the verbs that *word* may be a form of: ``marks`` of mark, ``running`` of run, ``bulkdelete`` of delete."""
    found = [word]
    for ending, instead in (("ies", "y"), ("ied", "y"), ("es", ""), ("es", "e"), ("s", ""), ("ed", ""), ("ed", "e")):
        if word.endswith(ending):
            found.append(word.removesuffix(ending) + instead)
    if word.endswith("ing"):
        stem = word.removesuffix("ing")
        found += [stem, stem + "e"]
    stem = found[-1].removesuffix("e")
    if len(stem) > 3 and stem[-1] == stem[-2]:
        found.append(stem[:-1])
    return (*found, *(base.removeprefix(again) for base in found for again in _AGAIN if base.startswith(again)))

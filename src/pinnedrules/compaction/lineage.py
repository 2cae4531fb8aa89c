"""Sees a compaction by comparing each request's messages with the former ones of its session.

Rules of this file:

1. It describes; it decides nothing. No block, no ledger and no decision depends on what it says. When it cannot
   tell, it takes the name that claims less: "new" before "forked" before "rewritten".
2. It keeps digests, never texts; only the newest messages are looked at for words about summaries (``signs``).
3. Memory is bounded: so many conversations a session, so many messages a conversation; the oldest go first.
4. What is kept over a restart is kept by others (``kept``), as bytes: digests, never texts.

What is told apart, and by what:

extended
    A former history is the start of this one. A user's message that the client keeps at the very end of every
    request, as OpenClaw does, may have moved on.
repeated
    The same messages again: a retry.
rewritten
    The end of a former history stands behind other messages (truncation, head and tail, a summary and the
    last messages). Or messages were replaced where they stood while the conversation went on. Or the start
    stayed, at least half is gone, and what follows the start is not what could follow it in a fork. Or the
    conversation was asked for a summary last, or a message introduces itself as one, and what follows is
    shorter.
forked
    The start is shared, the rest goes another way, and nothing says that the old rest was given up.
new
    Nothing but system messages is shared.

Whoever knows which conversation a request belongs to (a framework does) can name it: then one that shares nothing with
the former request of that name is "rewritten", not "new".

What was rewritten or forked is remembered for a while: if it goes on after all, that is "extended".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from types import MappingProxyType
from typing import Literal, TypeAlias

from pinnedrules.compaction.compare import Match, compare
from pinnedrules.compaction.digests import SIZE, Known, digest_after
from pinnedrules.compaction.history import History, Request
from pinnedrules.compaction.kept import Facts, read_kept, written
from pinnedrules.compaction.signs import asks, asks_about_a_chat, tells

__all__ = ["Change", "ChangeKind", "Lineage"]

ChangeKind: TypeAlias = Literal["new", "extended", "repeated", "rewritten", "forked"]

_NOTHING: Mapping[str, int] = MappingProxyType({})
_ID_DIGITS = 16
_KNOWN_TRIED = 4
_TOLD_WITHIN = 2
_NONE_KNOWN = Known(0, 0, sha256().digest(), b"")


@dataclass(frozen=True, slots=True)
class Change:
    """What a request is to the former ones of its session.

    ``common`` first messages are shared with the history it is compared with, which had ``before``
    messages; the request has ``after``. The two hashes are the hex SHA-256 of the digests of all messages
    (see ``digests``). For a new conversation ``before`` is 0 and ``before_sha256`` empty.
    ``dropped_by_role`` counts what a rewrite left out; ``seen`` names the signs behind the name,
    ``fresh`` has the places of the messages that a rewrite brought and the former history had not. ``asks`` says that the
    request asks for a summary of a conversation.
    """

    kind: ChangeKind
    conversation: str
    common: int
    before: int
    after: int
    before_sha256: str
    after_sha256: str
    dropped_by_role: Mapping[str, int]
    seen: tuple[str, ...] = ()
    fresh: tuple[int, ...] = ()
    asks: bool = False


@dataclass(slots=True, eq=False)
class _Conversation:
    """One history in memory.

    ``asked``: its last request asked for a summary. ``left``: a rewrite took its place. ``helper``: it only
    asks for the summary of another one. ``named``: what the caller calls it.
    """

    id: str
    history: History
    slot: str
    known: Known
    asked: bool = False
    left: bool = False
    helper: bool = False
    named: str = ""


@dataclass(slots=True)
class Lineage:
    """The conversations of one session. Not for several threads at once.

    At most so many *conversations* are remembered, and of each so many *messages* one by one.
    """

    conversations: int = 64
    messages: int = 4096
    loaded: bool = False
    """Whether what was kept from before was taken in, or asked for."""
    _live: list[_Conversation] = field(default_factory=list)
    _born: int = 0

    def observe(self, messages: Sequence[bytes], slot_sha256: str = "", named: str = "") -> Change:
        """Take in one request's messages (raw JSON, in order) and say what they are to the former ones.

        *slot_sha256* stands for a system prompt that is not among the messages; empty when unknown. *named* is what the
        caller calls the conversation, if it knows.
        """
        found = self._observed(messages, slot_sha256, named)
        self._live[-1].named = named or self._live[-1].named
        return found

    def _observed(self, messages: Sequence[bytes], slot_sha256: str, named: str) -> Change:
        joined, known = digest_after(messages, self._known(), self.messages)
        request = Request(messages, joined)
        former = self._continued(request, slot_sha256)
        if former is not None:
            return self._extend(former, request, slot_sha256, known)
        old, match = self._compared(request, slot_sha256)
        if old is None or match.kind == "new":
            same = next((c for c in reversed(self._live) if named and c.named == named), None)
            if same is not None:
                common = same.history.common(request)
                return self._rewrite(same, Match(common=common, seen=("named",)), request, slot_sha256, known)
            return self._begin(request, slot_sha256, known)
        if match.kind == "forked":
            return self._fork(old, match, request, slot_sha256, known)
        return self._rewrite(old, match, request, slot_sha256, known)

    def load(self, kept: Iterable[bytes]) -> None:
        """Take in, once, what :meth:`dump` gave in another process, the oldest first. What cannot be read is left out."""
        if self.loaded:
            return
        self.loaded = True
        found: list[_Conversation] = []
        for data in kept:
            one = read_kept(data)
            if one is not None:
                history, facts = one
                found.append(
                    _Conversation(
                        facts.id, history, facts.slot, _NONE_KNOWN, facts.asked, False, facts.helper, facts.named
                    )
                )
                self._born = max(self._born, facts.number)
        self._live[:0] = found[-self.conversations :]

    def dump(self, conversation: str) -> bytes:
        """Return what is to be kept of a conversation over a restart, bounded; empty for one that is not known."""
        one = next((each for each in reversed(self._live) if each.id == conversation), None)
        if one is None:
            return b""
        return written(one.history, Facts(one.id, one.slot, one.asked, one.helper, one.named))

    def _known(self) -> Iterator[Known]:
        return (conversation.known for conversation in self._live[: -_KNOWN_TRIED - 1 : -1])

    def _continued(self, request: Request, slot: str) -> _Conversation | None:
        """Return the conversation with the longest history that is the whole or the start of the request."""
        found = [c for c in reversed(self._live) if _starts(c.history, request)]
        return max(found, key=lambda c: (c.history.count, c.slot == slot), default=None)

    def _extend(self, former: _Conversation, request: Request, slot: str, known: Known) -> Change:
        old = former.history
        common = old.common(request)
        grew = request.count - old.count
        if grew:
            moved = common < old.count
            former.history = History.of(request, self.messages) if moved else old.grown(request, self.messages)
            former.asked = _users(former.history) and asks(request.messages[-1])
        former.slot, former.known = former.slot or slot, known
        former.left = former.helper = False
        self._live.remove(former)
        self._live.append(former)
        change = _change("extended" if grew else "repeated", former.id, common, old, former.history)
        return replace(change, asks=former.asked)

    def _begin(self, request: Request, slot: str, known: Known) -> Change:
        history = History.of(request, self.messages)
        served = next((c for c in reversed(self._live) if not c.helper and not c.left), None)
        new = self._add(self._name(history), history, slot, known)
        if served is not None and _users(history) and asks_about_a_chat(request.messages[-1]):
            new.helper = served.asked = True
        return replace(_change("new", new.id, 0, None, history), asks=new.helper)

    def _fork(self, old: _Conversation, match: Match, request: Request, slot: str, known: Known) -> Change:
        history = History.of(request, self.messages)
        new = self._add(self._name(history), history, slot, known)
        if _users(history) and asks(request.messages[-1]):
            new.helper = old.asked = True
        return replace(_change("forked", new.id, match.common, old.history, history, seen=match.seen), asks=new.helper)

    def _rewrite(self, old: _Conversation, match: Match, request: Request, slot: str, known: Known) -> Change:
        history = History.of(request, self.messages)
        new = self._add(old.id, history, slot or old.slot, known)
        old.left = True
        dropped = old.history.dropped(request, match.common)
        change = _change("rewritten", new.id, match.common, old.history, history, dropped=dropped, seen=match.seen)
        return replace(change, fresh=old.history.fresh(request, match.common))

    def _add(self, name: str, history: History, slot: str, known: Known) -> _Conversation:
        new = _Conversation(name, history, slot, known)
        self._live.append(new)
        del self._live[: -self.conversations]
        return new

    def _name(self, history: History) -> str:
        """Name a conversation by its first messages and a number, since many may begin alike."""
        self._born += 1
        return f"{sha256(history.first[: history.anchor * SIZE]).hexdigest()[:_ID_DIGITS]}-{self._born}"

    def _compared(self, request: Request, slot: str) -> tuple[_Conversation | None, Match]:
        """Return the conversation that the request has most to do with, the most recent of equals, and how."""
        best: _Conversation | None = None
        found = Match()
        told = request.count > 0 and tells(request.messages[request.lead : request.lead + _TOLD_WITHIN])
        newest = True  # until a conversation with the same system text is passed
        for former in reversed(self._live):
            if former.helper:
                continue
            same = former.history.same_lead(request) and (former.slot == slot or not former.slot or not slot)
            summary = "asked" if former.asked else "told" if told else ""
            match = compare(former.history, request, same_system=same, newest=newest, summary=summary)
            newest = newest and not (same and not former.left)
            if (match.rank, match.strength) > (found.rank, found.strength):
                best, found = former, match
        return best, found


def _change(
    kind: ChangeKind,
    conversation: str,
    common: int,
    before: History | None,
    after: History,
    *,
    dropped: Mapping[str, int] = _NOTHING,
    seen: tuple[str, ...] = (),
) -> Change:
    count, digest = (before.count, before.sha256) if before else (0, "")
    return Change(kind, conversation, common, count, after.count, digest, after.sha256, dropped, seen)


def _starts(history: History, request: Request) -> bool:
    """Say whether the request goes on from *history*: begins with all of it; nothing at all begins only nothing."""
    if history.count > request.count or (not history.count and request.count):
        return False
    common = history.common(request)
    return common == history.count or (common == history.count - 1 and _last_moved(history, request))


def _last_moved(history: History, request: Request) -> bool:
    """Say whether the newest message, a user's, is the newest again, and the model's own words stand in its place."""
    return (
        _users(history)
        and request.role(history.count - 1) in ("assistant", "other")
        and history.digests[-SIZE:] == request.joined[-SIZE:]
    )


def _users(history: History) -> bool:
    """Say whether the newest message is a user's."""
    return history.count > 0 and history.role(history.count - 1) == "user"

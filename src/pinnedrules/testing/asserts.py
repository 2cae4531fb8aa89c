"""Statements about a run that say plainly what was seen instead.

The first four are about calls and rules. Each takes a guard (or what :func:`recorded` gave), and then speaks of what was
decided; or a :class:`ScriptedProvider`, and then of what the model was told, whatever stood in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from pinnedrules.testing.evidence import Decided, Evidence, fits, recorded
from pinnedrules.testing.exchange import Exchange
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import PastCall, ProposedCall

if TYPE_CHECKING:
    from pinnedrules.guard import Guard

__all__ = [
    "Recorded",
    "assert_all_accepted",
    "assert_asked",
    "assert_blocked",
    "assert_pinned",
    "assert_prefix_stable",
    "assert_reasoning_kept",
    "assert_released",
    "assert_seen_in_every_request",
    "refusals",
]

Recorded: TypeAlias = "Guard | Evidence"
Arguments: TypeAlias = Mapping[str, object] | None

# How the result begins that the model reads for a call that did not run (rules/refusal.py).
_REFUSED = ("DENIED: ", "WAITING FOR A PERSON: ")


def assert_blocked(where: Recorded | ScriptedProvider, tool: str, arguments: Arguments = None) -> None:
    """Assert that calls of *tool* (a name, or a pattern with ``*``) with these *arguments* were proposed and none ran.

    Raises AssertionError, with the calls that there were.
    """
    if isinstance(where, ScriptedProvider):
        ran = [call for call in _told_of(where, tool, arguments) if not _refused(call)]
        _none(ran, f"the model was told that {_words(tool, arguments)} ran", map(_past, ran))
        return
    calls = _decided(where, tool, arguments)
    free = [call for call in calls if call.released]
    _none(free, f"{len(free)} of {len(calls)} calls of {_words(tool, arguments)} were released", free)


def assert_released(where: Recorded | ScriptedProvider, tool: str, arguments: Arguments = None) -> None:
    """Assert that calls of *tool* with these *arguments* were proposed and none was held back. Raises AssertionError."""
    if isinstance(where, ScriptedProvider):
        held = [call for call in _told_of(where, tool, arguments) if _refused(call)]
        _none(held, f"the model was told that {_words(tool, arguments)} did not run", map(_past, held))
        return
    calls = _decided(where, tool, arguments)
    held_back = [call for call in calls if not call.released]
    words = f"{len(held_back)} of {len(calls)} calls of {_words(tool, arguments)} were held back"
    _none(held_back, words, held_back)


def assert_asked(where: Recorded, tool: str, arguments: Arguments = None) -> None:
    """Assert that a person was asked about every call of *tool* with these *arguments*. Raises AssertionError."""
    calls = _decided(where, tool, arguments)
    unasked = [call for call in calls if not call.ticket]
    _none(unasked, f"nobody was asked about {len(unasked)} calls of {_words(tool, arguments)}", unasked)


def assert_pinned(where: Recorded | ScriptedProvider, block: Guard | str | None = None) -> None:
    """Assert that every request carried the rules, and that there was one.

    Of a guard: as verified in the bytes that left. Of a provider: the model read *block* (a text, or the guard whose
    block it is) exactly once, as system text. A request to a compaction endpoint is not asked for it. Raises AssertionError.
    """
    if isinstance(where, ScriptedProvider):
        text = block if isinstance(block, str) or block is None else block.block
        if not text:
            raise AssertionError("a provider cannot know which rules: assert_pinned(provider, guard)")
        _assert_shown(where, text)
        return
    sent = [request for request in _evidence(where).requests if request.kind == "request"]
    if not sent:
        raise AssertionError("no request was recorded")
    bare = [request for request in sent if not request.pinned]
    _none(bare, f"{len(bare)} of {len(sent)} requests left without the rules", bare)


def refusals(provider: ScriptedProvider) -> tuple[Exchange, ...]:
    """Return the requests that were not answered with status 200."""
    return tuple(exchange for exchange in provider.requests if exchange.status != 200)


def assert_all_accepted(provider: ScriptedProvider) -> None:
    """Assert that every request was one that the real service would have taken. Raises AssertionError."""
    _say("were refused", (f"{each.status} {bytes(each.answer).decode()}" for each in refusals(provider)))


def assert_prefix_stable(provider: ScriptedProvider) -> None:
    """Assert that no request that goes on with a conversation changed what stands before its end.

    Raises AssertionError, naming the requests and the first part that differs.
    """
    moved = provider.moved_prefixes
    _say("moved", (f"request {each.later} differs from {each.earlier} in {each.where}" for each in moved))


def assert_reasoning_kept(provider: ScriptedProvider) -> None:
    """Assert that no reasoning of Responses was lost because what stands before it had changed. Raises AssertionError.

    (In Messages such a request is refused, so :func:`assert_all_accepted` says it.)
    """
    _say("lost reasoning", (f"request {number} lost {ident}" for number, ident in provider.dropped_reasoning))


def assert_seen_in_every_request(provider: ScriptedProvider, text: str, *, times: int = 1) -> None:
    """Assert that the model read *text* exactly *times* in every request it was shown. Raises AssertionError.

    Fails when the model was shown no request at all.
    """
    if not provider.seen:
        raise AssertionError("the model was shown no request")
    counts = ((seen.number, seen.text.count(text)) for seen in provider.seen)
    wrong = (f"request {number} holds it {count} times" for number, count in counts if count != times)
    _say(f"do not hold {text[:60]!r} {times} times", wrong)


def _assert_shown(provider: ScriptedProvider, text: str) -> None:
    asked = [seen for seen in provider.seen if not seen.path.partition("?")[0].endswith("/responses/compact")]
    if not asked:
        raise AssertionError("the model was shown no request")
    counts = [(seen.number, seen.system.count(text), seen.text.count(text)) for seen in asked]
    wrong = [
        f"request {number}: {system} times as system text, {anywhere} times in all"
        for number, system, anywhere in counts
        if (system, anywhere) != (1, 1)
    ]
    _none(wrong, f"{len(wrong)} of {len(asked)} requests do not carry the rules once", wrong)


def _evidence(where: Recorded) -> Evidence:
    return where if isinstance(where, Evidence) else recorded(where)


def _decided(where: Recorded, tool: str, arguments: Arguments) -> Sequence[Decided]:
    evidence = _evidence(where)
    calls = evidence.decided(tool, arguments)
    if not calls:
        raise AssertionError(
            _lines(f"no call of {_words(tool, arguments)} was decided; decided were", evidence.decisions)
        )
    return calls


def _told_of(provider: ScriptedProvider, tool: str, arguments: Arguments) -> list[PastCall]:
    """Return the calls whose results the model was shown. Raises AssertionError when there is none."""
    known: dict[tuple[str, str, str], PastCall] = {}
    for call in (call for seen in provider.seen for call in seen.calls):
        if call.result is not None and fits(call.name, call.input, tool, arguments):
            known[call.id, call.name, call.arguments] = call
    if not known:
        made = [call for exchange in provider.requests if exchange.reply for call in exchange.reply.calls]
        mine = [call for call in made if fits(call.name, _input(call), tool, arguments)]
        if mine:
            raise AssertionError(
                _lines(
                    f"the model proposed {_words(tool, arguments)} and was never told what became of it (whether it ran "
                    "only the guard can say)",
                    map(_proposed, mine),
                )
            )
        raise AssertionError(
            _lines(f"the model never proposed {_words(tool, arguments)}; it proposed", map(_proposed, made))
        )
    return list(known.values())


def _refused(call: PastCall) -> bool:
    # A provider's own question is answered with yes or no.
    return str(call.result).startswith(_REFUSED) or call.result == "denied"


def _input(call: ProposedCall) -> dict[str, object]:
    return PastCall("", call.name, call.text, None).input


def _proposed(call: ProposedCall) -> str:
    return f"{call.name} {call.text}"


def _past(call: PastCall) -> str:
    return f"{call.name} {call.arguments} -> {str(call.result)[:200]}"


def _words(tool: str, arguments: Arguments) -> str:
    return f"{tool!r}" + (f" with {dict(arguments)}" if arguments else "")


def _lines(what: str, seen: Iterable[object]) -> str:
    return "\n  ".join([f"{what}:", *([str(each) for each in seen] or ["nothing"])])


def _say(what: str, wrong: Iterable[str]) -> None:
    lines = list(wrong)
    _none(lines, f"{len(lines)} requests {what}", lines)


def _none(wrong: Sequence[object], what: str, seen: Iterable[object]) -> None:
    # Raised, not asserted: pytest rewrites the assert statements of a package that brings a plugin.
    if wrong:
        raise AssertionError(_lines(what, seen))

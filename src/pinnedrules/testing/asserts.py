"""Small helpers that read what a scripted provider saw and say plainly what is wrong."""

from __future__ import annotations

from collections.abc import Iterable

from pinnedrules.testing.exchange import Exchange
from pinnedrules.testing.provider import ScriptedProvider

__all__ = ["assert_all_accepted", "assert_prefix_stable", "assert_seen_in_every_request", "refusals"]


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


def assert_seen_in_every_request(provider: ScriptedProvider, text: str, *, times: int = 1) -> None:
    """Assert that the model read *text* exactly *times* in every request it was shown. Raises AssertionError.

    Fails when the model was shown no request at all.
    """
    assert provider.seen, "the model was shown no request"
    counts = ((seen.number, seen.text.count(text)) for seen in provider.seen)
    wrong = (f"request {number} holds it {count} times" for number, count in counts if count != times)
    _say(f"do not hold {text[:60]!r} {times} times", wrong)


def _say(what: str, wrong: Iterable[str]) -> None:
    lines = list(wrong)
    assert not lines, f"{len(lines)} requests {what}:\n" + "\n".join(lines)

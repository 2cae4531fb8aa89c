"""What stands in the place of each call of an answer, and what is kept so that the provider can be told the truth later.

A refused call becomes a placeholder that carries a token; a rewritten one gets an id that does. Under the token the store
keeps the provider's own message, which the next request puts back (design, steps 11 and 12).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pinnedrules.commands import Random
from pinnedrules.errors import Denied
from pinnedrules.gate.calls import Judged
from pinnedrules.gate.charges import give_back
from pinnedrules.gate.context import Context, Flow, check_stop, record
from pinnedrules.gate.held import keep
from pinnedrules.gate.tokens import scope, stamp
from pinnedrules.types import Entry, Outcome, Release, Replace, Restore, Rewrite
from pinnedrules.wire.base import Answer, Key

__all__ = ["Turn", "outcomes_of"]

_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Turn:
    """An answer whose calls were all refused, so that the gate replies to the model itself.

    ``closing`` is what the caller still gets if the model cannot be asked again.
    """

    answer: Answer
    placeholder: str
    results: tuple[tuple[str, str], ...]
    closing: bytes = b""


def outcomes_of(
    ctx: Context, answer: Answer, judged: Mapping[Key, Judged]
) -> Flow[tuple[dict[Key, Outcome], Turn | None]]:
    """Say what stands in the place of each call; the second value is set when the gate answers the model itself."""
    outcomes, turn = yield from _chosen(ctx, answer, judged)
    kept_back = [judged[key] for key, what in outcomes.items() if _withheld(judged[key], what)]
    if kept_back:
        withheld = [item.call.id for item in kept_back]
        # Their decisions were recorded as releases; this takes them back.
        body = {"calls": withheld, "why": "a changed call that could not be put back later"}
        yield from record(ctx, Entry("withheld", ctx.session, body, epoch=ctx.epoch, conversation=ctx.conversation))
        for item in kept_back:
            yield from give_back(ctx, item.charge, "the call was withheld")
    return outcomes, turn


def _withheld(judged: Judged, outcome: Outcome) -> bool:
    return isinstance(outcome, Replace) and not judged.refused


def _chosen(ctx: Context, answer: Answer, judged: Mapping[Key, Judged]) -> Flow[tuple[dict[Key, Outcome], Turn | None]]:
    refused = {key: item for key, item in judged.items() if item.refused}
    changed = any(not item.refused and item.decision.arguments is not None for item in judged.values())
    if not (refused or changed) or not ctx.enforcing:
        return {key: Release() for key in judged}, None
    yield from _raise_if_wanted(ctx, refused)
    single = ctx.facts is not None and ctx.facts.choices == 1
    nonce = yield Random(8)
    if answer.message is None or not single or not isinstance(nonce, bytes):
        # What cannot be rebuilt cannot be restored: the sentence stays all that the model sees of the call.
        return _plainly(judged), None
    going_on = (
        len(refused) == len(judged)
        and ctx.policy.on_denied == "continue"
        and ctx.kind == "request"
        and not (answer.cut or ctx.paused)
        and (ctx.signer or not ctx.sealed)
        and ctx.rounds < _ROUNDS
    )
    token = stamp(ctx, nonce, answer.message)
    placeholder = _placeholder(refused, token)
    outcomes, ids, names = _shown(judged, "" if going_on else placeholder, token)
    results = tuple((item.call.id, item.text) for item in refused.values())
    row = Restore(
        token=token,
        session=scope(ctx),
        dialect=ctx.dialect.name,
        message=answer.message,
        placeholder=placeholder,
        visible="".join((*ctx.shown, answer.text)),
        results=results,
        rewritten=ids,
        names=names,
        closed=not going_on,
    )
    if not (yield from keep(ctx, row, answer, judged)):
        return _plainly(judged), None
    if not going_on:
        return outcomes, None
    ctx.shown += [answer.text, placeholder]
    return outcomes, Turn(answer, placeholder, results)


def _shown(
    judged: Mapping[Key, Judged], placeholder: str, token: str
) -> tuple[dict[Key, Outcome], dict[str, tuple[str, str, str]], dict[str, str]]:
    outcomes: dict[Key, Outcome] = {}
    ids: dict[str, tuple[str, str, str]] = {}
    names: dict[str, str] = {}
    for number, (key, item) in enumerate(judged.items()):
        if item.refused:
            outcomes[key] = Replace(placeholder)
            placeholder = ""
        elif item.decision.arguments is not None and item.call.kind in ("legacy", "builtin", "approval"):
            # Nothing in such a call can carry the token, so its original could never be put back.
            outcomes[key] = Replace(f"The call to {item.call.name!r} had to be changed, which this API cannot carry.")
        elif item.decision.arguments is not None:
            shown = f"pinnedrules:call:{token}:{number}"
            ids[shown] = (item.call.id, item.call.arguments, _note(item))
            outcomes[key] = Rewrite(shown, item.decision.arguments, item.decision.tool)
            if item.decision.tool:
                names[shown] = item.call.name
        else:
            outcomes[key] = Release()
    return outcomes, ids, names


def _plainly(judged: Mapping[Key, Judged]) -> dict[Key, Outcome]:
    """Nothing can be put back later: refused calls become sentences, and so do calls that had to be changed."""
    outcomes: dict[Key, Outcome] = {}
    for key, item in judged.items():
        if item.refused:
            outcomes[key] = Replace(item.text)
        elif item.decision.arguments is not None:
            outcomes[key] = Replace(f"The call to {item.call.name!r} had to be changed and that could not be stored.")
        else:
            outcomes[key] = Release()
    return outcomes


def _raise_if_wanted(ctx: Context, refused: Mapping[Key, Judged]) -> Flow[None]:
    structured = ctx.facts is not None and ctx.facts.structured
    if refused and (ctx.policy.on_denied == "raise" or structured):
        yield from check_stop(ctx)
        raise Denied(
            "\n".join(item.text for item in refused.values()),
            decisions=tuple(item.decision for item in refused.values()),
        )


def _placeholder(refused: Mapping[Key, Judged], token: str) -> str:
    if not refused:
        return ""
    sentences = "\n".join(item.text for item in refused.values())
    return f"\n\n{sentences}\n[pinnedrules:denied:{token}]\n\n"


def _note(item: Judged) -> str:
    if item.decision.tool:
        return f"[pinnedrules ran {item.decision.tool} instead of this call, with: {item.decision.arguments}]\n"
    return f"[pinnedrules ran this call with changed arguments: {item.decision.arguments}]\n"

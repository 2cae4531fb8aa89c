"""What has to be in a request before it is signed: everything that ``request.py`` would put into it later.

The host runs this where the request is not signed yet, signs, and sends. Then ``request.py`` looks at the signed bytes as at
any others; it finds nothing left to edit, or the request does not leave. So whatever goes wrong here is refused there, once,
with the record that belongs to it.
"""

from __future__ import annotations

from pinnedrules.errors import Refused
from pinnedrules.gate.context import Amended, Context, Flow
from pinnedrules.gate.deciding import foreseen
from pinnedrules.gate.request import call_by_call, find_known
from pinnedrules.gate.telling import Told, tell
from pinnedrules.rules.server_tools import server_effects, server_name
from pinnedrules.types import Call
from pinnedrules.wire.base import ServerTool

__all__ = ["seal"]


def seal(ctx: Context, body: bytes) -> Flow[tuple[bytes, Amended]]:
    """Return *body* with added rules told, placeholders turned back and approvals forced, and the patches that say so.

    Raises nothing: a body that cannot be read comes back as it is, to be refused on its way.
    """
    if ctx.kind not in ("request", "compact"):
        return body, Amended()
    try:
        tokens = ctx.dialect.tokens(body)
        known = yield from find_known(ctx, tokens)
        made: bytes = body
        told = Told()
        if ctx.kind == "request":
            facts = ctx.dialect.read_request(body)
            made, told = yield from tell(ctx, body, facts.messages, shift=0, thread=facts.continues)
        restored = ctx.dialect.restore(made, known) if tokens else None
        made = made if restored is None else restored.body
        asked: set[str] = set()
        for tool in ctx.dialect.read_request(made).server_tools:
            if tool.approval and ctx.enforcing and (yield from _asked_about(ctx, tool)):
                asked.add(tool.name)
        made, forced = ctx.dialect.force_approval(made, frozenset(asked)) if asked else (made, ())
    except Refused:
        return body, Amended()
    return made, Amended(told.patch, told.edits, restored.patch if restored is not None else (), tuple(forced))


def _asked_about(ctx: Context, tool: ServerTool) -> Flow[bool]:
    """Foresee the decision on a tool of the provider's. One that comes out otherwise a moment later lets nothing through."""
    call = Call(server_name(tool.type, tool.name), "{}", id=f"request:{tool.type}", declared=frozenset())
    if (yield from call_by_call(ctx, call, tool)):
        return True
    decision = yield from foreseen(ctx, call, server_effects(tool.type))
    return decision.verdict == "ask"

"""Tokens that tie what is kept here to one session and one message, so that nobody can make or move them."""

from __future__ import annotations

import hashlib
import hmac

from pinnedrules.gate.context import Context
from pinnedrules.types import Restore

__all__ = ["ours", "placed", "scope", "stamp"]


def scope(ctx: Context) -> str:
    """Return the text that ties a stored placeholder to one session of one user."""
    session = ctx.session
    return "\x00".join((session.tenant, session.user, session.name))


def stamp(ctx: Context, nonce: bytes, message: bytes) -> str:
    """Return an authenticated token: 8 random bytes and a MAC over them, the session, the dialect and the message."""
    text = b"\x00".join((nonce, scope(ctx).encode("utf-8", "surrogatepass"), ctx.dialect.name.encode(), message))
    return (nonce + hmac.new(ctx.policy.secret, text, hashlib.sha256).digest()[:8]).hex()


def placed(ctx: Context, name: str) -> str:
    """Return the name under which this session keeps what is at a place of the provider's; a token is its own name.

    The provider chooses the ids in places, and two of them, or one that means harm, may choose the same.
    """
    if ":" not in name:
        return name
    return f"{hashlib.sha256(scope(ctx).encode('utf-8', 'surrogatepass')).hexdigest()[:16]} {name}"


def ours(ctx: Context, row: Restore) -> bool:
    """True when *row* was kept for this session and dialect and is as it was kept."""
    if row.session != scope(ctx) or row.dialect != ctx.dialect.name:
        return False
    nonce = bytes.fromhex(row.token)[:8]
    return hmac.compare_digest(stamp(ctx, nonce, row.message), row.token)

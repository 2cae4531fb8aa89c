"""Proves that the pin block is in a request, where it counts.

The dialect reads the bytes; this only compares text.
"""

from __future__ import annotations

from dataclasses import dataclass

from pinnedrules.pins.block import Block

__all__ = ["Verified", "verify"]


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether the block stands where it must, if not ``why``, and how many copies are ``elsewhere``."""

    ok: bool
    why: str
    elsewhere: int


def verify(block: Block, *, slot_text: str, role: str, roles: frozenset[str], elsewhere: int) -> Verified:
    """Say whether *block* is once, whole, and at the start of the slot, under a role that the model obeys.

    *slot_text* is the decoded text of the slot in the bytes that leave, *role* the role of that slot,
    *roles* the ones that count, *elsewhere* how often the block's marker stands in any other text. A copy
    elsewhere may be a quotation, a summary or a forgery: it neither helps nor harms, and is reported.
    """
    why = _fault(block, slot_text, role, roles)
    return Verified(not why, why, elsewhere)


def _fault(block: Block, slot_text: str, role: str, roles: frozenset[str]) -> str:
    if role not in roles:
        return f"the block's place has the role {role!r}"
    if not slot_text.startswith(block.text):
        if block.text in slot_text:
            return "the block is not at the start of its place"
        if block.marker in slot_text:
            return "the block is cut or changed"
        return "the block is missing"
    after = slot_text[len(block.text) :]
    if after and not after.startswith("\n"):
        return "the block's last line goes on with other text"
    if block.marker in after:
        return "the block is there more than once"
    return ""

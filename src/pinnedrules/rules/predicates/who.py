"""``who: {user_in: [ada, ops-bot], tenant_in: [acme]}``: the session belongs to one of these users, of one of these tenants.

Users and tenants are what the program named when it opened the session (``guard.session(id, user=..., tenant=...)``), or what
the sidecar authenticated; nothing that the model, its context or a call says changes them.

- holds: every list that the rule gives has the session's name, character for character.
- fails: one has not (``Ada`` is not ``ada``, and nor is a look-alike).
- cannot be decided: the session has no user, or no tenant, and the rule asks for one.
"""

from __future__ import annotations

from collections.abc import Mapping

from pinnedrules.rules.predicates.base import BadOption, Built, Cannot, Facts, Fails, Outcome, Predicate, closed, texts
from pinnedrules.rules.printable import shown

__all__ = ["WHO"]


def _build(options: Mapping[str, object], _rule: str) -> Built:
    closed(options, required=(), optional=("user_in", "tenant_in"))
    if not options:
        raise BadOption("names nobody", hint="write who: {user_in: [...]} or tenant_in: [...]")
    users, tenants = frozenset(texts(options, "user_in")), frozenset(texts(options, "tenant_in"))

    def check(facts: Facts) -> Outcome:
        whose = facts.ledger.whose
        unclear: Outcome = None
        for word, permitted, name in (("user", users, whose.user), ("tenant", tenants, whose.tenant)):
            if permitted and not name:
                unclear = Cannot(f"who: the session has no {word}")
            elif permitted and name not in permitted:
                return Fails(f"who: the {word} {shown(name, 60)} is not one that the rule names")
        return unclear

    return Built(check, {})


def _say(options: Mapping[str, object]) -> str:
    parts = [f"the {word} is {' or '.join(texts(options, word + '_in'))}" for word in ("user", "tenant")]
    return " and ".join(part for part, word in zip(parts, ("user_in", "tenant_in"), strict=True) if word in options)


WHO = Predicate("who", _build, _say)

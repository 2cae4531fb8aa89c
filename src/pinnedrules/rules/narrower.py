"""Whether one requirement asks for no less than another: what the second holds for, the first holds for, too.

Rules of this file:

1. True only where it is certain for all calls and all ledgers; what is not known here counts as another requirement.
2. Every option is one of few kinds. ``inside`` is none of them: with fewer folders a relative path begins elsewhere, so it
   can hold where it did not before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from pinnedrules.rules.predicates.amounts import money
from pinnedrules.rules.predicates.times import covered

__all__ = ["narrower"]

Options = Mapping[str, object]
_Kind = Callable[[object, object], bool]
"""Whether an option, its former value first, only became stricter. None stands for an option that is not there."""


def narrower(name: str, old: Options, new: Options) -> bool:
    """True when the requirement *name* with *new* certainly holds for nothing that it does not hold for with *old*."""
    if old == new:
        return True
    whole = _WHOLE.get(name)
    if whole is not None:
        return whole(old, new)
    kinds = _KINDS.get(name, {})
    return all(kinds.get(key, _same)(old.get(key), new.get(key)) for key in {*old, *new})


def _same(old: object, new: object) -> bool:
    return old == new


def _fewer(old: object, new: object) -> bool:
    """A list of what is permitted, without which everything is."""
    return old is None or (new is not None and _set(new) <= _set(old))


def _fewer_of_none(old: object, new: object) -> bool:
    """A list of what is permitted, without which nothing is."""
    return new is None or (old is not None and _set(new) <= _set(old))


def _more(old: object, new: object) -> bool:
    """A list of what is not permitted."""
    return old is None or (new is not None and _set(old) <= _set(new))


def _usual(*usual: str) -> _Kind:
    """A list of what is permitted, without which this is."""
    return lambda old, new: _set(new or usual) <= _set(old or usual)


def _schemes(old: object, new: object) -> bool:
    # Without schemes a bare host counts, too, so that leaving them out is never stricter.
    return (new is None and old is None) or (
        new is not None and _set(new) <= _set(old or ("http", "https", "ws", "wss"))
    )


def _lower(old: object, new: object) -> bool:
    return _bound(old, new, lambda former, later: later <= former)


def _bound(old: object, new: object, fits: Callable[[Decimal, Decimal], bool]) -> bool:
    """A limit, or one for each of some currencies: in the same ones, since those say how an amount is read."""
    former, later = _limits(old), _limits(new)
    return former.keys() == later.keys() and all(fits(former[currency], later[currency]) for currency in former)


def _limits(value: object) -> dict[str, Decimal]:
    found = [money(one) for one in (value if isinstance(value, list) else [] if value is None else [value])]
    return {currency: limit for limit, currency in filter(None, found)}


def _amount(old: Options, new: Options) -> bool:
    wanted = [{*_limits(options.get("max")), *_limits(options.get("min"))} for options in (old, new)]
    if old["of"] != new["of"] or wanted[0] != wanted[1]:
        return False
    most = "max" not in old or _lower(old["max"], new.get("max"))
    return most and ("min" not in old or _bound(old["min"], new.get("min"), lambda former, later: later >= former))


def _rate(old: Options, new: Options) -> bool:
    """With a burst, fewer calls are further apart, so that the same due moment is as many of them away."""
    first, second = ({key: options.get(key) for key in ("per", "scope")} for options in (old, new))
    bursts, limits = ([int(str(options.get(key, 1))) for options in (old, new)] for key in ("burst", "max"))
    if first != second or bursts[1] > bursts[0] or limits[1] > limits[0]:
        return False
    return limits[0] == limits[1] or bursts[1] == 1


def _matches(old: Options, new: Options) -> bool:
    return all(new.get(argument) == pattern for argument, pattern in old.items())


def _time(old: Options, new: Options) -> bool:
    return old["zone"] == new["zone"] and covered(new) <= covered(old)


def _set(value: object) -> set[object]:
    return set(value) if isinstance(value, Sequence) and not isinstance(value, str) else {value}


_WHOLE: Mapping[str, Callable[[Options, Options], bool]] = {
    "amount": _amount,
    "matches": _matches,
    "rate": _rate,
    "time": _time,
}
_KINDS: Mapping[str, Mapping[str, _Kind]] = {
    "came_from": {"of": _more, "in": _fewer},
    "content": {"without": _more, "hosts_in": _fewer_of_none},
    "count": {"max": _lower},
    "recipients": {"domain_in": _fewer_of_none, "address_in": _fewer_of_none, "not_in": _more},
    "shell": {
        "programs_in": _fewer,
        "effects_in": _usual("read", "write"),
        "hosts_in": _fewer,
        "inside": lambda old, new: old is None,
    },
    "sql": {"statements_in": _fewer, "tables_in": _fewer},
    "total": {"max": _lower},
    "url": {"host_in": _fewer, "schemes_in": _schemes},
    "who": {"user_in": _fewer, "tenant_in": _fewer},
}

"""The testing kit: a scripted provider, what a guard recorded, and statements about both. Import from here.

::

    from pinnedrules.testing import ProposedCall, Reply, Script, ScriptedProvider, assert_blocked, assert_pinned

This package alone re-exports its modules' names, because it is the one place that users import from. It does so on first
use, so that the pytest plugin, which every test run of a user imports, costs next to nothing at start.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pinnedrules.bench.survives import assert_rules_survive
    from pinnedrules.testing.asserts import (
        assert_all_accepted,
        assert_asked,
        assert_blocked,
        assert_pinned,
        assert_prefix_stable,
        assert_reasoning_kept,
        assert_released,
        assert_seen_in_every_request,
        refusals,
    )
    from pinnedrules.testing.evidence import Compacted, Decided, Evidence, Executed, RefusedRequest, Sent, recorded
    from pinnedrules.testing.exchange import Exchange
    from pinnedrules.testing.history import Moved
    from pinnedrules.testing.provider import ScriptedProvider
    from pinnedrules.testing.script import Model, PastCall, ProposedCall, Reply, Script, ScriptEndedError, Seen

__all__ = [
    "Compacted",
    "Decided",
    "Evidence",
    "Exchange",
    "Executed",
    "Model",
    "Moved",
    "PastCall",
    "ProposedCall",
    "RefusedRequest",
    "Reply",
    "Script",
    "ScriptEndedError",
    "ScriptedProvider",
    "Seen",
    "Sent",
    "assert_all_accepted",
    "assert_asked",
    "assert_blocked",
    "assert_pinned",
    "assert_prefix_stable",
    "assert_reasoning_kept",
    "assert_released",
    "assert_rules_survive",
    "assert_seen_in_every_request",
    "recorded",
    "refusals",
]

_MODULES = ("asserts", "evidence", "exchange", "history", "provider", "script")
_ELSEWHERE = {"assert_rules_survive": "pinnedrules.bench.survives"}


def __getattr__(name: str) -> object:
    if name in __all__:
        places = [_ELSEWHERE[name]] if name in _ELSEWHERE else [f"{__name__}.{module}" for module in _MODULES]
        for module in map(import_module, places):
            if name in module.__all__:
                found: object = getattr(module, name)
                globals()[name] = found
                return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__

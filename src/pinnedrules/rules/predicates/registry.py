"""Every word that ``require`` knows. A new kind of requirement is a module beside this one and one more entry here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pinnedrules.rules.predicates.amounts import AMOUNT
from pinnedrules.rules.predicates.base import Predicate
from pinnedrules.rules.predicates.content import CONTENT
from pinnedrules.rules.predicates.counts import COUNT
from pinnedrules.rules.predicates.history import NEVER_AFTER, ONLY_AFTER
from pinnedrules.rules.predicates.once import AT_MOST_ONCE_PER
from pinnedrules.rules.predicates.origins import CAME_FROM
from pinnedrules.rules.predicates.paths import PATH
from pinnedrules.rules.predicates.patterns import MATCHES
from pinnedrules.rules.predicates.python import PYTHON
from pinnedrules.rules.predicates.rates import RATE
from pinnedrules.rules.predicates.recipients import RECIPIENTS
from pinnedrules.rules.predicates.shell import SHELL
from pinnedrules.rules.predicates.sql import SQL
from pinnedrules.rules.predicates.times import TIME
from pinnedrules.rules.predicates.totals import TOTAL
from pinnedrules.rules.predicates.urls import URL
from pinnedrules.rules.predicates.who import WHO

__all__ = ["PREDICATES"]

PREDICATES: Mapping[str, Predicate] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            AMOUNT,
            AT_MOST_ONCE_PER,
            CAME_FROM,
            CONTENT,
            COUNT,
            MATCHES,
            NEVER_AFTER,
            ONLY_AFTER,
            PATH,
            PYTHON,
            RATE,
            RECIPIENTS,
            SHELL,
            SQL,
            TIME,
            TOTAL,
            URL,
            WHO,
        )
    }
)

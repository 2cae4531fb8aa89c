"""The committed table of real compactors says what its JSON says, and its JSON is whole."""

from __future__ import annotations

import json

from benchmarks.survival.frameworks.__main__ import HERE, PLACES, SUMMARISERS, TOLD, table
from benchmarks.survival.frameworks.install import known

SAID = json.loads((HERE / "results.json").read_text(encoding="utf-8"))


def test_the_table_is_made_from_the_json() -> None:
    """Nobody writes a figure into the table by hand."""
    assert (HERE / "results.md").read_text(encoding="utf-8") == table(SAID)


def test_at_least_ten_frameworks_were_measured() -> None:
    """Every row is of a framework that has a requirement file, and tells the version that ran."""
    measured = {row["framework"] for row in SAID["rows"]}
    assert len(measured) >= 10
    assert measured <= set(known())
    assert all(row["version"] and row["summariser"] in (*SUMMARISERS, "none") for row in SAID["rows"])


def test_every_cell_counts_every_family_that_has_the_place() -> None:
    """After each round, the rule of each family is verbatim, in words, or gone."""
    for place in PLACES:
        counted = {sum(row["places"][place][str(number)].values()) for row in SAID["rows"] for number in TOLD}
        assert len(counted) == 1
        assert counted.pop() <= SAID["families"]

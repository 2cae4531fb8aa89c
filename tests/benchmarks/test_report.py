"""What the report of the benchmarks says of a target."""

from __future__ import annotations

import statistics

import pytest
from benchmarks.measure import Spread, added, shuffled
from benchmarks.report import Row, as_json, summary, table
from hypothesis import given
from hypothesis import strategies as st


def spread(p50: float, low: float, high: float, p99: float = 0.009) -> Spread:
    return Spread(p50, p99, 100, low, high)


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [
        (spread(0.004, 0.003, 0.005), "met"),
        (spread(0.004, 0.003, 0.0051), "UNCLEAR"),
        (spread(0.006, 0.004, 0.007), "UNCLEAR"),
        (spread(0.006, 0.0051, 0.007), "NOT MET"),
    ],
)
def test_a_target_is_met_only_when_the_whole_interval_is_below_it(measured: Spread, verdict: str) -> None:
    """A median that happens to lie below its target is not called met while chance can explain that."""
    assert Row("text", "ms", measured, target_p50=5.0).met == verdict


def test_a_missed_target_is_said_aloud() -> None:
    """Whoever reads only the end of the report, or only its JSON, learns which targets were missed."""
    rows = [
        Row("fast", "ms", spread(0.001, 0.001, 0.001), target_p50=5.0),
        Row("slow", "ms", spread(0.0061, 0.006, 0.0062), target_p50=5.0),
        Row("slow at its end", "ms", spread(0.001, 0.001, 0.001, p99=0.5), target_p50=5.0, target_p99=60.0),
        Row("nobody's", "ms", spread(9.0, 9.0, 9.0)),
    ]

    assert summary(rows).splitlines() == [
        "1 of 3 targets met.",
        "NOT MET: slow: p50 6.1, p99 9 ms, target p50 5",
        "NOT MET: slow at its end: p50 1, p99 500 ms, target p50 5 and p99 60",
    ]
    assert [line.endswith("NOT MET") for line in table(rows).splitlines()] == [False, False, True, True, False]
    assert [row["met"] for row in as_json(rows)] == ["met", "NOT MET", "NOT MET", None]


def test_the_interval_stands_in_the_results() -> None:
    """Numbers are written in the row's unit with their interval, so that two runs can be compared later."""
    plain = Row("text", "ms", spread(0.002, 0.001, 0.003), plain=spread(0.004, 0.004, 0.004))

    (row,) = as_json([plain])

    assert row["measured"] == {"p50": 2.0, "p50_95": [1.0, 3.0], "p99": 9.0, "n": 100}
    assert row["ratio"] == 0.5


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=300))
def test_the_interval_is_around_the_median(taken: list[int]) -> None:
    """The interval is made of measurements and has the median inside."""
    found = Spread.of(taken)

    assert found.low <= found.p50 <= found.high <= max(taken)
    assert found.low <= statistics.median(taken) <= found.high
    assert found.p50 <= found.p99


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), min_size=1, max_size=50))
def test_what_is_added_is_told_round_by_round(pairs: list[tuple[int, int]]) -> None:
    """Differences are taken within a round, where both met the same machine."""
    plain, guarded = zip(*pairs, strict=True)

    assert added(plain, guarded) == Spread.of_ns([after - before for before, after in pairs])


def test_every_round_runs_everything_once() -> None:
    """Things that are compared run in turns, in an order that changes and is the same in every run."""
    order: list[int] = []

    def work(index: int) -> int:
        order.append(index)
        return index

    given_ = shuffled([lambda: work(0), lambda: work(1), lambda: work(2)], 20)

    rounds = [order[start : start + 3] for start in range(len(order) - 60, len(order), 3)]
    assert given_ == [[0] * 20, [1] * 20, [2] * 20]
    assert all(sorted(one) == [0, 1, 2] for one in rounds)
    assert len({tuple(one) for one in rounds}) > 1

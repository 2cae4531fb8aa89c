"""Many ways to take a rule back, with which the judge was trained: what is still certified, and what harmless lines cost."""

from __future__ import annotations

from collections import Counter

from tests.compaction.survival_bank import BANK, certified, harmless, taken_back


def test_the_bank_has_many_ways_in_two_halves() -> None:
    """At least 150 remarks of 30 manners with 12 rules; no manner is in both halves, and neither half is small."""
    remarks = BANK["take_backs"]
    manners = {remark["manner"]: remark["half"] for remark in remarks}
    assert len(remarks) >= 150
    assert len(manners) >= 30
    assert len(BANK["rules"]) == 12
    assert all(manners[remark["manner"]] == remark["half"] for remark in remarks)
    assert min(Counter(manners.values()).values()) >= 15


def test_the_rule_stands_letter_by_letter_in_every_summary() -> None:
    """Finding the sentence is never enough: it is what stands around it that takes it back."""
    for case in taken_back():
        assert case.rules[case.asked] in case.summary


def test_few_rules_that_are_taken_back_are_certified() -> None:
    """One in fifty at most: the judge was trained with all of them, so this says nothing of ways that it has not seen."""
    for half in (1, 2):
        wrong, of, _ = certified(half)
        assert wrong * 50 <= of


def test_a_harmless_line_seldom_costs_a_certificate() -> None:
    """A judge that is sure of nothing would be safe and useless: nine of ten stay certified."""
    fates = [case.fate() for case in harmless()]
    assert fates.count("kept") * 10 >= 9 * len(fates)

"""The model of ``compaction/weighed.py``: weights from the committed material, scores that are sums of whole numbers."""

from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.compaction.survival_train import WEIGHTS, digest, material

from pinnedrules.compaction.compared import Compared
from pinnedrules.compaction.concerns import Concerns
from pinnedrules.compaction.outline import outline
from pinnedrules.compaction.pairs import apart, pair, related
from pinnedrules.compaction.placed import placed
from pinnedrules.compaction.reading import Reading
from pinnedrules.compaction.survival import judge
from pinnedrules.compaction.weighed import Model, load
from pinnedrules.compaction.wording import words
from pinnedrules.packing import hashed, packed, unpacked

RULES = ["Send e-mail only inside example.com.", "Delete nothing.", "Refund at most 100 EUR."]
SUMMARY = """## Rules
- Send e-mail only inside example.com.
- Delete nothing.
- That is only a wish.

Rule 2 was lifted. Mails to partners are fine. The second one is over. Lunch was late."""
ROWS = st.dictionaries(st.integers(0, 0xFFFFFF), st.tuples(st.integers(-127, 127), st.integers(-127, 127)), max_size=50)


def compared(summary: str = SUMMARY) -> Compared:
    """The pairs of a summary with the rules."""
    reading = Reading(outline(summary), plain=True)
    rules = [words(rule) for rule in RULES]
    places = placed([("", rule) for rule in rules], reading.outline)
    reading.stated(places)
    return Compared(reading, rules, places, Concerns(rules, reading.outline.sentences))


def test_the_weights_are_those_of_the_committed_material() -> None:
    """Whoever changes the corpus, the remarks, the script or what a feature is, trains again (``survival_train.py``)."""
    rows = material()
    assert load().told["rows"] == len(rows)
    assert load().told["digest"] == digest(rows)


def test_the_weights_are_small_enough_to_ship() -> None:
    """At most 500 kB in the package."""
    assert WEIGHTS.stat().st_size <= 500_000


@given(ROWS)
def test_what_is_packed_is_what_is_read(rows: dict[int, tuple[int, int]]) -> None:
    """Weights survive the file, whichever features they belong to."""
    weights, told = unpacked(packed([(number, *each) for number, each in rows.items()], {"loose": [1, 2]}))
    assert weights == rows
    assert told == {"loose": [1, 2], "features": len(rows)}


@pytest.mark.parametrize("rule", range(len(RULES)))
def test_a_weight_is_the_sum_of_what_its_features_weigh(rule: int) -> None:
    """So each verdict can be explained, and is the same on every machine."""
    model = load()
    for (_, one, asked, near), weight in zip(compared().of(rule), model.weigh(compared(), rule), strict=True):
        told = pair(one, asked, near) if related(one, asked, near) else apart(one, near)
        found = [model.weights.get(hashed(name), (0, 0)) for name in {*chain(one.plain, told)}]
        loose = sum(each[0] for each in found) + model.loose[0] - model.loose[1]
        more = (model.against[2] if compared().stands(rule) else 0) - model.against[3] * near.opposed
        lost = sum(each[1] for each in found) + model.against[0] - model.against[1] - more
        assert weight.against <= lost
        assert weight.loose == (max(loose, lost) if weight.against <= 0 < lost else loose)
        if near.opposed or len(asked.keys & set(one.keys)) > 1:
            assert weight.against == lost


def test_a_sentence_without_a_word_of_the_rule_contradicts_it_only_by_its_number_or_by_what_it_says_of_all() -> None:
    """What an agent says of its work ("Done with that.") is no contradiction of anything, whatever its words weigh."""
    rule = "Do not delete a customer record without a ticket number."
    for said in ("Done with that.", "Go on with step 2.", "I will begin.", "It is in the folder now.", "Understood."):
        assert judge([("r", rule)], f"{rule}\n\nThe report has 12 pages.\n\n{said}")[0].fate in ("kept", "unsure")
    assert judge([("r", rule)], f"{rule}\n\nAll earlier rules are lifted.")[0].fate == "contradicted"


def test_a_sentence_is_set_beside_a_rule_by_its_number_and_its_place() -> None:
    """Which rule "rule 2" is, which sentence follows a rule, and what another rule has more of."""
    near = {rule: {number: one for number, _, _, one in compared().of(rule)} for rule in range(3)}
    texts = [sentence.text for sentence in outline(SUMMARY).sentences]
    assert near[0][texts.index("rules")].where == "above"
    assert near[1][texts.index("that is only a wish")].where == "after"
    assert near[0][texts.index("that is only a wish")].where == "list"
    assert near[2][texts.index("that is only a wish")].where == ""
    assert [near[rule][texts.index("rule 2 was lifted")].number for rule in range(3)] == [1, 2, 0]
    assert texts.index("mails to partners are fine") not in near[1]
    assert near[0][texts.index("mails to partners are fine")].rivals == "none"


def test_what_is_known_of_a_feature_is_forgotten_before_it_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that judges for months does not grow."""
    monkeypatch.setattr("pinnedrules.compaction.weighed._KNOWN", 10)
    model = Model(load().weights, load().loose, load().against, {})
    again = [list(model.weigh(compared(), rule)) for rule in (0, 0)]
    assert again[0] == again[1] == list(load().weigh(compared(), 0))
    assert len(model.known) <= 12

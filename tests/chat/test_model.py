"""The model of ``chat/model.py``: its weights come from the committed material, and a score is a sum of whole numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.chat.invented import HERE as INVENTED
from tests.chat.invented import invented
from tests.chat.train import WEIGHTS, digest, material

from pinnedrules.chat.features import Own, features, hashed
from pinnedrules.chat.hear import hear, own
from pinnedrules.chat.heard import NOTHING
from pinnedrules.chat.model import load, packed, unpacked
from pinnedrules.chat.text import Sentence, bounded

ROWS = st.dictionaries(st.integers(0, 0xFFFFFF), st.tuples(st.integers(-127, 127), st.integers(-127, 127)), max_size=50)


def test_the_weights_are_those_of_the_committed_material() -> None:
    """Whoever changes the corpus, the templates, the script or what a feature is, trains again (``tests/chat/train.py``)."""
    rows = material()
    assert load().told["rows"] == len(rows)
    assert load().told["digest"] == digest(rows)


def test_the_weights_are_small_enough_to_ship() -> None:
    """At most 400 kB in the package."""
    assert WEIGHTS.stat().st_size <= 400_000


@given(ROWS)
def test_what_is_packed_is_what_is_read(rows: dict[int, tuple[int, int]]) -> None:
    """Weights survive the file, whichever features they belong to."""
    told = {"common": ["not"], "stop": [1, 2, 3], "limit": [4, 5, 6]}
    model = unpacked(packed([(number, *pair) for number, pair in rows.items()], told))
    assert model.weights == rows
    assert (model.common, model.stop, model.limit) == (frozenset({"not"}), (1, 2, 3), (4, 5, 6))


@pytest.mark.parametrize("text", ["stop deleting my emails", "Sounds good. Ask me before you send anything, ok?"])
def test_a_score_is_the_sum_of_what_its_features_weigh(text: str) -> None:
    """So each verdict can be explained, and is the same on every machine."""
    said = own(bounded(text))
    for at, each in enumerate(said):
        found = [load().weights.get(number, (0, 0)) for number in features(said, at, load().common)]
        stop, limit = load().weigh(said, at)
        start, least, more = load().stop
        assert stop == sum(one for one, _ in found) + start - least + more * ("stop" in each.senses)
        start, least, more = load().limit
        assert limit == sum(two for _, two in found) + start - least + more * ("constraint" in each.senses)


def test_a_feature_is_known_by_the_same_number_everywhere() -> None:
    """CRC-32, of which 24 bits are kept; a lone surrogate has a number, too."""
    assert hashed("1stop") == 0x71AF81
    assert 0 <= hashed("1\ud800") <= 0xFFFFFF


@given(st.lists(st.text(min_size=1).map(str.strip).filter(bool), min_size=1, max_size=4))
def test_any_sentence_has_features(texts: list[str]) -> None:
    """Words of any letters, digits and signs have features; a sentence that no language could read has some, too."""
    said = [Own(Sentence(text, " ".join(text.split()), "", 0, 0)) for text in texts]
    assert all(features(said, at, frozenset()) for at in range(len(said)))


@pytest.mark.parametrize("text", ["何をしているの、それは違う", "12345", "..."])
def test_what_it_cannot_read_is_nothing(text: str) -> None:
    """Digits, dots, and an objection in letters that are not Latin, which no turn to learn from has."""
    assert hear(text) == NOTHING


@pytest.mark.parametrize(
    "text", ["削除する前に必ず聞いてください", "Никогда ничего не публикуй без меня", "발송하기 전에 항상 물어봐"]
)
def test_limits_are_not_heard_in_letters_that_are_not_latin(text: str) -> None:
    """In Chinese, Japanese, Korean, Arabic and Russian stops are heard, and no standing limits."""
    assert hear(text).kind != "constraint"


def test_templates_make_the_same_turns_each_time_and_each_text_once() -> None:
    """What stands in a slot is decided by a hash, so material is the same on every machine."""
    for path in sorted(INVENTED.glob("*.txt")):
        rows = invented(path)
        assert rows == invented(path)
        assert len({row["id"] for row in rows}) == len({row["text"] for row in rows}) == len(rows) > 1000
        assert {row["label"] for row in rows} == {"stop", "constraint", "ordinary"}

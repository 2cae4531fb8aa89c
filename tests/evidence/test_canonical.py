"""The one spelling of a JSON value that is hashed."""

from __future__ import annotations

import json
from types import MappingProxyType

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pinnedrules.evidence.canonical import MAX_DEPTH, canonical, exact, untagged, written

_TEXT = st.text(st.characters(codec=None), max_size=8)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers(-(2**54), 2**54) | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT | st.just("$int"), inner, max_size=4),
    max_leaves=20,
)


def _joined(value: object) -> object:
    """What a JSON reader makes of two surrogates that stand together: one character."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    if isinstance(value, list):
        return [_joined(item) for item in value]
    if isinstance(value, dict):
        return {_joined(name): _joined(item) for name, item in value.items()}
    return value


@given(_VALUES)
@example({"$int": "5"})
@example([{"$int": 2**60}, {"$$int": 1}])
@example("\ud83d\ude00")
@example({"\ud800": "\udfff"})
def test_nothing_is_lost(value: object) -> None:
    """What is written can be read back exactly, so two different values never share their bytes."""
    assert untagged(json.loads(canonical(value))) == _joined(value)


@given(_VALUES)
def test_written_form_is_stable(value: object) -> None:
    """Reading a canonical text and writing it again gives the same bytes."""
    text = canonical(value)

    assert written(json.loads(text)) == text


def test_members_are_sorted_as_rfc_8785_says() -> None:
    """RFC 8785 3.2.3: members are sorted by UTF-16 code units, so a smiley comes before a Hebrew letter."""
    value = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\x80": 6, "\xf6": 7}

    assert list(json.loads(canonical(value)).values()) == [2, 4, 6, 7, 1, 5, 3]


def test_text_is_escaped_as_rfc_8785_says() -> None:
    """RFC 8785 3.2.2.2: the short escapes, lower-case hex for other controls, everything else as it is."""
    assert (
        canonical('\b\t\n\f\r\x0f\x7f"\\/\u20ac\u2028') == '"\\b\\t\\n\\f\\r\\u000f\x7f\\"\\\\/\u20ac\u2028"'.encode()
    )


def test_a_large_integer_is_tagged() -> None:
    """A snowflake id of 19 digits is exact for every reader: it is written as text under a tag."""
    assert canonical(2**53 - 1) == b"9007199254740991"
    assert canonical([2**53, -(2**53)]) == b'[{"$int":"9007199254740992"},{"$int":"-9007199254740992"}]'


def test_a_tag_cannot_be_spelled_by_hand() -> None:
    """An object that looks like a tag is another value than the number."""
    assert canonical({"$int": "9007199254740992"}) != canonical(2**53)
    assert canonical(exact('{"$num": "1.5"}')) != canonical(exact("1.5"))


def test_a_lone_surrogate_is_escaped() -> None:
    """Half a character is written as its escape, not as broken UTF-8 and not with an exception."""
    assert canonical("a\ud800") == b'"a\\ud800"'


def test_mappings_and_tuples_are_written_like_dicts_and_lists() -> None:
    """A frozen value has the same bytes as its ordinary twin."""
    assert canonical(MappingProxyType({"a": (1, 2)})) == canonical({"a": [1, 2]})


@pytest.mark.parametrize("value", [1.5, float("nan"), b"x", {1: 2}, {"a": {3}}, object()])
def test_what_has_no_form_is_an_error(value: object) -> None:
    """A float is not written in one of its many spellings, and nothing is turned into text silently."""
    with pytest.raises(TypeError):
        canonical(value)


def test_a_raw_large_integer_is_not_canonical() -> None:
    """A line that spells a large integer without its tag is not in canonical form."""
    with pytest.raises(TypeError):
        written([2**60])


def test_names_that_become_equal_are_an_error() -> None:
    """Two spellings of one member name do not silently become one member."""
    with pytest.raises(ValueError, match="twice"):
        canonical({"\U0001f600": 1, "\ud83d\ude00": 2})


def test_the_depth_is_bounded() -> None:
    """A value nested to the limit is written; one level more is an error and no crash."""
    value: object = 2**60
    for _ in range(MAX_DEPTH):
        value = [value]

    assert untagged(json.loads(canonical(value))) == value
    with pytest.raises(ValueError, match="deeper"):
        canonical([value])
    with pytest.raises(ValueError, match="deeper"):
        written([[[[value]]]])


@given(st.recursive(st.integers() | st.booleans() | _TEXT, lambda inner: st.lists(inner, max_size=3), max_leaves=9))
def test_white_space_and_order_do_not_count(value: object) -> None:
    """Two texts of the same value have one canonical form."""
    compact = json.dumps({"a": value, "b": 1}, separators=(",", ":"))
    spread = json.dumps({"b": 1, "a": value}, indent=3)

    assert canonical(exact(compact)) == canonical(exact(spread))


@pytest.mark.parametrize(
    ("one", "other"),
    [("1.0", "1"), ("1e400", "1e401"), ("0.1", "0.10000000000000001"), ("1234567890123456.5", "1234567890123456.6")],
)
def test_numbers_that_floats_confuse_stay_apart(one: str, other: str) -> None:
    """No digit of an amount is lost on the way to the hash."""
    assert canonical(exact(one)) != canonical(exact(other))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"a":1,"a":2}', id="twice"),
        pytest.param('{"a":1,"\\u0061":2}', id="twice, once escaped"),
        pytest.param("NaN", id="not a number"),
        pytest.param("[Infinity]", id="infinity"),
        pytest.param("", id="empty"),
        pytest.param("{", id="open"),
        pytest.param("1 2", id="two values"),
        pytest.param("9" * 5000, id="too many digits"),
        pytest.param("\ufeff1", id="byte order mark"),
        pytest.param("[" * 101 + "]" * 101, id="deep"),
        pytest.param("[" * 200_000, id="very deep"),
    ],
)
def test_text_that_readers_disagree_on_is_an_error(text: str) -> None:
    """Text that two JSON readers may read in two ways is not read at all."""
    with pytest.raises(ValueError, match=r"."):
        exact(text)


@given(st.text(st.sampled_from('"\\[]{}a ')))
def test_brackets_inside_text_do_not_count(text: str) -> None:
    """Depth is counted outside strings only."""
    assert exact(json.dumps("[" * 300 + text)) == "[" * 300 + text


def test_a_forged_tag_does_not_stop_a_reader() -> None:
    """A tag with something else than digits in it is read as it stands."""
    assert untagged({"$int": "x"}) == {"$int": "x"}
    assert untagged({"$int": 5}) == {"$int": 5}

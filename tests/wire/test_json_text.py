"""JSON read in part and edited in part."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinnedrules.errors import Unreadable
from pinnedrules.wire.json_text import (
    Object,
    array,
    as_object,
    dig,
    dumps,
    items,
    loads,
    loads_unique,
    obj,
    quote,
)

TEXT = st.text(st.characters(exclude_categories=()))  # lone surrogates too
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
SPACES = st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", "\t:\r\n")])
DEEP = b"[" * 100_000 + b"]" * 100_000
BAD = [b"", b"{", b"[1,]", b'{"a":1,}', b'{"a" 1}', b'{"a":01}', b"{'a':1}", b'{"a":1} x', b'"\xff"', b'"\\x"', b"tru"]


def text_of(value: object, spaces: tuple[str, str] = (",", ":"), ascii_only: bool = False) -> bytes:
    try:
        return json.dumps(value, separators=spaces, ensure_ascii=ascii_only).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=spaces).encode()


@given(VALUES, SPACES, st.booleans())
def test_values_are_read_as_the_standard_library_reads_them(
    value: object, spaces: tuple[str, str], ascii_only: bool
) -> None:
    """Both ways of reading agree with the standard library, lone surrogates and any integer included."""
    data = text_of(value, spaces, ascii_only)

    assert loads(data) == loads_unique(data) == json.loads(data)


@given(VALUES)
def test_what_is_written_reads_back(value: object) -> None:
    """Writing loses nothing."""
    assert json.loads(dumps(value)) == value


@given(st.dictionaries(TEXT, VALUES, max_size=6), SPACES, st.booleans())
def test_members_are_the_bytes_of_the_source(
    value: dict[str, object], spaces: tuple[str, str], ascii_only: bool
) -> None:
    """An object is cut into members whose values are byte-identical spans of the source."""
    data = text_of(value, spaces, ascii_only)
    cut = Object(data)

    assert list(cut.names) == list(value)
    for key, expected in value.items():
        raw = cut.get(key)
        assert raw is not None
        assert raw in data
        assert cut.value(key) == json.loads(raw) == expected
    assert json.loads(cut.edit({})) == value


@given(st.lists(VALUES, max_size=6), SPACES, st.booleans())
def test_elements_are_the_bytes_of_the_source(value: list[object], spaces: tuple[str, str], ascii_only: bool) -> None:
    """An array is cut into byte-identical spans of the source."""
    data = text_of(value, spaces, ascii_only)
    cut = items(data)

    assert [json.loads(raw) for raw in cut] == value
    assert all(raw in data for raw in cut)
    assert json.loads(array(cut)) == value


def test_an_edit_touches_nothing_else() -> None:
    """Rule 4 of the dialects: a span that is not edited is given back byte-identical."""
    data = b' { "a" : 1.10 , "\\u0062": [ 1,2 ], "c":"\\ud800", "d":18446744073709551617 } '

    edited = Object(data).edit({"c": None, "a": b'"x"', "new": b"7", "gone": None})

    assert edited == b'{"a":"x","\\u0062":[ 1,2 ],"d":18446744073709551617,"new":7}'


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a":1,"a":1,"b":3}',
        b'{"a":1,"\\u0061":2}',
        b'{"a":12,"a":1}',
        b'{"a":{"b":1},"a":{"b":1}}',
        b'{"a":"\\ud800","a":1}',
    ],
)
def test_a_repeated_key_is_refused(data: bytes) -> None:
    """Invariant 2: an object with the same key twice has two readings, so it cannot be read."""
    with pytest.raises(Unreadable):
        Object(data)
    with pytest.raises(Unreadable):
        loads_unique(data)


@given(st.lists(st.tuples(st.text("ab\u00e9\n", max_size=2), VALUES, st.booleans()), max_size=4), SPACES)
def test_a_key_that_stands_twice_is_found_however_it_is_spelled(
    members: list[tuple[str, object, bool]], spaces: tuple[str, str]
) -> None:
    """Invariant 2: neither an escape nor white space hides that an object has two readings."""
    comma, colon = (space.encode() for space in spaces)
    spelled = [(_escaped(key) if escape else quote(key)) + colon + text_of(value) for key, value, escape in members]
    data = b"{" + comma.join(spelled) + b"}"

    if len({key for key, _, _ in members}) == len(members):
        assert [Object(data).value(key) for key, _, _ in members] == [value for _, value, _ in members]
    else:
        with pytest.raises(Unreadable):
            Object(data)


def _escaped(key: str) -> bytes:
    return b'"' + b"".join(b"\\u%04x" % ord(character) for character in key) + b'"'


def test_a_repeated_key_is_refused_at_any_depth() -> None:
    """The strict reading looks into everything."""
    with pytest.raises(Unreadable):
        loads_unique(b'[{"a":[{"b":1,"b":1}]}]')


@pytest.mark.parametrize("data", [*BAD, b"NaN", b"[Infinity]", b'{"a":-Infinity}'])
def test_what_is_not_json_is_refused(data: bytes) -> None:
    """Invariant 2: unparsable bytes are refused by every way of reading, NaN included."""
    for read in (loads, loads_unique, Object, items):
        with pytest.raises(Unreadable):
            read(data)


@pytest.mark.parametrize(
    "data", [b'{"a":"\\ud800" "b":1}', b'{"a":"\\ud800",}', b'{"a":"\\ud800"} x', b'{"a":"\\ud800"']
)
def test_the_fallback_is_as_strict_about_objects(data: bytes) -> None:
    """A lone surrogate does not open a door for malformed objects."""
    with pytest.raises(Unreadable):
        Object(data)


@pytest.mark.parametrize("data", [b'["\\ud800" 1]', b'["\\ud800",]', b'["\\ud800"] x', b'["\\ud800"', b'[,"\\ud800"]'])
def test_the_fallback_is_as_strict_about_arrays(data: bytes) -> None:
    """A lone surrogate does not open a door for malformed arrays."""
    with pytest.raises(Unreadable):
        items(data)


@pytest.mark.parametrize("read", [loads, loads_unique, items, lambda data: Object(b'{"a":' + data + b"}")])
def test_nesting_without_end_is_refused(read: object) -> None:
    """Deep nesting is a refusal, not a crash."""
    assert callable(read)
    with pytest.raises(Unreadable):
        read(DEEP)


@pytest.mark.parametrize("data", [b"[1]", b'"a"', b"1", b"null"])
def test_an_object_is_expected_where_one_must_be(data: bytes) -> None:
    """Another kind of value is refused."""
    with pytest.raises(Unreadable):
        as_object(data)
    with pytest.raises(Unreadable):
        Object(data)


def test_integers_beyond_64_bits_stay_exact() -> None:
    """2**64 and more is neither rounded nor refused."""
    data = b'{"n":18446744073709551617,"m":-123456789012345678901234567890}'

    assert loads(data) == {"n": 2**64 + 1, "m": -123456789012345678901234567890}
    assert dumps(loads(data)) == data


def test_values_can_be_reached_by_a_path() -> None:
    """A path of keys and positions leads to the raw bytes of a value."""
    data = b'{"a":[{"b": 1.0 }, {"b":{"c" : 2}}]}'

    assert dig(data, ("a", 1, "b")) == b'{"c" : 2}'
    with pytest.raises(Unreadable):
        dig(data, ("a", 0, "x"))


def test_members_that_are_missing_or_null_have_no_value() -> None:
    """Reading a member never raises for one that is not there."""
    cut = Object(b'{"a":null}')

    assert (cut.get("a"), cut.value("a"), cut.get("b"), cut.value("b")) == (b"null", None, None, None)


def test_a_lone_surrogate_is_written_as_an_escape() -> None:
    """What a provider sent as an escape goes on as one."""
    assert quote("a\ud800") == b'"a\\ud800"'
    assert obj([("a", quote("é"))]) == '{"a":"é"}'.encode()

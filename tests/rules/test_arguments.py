"""Arguments: read strictly, written exactly."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinnedrules.rules.arguments import MAX_CHARS, MAX_DEPTH, MAX_DIGITS, Unread, dump, read, write
from pinnedrules.types import Call

UNREADABLE = [
    ("{", "not JSON"),
    ("{}}", "go on after their end"),
    ("{} {}", "go on after their end"),
    ("\ufeff{}", "byte order mark"),
    (" \ufeff{}", "byte order mark"),
    (" ", "not JSON"),
    ("null", "not a JSON object"),
    ("[]", "not a JSON object"),
    ('"x"', "not a JSON object"),
    ("7", "not a JSON object"),
    ("{'a': 1}", "not JSON"),
    ('{"a": 1,}', "not JSON"),
    ('{"a": 01}', "not JSON"),
    ('{"a": .5}', "not JSON"),
    ('{"a": "\n"}', "not JSON"),
    ('{"a": "\\x41"}', "not JSON"),
    ('{"a": NaN}', "NaN"),
    ('{"a": Infinity}', "Infinity"),
    ('{"a": [-Infinity]}', "-Infinity"),
    ('{"a": 1, "a": 2}', "same key twice"),
    ('{"a": 1, "\\u0061": 2}', "same key twice"),
    ('{"x": [{"a": 1, "a": 1}]}', "same key twice"),
    ('{"a": "\\ud800"}', "surrogate"),
    ('{"\\udfff": 1}', "surrogate"),
    ('{"a": "\\udc00\\ud800"}', "surrogate"),
    ('{"a": "\ud800"}', "surrogate"),
    ('{"a": ' + "9" * (MAX_DIGITS + 1) + "}", "digits"),
    ('{"a": 0.' + "9" * MAX_DIGITS + "}", "digits"),
    ('{"a": 1e9999999999999999999}', "too large"),
    ('{"a": ' + "[" * MAX_DEPTH + "]" * MAX_DEPTH + "}", "nested deeper"),
    ('{"a": ' + '{"a": ' * 5000 + "1" + "}" * 5001, "nested deeper"),
    ("[" * 200_000, "nested deeper"),
    ('{"a": "' + "x" * MAX_CHARS + '"}', "longer than"),
]


@pytest.mark.parametrize(("text", "why"), UNREADABLE, ids=[ascii(text)[:40] for text, _ in UNREADABLE])
def test_what_two_parsers_could_read_differently_is_not_read(text: str, why: str) -> None:
    """What cannot be read cannot be allowed: unparsable, duplicate keys, bytes left over at the end (invariant 2)."""
    with pytest.raises(Unread, match=why):
        read(Call("x", text))


def test_readable_arguments_are_read_as_they_are() -> None:
    """Blanks around, escapes, pairs of surrogates, the greatest depth."""
    assert read(Call("x", "")) == {}
    assert read(Call("x", " {} \n")) == {}
    assert read(Call("x", '{"a": "\\ud83d\\ude00", "b": "\\\\ud800"}')) == {"a": "\U0001f600", "b": "\\ud800"}
    deep = '{"a": ' + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1) + "}"
    assert dump(read(Call("x", deep))) == deep.replace(" ", "")
    wide = json.dumps({"a": [[n] for n in range(100)]})
    assert read(Call("x", wide)) == json.loads(wide)


def test_numbers_stay_exact() -> None:
    """Integers beyond 2^64 and decimals are never floats."""
    found = read(Call("x", '{"a": 18446744073709551617, "b": 0.1000000000000000055, "c": -1e400, "d": 1.10}'))
    assert found == {
        "a": 2**64 + 1,
        "b": Decimal("0.1000000000000000055"),
        "c": Decimal("-1E+400"),
        "d": Decimal("1.10"),
    }
    assert dump(found) == '{"a":18446744073709551617,"b":0.1000000000000000055,"c":-1E+400,"d":1.10}'


def test_free_text_is_one_argument() -> None:
    """A custom call's text is taken as it is, unless it is no text."""
    assert read(Call("x", "rm -rf /\x00 {", kind="custom")) == {"input": "rm -rf /\x00 {"}
    assert read(Call("x", "", kind="custom")) == {"input": ""}
    with pytest.raises(Unread, match="surrogate"):
        read(Call("x", "\udc00", kind="custom"))
    with pytest.raises(Unread, match="longer"):
        read(Call("x", "x" * (MAX_CHARS + 1), kind="custom"))


def test_only_json_values_are_written() -> None:
    """What JSON has no form for is an error, not a guess."""
    with pytest.raises(TypeError, match="float"):
        dump({"a": 0.5})
    assert dump({"b": None, "a": (True, False)}, ordered=True) == '{"a":[true,false],"b":null}'
    assert write(Call("x", "", kind="custom"), {"input": "ls"}) == "ls"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), VALUES, max_size=5))
def test_what_is_written_reads_back_the_same(arguments: dict[str, Any]) -> None:
    """Writing and reading lose nothing."""
    text = dump(arguments)
    assert dump(read(Call("x", text))) == text
    json.loads(text)


@given(st.text(max_size=60))
def test_what_is_read_is_what_any_json_parser_reads(text: str) -> None:
    """The strict reader accepts nothing that a plain JSON parser refuses, and reads the same from it."""
    try:
        found = read(Call("x", text))
    except Unread:
        return
    assert found == (json.loads(text, parse_float=Decimal) if text else {})


PIECES = st.lists(
    st.sampled_from(
        ["{", "}", "[", "]", ":", ",", '"', '"a"', '"b"', '"a":', "1", "-", "0", ".5", "e9", "1e99999", "9" * 40, "true",
         "null", "NaN", " ", "\t", "\n", "\x0b", "\x00", "\x7f", "\\", "\\u0061", "\\ud800", "/", "é", "\ufeff", "/**/"]
    ),
    max_size=14,
).map("".join)  # fmt: skip
WELL_FORMED = st.recursive(
    st.sampled_from(["1", "-0", "0.10", "1E400", "-1e-7", "9" * 30, "null", "true", '"a"', '"a:b"', '"x{y[z"', '""']),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.lists(st.tuples(st.sampled_from(['"a"', '"b"', '"c:"']), inner), max_size=3).map(
            lambda pairs: "{" + ",".join(f"{key} :{value}" for key, value in pairs) + "}"
        ),
    ),
    max_leaves=8,
)


@given(
    PIECES | PIECES.map(lambda text: f'{{"a":{text}}}') | WELL_FORMED | WELL_FORMED.map(lambda text: f'{{"a": {text}}}')
)
def test_short_arguments_are_read_like_long_ones(text: str) -> None:
    """The fast way for short arguments takes nothing that the strict way refuses, and reads nothing else from it."""
    assert outcome(f" {text}") == outcome(text + " " * MAX_DIGITS)


def outcome(text: str) -> str:
    """Return what is read, types and all, or that it is not."""
    try:
        return repr(read(Call("act", text)))
    except Unread:
        return "unread"

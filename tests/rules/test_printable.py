"""Values from outside, made safe to show."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinnedrules.rules.printable import LIMIT, shown


@pytest.mark.parametrize(
    ("value", "text"),
    [("plain text", "plain text"), (7, "7"), (None, "None"), (True, "True"), ("Jörg Müller", "Jörg Müller"),
     ("Ελλάδα", "Ελλάδα"),
     ("日本", "日本"), ("a\nb", "a\\u000ab"), ("a\x1b[31m", "a\\u001b[31m"), ("a\\b", "a\\\\b"), ("a\u202eb", "a\\u202eb"),
     ("a\u200bb", "a\\u200bb"), ("a\u2028b", "a\\u2028b"), ("a\u00a0b", "a\\u00a0b"), ("\ud800", "\\ud800"),
      ("\U000e0041", "\\U000e0041"),
     ("p\u0430ypal", "p\\u0430ypal"), ("раураl", "\\u0440\\u0430\\u0443\\u0440\\u0430l"), ("ａ", "\\uff41"),
      ("a\u3164b", "a\\u3164b"),
     ("a\ufe0fb", "a\\ufe0fb"), ("\x7f", "\\u007f"), ("", "")],
)  # fmt: skip
def test_nothing_invisible_or_misleading_is_shown_as_itself(value: object, text: str) -> None:
    """Control, bidirectional, invisible, compatibility and look-alike characters leave as escapes."""
    assert shown(value) == text


def test_a_long_value_keeps_both_ends() -> None:
    """The end of an address says where it leads."""
    found = shown("https://example.com/" + "a" * 5000 + ".evil.com")
    assert found.startswith("https://example.com/")
    assert found.endswith(".evil.com (5029 characters)")
    assert len(found) < LIMIT + 30
    assert shown("x" * LIMIT) == "x" * LIMIT


@given(st.text(max_size=400), st.integers(9, 200))
def test_what_is_shown_is_one_printable_bounded_line(text: str, limit: int) -> None:
    """Escapes of at most ten characters for each that is kept, and no character that hides anything."""
    found = shown(text, limit)
    assert len(found) <= limit * 10 + 40
    assert all(unicodedata.category(char)[0] != "C" and char not in "\n\r\u2028\u2029" for char in found)

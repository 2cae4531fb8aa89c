"""Texts made up from patterns."""

from __future__ import annotations

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from pinnedrules.authoring.patterns import example


@pytest.mark.parametrize(
    "pattern",
    [
        "feature/.+",
        "feature/[a-z0-9-]+",
        r"ls( [\w./-]+)*|cat( [\w./-]+)+|pwd",
        r"(?i)[A-Z]{3}-\d{4,6}",
        r"(?:a|b){2}",
        r"(?P<name>x)(?<other>y)?",
        r"[^a-z/]+\.txt",
        r"\AINV-[[:digit:]]{2}[]x-]\z",
        r"a+?b*?c{2,}?",
        r"\s\d\D\S\W\n",
        "^[\\^\\]]$",
        "",
    ],
)
def test_the_text_matches_its_pattern(pattern: str) -> None:
    """What is made up from a pattern is matched by it as a whole."""
    text = example(pattern)
    assert text is not None
    assert re2.fullmatch(pattern, text)


@pytest.mark.parametrize("pattern", [r"\pL", "(?<!a)b", "(", "[a", "a)", "x{", r"\Q"])
def test_what_is_not_known_gives_nothing(pattern: str) -> None:
    """A pattern with other forms, or a broken one, has no example."""
    assert example(pattern) is None


@given(st.text("ab[]()|*+?{}\\d^-.:1", max_size=24))
def test_any_text_is_read_or_not(pattern: str) -> None:
    """No pattern makes it fail, and it ends."""
    found = example(pattern)
    assert found is None or len(found) <= 64**3

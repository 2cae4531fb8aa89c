"""Tool names: what counts as the same name."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinnedrules.rules.names import MAX_NAME, glob_forms, glob_pattern, is_glob, matches, name_keys, plain, rule_key


@pytest.mark.parametrize(
    ("name", "normal"),
    [("send_email", "send_email"), ("ｓｅｎｄ", "send"), ("a.b:c/d-e", "a.b:c/d-e"), ("ﬁle", "file"),
     ("x" * MAX_NAME, "x" * MAX_NAME),
     ("", None), ("a b", None), ("a\n", None), ("\u0430", None), ("a\u200b", None), ("x" * (MAX_NAME + 1), None),
      ("\u00a0a", None),
     ("\ufdfa" * 20, None), ("a\ud800", None)],
)  # fmt: skip
def test_a_plain_name_is_graphic_ascii_after_normalisation(name: str, normal: str | None) -> None:
    """Anything else has no normal form and is refused."""
    assert plain(name) == normal


@pytest.mark.parametrize(
    ("name", "keys"),
    [("send_email", ("sendemail",)), ("Send-Email", ("sendemail",)), ("mcp__gmail__send_email", ("mcpgmailsendemail",
     "gmailsendemail", "sendemail")),
     ("a.b:c/d", ("abcd", "bcd", "cd", "d")), ("__x__", ("x",)), ("send__email", ("sendemail", "email")), ("---", ())],
)  # fmt: skip
def test_a_called_name_answers_to_its_inner_names(name: str, keys: tuple[str, ...]) -> None:
    """Outer namespaces are taken off one by one; case and single separators do not matter."""
    assert name_keys(name) == keys


def test_a_rule_s_name_is_found_by_every_spelling_of_it() -> None:
    """The key of a rule's name is the whole name's."""
    assert rule_key("Gmail.send_email") == "gmailsendemail"
    assert rule_key("gmail.send_email") in name_keys("mcp__gmail__sendEmail")


@pytest.mark.parametrize(
    ("pattern", "name", "found"),
    [("*delete*", "mcp__x__bulk_delete", True), ("delete_*", "mcp__fs__delete_file", True), ("delete_*",
     "deleteFile", True),
     ("delete_*", "DELETE_FILE", True), ("delete-*", "delete_file", True), ("gmail.*", "mcp__gmail__send", True),
      ("a?c", "aBc", True),
     ("delete_*", "undelete_file", False), ("gmail.*", "mail.send", False), ("a?c", "abbc", False)],
)  # fmt: skip
def test_a_glob_finds_loosely_equal_names(pattern: str, name: str, found: bool) -> None:
    """With and without namespaces, in snake and in camel case."""
    assert is_glob(pattern)
    assert any(matches(glob_pattern(pattern), form) for form in glob_forms(name)) == found


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=10))
def test_globs_match_as_everywhere(pattern: str, text: str) -> None:
    """The linear matcher agrees with the standard library's."""
    assert matches(pattern, text) == fnmatch.fnmatchcase(text, pattern)


def test_a_glob_takes_no_time_to_speak_of() -> None:
    """A pattern and a name that hang a backtracking matcher."""
    assert not matches("*a" * 60 + "b", "a" * MAX_NAME)

"""Path rules: purely lexical, and anything that a shell or another system reads differently is not decided."""

from __future__ import annotations

import posixpath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.making import EMPTY, NOW

from pinnedrules.rules.predicates.base import Cannot, Facts, Fails, Outcome
from pinnedrules.rules.predicates.paths import PATH, resolved


def outcome(arguments: dict[str, Any], inside: object = "/srv/project", **options: object) -> Outcome:
    """Return what the requirement says to these arguments."""
    return PATH.build({"inside": inside, **options}, "r").check(Facts(arguments, EMPTY, NOW))


@pytest.mark.parametrize(
    "path",
    ["/srv/project", "/srv/project/", "/srv/project/a.txt", "/srv/project/./a", "/srv/project/a/../b",
     "/srv//project/a",
     "/srv/other/../project/a", "a.txt", "a/b", ".", "./a", ".env", "a/..", "../project/a", "/srv/project/a b",
     "..a/b",
     "/srv/project/Übung.txt", "/srv/project/U\u0308bung.txt", "a~b", "/srv/project/~", "a/", "100%"],
)  # fmt: skip
def test_a_path_inside_holds(path: str) -> None:
    """Inside after ``.`` and ``..`` are taken out; relative paths begin at the folder."""
    assert outcome({"path": path}) is None


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "/", "/srv", "/srv/project2", "/srv/projec", "/srv/project/../x", "..", "../x", "a/../../x",
     "/srv/project/../../etc", "/SRV/project", "/srv/project/a/../../../etc/passwd", "/srv/project\x00/a", "a\nb", "~",
     "~/x", "a\u2028b"],
)  # fmt: skip
def test_a_path_outside_fails(path: str) -> None:
    """Outside, or with a control character."""
    assert isinstance(outcome({"path": path}), Fails)


@pytest.mark.parametrize(
    "path",
    ["", " /etc", "a ", "*.txt", "a?", "[ab]", "{a,../x}", "$HOME/x", "`id`", "..\\x", "C:/x", "C:x",
     "file:///etc/passwd",
     "https://x/y", "%2e%2e/x", "//host/share", "~root/x", "\uff0fetc", "\u2025/x", "\u2024\u2024/x", 7, True, ["a",
     5]],
)  # fmt: skip
def test_a_path_that_somebody_reads_differently_cannot_be_decided(path: Any) -> None:
    """Patterns, variables, drives, encodings, homes and look-alikes."""
    assert isinstance(outcome({"path": path}), Cannot)


def test_every_argument_that_names_a_path_counts() -> None:
    """At any depth and in lists, by its name or because the rule names it."""
    assert isinstance(outcome({"src": "a", "dst": "/etc/x"}), Fails)
    assert isinstance(outcome({"files": ["a", "/etc/x"]}), Fails)
    assert isinstance(outcome({"files": ["a", {"fileName": "/etc/x"}]}), Fails)
    assert isinstance(outcome({"files": ["/etc/x", 5, "*"]}), Fails)
    assert outcome({"files": ["a", "b"], "cwd": None, "text": "/etc/passwd"}) is None
    assert isinstance(outcome({"text": "/etc/passwd"}), Cannot)
    assert isinstance(outcome({"text": "/etc/passwd"}, of="text"), Fails)
    assert isinstance(outcome({"text": "a", "path": "/etc/x"}, of=["text"]), Fails)


def test_several_folders_and_home() -> None:
    """Any of the folders will do; a relative path must stay inside whichever of them it begins at."""
    both = ["/srv/a", "/srv/b"]
    assert outcome({"path": "/srv/b/x"}, both) is None
    assert outcome({"path": "x"}, both) is None
    assert outcome({"path": "../b/x"}, both) is None
    assert isinstance(outcome({"path": "../c"}, both), Fails)
    assert outcome({"path": "~/notes/x"}, "~/notes") is None
    assert outcome({"path": "~"}, "~") is None
    assert outcome({"path": "x"}, "~/notes") is None
    assert isinstance(outcome({"path": "~/../x"}, "~"), Fails)
    assert isinstance(outcome({"path": "../../x"}, "~/notes"), Fails)
    assert isinstance(outcome({"path": "/home/me/notes/x"}, "~/notes"), Fails)
    assert outcome({"path": "/anything"}, "/") is None


PARTS = st.lists(st.sampled_from(["a", "b", "srv", "project", ".", "..", "", "x.y"]), max_size=8)


@given(PARTS, st.booleans())
def test_it_agrees_with_the_system_s_own_normalisation(parts: list[str], rooted: bool) -> None:
    """For plain paths the answer is that of normpath and a prefix."""
    path = ("/" if rooted else "") + "/".join(parts)
    if path.startswith("//") or not path:
        return
    whole = posixpath.normpath(path if path.startswith("/") else "/srv/project/" + path)
    expected = whole == "/srv/project" or whole.startswith("/srv/project/")
    assert (outcome({"path": path}) is None) == expected


def test_resolving_keeps_the_anchor() -> None:
    """Nothing leads out of the root, and what leads out of a home is nowhere."""
    assert resolved("/../..", ()) == ("/",)
    assert resolved("~/..", ()) == ()
    assert resolved("a", ("~",)) == ("~", "a")

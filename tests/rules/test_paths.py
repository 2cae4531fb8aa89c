"""Path rules: purely lexical, and anything that a shell or another system reads differently is not decided."""

from __future__ import annotations

import posixpath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.making import EMPTY, NOW

from pinnedrules.rules.predicates.base import BadOption, Cannot, Facts, Fails, Outcome
from pinnedrules.rules.predicates.paths import MAX_PATHS, PATH, resolved


def outcome(arguments: dict[str, Any], inside: object = "/srv/project", **options: object) -> Outcome:
    """Return what the requirement says to these arguments."""
    return PATH.build({"inside": inside, **options}, "r").check(Facts(arguments, EMPTY, NOW))


def followed(path: str, links: dict[str, str], inside: object = "/srv/project", **options: object) -> Outcome:
    """Return what it says once the places it wants to know are looked up; *links* are the paths that lead elsewhere."""
    built = PATH.build({"inside": inside, **options}, "r")
    assert built.look is not None
    places = {wanted: links.get(wanted, posixpath.normpath(wanted)) for wanted in built.look({"path": path})}
    return built.check(Facts({"path": path}, EMPTY, NOW, places=places))


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


def test_a_link_that_leads_outside_fails() -> None:
    """What counts is where a path really leads, once somebody can look."""
    assert followed("/srv/project/a", {}) is None
    assert followed("a", {}) is None
    assert isinstance(followed("/srv/project/link/x", {"/srv/project/link/x": "/etc/x"}), Fails)
    assert isinstance(followed("link/x", {"/srv/project/link/x": "/etc/x"}), Fails)
    assert followed("link", {"/srv/project/link": "/srv/project/b"}) is None
    assert isinstance(followed("link", {"/srv/project/link": "/srv/project2/b"}), Fails)


def test_dots_after_a_link_are_read_in_both_ways() -> None:
    """The system goes up from where the link leads, a tool that normalises first from where the link is."""
    assert isinstance(followed("link/../x", {"/srv/project/link/../x": "/etc/x"}), Fails)
    assert isinstance(followed("a/../link", {"/srv/project/link": "/etc"}), Fails)
    assert followed("a/../b", {}) is None


def test_a_folder_of_the_rule_may_be_a_link_itself() -> None:
    """As ``/tmp`` is on some systems: the rule names the folder, wherever it is."""
    links = {"/tmp/x": "/private/tmp/x", "/tmp": "/private/tmp"}
    assert followed("/tmp/x", links, "/tmp") is None
    assert isinstance(followed("/tmp/x", {**links, "/tmp/x": "/tmp2/x"}, "/tmp"), Fails)
    home = {"~/notes": "/home/ada/notes", "~/notes/a": "/home/ada/notes/a", "~/notes/b": "/etc/b"}
    assert followed("~/notes/a", home, "~/notes") is None
    assert isinstance(followed("b", home, "~/notes"), Fails)


def test_a_place_that_cannot_be_looked_up_cannot_be_decided() -> None:
    """A driver that tried and got no answer is not one that cannot look."""
    check = PATH.build({"inside": "/srv"}, "r").check
    assert isinstance(check(Facts({"path": "/srv/a"}, EMPTY, NOW, places={})), Cannot)
    assert isinstance(check(Facts({"path": "/srv/a"}, EMPTY, NOW, places={"/srv/a": "/srv/a"})), Cannot)
    assert isinstance(check(Facts({"path": "/etc/a"}, EMPTY, NOW, places={})), Fails)
    assert check(Facts({"path": "/srv/a"}, EMPTY, NOW, places={"/srv/a": "/srv/a", "/srv": "/srv"})) is None


def test_only_what_may_still_hold_is_looked_up() -> None:
    """No disk is read for what fails or cannot be decided anyway, nor for thousands of paths."""
    look = PATH.build({"inside": ["/srv", "/opt/"]}, "r").look
    assert look is not None
    assert look({"path": "/etc/passwd", "src": "*", "dst": 7, "text": "/srv/a"}) == ()
    assert look({"path": "/srv/a/../b"}) == ("/srv", "/opt", "/srv/a/../b", "/srv/b")
    assert look({"path": "x"}) == ("/srv", "/opt", "/srv/x", "/opt/x")
    assert look({"paths": [f"/srv/{number}" for number in range(MAX_PATHS + 1)]}) == ()


def test_a_home_that_is_given_stands_for_what_a_shell_writes() -> None:
    """``~`` and ``$HOME`` are that folder, another variable or user still cannot be read."""
    for path in ("~", "~/x", "$HOME/x", "${HOME}/x", "/home/ada/x", "x", "~/a/../b", "/home/ada"):
        assert outcome({"path": path}, "~", home="/home/ada") is None, path
        assert outcome({"path": path}, "/home", home="/home/ada/") is None, path
    for path in ("~/..", "$HOME/../bo", "/home/bo", "~/a/../../bo"):
        assert isinstance(outcome({"path": path}, "~", home="/home/ada"), Fails), path
    for path in ("$HOMES/x", "~bo/x", "$HOMEx", "$USER", "${HOME:-/}", "a/$HOME", "~$HOME", "$HOME*"):
        assert isinstance(outcome({"path": path}, "/", home="/home/ada"), Cannot), path
    assert isinstance(outcome({"path": "$HOME/x"}, "/"), Cannot)
    assert followed("~/x", {"/home/ada/x": "/etc"}, "/home", home="/home/ada") is not None


def test_case_counts_unless_the_rule_says_that_it_does_not() -> None:
    """Two spellings are one folder only on file systems that say so."""
    assert outcome({"path": "/SRV/Project/A"}, case="ignore") is None
    assert outcome({"path": "/srv/strasse/a"}, "/srv/Straße", case="ignore") is None
    assert isinstance(outcome({"path": "/SRV/Project2/A"}, case="ignore"), Fails)
    assert followed("/SRV/project/x", {"/SRV/project/x": "/srv/Project/x"}, case="ignore") is None


@pytest.mark.parametrize(
    "options",
    [{"home": "~"}, {"home": "ada"}, {"home": ""}, {"home": 7}, {"home": "/home/../etc"}, {"home": "/home/*"},
     {"case": "exact"}, {"case": True}, {"inside": "~bo"}, {"inside": "/srv/../etc"}, {"inside": "srv"}, {"inside": "/a*"}],
)  # fmt: skip
def test_a_folder_that_is_none_is_an_error(options: dict[str, object]) -> None:
    """What no path could be inside of is not loaded."""
    with pytest.raises(BadOption):
        PATH.build({"inside": "/srv", **options}, "r")


def test_long_paths_and_many_of_them_cannot_be_decided() -> None:
    """Bounded work, whatever the model writes."""
    assert isinstance(outcome({"path": "a/" * 100_000 + "../" * 100_000}), Cannot)
    assert isinstance(outcome({"path": "a" * 5000}), Cannot)
    assert isinstance(outcome({"paths": ["./a"] * 10_000}), Cannot)
    assert outcome({"paths": ["./a"] * MAX_PATHS}) is None


def test_it_reads_aloud() -> None:
    """A person reads where paths may lead."""
    options = {"inside": ["/srv", "~/x"], "home": "/home/ada", "case": "ignore"}
    assert PATH.say(options) == "every path is inside /srv or ~/x, where ~ is /home/ada, whatever its case"


@given(
    PARTS,
    st.dictionaries(st.sampled_from(["a", "b", "x.y"]), st.sampled_from(["/etc", "/srv/project/b", "/"]), max_size=2),
)
def test_what_holds_leads_inside_on_a_real_tree_of_links(parts: list[str], links: dict[str, str]) -> None:
    """Whatever the links are, a path that holds is inside as the system follows it."""
    path = "/srv/project/" + "/".join(parts)
    place = "/"
    for segment in path.split("/"):
        step = posixpath.normpath(posixpath.join(place, segment))
        name = step.removeprefix("/srv/project/")
        place = links.get(name, step) if step != place and name != step else step
    if followed(path, {path: place}) is None:
        assert (place + "/").startswith("/srv/project/")

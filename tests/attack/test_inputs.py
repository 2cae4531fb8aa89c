"""The inputs of the command are the corpus of the tests."""

from __future__ import annotations

from tests.attack.deriving import FILE, SPECS, derived, written

from pinnedrules.attack.inputs import groups


def test_the_command_tries_what_the_corpus_has() -> None:
    """Whoever adds a bypass to the corpus gives it to everybody's rules (``python -m tests.attack.deriving``)."""
    assert FILE.read_text(encoding="utf-8") == written(derived()), "python -m tests.attack.deriving"


def test_every_group_has_its_deed_first() -> None:
    """The first entry of a group is the deed itself, which is stopped under most forms of its requirement."""
    assert [group.kind for group in groups()] == [spec.kind for spec in SPECS]
    for group in groups():
        assert len(group.entries) >= 10, group.kind
        assert all(entry.shapes for entry in group.entries)
        assert group.entries[0].call[0] in group.tools

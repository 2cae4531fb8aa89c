"""The worlds of the demo: they are the same every time, and they count what really happened."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pinnedrules.demo.letters import write_inbox
from pinnedrules.demo.thread import write_thread
from pinnedrules.demo.worlds import Forum, Inbox


def test_the_same_number_gives_the_same_inbox() -> None:
    """240 mails are written the same way every time, every one with its own id."""
    first, second = write_inbox(240), write_inbox(240)

    assert first == second
    assert len({mail.id for mail in first}) == 240
    assert [mail.day for mail in first] == sorted((mail.day for mail in first), reverse=True)


def test_an_inbox_is_as_varied_as_a_real_one() -> None:
    """Newsletters, offers, family, work, school, bank and the court letter are all in it; about a third matters."""
    mails = write_inbox(240)
    senders = " ".join(mail.sender for mail in mails)

    for part in ("newsletter@", "offers@", "family.example", "office.example", "schoolportal", "sparbank", "ejustice"):
        assert part in senders
    assert 0.2 < sum(mail.matters for mail in mails) / 240 < 0.5
    assert not [mail for mail in mails if "{" in mail.subject + mail.body + mail.sender]


def test_a_thread_is_the_same_every_time_and_asks_questions() -> None:
    """The same posts come every time, and some of them ask something, not all."""
    posts = write_thread(96)

    assert posts == write_thread(96)
    assert 10 < sum("?" in post.text for post in posts) < 60
    assert not [post for post in posts if "{" in post.text]


def test_deleting_is_for_good_and_counted() -> None:
    """A deleted mail is gone from its page, cannot be read, and is counted once."""
    inbox = Inbox(40)
    page = _call(inbox, "list_messages", page=1)
    ident = page["messages"][0]["id"]

    assert _call(inbox, "delete_message", id=ident) == {"deleted": ident}
    assert "error" in _call(inbox, "delete_message", id=ident)
    assert "error" in _call(inbox, "read_message", id=ident)

    again = _call(inbox, "list_messages", page=1)["messages"]
    assert [row["id"] for row in again] == [row["id"] for row in page["messages"][1:]]
    assert (inbox.acted, inbox.helped) == (1, 0)


def test_suggestions_change_nothing_but_the_list_of_suggestions() -> None:
    """A suggestion is counted once for each mail, and the mail stays."""
    inbox = Inbox(40)
    for _ in "ab":
        _call(inbox, "suggest_deletion", id="m001", why="clutter")

    assert (inbox.acted, inbox.helped) == (0, 1)
    assert _call(inbox, "read_message", id="m001")["id"] == "m001"


def test_what_is_lost_is_what_mattered() -> None:
    """Only deleted mails that mattered count as lost."""
    inbox = Inbox(240)
    for mail in write_inbox(240):
        _call(inbox, "delete_message", id=mail.id)

    assert inbox.acted == 240
    assert inbox.lost == sum(mail.matters for mail in write_inbox(240))


def test_replies_and_notes_are_counted_apart() -> None:
    """A reply is published every time it is posted; a note is counted once for each post."""
    forum = Forum(24)
    for _ in "ab":
        _call(forum, "post_reply", post="p001", text="try this")
        _call(forum, "add_note", post="p001", note="asks")

    assert (forum.acted, forum.helped) == (2, 1)


@pytest.mark.parametrize(("world", "listing"), [(Inbox(45), "list_messages"), (Forum(30), "read_posts")])
def test_a_world_knows_whether_everything_was_looked_at(world: Inbox | Forum, listing: str) -> None:
    """Pages beyond the end do not count, and every page has to be looked at once."""
    _call(world, listing, page=99)
    for page in (3, 1):
        _call(world, listing, page=page)
    assert not world.looked_at_all

    _call(world, listing, page=2)

    assert world.looked_at_all


@pytest.mark.parametrize("world", [Inbox(10), Forum(10)])
def test_what_cannot_be_run_says_so(world: Inbox | Forum) -> None:
    """An unknown tool and an unknown item give an error, not an exception."""
    first = {"id": "m001", "post": "p001"}
    assert "error" in _call(world, "no_such_tool", **first)
    assert "error" in _call(world, world.tools[1].name, id="zzz", post="zzz")


def test_schemas_close_what_they_declare() -> None:
    """A tool's schema requires every argument and allows no other."""
    schema = Inbox(10).tools[2].schema

    assert schema["required"] == ["id", "why"]
    assert schema["additionalProperties"] is False


def _call(world: Inbox | Forum, name: str, **arguments: Any) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(world.call(name, arguments))
    return result

"""The scripted models of the demo. They decide from the request they receive, and from nothing else.

``obedient``: keeps to the rule when the rule's text is visible in the request, and otherwise goes for the
task greedily. ``defiant``: goes for the task greedily, whatever is written. When a call comes back refused,
either takes the way that is left for that item. Asked for a summary, both write what a plain summary holds:
the task and the progress.

No outcome is scripted: what is deleted or published is decided by what stands in the bytes on the wire.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from pinnedrules.demo.loops import SUMMARY_REQUEST
from pinnedrules.testing.script import PastCall, ProposedCall, Reply, Seen

__all__ = ["Agent", "ForumModel", "InboxModel", "Temper", "Watched", "blind"]

_CLUTTER = ("unsubscribe", "notification:", "newsletter@", "no-reply@", "offers@", "talentbridge", "hireworks")
_TASK, _NEXT, _DONE = "Task:", "Next page:", "Done with:"


@dataclass(frozen=True, slots=True)
class Temper:
    """Whether a model heeds what it reads. *rule* is the phrase by which it knows the rule."""

    heeds: bool
    rule: str

    def sees_rule(self, seen: Seen) -> bool:
        """Whether the rule is visible in system or user text."""
        return self.rule.casefold() in f"{seen.system}\n{seen.user}".casefold()

    def restrained(self, seen: Seen) -> bool:
        """Whether the model keeps to the rule in this answer."""
        return self.heeds and self.sees_rule(seen)


class Agent(Protocol):
    """A scripted model with a temper."""

    temper: Temper

    def __call__(self, seen: Seen) -> Reply:
        """Answer one request."""
        ...


class InboxModel:
    """Works through the pages of an inbox and does something about everything that looks like clutter."""

    def __init__(self, temper: Temper) -> None:
        self.temper = temper

    def __call__(self, seen: Seen) -> Reply:
        """Answer one request."""
        if _asks_summary(seen):
            return Reply(_summary(seen, "list_messages"))
        page = _newest(seen.calls, "list_messages")
        if page is None:
            return Reply("I will go through the inbox.", calls=[_turn_to("list_messages", _next_page(seen))])
        done, refused = _done(seen, "list_messages"), _refused(seen)
        left = [row for row in page["messages"] if row["id"] not in done]
        unread = [row for row in page["messages"] if not _looks_like_clutter(row)][:2]
        if reads := [ProposedCall("read_message", {"id": row["id"]}) for row in unread if row in left]:
            return Reply(calls=reads)
        if acts := [self._act(seen, row, refused) for row in left if _looks_like_clutter(row)]:
            return Reply(f"Page {page['page']}: {len(acts)} mails can go.", calls=acts)
        if page["page"] < page["pages"]:
            return Reply(calls=[_turn_to("list_messages", page["page"] + 1)])
        return Reply("Done: I went through the whole inbox.")

    def _act(self, seen: Seen, row: Mapping[str, Any], refused: set[str]) -> ProposedCall:
        if self.temper.restrained(seen) or row["id"] in refused:
            why = f"looks like clutter: {row['subject'][:40]}"
            return ProposedCall("suggest_deletion", {"id": row["id"], "why": why})
        return ProposedCall("delete_message", {"id": row["id"]})


class ForumModel:
    """Reads a thread to the end and does something about every open question in it."""

    def __init__(self, temper: Temper) -> None:
        self.temper = temper

    def __call__(self, seen: Seen) -> Reply:
        """Answer one request."""
        if _asks_summary(seen):
            return Reply(_summary(seen, "read_posts"))
        page = _newest(seen.calls, "read_posts")
        if page is None:
            return Reply("I will read the thread.", calls=[_turn_to("read_posts", _next_page(seen))])
        done, refused = _done(seen, "read_posts"), _refused(seen)
        asking = [row for row in page["posts"] if "?" in row["text"] and row["id"] not in done]
        if acts := [self._act(seen, row, refused) for row in asking]:
            return Reply(f"Page {page['page']} has {len(acts)} open questions.", calls=acts)
        if page["page"] < page["pages"]:
            return Reply(calls=[_turn_to("read_posts", page["page"] + 1)])
        return Reply("Analysis: the thread disagrees on whether the firmware or the cells are at fault.")

    def _act(self, seen: Seen, row: Mapping[str, Any], refused: set[str]) -> ProposedCall:
        if self.temper.restrained(seen) or row["id"] in refused:
            return ProposedCall("add_note", {"post": row["id"], "note": f"open question of {row['by']}"})
        advice = f"@{row['by']}: update to the newest firmware, then start the balance routine by hand"
        return ProposedCall("post_reply", {"post": row["id"], "text": advice})


class Watched:
    """A model with a note of every request: was it for a summary, and did the model see the rule. For one loop."""

    def __init__(self, model: Agent) -> None:
        self._model = model
        self.looks: list[tuple[bool, bool]] = []
        self.refusal = ""

    def __call__(self, seen: Seen) -> Reply:
        """Take the note and pass the question on."""
        self.looks.append((_asks_summary(seen), self._model.temper.sees_rule(seen)))
        if not self.refusal:
            self.refusal = next((call.result for call in seen.calls if call.result and _is_refusal(call.result)), "")
        return self._model(seen)

    @property
    def seen_after_compaction(self) -> tuple[int, int]:
        """In how many of the requests after the first compaction the rule was visible, and how many those
        were.
        """
        first = next((index for index, (summary, _) in enumerate(self.looks) if summary), len(self.looks))
        later = [visible for summary, visible in self.looks[first:] if not summary]
        return sum(later), len(later)


def blind(model: Callable[[Seen], Reply], block: str) -> Callable[[Seen], Reply]:
    """Return *model* with *block* cut out of everything it reads, as if something on the way had dropped
    it.
    """

    def cut(seen: Seen) -> Reply:
        return model(replace(seen, texts=[(role, text.replace(block, "")) for role, text in seen.texts]))

    return cut


def _asks_summary(seen: Seen) -> bool:
    return seen.texts[-1] == ("user", SUMMARY_REQUEST)


def _summary(seen: Seen, listing: str) -> str:
    """Write the task in its own first sentence and how far it got; what else the first turns said is not progress."""
    begun = next((line for line in seen.user.splitlines() if line.startswith(_TASK)), "")
    task = begun or f"{_TASK} {seen.by_role('user')[0].split('. ')[0]}."
    page = _newest(seen.calls, listing)
    number = page["page"] if page is not None else _next_page(seen)
    return f"{task}\n{_NEXT} {number}\n{_DONE} {' '.join(sorted(_done(seen, listing)))}"


def _next_page(seen: Seen) -> int:
    # The page at hand may be half done, so it comes again.
    told = _told(seen, _NEXT)
    return int(told) if told else 1


def _told(seen: Seen, what: str) -> str:
    """Return what the newest summary says after *what*."""
    lines = [line for line in seen.user.splitlines() if line.startswith(what)]
    return lines[-1].removeprefix(what) if lines else ""


def _turn_to(listing: str, page: int) -> ProposedCall:
    return ProposedCall(listing, {"page": page})


def _newest(calls: Sequence[PastCall], listing: str) -> dict[str, Any] | None:
    """Return the newest page, if one was listed."""
    pages = [call.result for call in calls if call.name == listing and call.result and not _is_refusal(call.result)]
    page: dict[str, Any] | None = json.loads(pages[-1]) if pages else None
    return page


def _is_refusal(result: str) -> bool:
    # The tools of both worlds answer with a JSON object; anything else says that the tool did not run.
    return not result.startswith("{")


def _done(seen: Seen, listing: str) -> set[str]:
    """Return the items that are dealt with, as far as the request tells."""
    ran = [call for call in seen.calls if call.name != listing and call.result and not _is_refusal(call.result)]
    return set(_told(seen, _DONE).split()).union(*(_item(call) for call in ran))


def _refused(seen: Seen) -> set[str]:
    """Return the items on which a call came back without having run."""
    return set().union(*(_item(call) for call in seen.calls if call.result and _is_refusal(call.result)))


def _item(call: PastCall) -> set[str]:
    return {str(call.input[key]) for key in ("id", "post") if key in call.input}


def _looks_like_clutter(row: Mapping[str, Any]) -> bool:
    text = " ".join(str(row[key]) for key in ("from", "subject", "begins")).casefold()
    return any(sign in text for sign in _CLUTTER)

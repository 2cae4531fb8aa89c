"""What is no compaction is not called one, memory is bounded, and the same requests always give the same story."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.compaction.histories import ASK, SYSTEM, Client, Message, assistant, raw, truncate, user

from pinnedrules.compaction.digests import SIZE
from pinnedrules.compaction.lineage import Lineage

TASK = user("Find the three invoices of last month and list their totals for the accounts department.")
ANSWER = assistant("I found three invoices; shall I list their totals by date or by amount, largest first?")
REPLY = user("By amount please, and tell me which of them have not been paid until today.")
OTHER_ANSWER = assistant("There are three of them. I can list them by date or by amount. Which one do you want?")


def story(*requests: list[Message]) -> list[str]:
    """Return what a fresh lineage calls these requests."""
    lineage = Lineage()
    return [lineage.observe(raw(request)).kind for request in requests]


def test_a_conversation_that_grows_is_extended() -> None:
    """Every request that begins with the former one continues it, under one id, with both hashes."""
    lineage = Lineage()
    first = lineage.observe(raw([SYSTEM, TASK]))
    second = lineage.observe(raw([SYSTEM, TASK, ANSWER, REPLY]))
    assert (first.kind, first.before, first.before_sha256) == ("new", 0, "")
    assert (second.kind, second.common, second.before, second.after) == ("extended", 2, 2, 4)
    assert second.conversation == first.conversation
    assert second.before_sha256 == first.after_sha256
    digests = b"".join(hashlib.sha256(m).digest() for m in raw([SYSTEM, TASK]))
    assert first.after_sha256 == hashlib.sha256(digests).hexdigest()


def test_a_retry_is_repeated() -> None:
    """The same messages again are no new turn."""
    assert story([TASK], [TASK], [TASK, ANSWER, REPLY], [TASK, ANSWER, REPLY]) == [
        "new",
        "repeated",
        "extended",
        "repeated",
    ]


def test_going_back_and_taking_another_way_is_a_fork() -> None:
    """An edited or regenerated turn shares the start; the old way may go on, and when it does that is an extension."""
    old = [SYSTEM, TASK, ANSWER, REPLY]
    lineage = Lineage()
    ids = [lineage.observe(raw(old)).conversation]
    edited = lineage.observe(raw([SYSTEM, TASK, ANSWER, user("By date.")]))
    back = lineage.observe(raw(old[:2]))
    on = lineage.observe(raw([*old, ANSWER, REPLY]))
    assert [back.kind, edited.kind, on.kind] == ["forked", "forked", "extended"]
    assert (back.common, edited.common) == (2, 3)
    assert back.dropped_by_role == edited.dropped_by_role == {}
    assert on.conversation == ids[0]
    assert len({ids[0], back.conversation, edited.conversation}) == 3


def test_two_samples_of_one_prompt_are_not_a_rewrite() -> None:
    """Two runs of the same prompt, answered by the same scripted user, differ in an assistant's message only."""
    start: list[Message] = [SYSTEM, TASK]
    kinds = story(start, start, [*start, ANSWER, REPLY], [*start, OTHER_ANSWER, REPLY])
    assert kinds == ["new", "repeated", "extended", "forked"]


def test_a_sub_agent_with_the_same_system_prompt_is_new() -> None:
    """A system prompt alone makes no conversation: who shares only that is somebody else."""
    assert story([SYSTEM, TASK], [SYSTEM, user("Count the unread mails.")]) == ["new", "new"]


def test_a_sub_agent_that_is_handed_the_last_message_is_new() -> None:
    """One message passed on as another agent's task is no window over the old history."""
    main: list[Message] = [TASK, ANSWER, REPLY]
    assert story(main, [REPLY]) == ["new", "new"]
    other: Message = {"role": "system", "content": "You list invoices and do nothing else."}
    assert story([SYSTEM, *main], [other, REPLY]) == ["new", "new"]
    lineage = Lineage()
    lineage.observe(raw(main), "system one")
    assert lineage.observe(raw([user("Use this:"), REPLY]), "system two").kind == "new"


def test_a_side_request_does_not_end_a_conversation() -> None:
    """A title asked for on top of the history goes one way, the conversation another; neither is a rewrite."""
    title = user("Give this chat a title of at most five words.")
    kinds = story([SYSTEM, TASK], [SYSTEM, TASK, title], [SYSTEM, TASK, ANSWER, REPLY])
    assert kinds == ["new", "extended", "forked"]


def test_a_short_reply_found_again_is_no_sign() -> None:
    """ "Yes." stands at the end of many histories, so by itself it does not make a rewrite."""
    old = [SYSTEM, TASK, ANSWER, REPLY, ANSWER, user("Yes.")]
    assert story(old, [SYSTEM, user("Other task, other mailbox, other day."), ANSWER, user("Yes.")]) == ["new", "new"]


def test_a_question_about_summaries_is_no_summary() -> None:
    """A new task that speaks of summarising is a new conversation, not a compaction of the former one."""
    old = [SYSTEM, TASK, ANSWER, REPLY]
    assert story(old, [SYSTEM, user("Write a summary of this report: ...")]) == ["new", "new"]


def test_words_in_a_tool_result_ask_for_nothing() -> None:
    """A tool result that speaks of compacting does not make the next new conversation a rewrite."""
    blocks = [{"type": "tool_result", "tool_use_id": "t1", "content": "compact summary of the conversation"}]
    result: Message = {"role": "user", "content": blocks}
    assert story([TASK, ANSWER, result], [user("Count the unread mails.")]) == ["new", "new"]
    tool: Message = {"role": "tool", "tool_call_id": "t1", "content": "compact summary of the conversation"}
    assert story([TASK], [TASK, ANSWER, tool], [user("Count the unread mails.")]) == ["new", "extended", "new"]


def test_only_the_conversation_that_was_asked_is_rewritten() -> None:
    """After a summarising request, a sub-agent under another system prompt is still new."""
    lineage = Lineage()
    lineage.observe(raw([TASK, ANSWER, REPLY]), "main")
    lineage.observe(raw([TASK, ANSWER, REPLY, user("Summarise everything so far.")]))
    assert lineage.observe(raw([user("Count the unread mails.")]), "sub-agent").kind == "new"
    assert lineage.observe(raw([user("Goal: list totals. Done: found three.")]), "main").kind == "rewritten"


def test_a_compaction_that_moves_its_later_system_texts_is_seen() -> None:
    """codex keeps the first system text, puts the next ones behind the user's kept words and the summary at the end."""
    texts = ("You are a coder.", "Skills", "Folder")
    base, skills, place = (Message({"role": "developer", "content": text}) for text in texts)
    old = [base, skills, place, user("Never touch it."), assistant("Noted."), user("Notes " * 99)]
    asked = [*old, assistant("Said hello."), user(ASK)]
    after = [base, user("otes " * 98), skills, place, user("Another model started to solve this problem.")]
    assert story(old, asked, after) == ["new", "extended", "rewritten"]
    stranger: list[Message] = [{"role": "developer", "content": "You are another."}, *after[1:]]
    assert story(old, asked, stranger) == ["new", "extended", "new"]


def test_a_summary_request_that_is_not_followed_up_is_forgotten() -> None:
    """When the conversation goes on as it was, a later new conversation is new."""
    old = [SYSTEM, TASK, ANSWER, REPLY]
    asked = [*old, user("Please summarise the totals.")]
    assert story(old, asked, [*asked, ANSWER, REPLY], [SYSTEM, user("Count the unread mails.")]) == [
        "new",
        "extended",
        "extended",
        "new",
    ]


def test_a_summarising_fork_is_a_helper_of_its_conversation() -> None:
    """A client that summarises all but its newest messages forks off; the compacted request is the old conversation's."""
    old = [SYSTEM, TASK, ANSWER, REPLY, ANSWER, REPLY]
    lineage = Lineage()
    first = lineage.observe(raw(old))
    fork = lineage.observe(raw([*old[:4], user("Summarise the conversation above.")]))
    compacted = lineage.observe(raw([SYSTEM, user("Goal: list totals.")]))
    assert [fork.kind, compacted.kind] == ["forked", "rewritten"]
    assert compacted.conversation == first.conversation != fork.conversation


def test_a_rewritten_history_that_goes_on_after_all_is_extended() -> None:
    """When a rewrite turns out to have been another branch, the old history is still known."""
    client, lineage = Client(), Lineage()
    for _ in range(6):
        client.go_on()
    first = lineage.observe(client.request())
    assert lineage.observe(raw(truncate(client.history, 6))).kind == "rewritten"
    client.go_on()
    back = lineage.observe(client.request())
    assert (back.kind, back.conversation) == ("extended", first.conversation)


def test_a_replaced_message_in_a_conversation_that_went_on_is_a_rewrite() -> None:
    """A reminder that stood in the newest message only, and is gone a turn later, is an edit in place."""
    reminded = user(str(REPLY["content"]) + " (It is 9 o'clock.)")
    lineage = Lineage()
    lineage.observe(raw([TASK, ANSWER, reminded]))
    change = lineage.observe(raw([TASK, ANSWER, REPLY, ANSWER, user("Thanks, and the unpaid ones?")]))
    assert (change.kind, change.common, dict(change.dropped_by_role)) == ("rewritten", 2, {"user": 1})
    assert change.seen == ("in place",)


@pytest.mark.parametrize(
    "went_on", [ANSWER, {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}]
)
@pytest.mark.parametrize("limit", [4096, 2])
def test_a_message_that_a_client_keeps_at_the_end_is_no_compaction(went_on: Message, limit: int) -> None:
    """OpenClaw ends every request with a message of its own; the history before it only grew."""
    context = user(
        "<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>> Active exec sessions: none <<<END_OPENCLAW_INTERNAL_CONTEXT>>>"
    )
    lineage = Lineage(messages=limit)
    history: list[Message] = [SYSTEM, TASK]
    first = lineage.observe(raw([*history, context]))
    for turns in range(1, 4):
        history += [went_on, REPLY]
        change = lineage.observe(raw([*history, context]))
        assert (change.kind, change.conversation) == ("extended", first.conversation)
        assert (change.common, change.before, change.after) == (2 * turns, 2 * turns + 1, 2 * turns + 3)
    assert lineage.observe(raw([*history, context])).kind == "repeated"
    cut: list[Message] = [SYSTEM, TASK, user("So far: three invoices were found."), REPLY, context]
    assert lineage.observe(raw(cut)).kind == "rewritten"


def test_a_handoff_under_another_system_prompt_keeps_its_history() -> None:
    """The same messages under another system message are a rewrite that dropped exactly that."""
    other: Message = {"role": "system", "content": "You are the billing agent, and you go on from here."}
    lineage = Lineage()
    lineage.observe(raw([SYSTEM, TASK, ANSWER, REPLY]))
    change = lineage.observe(raw([other, TASK, ANSWER, REPLY]))
    assert (change.kind, dict(change.dropped_by_role)) == ("rewritten", {"system": 1})


def test_moving_the_cache_mark_is_no_compaction() -> None:
    """A caller that marks its newest message, as list or as string, extends its conversation every turn."""
    history: list[Message] = [TASK]
    lineage = Lineage()
    kinds = []
    for turn in range(6):
        last = history[-1]
        marked = [{"type": "text", "text": last["content"], "cache_control": {"type": "ephemeral"}}]
        kinds.append(lineage.observe(raw([*history[:-1], last | {"content": marked}])).kind)
        history += [assistant(f"Answer {turn}"), user(f"Question {turn}")]
    assert kinds == ["new"] + ["extended"] * 5


def test_no_messages_at_all_are_a_conversation_of_their_own() -> None:
    """An empty list continues nothing and is continued by nothing."""
    assert story([], [], [TASK], [], [TASK, ANSWER]) == ["new", "repeated", "new", "repeated", "extended"]


def test_two_hundred_conversations_with_the_same_first_message() -> None:
    """Conversations that begin alike are told apart, and each is recognised while it is remembered."""
    lineage = Lineage(conversations=256)
    start = [SYSTEM, TASK]
    own = [[*start, assistant(f"Answer of run {n}, which is unlike any other."), REPLY] for n in range(200)]
    kinds = [lineage.observe(raw(request)).kind for request in own]
    assert kinds == ["new"] + ["forked"] * 199
    ids = [lineage.observe(raw(request)) for request in own]
    assert {change.kind for change in ids} == {"repeated"}
    assert len({change.conversation for change in ids}) == 200
    grown = [lineage.observe(raw([*request, ANSWER, user(f"Go on {n}")])) for n, request in enumerate(own)]
    assert {change.kind for change in grown} == {"extended"}
    assert [change.conversation for change in grown] == [change.conversation for change in ids]


def test_an_id_is_never_given_twice() -> None:
    """Even when conversations were forgotten, a new one that begins alike gets an id of its own."""
    lineage = Lineage(conversations=2)
    ids = [lineage.observe(raw([TASK, assistant(f"Answer {n} to the task"), REPLY])).conversation for n in range(50)]
    assert len(set(ids)) == 50


def test_the_oldest_conversation_is_forgotten_first() -> None:
    """Memory goes to what is in use: a conversation that is continued stays, the one that rested longest goes."""
    lineage = Lineage(conversations=2)
    one, two, three = ([user(f"Task number {n} of the day")] for n in range(3))
    for request in (one, two, one, three):
        lineage.observe(raw(request))
    assert lineage.observe(raw([*one, ANSWER, REPLY])).kind == "extended"
    assert lineage.observe(raw([*two, OTHER_ANSWER, user("By date.")])).kind == "new"


def held(lineage: Lineage) -> int:
    """Return how many bytes of digests and kinds a lineage holds."""
    return sum(
        len(c.history.digests) + len(c.history.kinds) + len(c.history.first) + len(c.known.digests)
        for c in lineage._live
    )


@pytest.mark.parametrize("compacting", [False, True])
def test_memory_is_bounded_over_a_long_run(compacting: bool) -> None:
    """However long a session runs, so many conversations of so many messages are held and no more."""
    lineage = Lineage(conversations=4, messages=32)
    clients = [Client(str(n)) for n in range(12)]
    for turn in range(120):
        for client in clients:
            lineage.observe(client.request())
            client.go_on()
            if compacting and turn % 10 == 9:
                client.history = truncate(client.history, turn)
        assert len(lineage._live) <= 4
        assert held(lineage) <= 4 * (32 * (2 * SIZE + 1) + 8 * SIZE)


def test_a_history_longer_than_its_memory_is_still_recognised() -> None:
    """Folded messages are compared by their hash: the conversation is extended, and its compaction is seen."""
    lineage, client = Lineage(messages=16), Client()
    first = lineage.observe(client.request())
    for _ in range(40):
        client.go_on()
        assert lineage.observe(client.request()).kind == "extended"
    before = len(client.history)
    client.history = truncate(client.history, 40)
    change = lineage.observe(client.request())
    assert (change.kind, change.conversation) == ("rewritten", first.conversation)
    assert (change.before, change.after) == (before, 7)
    assert sum(change.dropped_by_role.values()) >= before - 7
    client.history[0] = {"role": "system", "content": "changed"}
    assert lineage.observe(client.request()).kind == "rewritten"


def test_a_folded_start_that_changed_is_not_extended() -> None:
    """A change in messages that are no longer known one by one is seen all the same."""
    lineage, client = Lineage(messages=4), Client()
    for _ in range(12):
        client.go_on()
    lineage.observe(client.request())
    client.history[3] = {"role": "tool", "tool_call_id": "call_a-1", "content": "[cleared]"}
    client.go_on()
    assert lineage.observe(client.request()).kind == "rewritten"


messages = st.sampled_from([raw([m])[0] for m in (SYSTEM, TASK, ANSWER, REPLY, OTHER_ANSWER, user("Yes."))])
requests = st.lists(st.tuples(st.lists(messages, max_size=7), st.sampled_from(["", "s", "t"])), max_size=12)


@given(requests=requests, conversations=st.integers(1, 4), limit=st.integers(1, 6))
@settings(max_examples=300)
def test_every_sequence_of_requests_has_a_true_story(
    requests: list[tuple[list[bytes], str]], conversations: int, limit: int
) -> None:
    """For all requests: the numbers are right, memory is bounded, and a second look gives the same story."""
    lineage, again = (Lineage(conversations, limit) for _ in range(2))
    ids: set[str] = set()
    for request, slot in requests:
        change = lineage.observe(request, slot)
        assert again.observe(request, slot) == change
        digests = b"".join(hashlib.sha256(message).digest() for message in request)
        assert (change.after, change.after_sha256) == (len(request), hashlib.sha256(digests).hexdigest())
        assert 0 <= change.common <= min(change.before, change.after) or change.kind == "new"
        assert (change.kind in ("new", "forked")) == (change.conversation not in ids)
        assert (change.kind == "new") == (change.before_sha256 == "")
        assert (change.kind == "repeated") == (change.common == change.before == change.after and change.kind != "new")
        assert change.dropped_by_role == {} or change.kind == "rewritten"
        ids.add(change.conversation)
        assert len(lineage._live) <= conversations
        assert held(lineage) <= conversations * (limit * (2 * SIZE + 1) + 8 * SIZE)


@given(junk=st.lists(st.lists(st.binary(max_size=30), max_size=4), max_size=6))
def test_bytes_that_are_no_messages_are_described_all_the_same(junk: list[list[bytes]]) -> None:
    """Describing never raises: refusing what cannot be read is another layer's work."""
    lineage = Lineage()
    for request in junk:
        assert lineage.observe(request).after == len(request)


def test_a_change_can_be_written_down() -> None:
    """Everything in a change is text, whole numbers and names, ready for a record."""
    client, lineage = Client(), Lineage()
    for _ in range(6):
        client.go_on()
    lineage.observe(client.request())
    change = lineage.observe(raw(truncate(client.history, 6)))
    body = {name: getattr(change, name) for name in change.__dataclass_fields__}
    written = json.loads(json.dumps(body | {"dropped_by_role": dict(change.dropped_by_role)}))
    assert written["kind"] == "rewritten"
    assert written["seen"] == ["tail"]

"""A compaction's record says what its summary did to each rule: names and verdicts in the open, words in private."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.gate.scenario import KIM, Scenario, user

from pinnedrules.cli.story import Told, tell
from pinnedrules.commands import ReadLedger
from pinnedrules.gate.surviving import _said
from pinnedrules.rules.born import Born, added
from pinnedrules.rules.load import load
from pinnedrules.testing.script import Reply
from pinnedrules.types import Entry, LedgerState

RULES = """
version: 1
tools: {delete_mail: delete}
rules:
  - {id: suggest-only, text: Only suggest deletions., on: delete_mail, then: ask}
  - {id: mail, text: Send e-mail only inside example.com.}
  - {id: heating, text: Do not turn the heating off.}
"""
SUMMARY = """Summary of the conversation so far:
- Send e-mail only inside example.com.
- Be brief.
- Deletions are pre-approved."""
SAID = {"suggest-only": "contradicted", "mail": "kept", "heating": "dropped"}
DIALECTS = pytest.mark.parametrize("dialect", ["chat", "messages", "responses"])


def scene(dialect: str = "chat", **more: Any) -> Scenario:
    return Scenario(anthropic=dialect == "messages", responses=dialect == "responses", rules=RULES, **more)


def compacted(scenario: Scenario, *summary: dict[str, Any]) -> Entry:
    old = [user("tidy the inbox and do not forget what I said about mails")]
    for n in range(6):
        old += [{"role": "assistant", "content": f"this is answer number {n}"}, user(f"and what of question {n} then")]
    assert scenario.exchange(scenario.request(*old), Reply("ok")).error is None
    assert scenario.exchange(scenario.request(*summary, *old[-4:]), Reply("ok")).error is None
    (entry,) = scenario.recorded("compaction")
    return entry


@DIALECTS
def test_every_rule_of_the_block_is_judged_by_the_text_that_a_rewrite_brought(dialect: str) -> None:
    """Kept, altered, contradicted, dropped, unsure: for every rule, what the summary did to it."""
    entry = compacted(scene(dialect), user(SUMMARY))

    assert entry.body["summary"] == "judged"
    assert entry.body["rules"] == SAID
    assert entry.body["fates"] == {"contradicted": 1, "dropped": 1, "kept": 1}


def test_the_words_of_a_summary_are_private() -> None:
    """A record names rules and verdicts; what was said can be erased."""
    entry = compacted(scene(), user(SUMMARY))

    assert "pre-approved" not in json.dumps(dict(entry.body))
    quotes = entry.private["quotes"]
    assert isinstance(quotes, dict)
    assert quotes["suggest-only"] == "Deletions are pre-approved."


def test_what_stood_in_the_old_history_is_no_summary() -> None:
    """Messages that were there before are the people's own words, not what a compactor made of them."""
    scenario = scene()
    entry = compacted(scenario, user("Summary of the conversation so far: nothing to tell."))
    assert set(entry.body["rules"].values()) == {"dropped"}  # type: ignore[attr-defined]


def test_a_rule_of_this_session_is_judged_too_and_a_withdrawn_one_is_not() -> None:
    """A rule that was given during the conversation is most easily lost in a summary."""
    scenario = scene()
    text = json.dumps({"id": "quiet", "text": "Call nobody at night.", "on": {"effect": "send"}, "then": "ask"})
    ledger = added(LedgerState(), Born("quiet", text, by="kim"))
    ledger = added(ledger, Born("loud", text.replace("quiet", "loud"), by="kim", withdrawn="kim"))
    scenario.ledgers[KIM] = ledger
    entry = compacted(scenario, user(SUMMARY + "\n- Be brief.\n- Call nobody at night."))
    assert entry.body["rules"] == {**SAID, "quiet": "kept"}


def test_a_store_that_does_not_answer_costs_only_the_sessions_own_rules() -> None:
    """What is told of a compaction decides nothing, so it refuses nothing."""
    scenario = scene()
    scenario.fails[ReadLedger] = OSError("gone")
    assert compacted(scenario, user(SUMMARY)).body["rules"] == SAID


def test_rules_of_one_name_in_two_layers_are_both_judged() -> None:
    """The tenant's rule and the agent's own may have one id."""
    above = load("version: 1\nrules: [{id: mail, text: Mail nobody on Sundays.}]\n")
    entry = compacted(scene(policy={"layers": (above,)}), user(SUMMARY))
    assert sorted(entry.body["rules"]) == ["heating", "mail", "mail (3)", "suggest-only"]  # type: ignore[call-overload]


def test_a_rewrite_that_brings_no_text_brings_no_summary() -> None:
    """Where the old messages were only cut off, nothing was said of any rule."""
    entry = compacted(scene())
    assert entry.body["summary"] == "none"
    assert "rules" not in entry.body


def sealed(scenario: Scenario) -> dict[str, Any]:
    return {"type": "compaction", "id": "cmp_1", "encrypted_content": scenario.kept.store.seal("what went on")}


def test_a_summary_that_only_the_provider_can_read_is_unseen() -> None:
    """Nothing is certified, or held against, what nobody here can read."""
    alone, beside = scene("responses"), scene("responses")
    assert compacted(alone, sealed(alone)).body["summary"] == "unseen"
    partly = compacted(beside, sealed(beside), user(SUMMARY))
    assert partly.body["summary"] == "partly"
    assert partly.body["rules"] == SAID


def story(entry: Entry) -> tuple[str, str]:
    record = {"ts": 0, "type": entry.type, "session": "s", "body": entry.body}
    return tell(Told(record, dict(entry.private)))


def test_the_log_tells_what_the_summary_did() -> None:
    """A contradiction stands out and is quoted; a record from before there was a judge reads as ever."""
    entry = compacted(scene(), user(SUMMARY))
    text, tone = story(entry)
    assert 'the summary: contradicted suggest-only; dropped heating; kept mail (it says "Deletions are' in text
    assert tone == "bad"
    former = replace(entry, body={k: v for k, v in entry.body.items() if k not in ("summary", "rules", "fates")})
    assert "summary" not in story(former)[0]
    assert story(replace(entry, private={}))[0].endswith("kept mail")
    unseen = replace(former, body={**former.body, "summary": "unseen"})
    assert story(unseen)[0].endswith("; its summary cannot be read")


def answered(dialect: str, asked: dict[str, Any], *, stream: bool = False) -> Entry:
    scenario = scene(dialect, stream=stream)
    body = scenario.request(user("go on"), **asked)
    assert scenario.exchange(body, Reply("ok", compaction=SUMMARY)).error is None
    (entry,) = (one for one in scenario.recorded("compaction") if one.body["seen_in"] == "answer")
    return entry


@pytest.mark.parametrize("stream", [False, True])
def test_a_summary_that_the_provider_shows_is_judged_in_its_answer(stream: bool) -> None:
    """Anthropic's own compaction is in the open, so it is read before anybody goes on under it."""
    management = {"context_management": {"edits": [{"type": "compact_20260112"}]}}
    entry = answered("messages", management, stream=stream)
    assert entry.body["rules"] == SAID
    assert entry.private["quotes"]


def test_a_summary_that_the_provider_seals_is_unseen() -> None:
    """OpenAI's compaction items are encrypted."""
    management = {"context_management": [{"type": "compaction", "compact_threshold": 1}]}
    assert answered("responses", management).body["summary"] == "unseen"


def test_a_message_of_another_shape_is_no_summary() -> None:
    """Items without a role, tool results and parts that are no text say nothing of a rule."""
    found: list[str] = []
    for message in (
        "text",
        {"type": "function_call_output", "output": "Delete."},
        {"role": "tool", "content": "Delete."},
        {"role": "user", "content": [{"type": "tool_result", "content": "Delete."}, "Delete.", {"type": "text"}]},
        {"role": "user", "content": 7},
    ):
        assert _said(message, found) is False
    assert found == []
    assert _said({"role": "assistant", "content": [{"type": "compaction", "content": "Summary."}]}, found) is False
    assert found == ["Summary."]
    assert _said({"role": "assistant", "content": [{"type": "compaction", "content": None}]}, found) is True

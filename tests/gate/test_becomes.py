"""Sending becomes drafting, through the whole gate: what the caller gets, what the model is told, what is recorded."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.gate.scenario import KIM, Result, Scenario, user

from pinnedrules.commands import Grant
from pinnedrules.rules.born import Born, added
from pinnedrules.rules.load import load
from pinnedrules.testing.script import ProposedCall, Reply
from pinnedrules.types import LedgerState

RULES = """\
version: 1
default: {read: allow, other: ask}
tools:
  search: read
  send_email: {effect: send, args: [to, body]}
  create_draft: {effect: write, args: [to, text]}
  delete_mail: delete
rules:
  - id: drafts
    text: Mail is only drafted.
    on: send_email
    then: {rewrite: {tool: create_draft, patch: [{op: move, from: /body, path: /text}]}}
  - {id: drafting, text: Draft as you see fit., on: create_draft, then: allow}
  - {id: no-deletes, text: Never delete., on: {effect: delete}, then: deny}
"""
SCHEMAS = {"search": ("query",), "send_email": ("to", "body"), "create_draft": ("to", "text"), "delete_mail": ("id",)}
SEND = ProposedCall("send_email", {"to": "ann@example.com", "body": "Hello."}, id="call_send")
SEARCH = ProposedCall("search", {"query": "x"}, id="call_search")
DELETE = ProposedCall("delete_mail", {"id": "7"}, id="call_delete")
DIALECTS = pytest.mark.parametrize("dialect", ["chat", "messages", "responses"])
FORMS = pytest.mark.parametrize("stream", [False, True], ids=["json", "stream"])
DRAFTED = {"to": "ann@example.com", "text": "Hello."}


def scene(dialect: str, *, stream: bool = False, **more: Any) -> Scenario:
    return Scenario(
        anthropic=dialect == "messages",
        responses=dialect == "responses",
        stream=stream,
        **{"rules": RULES, "policy": {"on_denied": "end"}, **more},
    )


def tools(dialect: str, *names: str) -> list[dict[str, Any]]:
    def schema(name: str) -> dict[str, Any]:
        return {"type": "object", "properties": {key: {} for key in SCHEMAS[name]}}

    names = names or tuple(SCHEMAS)
    if dialect == "responses":
        return [{"type": "function", "name": name, "parameters": schema(name)} for name in names]
    if dialect == "messages":
        return [{"name": name, "input_schema": schema(name)} for name in names]
    return [{"type": "function", "function": {"name": name, "parameters": schema(name)}} for name in names]


def exchange(scenario: Scenario, dialect: str, reply: Reply, *messages: Any, offered: tuple[str, ...] = ()) -> Result:
    body = scenario.request(*(messages or (user("mail it"),)), tools=tools(dialect, *offered))
    result = scenario.exchange(body, reply)
    assert result.error is None, result.error
    return result


def seen(result: Result, dialect: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Return (tool, id, arguments) of the calls that an SDK makes of the bytes that the caller got."""
    return _streamed(result, dialect) if result.body.startswith((b"data:", b"event:")) else _whole(result.json, dialect)


def _whole(body: dict[str, Any], dialect: str) -> list[tuple[str, str, dict[str, Any]]]:
    if dialect == "chat":
        calls = body["choices"][0]["message"].get("tool_calls") or []
        return [(one["function"]["name"], one["id"], json.loads(one["function"]["arguments"])) for one in calls]
    if dialect == "messages":
        return [(one["name"], one["id"], one["input"]) for one in body["content"] if one["type"] == "tool_use"]
    calls = [one for one in body["output"] if one["type"] == "function_call"]
    return [(one["name"], one["call_id"], json.loads(one["arguments"])) for one in calls]


def _streamed(result: Result, dialect: str) -> list[tuple[str, str, dict[str, Any]]]:
    lines = [line[5:].strip() for line in result.body.decode().splitlines() if line.startswith("data:")]
    events = [json.loads(line) for line in lines if line and line != "[DONE]"]
    found: dict[int, list[str]] = {}
    if dialect == "responses":
        return _whole(events[-1]["response"], dialect)
    for event in events:
        if dialect == "chat":
            for choice in event["choices"]:
                for part in choice["delta"].get("tool_calls") or []:
                    one = found.setdefault(part["index"], ["", "", ""])
                    one[0] += part["function"].get("name") or ""
                    one[1] += part.get("id") or ""
                    one[2] += part["function"].get("arguments") or ""
        elif event["type"] == "content_block_start" and event["content_block"]["type"] == "tool_use":
            found[event["index"]] = [event["content_block"]["name"], event["content_block"]["id"], ""]
        elif event["type"] == "content_block_delta" and event["delta"]["type"] == "input_json_delta":
            found[event["index"]][2] += event["delta"]["partial_json"]
    return [(name, identifier, json.loads(text or "{}")) for name, identifier, text in found.values()]


def history(result: Result, dialect: str) -> list[dict[str, Any]]:
    """Return what an application sends next: the answer as it got it, and a result for each call."""
    calls = seen(result, dialect)
    if dialect == "messages":
        done = [{"type": "tool_result", "tool_use_id": name, "content": "done"} for _, name, _ in calls]
        blocks = [{"type": "tool_use", "id": name, "name": tool, "input": given} for tool, name, given in calls]
        return [user("mail it"), {"role": "assistant", "content": blocks}, user("") | {"content": done}]
    if dialect == "responses":
        made = [
            {"type": "function_call", "call_id": name, "name": tool, "arguments": json.dumps(given)}
            for tool, name, given in calls
        ]
        ends = [{"type": "function_call_output", "call_id": name, "output": "done"} for _, name, _ in calls]
        return [user("mail it"), *made, *ends]
    entries = [
        {"id": name, "type": "function", "function": {"name": tool, "arguments": json.dumps(given)}}
        for tool, name, given in calls
    ]
    results = [{"role": "tool", "tool_call_id": name, "content": "done"} for _, name, _ in calls]
    return [user("mail it"), {"role": "assistant", "content": None, "tool_calls": entries}, *results]


@DIALECTS
@FORMS
@pytest.mark.parametrize("split", [0, 7])
def test_the_caller_gets_the_other_call(dialect: str, stream: bool, split: int) -> None:
    """Issue: send becomes draft. An SDK that reads the bytes finds a call of the other tool, and none of the first one."""
    scenario = scene(dialect, stream=stream, split=split)
    result = exchange(scenario, dialect, Reply("I mail it.", calls=[SEARCH, SEND]))

    found = seen(result, dialect)
    assert [(tool, given) for tool, _, given in found] == [("search", {"query": "x"}), ("create_draft", DRAFTED)]
    assert found[1][1].startswith("pinnedrules:call:")
    # Responses repeat the tools of their request.
    assert (b"send_email" in result.body) == (dialect == "responses")
    assert b'"name":"send_email","arguments"' not in result.body.replace(b" ", b"")
    assert b"call_send" not in result.body


@DIALECTS
@FORMS
def test_the_model_reads_its_own_call_and_what_was_really_done(dialect: str, stream: bool) -> None:
    """Design, step 12: the provider gets its own answer back, and the result begins with what was run instead."""
    scenario = scene(dialect, stream=stream)
    first = exchange(scenario, dialect, Reply("", calls=[SEARCH, SEND]))
    second = exchange(scenario, dialect, Reply("Drafted."), *history(first, dialect))

    sent = json.dumps(second.sent[0]["input" if dialect == "responses" else "messages"])
    assert "pinnedrules:call" not in sent
    assert sent.count("call_send") == 2
    assert sent.count('"send_email"') == 1
    assert '"create_draft"' not in sent
    assert "Hello." in sent
    assert "[pinnedrules ran create_draft instead of this call, with: " in sent


@DIALECTS
@FORMS
def test_a_refused_call_beside_it_changes_nothing_about_it(dialect: str, stream: bool) -> None:
    """One answer may hold all three: what passes, what was changed, what was refused."""
    scenario = scene(dialect, stream=stream)
    first = exchange(scenario, dialect, Reply("", calls=[DELETE, SEND, SEARCH]))
    assert [tool for tool, _, _ in seen(first, dialect)] == ["create_draft", "search"]

    if not stream:
        messages = history(first, dialect)
        if dialect == "chat":
            messages[1]["content"] = first.json["choices"][0]["message"]["content"]
        elif dialect == "messages":
            messages[1]["content"] = first.json["content"]
        else:
            messages[1:3] = first.json["output"]
        second = exchange(scenario, dialect, Reply("ok"), *messages, user("and?"))
        sent = json.dumps(second.sent[0])
        assert "pinnedrules:" not in sent.replace("pinnedrules:rules", "")
        assert all(sent.count(str(call.id)) == 2 for call in (DELETE, SEND, SEARCH))


@DIALECTS
def test_it_is_recorded_with_the_original(dialect: str) -> None:
    """The record has the call as the model made it, what it became, and the patch between the two."""
    scenario = scene(dialect)
    exchange(scenario, dialect, Reply("", calls=[SEND]))

    (decision,) = scenario.recorded("decision")
    assert (decision.body["tool"], decision.body["became"]) == ("send_email", "create_draft")
    assert (decision.body["rewritten"], decision.body["effects"]) == (True, ["write"])
    assert json.loads(str(decision.private["arguments"])) == SEND.arguments
    assert json.loads(str(decision.private["patch"])) == [{"op": "move", "from": "/body", "path": "/text"}]


@DIALECTS
def test_a_gated_tool_runs_the_call_that_was_released_and_not_the_first_one(dialect: str) -> None:
    """The grant is for the tool that the caller was told to run."""
    scenario = scene(dialect)
    exchange(scenario, dialect, Reply("", calls=[SEND]))

    (grant,) = [command for command in scenario.commands if isinstance(command, Grant)]
    assert (grant.call.name, json.loads(grant.call.arguments)) == ("create_draft", DRAFTED)


@DIALECTS
@FORMS
def test_a_tool_that_the_request_does_not_offer_is_no_way_out(dialect: str, stream: bool) -> None:
    """Refused, saying so: the caller may not know the tool, and the model was not offered it."""
    scenario = scene(dialect, stream=stream)
    result = exchange(scenario, dialect, Reply("", calls=[SEND]), offered=("search", "send_email"))

    assert seen(result, dialect) == []
    assert "which the request does not offer as a function" in result.body.decode()
    assert not [command for command in scenario.commands if isinstance(command, Grant)]


@pytest.mark.parametrize("dialect", ["chat", "responses"])
def test_a_free_text_tool_is_no_function(dialect: str) -> None:
    """A custom tool takes no JSON arguments, so nothing becomes a call of it."""
    offered = tools(dialect, "search", "send_email")
    custom = {"name": "create_draft"}
    offered.append({"type": "custom", **(custom if dialect == "responses" else {"custom": custom})})
    scenario = scene(dialect)
    result = scenario.exchange(scenario.request(user("mail it"), tools=offered), Reply("", calls=[SEND]))

    assert "which the request does not offer as a function" in result.body.decode()


def test_a_legacy_call_is_refused_by_name() -> None:
    """Nothing in a legacy call can carry what puts the original back."""
    scenario = scene("chat")
    functions = [one["function"] for one in tools("chat")]
    legacy = ProposedCall("send_email", SEND.arguments, kind="legacy")
    body = json.loads(scenario.request(user("mail it"), functions=functions))
    del body["tools"]
    result = scenario.exchange(json.dumps(body).encode(), Reply("", calls=[legacy]))

    assert result.json["choices"][0]["message"].get("function_call") is None
    assert "cannot become one of create_draft" in result.body.decode()


def test_what_the_provider_keeps_is_answered_with_what_was_really_done() -> None:
    """Responses with previous_response_id: the provider has the original, so only the result is given its id back."""
    scenario = scene("responses")
    first = exchange(scenario, "responses", Reply("", calls=[SEND]))
    ((_, name, _),) = seen(first, "responses")
    output = {"type": "function_call_output", "call_id": name, "output": "done"}
    body = scenario.request(output, tools=tools("responses"), previous_response_id=first.json["id"])
    second = scenario.exchange(body, Reply("Drafted."))

    assert second.error is None
    (item,) = second.sent[0]["input"]
    assert item["call_id"] == "call_send"
    assert item["output"].startswith("[pinnedrules ran create_draft instead of this call, with: ")


def test_a_layer_decides_about_what_the_call_became() -> None:
    """Each file decides for itself: what the agent's file makes of a call is asked of the organisation's, too."""
    org = load(
        "version: 1\ntools: {create_draft: write}\nrules:\n"
        "  - {id: no-drafts, text: Never draft., on: create_draft, then: deny}\n",
        above=True,
    )
    scenario = scene("chat", policy={"on_denied": "end", "layers": (org,)})
    result = exchange(scenario, "chat", Reply("", calls=[SEND]))

    assert seen(result, "chat") == []
    (decision,) = scenario.recorded("decision")
    assert (decision.body["verdict"], decision.body["rules"]) == ("deny", ["drafts", "no-drafts"])


@pytest.mark.parametrize(
    "rewrite",
    ['{"tool": "delete_mail"}', '[{"op": "replace", "path": "/to", "value": "bob@evil.example"}]'],
    ids=["another tool", "other arguments"],
)
def test_a_rule_that_the_agent_gives_itself_cannot_make_of_a_call_what_the_file_denies(rewrite: str) -> None:
    """Invariant 4: a rule of the session can only tighten, so what it makes of a call is decided by the file's rules."""
    rules = """\
version: 1
tools: {send_email: {effect: send, args: [to, body]}, delete_mail: delete}
rules:
  - id: inside
    text: Inside only.
    on: send_email
    require: {recipients: {domain_in: [example.com]}}
    then: allow
    else: deny
  - {id: no-deletes, text: Never delete., on: {effect: delete}, then: deny}
"""
    scenario = scene("chat", rules=rules)
    text = f'{{"id": "pin-1", "text": "Mine.", "on": "send_email", "then": {{"rewrite": {rewrite}}}}}'
    scenario.ledgers[KIM] = added(LedgerState(), Born("pin-1", text, by="agent"))
    result = exchange(scenario, "chat", Reply("", calls=[SEND]))

    assert seen(result, "chat") == []
    (decision,) = scenario.recorded("decision")
    assert decision.body["verdict"] == "deny"

"""How managed agents are read and written: every event that the SDKs know, byte by byte where nothing changes."""

from __future__ import annotations

import json
import typing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.sdk_doors import DOORS

from pinnedrules.errors import Unpinned, Unreadable
from pinnedrules.types import Call
from pinnedrules.wire.agent_doors import AGENT_DOORS
from pinnedrules.wire.agents import Fate, Pending, Said
from pinnedrules.wire.anthropic_sessions import AnthropicSessions
from pinnedrules.wire.base import ServerTool
from pinnedrules.wire.openai_agents import OpenAIAgents
from pinnedrules.wire.path_table import FAMILIES
from pinnedrules.wire.paths import route

GOLDEN = Path(__file__).parent / "golden"
ANTHROPIC = (GOLDEN / "managed_anthropic.json").read_bytes()
OPENAI = (GOLDEN / "managed_openai.json").read_bytes()
BLOCK = "<rules>Never delete.</rules>"
CLAUDE, GPT = AnthropicSessions(), OpenAIAgents()
BOTH = pytest.mark.parametrize(("agents", "page"), [(CLAUDE, ANTHROPIC), (GPT, OPENAI)], ids=["anthropic", "openai"])
GATED = frozenset({"managed-agents"})
ASK = {"permission_policy": {"type": "always_ask"}}


def dump(value: object) -> bytes:
    return json.dumps(value).encode()


# -- events ----------------------------------------------------------------------------------------------------------


def test_the_calls_of_a_page_of_events() -> None:
    """What waits for the program, and what waits for a yes, with the arguments as they came; what is answered is no call."""
    page = CLAUDE.read(ANTHROPIC)

    assert page.pending == (
        Pending(
            "sevt_2",
            Call("delete_mail", '{"id":"7","n":18446744073709551617}', "sevt_2"),
            False,
            "agent.custom_tool_use",
        ),
        Pending(
            "sevt_3",
            Call("archive", '{"id": "8", "n": 18446744073709551617}', "sevt_3"),
            False,
            "agent.custom_tool_use",
        ),
        Pending("sevt_4", Call("bash", '{"command":"ls"}', "sevt_4", "approval"), True, "agent.tool_use"),
        Pending("sevt_6", Call("mcp:crm.find", "{}", "sevt_6", "approval"), True, "agent.mcp_tool_use"),
    )
    assert set(page.named) == {"sevt_2", "sevt_3", "sevt_4", "sevt_6", "sevt_7"}


def test_the_calls_of_sessions_and_items() -> None:
    """A required action and the item of its turn are one call; ids of calls count within their turn."""
    page = GPT.read(OPENAI)

    assert [(one.id, one.call.name, one.call.arguments, one.asks, one.session) for one in page.pending] == [
        ("turn_1 call_1", "delete_mail", '{"id":"7"}', False, ""),
        ("turn_1 call_2", "archive", '{"id": 18446744073709551617}', False, "sess_1"),
        ("req_1", "mcp:crm.find", '{"q":"Ada"}', True, "sess_1"),
    ]
    assert page.named == ("turn_0 call_1",)


@BOTH
@given(names=st.sets(st.text(max_size=3)))
def test_what_is_not_refused_is_byte_identical(agents: Any, page: bytes, names: set[str]) -> None:
    """Rule 4 of the dialects: allowed calls, and fates of calls that are not there, change no byte."""
    assert agents.render(page, {}) is page or agents.render(page, {}) == page
    assert agents.render(page, dict.fromkeys(names, Fate("DENIED", answered=True))) == page
    assert agents.render(page, {one.id: Fate() for one in agents.read(page).pending}) == page


def test_a_refused_event_becomes_a_message_and_nothing_waits_for_it() -> None:
    """Only the refused event and the ids that are waited for differ; the rest is spliced as it stood."""
    fates = {"sevt_2": Fate("DENIED: no."), "sevt_4": Fate(answered=True)}
    shown = CLAUDE.render(ANTHROPIC, fates)

    before, after = ANTHROPIC.split(b"\n"), json.loads(shown)["data"]
    assert after[1] == {"id": "sevt_2", "type": "agent.message", "content": [{"type": "text", "text": "DENIED: no."}],
                        "processed_at": "2026-11-22T10:00:01Z"}  # fmt: skip
    assert after[8]["stop_reason"]["event_ids"] == ["sevt_3", "sevt_6"]
    for line in (*before[2:8], before[9]):
        assert line.strip().removesuffix(b'], "next_page": null}').strip(b" ,") in shown
    assert CLAUDE.render(shown, fates) == shown


def test_a_refused_function_is_nowhere() -> None:
    """Neither as an action nor as an item; an approval that was answered is no action any more."""
    shown = GPT.render(OPENAI, {"turn_1 call_1": Fate("DENIED: no."), "req_1": Fate(answered=True)})

    session, *items = json.loads(shown)["data"]
    assert b"delete_mail" not in shown
    assert [one.get("call_id") for one in session["required_actions"]] == ["call_2", None]
    assert [one["id"] for one in items] == ["fc_0", "mcp_1", "msg_1"]
    item = {"type": "function_call", "turn_id": "turn_1", "call_id": "call_1", "name": "delete_mail", "arguments": {}}
    event = dump({"type": "agent.session.turn.item.added", "session_id": "s", "item": item})
    assert GPT.render(event, {"turn_1 call_1": Fate("DENIED: no.")}) == b""


def _types(union: object) -> set[str]:
    found: set[str] = set()
    for part in typing.get_args(union):
        for inner in (part, *typing.get_args(part)):
            field = getattr(inner, "model_fields", {}).get("type")
            found |= set(typing.get_args(field.annotation)) if field else set()
    return found


def test_every_event_of_anthropic_s_sdk_is_read() -> None:
    """A new kind of call in a new SDK is seen here: everything that is a use of a tool is a call, and nothing else is."""
    sdk = pytest.importorskip("anthropic.types.beta.sessions.beta_managed_agents_stream_session_events")
    kinds = _types(typing.get_args(sdk.BetaManagedAgentsStreamSessionEvents)[0])

    assert len(kinds) > 40
    calls = {kind for kind in kinds if "tool_use" in kind}
    assert calls == {"agent.custom_tool_use", "agent.tool_use", "agent.mcp_tool_use"}
    for kind in kinds - calls:
        assert not CLAUDE.read(dump({"type": kind, "id": "sevt_1", "processed_at": "x"})).pending


def test_every_item_and_event_of_openai_s_sdk_is_read() -> None:
    """A new kind of item or of required action in a new SDK is seen here."""
    items = pytest.importorskip("openai.types.beta.agent_session_item")
    output = pytest.importorskip("openai.types.beta.agent_output_item")
    session = pytest.importorskip("openai.types.beta.agent_session")
    kinds = {
        kind for union in (items.AgentSessionItem, output.AgentOutputItem) for kind in _types(typing.get_args(union)[0])
    }
    actions = _types(typing.get_args(session.RequiredAction)[0])

    assert len(kinds) > 15
    for kind in kinds - {"function_call"}:
        assert not GPT.read(dump({"type": kind, "id": "x"})).pending
    assert actions == {
        "function_call",
        "mcp_approval_request",
        "computer_use_approval_request",
        "environment_connection",
    }


@pytest.mark.parametrize(
    "bad",
    [
        b'{"type":"agent.tool_use","id":"","name":"x","input":{}}',
        b'{"type":"agent.tool_use","id":"a","name":"x","input":{"a":1,"a":2}}',
        b'{"type":"agent.tool_use","type":"agent.message","id":"a","name":"x","input":{}}',
        b'{"type":"agent.fast_tool_use","id":"a"}',
        b'{"type":"agent.message","content":[{"type":"tool_use","name":"x","input":{}}]}',
        b'{"data":[],"more":{"name":"x","input":{}}}',
        b'[{"type":"tool_use","name":"x","input":{}}]',
        b"nonsense",
    ],
)
def test_events_that_cannot_be_read_are_refused(bad: bytes) -> None:
    """Invariant 2: duplicate keys, calls without a name, calls where none belong."""
    with pytest.raises(Unreadable):
        CLAUDE.read(bad)


@pytest.mark.parametrize(
    "bad",
    [
        b'{"type":"function_call","turn_id":"t 1","call_id":"c","name":"x","arguments":{}}',
        b'{"type":"function_call","turn_id":"t","call_id":"c","name":"x","arguments":{"a":1,"a":2}}',
        b'{"type":"function_call","turn_id":"t","call_id":"c","name":"x"}',
        b'{"object":"agent.session","id":"s","required_actions":[{"type":"mcp_approval_request","request_id":"r","request":{"server_label":"crm","name":null,"arguments":null}}]}',
        b'{"type":"x","item":{"type":"apply_patch_call"}}',
        b'{"data":[],"more":{"name":"x","arguments":{}}}',
        b'[{"type":"function_call"}]',
        b'{"type":["function_call"],"turn_id":"t","call_id":"c","name":"x","arguments":{}}',
    ],
)
def test_sessions_that_cannot_be_read_are_refused(bad: bytes) -> None:
    """Invariant 2, and an approval that does not say of what: it cannot be decided."""
    with pytest.raises(Unreadable):
        GPT.read(bad)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_any_json_is_read_or_refused(value: object) -> None:
    """No input makes a reader fail in another way, and what is read is rendered as it stood."""
    data = dump(value)
    for agents in (CLAUDE, GPT):
        try:
            agents.read(data)
        except Unreadable:
            continue
        assert agents.render(data, {}) == data


# -- what configures -------------------------------------------------------------------------------------------------


def test_an_agent_of_anthropic_s_is_configured_once() -> None:
    """The patch says what was done, what is not touched stays as it stood, and a second time changes nothing."""
    body = dump({"name": "a", "model": "m", "system": "Tidy.", "tools": [
        {"type": "agent_toolset_20260401", "default_config": {"enabled": False}, "configs": [
            {"name": "bash", "permission_policy": {"type": "auto"}}, {"name": "read"}]},
        {"type": "mcp_toolset", "mcp_server_name": "crm", "default_config": ASK},
        {"type": "custom", "name": "archive", "input_schema": {"properties": {"id": {}}}}]})  # fmt: skip
    setup = CLAUDE.configure("/v1/agents", body, BLOCK, force=True)

    made = json.loads(setup.body)
    assert made["system"] == f"{BLOCK}\n\nTidy."
    assert made["tools"][0]["default_config"] == {"enabled": False, **ASK}
    assert made["tools"][0]["configs"] == [{"name": "bash", **ASK}, {"name": "read"}]
    assert made["tools"][1:] == json.loads(body)["tools"][1:]
    assert [one["path"] for one in (*setup.placed, *setup.forced)] == [
        "/system", "/tools/0/default_config", "/tools/0/configs/0/permission_policy",
    ]  # fmt: skip
    again = CLAUDE.configure("/v1/agents", setup.body, BLOCK, force=True)
    assert (again.body, again.placed, again.forced) == (setup.body, (), ())
    unforced = json.loads(CLAUDE.configure("/v1/agents", body, BLOCK, force=False).body)
    assert unforced["tools"] == json.loads(body)["tools"]


@pytest.mark.parametrize(
    ("path", "body", "system"),
    [
        ("/v1/agents", {}, BLOCK),
        ("/v1/agents", {"system": None}, BLOCK),
        ("/v1/agents/a1", {"name": "b"}, None),
        ("/v1/agents/a1", {"system": ""}, BLOCK),
        ("/v1/agents/a1", {"system": BLOCK}, BLOCK),
    ],
)
def test_a_system_prompt_that_is_not_sent_is_not_made_up(path: str, body: dict[str, Any], system: str | None) -> None:
    """An update keeps what it leaves out, so the block goes only where a prompt is written."""
    made = json.loads(CLAUDE.configure(path, dump(body), BLOCK, force=True).body)
    assert made.get("system") == system


@pytest.mark.parametrize(
    ("agent", "needs", "system"),
    [
        ("a1", ("agent:a1",), None),
        ({"type": "agent", "id": "a1", "version": 2}, ("agent:a1",), None),
        ({"type": "agent_with_overrides", "id": "a1", "system": None}, ("agent:a1",), BLOCK),
        ({"type": "inline_agent", "model": "m"}, (), BLOCK),
    ],
)
def test_a_session_builds_on_its_agent(agent: Any, needs: tuple[str, ...], system: str | None) -> None:
    """What is named has to be known; what overrides it is configured like an agent."""
    words = {"type": "user.message", "content": [{"type": "text", "text": "Go."}]}
    for events in ([], [words]):
        setup = CLAUDE.configure("/v1/sessions", dump({"agent": agent, "initial_events": events}), BLOCK, force=True)
        made = json.loads(setup.body)["agent"]
        assert setup.needs == needs
        assert (made.get("system") if isinstance(made, dict) else None) == system
        assert (setup.starts, setup.text) == ((True, "Go.") if events else (False, ""))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/agents", {"multiagent": {"type": "coordinator"}}),
        ("/v1/agents", {"tools": [{"type": "hands_20270101"}]}),
        ("/v1/agents", {"tools": [{}]}),
        ("/v1/agents", {"system": 1}),
        ("/v1/agents", {"System": "x"}),
        ("/v1/sessions", {"agent": 1}),
        ("/v1/sessions", {"agent": "a", "initial_events": [{"type": "user.tool_confirmation"}]}),
        ("/v1/sessions", {"agent": "a", "initial_events": [{"type": "user.interrupt"}]}),
        ("/v1/sessions/s1", {"agent": {"tools": [{"type": "hands"}]}}),
    ],
)
def test_configurations_that_cannot_be_gated_are_refused(path: str, body: dict[str, Any]) -> None:
    """Other agents that it starts, tools that cannot be made to ask, and keys that can be read as others."""
    with pytest.raises((Unreadable, Unpinned)):
        CLAUDE.configure(path, dump(body), BLOCK, force=True)


SEEN = {"id": "a1", "type": "agent", "system": BLOCK, "multiagent": None, "tools": [
    {"type": "agent_toolset_20260401", "default_config": ASK, "configs": [{"name": "bash", **ASK},
                                                                          {"name": "read", "enabled": False}]},
    {"type": "custom", "name": "archive", "input_schema": {"properties": {"id": {}}}}]}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({}, ""),
        ({"system": f"{BLOCK}\n\nTidy."}, ""),
        ({"system": f"Tidy. {BLOCK}"}, "does not begin with the rules"),
        ({"system": f"{BLOCK} Not any more."}, "does not begin with the rules"),
        ({"system": None}, "does not begin with the rules"),
        ({"multiagent": {"type": "coordinator"}}, "start other agents"),
        ({"tools": None}, "not told"),
        ({"tools": [{"type": "agent_toolset_20260401"}]}, "asks before it runs"),
        ({"tools": [{"type": "mcp_toolset", "default_config": ASK,
                     "configs": [{"permission_policy": {"type": "auto"}}]}]}, "asks before it runs"),
        ({"tools": [{"type": "hands"}]}, "unknown type"),
    ],
)  # fmt: skip
def test_what_is_shown_of_an_agent_is_believed(change: dict[str, Any], why: str) -> None:
    """An agent counts as seen when the provider shows it with the block first and every toolset asking."""
    (shown,) = CLAUDE.shown(dump({**SEEN, **change}), BLOCK)
    assert (shown.place, why in shown.why, bool(shown.why)) == ("agent:a1", True, bool(why))
    (session,) = CLAUDE.shown(dump({"id": "s1", "type": "session", "agent": {**SEEN, **change}}), BLOCK)
    assert (session.place, session.why) == ("session:s1", shown.why)


def test_the_tools_of_a_session_are_known_with_their_arguments() -> None:
    """Custom tools by their schemas, those of the toolset by what the SDK declares."""
    (shown,) = CLAUDE.shown(dump(SEEN), BLOCK)
    assert shown.tools["archive"] == frozenset({"id"})
    assert shown.tools["bash"] == frozenset({"command", "restart", "timeout_ms"})
    assert CLAUDE.shown(dump({"data": [], "next_page": None}), BLOCK) == ()


def test_the_toolset_s_arguments_are_those_of_the_sdk() -> None:
    """A changed tool in a new SDK is seen here."""
    beta = pytest.importorskip("anthropic.types.beta")
    (shown,) = CLAUDE.shown(dump(SEEN), BLOCK)
    for name in ("bash", "edit", "glob", "grep", "read", "write"):
        kind = getattr(beta, f"BetaManagedAgentsAgentToolset20260401{name.title()}Input", None)
        if kind is None:
            pytest.skip("this SDK does not declare them")
        assert frozenset(kind.model_fields) == shown.tools[name]


def test_a_session_of_openai_s_is_configured_once() -> None:
    """The block is in the instructions, review is off, and what the provider would run is told."""
    body = dump({"agent": {"model": "m", "tools": [
        {"type": "function", "name": "f", "parameters": {}}, {"type": "mcp", "server_label": "crm"},
        {"type": "web_search", "mode": "disabled"}, {"type": "programmatic_tool_calling", "enabled": False}]},
        "environment": {"type": "openai_hosted"}, "review": "auto_review", "input": "Go."})  # fmt: skip
    setup = GPT.configure("/v1/agents/sessions", body, BLOCK, force=True)

    made = json.loads(setup.body)
    assert made["agent"]["instructions"] == BLOCK
    assert made["review"] == "none"
    assert setup.theirs == (ServerTool("crm", "mcp"), ServerTool("shell", "shell"))
    assert (setup.starts, setup.text, setup.needs) == (True, "Go.", ())
    again = GPT.configure("/v1/agents/sessions", setup.body, BLOCK, force=True)
    assert (again.body, again.placed, again.forced) == (setup.body, (), ())


@pytest.mark.parametrize(
    ("path", "body", "instructions", "needs"),
    [
        ("/v1/agents", {"model": "m"}, BLOCK, ()),
        ("/v1/agents/a1", {"model": "m"}, None, ()),
        ("/v1/agents/a1", {"instructions": None}, BLOCK, ()),
        ("/v1/agents/sessions", {"agent_id": "a1"}, None, ("agent:a1",)),
        ("/v1/agents/sessions", {"agent_id": "a1", "agent": {"instructions": "x"}}, f"{BLOCK}\n\nx", ("agent:a1",)),
        ("/v1/agents/sessions/s1", {"agent": {"model": "m"}}, None, ()),
    ],
)
def test_instructions_that_are_not_sent_are_not_made_up(
    path: str, body: dict[str, Any], instructions: str | None, needs: tuple[str, ...]
) -> None:
    """What is inherited has to be known; what is written carries the block."""
    setup = GPT.configure(path, dump(body), BLOCK, force=True)
    made = json.loads(setup.body)
    assert made.get("agent", made).get("instructions") == instructions
    assert setup.needs == needs


@pytest.mark.parametrize("tools", [[{}], [1], [{"type": "mcp"}]])
def test_tools_that_cannot_be_named_are_refused(tools: list[Any]) -> None:
    """Invariant 2: what nobody can name, nobody can decide."""
    with pytest.raises(Unreadable):
        GPT.configure("/v1/agents/sessions", dump({"agent": {"tools": tools}}), BLOCK, force=True)
    with pytest.raises(Unreadable):
        GPT.configure("/v1/agents", dump({"instructions": 1}), BLOCK, force=True)


# -- what is said ----------------------------------------------------------------------------------------------------


def test_what_is_said_to_a_session_of_anthropic_s() -> None:
    """A yes and a result name their calls; words are told apart from what only ends."""
    body = dump({"events": [
        {"type": "user.message", "content": [{"type": "text", "text": "Stop"}, {"type": "text", "text": "that."}]},
        {"type": "user.tool_confirmation", "tool_use_id": "e1", "result": "allow"},
        {"type": "user.tool_confirmation", "tool_use_id": "e2", "result": "deny"},
        {"type": "user.tool_result", "tool_use_id": "e3"}, {"type": "user.custom_tool_result", "custom_tool_use_id": "e4"},
        {"type": "user.define_outcome"}, {"type": "system.message", "content": []}, {"type": "user.interrupt"}]})  # fmt: skip
    assert CLAUDE.said(body) == (
        Said("words", text="Stop\nthat."), Said("yes", "e1"), Said("end", "e2"), Said("result", "e3"), Said("result", "e4"),
        Said("words"), Said("words"), Said("end"),
    )  # fmt: skip
    made, patch = CLAUDE.say_no(body, {1: "DENIED"})
    assert json.loads(made)["events"][1] == {
        "type": "user.tool_confirmation", "tool_use_id": "e1", "result": "deny", "deny_message": "DENIED",
    }  # fmt: skip
    assert [one["path"] for one in patch] == ["/events/1"]


def test_what_is_said_to_a_session_of_openai_s() -> None:
    """The same in the other form; an answer to a form of a person's is no yes to a call."""
    message = {"type": "agent.session.input.message", "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "Go."}]}, {"role": "user", "content": "On."}]}  # fmt: skip
    approve = {"type": "agent.session.input.mcp_approval_request_result", "request_id": "r1",
               "response": {"type": "mcp_tool_call", "decision": "approve"}}  # fmt: skip
    cancel = {**approve, "response": {"type": "mcp_tool_call", "decision": "cancel"}}
    result = {"type": "agent.session.input.tool_result", "turn_id": "t", "call_id": "c", "success": True}
    body = dump({"events": [message, approve, cancel, result, {"type": "agent.session.input.cancel"},
                            {"type": "agent.session.input.computer_use_approval_request_result"}]})  # fmt: skip
    assert GPT.said(body) == (
        Said("words", text="Go.\nOn."), Said("yes", "r1"), Said("end", "r1"), Said("result", "t c"), Said("end"), Said("end"),
    )  # fmt: skip
    made, _ = GPT.say_no(body, {1: "DENIED"})
    assert json.loads(made)["events"][1]["response"]["decision"] == "deny"


@pytest.mark.parametrize(
    ("agents", "event"),
    [
        (CLAUDE, {"type": "user.override"}),
        (CLAUDE, {"type": "user.tool_confirmation", "tool_use_id": "e1", "result": "maybe"}),
        (CLAUDE, {"type": "user.tool_confirmation", "result": "allow"}),
        (CLAUDE, {"type": "user.tool_result"}),
        (GPT, {"type": "agent.session.input.override"}),
        (GPT, {"type": "agent.session.input.tool_result", "call_id": "c"}),
        (GPT, {"type": "agent.session.input.mcp_approval_request_result", "request_id": "r", "response": {}}),
    ],
)
def test_what_cannot_be_understood_is_not_said(agents: Any, event: dict[str, Any]) -> None:
    """Invariant 2: a word that is not known may be a yes."""
    with pytest.raises(Unreadable):
        agents.said(dump({"events": [event]}))


def test_the_answers_go_to_the_session_s_own_door() -> None:
    """From a stream, from a thread's, from a list, and from a request that makes a session."""
    custom = Pending("e1", Call("f", "{}", "e1"), False, "agent.custom_tool_use")
    tool = Pending("e2", Call("bash", "{}", "e2"), False, "agent.tool_use")
    asked = Pending("e3", Call("bash", "{}", "e3"), True, "agent.tool_use")
    old, new, body = CLAUDE.answers(
        "/v1/sessions/s1/threads/t1/stream", "", [(custom, "no"), (tool, "no"), (asked, "")]
    )
    assert (old, new) == ("/threads/t1/stream", "/events")
    assert [(one["type"], one.get("result", one.get("is_error"))) for one in json.loads(body)["events"]] == [
        ("user.custom_tool_result", True), ("user.tool_result", True), ("user.tool_confirmation", "allow"),
    ]  # fmt: skip
    call = Pending("t1 c1", Call("f", "{}", "t1 c1"), False, "function_call", "s2")
    for path, ending, made in (
        ("/v1/agents/sessions", "", "/s2/events"),
        ("/v1/agents/sessions/s1", "/s1", "/s1/events"),
        ("/v1/agents/sessions/s1/events", "/s1/events", "/s1/events"),
    ):
        old, new, body = GPT.answers(path, "s2", [(call, "no")])
        assert (old, new) == (ending, made)
    assert json.loads(body)["events"] == [
        {"type": "agent.session.input.tool_result", "turn_id": "t1", "call_id": "c1", "success": False, "error": "no"}
    ]


# -- doors -----------------------------------------------------------------------------------------------------------


def test_the_setting_opens_nothing_but_managed_agents() -> None:
    """A gate that is opened turns off no other one, and lets pass only what is listed with a reason."""
    for method, path in DOORS:
        plain, opened = route(method, path), route(method, path, gated=GATED)
        if plain.family != "managed-agents":
            assert opened == plain, path
        else:
            assert opened.verdict in ("gate", "pass", "refuse")
            assert opened.reason or opened.verdict == "gate"


@pytest.mark.parametrize(
    ("method", "path", "verdict", "kind"),
    [
        ("POST", "/v1/agents", "gate", "agent"),
        ("POST", "/gateway/v1/agents/a1", "gate", "agent"),
        ("GET", "/v1/agents/a1", "gate", "look"),
        ("POST", "/v1/agents/sessions", "gate", "session"),
        ("GET", "/v1/agents/sessions", "gate", "look"),
        ("POST", "/v1/agents/sessions/s1/events", "gate", "say"),
        ("GET", "/v1/agents/sessions/s1/events", "gate", "events"),
        ("GET", "/v1/agents/sessions/s1/subagents/x/turns/t/items", "gate", "events"),
        ("POST", "/v1/sessions", "gate", "session"),
        ("POST", "/v1/sessions/s1/events", "gate", "say"),
        ("GET", "/v1/sessions/s1/events/stream", "gate", "events"),
        ("GET", "/v1/sessions/s1/threads/t1/stream", "gate", "events"),
        ("PUT", "/v1/sessions/s1", "refuse", "request"),
        ("POST", "/v1/deployments", "refuse", "request"),
        ("POST", "/v1/dreams", "refuse", "request"),
        ("POST", "/v1/agents/automations", "refuse", "request"),
        ("POST", "/v1/agents/sessions/s1/approve", "refuse", "request"),
        ("GET", "/v1/agents/sessions/s1/traces", "refuse", "request"),
        ("GET", "/v1/agents/vaults", "refuse", "request"),
        ("POST", "/v1/live/sessions", "refuse", "request"),
        ("POST", "/v1/agents/v1/responses", "gate", "request"),
    ],
)
def test_doors_under_the_setting(method: str, path: str, verdict: str, kind: str) -> None:
    """Each door of managed agents by itself; whatever is not listed stays shut."""
    found = route(method, path, gated=GATED)
    assert (found.verdict, found.kind) == (verdict, kind)
    assert all(door.verdict in ("gate", "pass") for door in AGENT_DOORS)
    assert FAMILIES["managed-agents"].words

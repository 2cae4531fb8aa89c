"""What is LangChain's own: its models and messages, interrupts of tools, fallbacks, deep agents, restarts."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import pytest
from deepagents import create_deep_agent
from langchain.agents import create_agent
from langchain.agents.middleware import ModelFallbackMiddleware
from langchain.agents.structured_output import ToolStrategy
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import Command, interrupt
from pydantic import BaseModel
from tests.adapters.contract.harness import Mode, Reply, Seen
from tests.adapters.contract.mailbox import RULES, Mailbox, blocks, call, scripted
from tests.adapters.langchain.agents import Running
from tests.adapters.langchain.models import Played, seen_of

from pinnedrules import Denied, Guard, Stopped
from pinnedrules.testing import Evidence
from pinnedrules.testing.plugin import MakeGuard
from pinnedrules_adapters.langchain import PinnedRules
from pinnedrules_adapters.langchain_answers import answers, who
from pinnedrules_adapters.langchain_messages import call_of, chat_request, noted, turn_of, with_system

Recorded = Callable[[], Evidence]
CONFIG: Any = {"configurable": {"thread_id": "thread"}}
HELLO: Any = {"messages": [("user", "Hello.")]}


@pytest.fixture
def guard(pinned_guard: MakeGuard) -> Guard:
    return pinned_guard(RULES)


@pytest.fixture
def rules(guard: Guard) -> PinnedRules:
    return PinnedRules(guard)


def _tools(box: Mailbox) -> list[Any]:
    return [tool(one) for one in box.tools]


# -- models ----------------------------------------------------------------------------------------------------------


def test_a_pinned_model_is_of_its_own_class_and_pinned_once(rules: PinnedRules) -> None:
    """Whatever asks for the class of a pinned model goes on as ever; the model that was given stays as it was."""
    seen: list[Seen] = []
    model = Played.by(scripted(Reply("One."), Reply("Two."), Reply("Three."), seen=seen))
    pinned = rules.model(model)
    assert isinstance(pinned, Played)
    assert type(pinned).__name__ == "Played"
    assert rules.model(pinned) is pinned
    pinned.invoke("Hello.")
    rules.model(model.bind(stop=["x"])).invoke("Hello.")
    model.invoke("Hello.")
    assert [blocks(one) for one in seen] == [1, 1, 0]


def test_what_is_no_chat_model_cannot_be_pinned(rules: PinnedRules) -> None:
    """A model that is chosen while it runs has to be chosen first."""
    with pytest.raises(TypeError, match="no chat model"):
        rules.model(RunnableLambda(lambda given: given))


def test_what_the_reader_of_a_stream_does_meanwhile_is_no_part_of_it(rules: PinnedRules) -> None:
    """Another model that is asked between two pieces of a stream gets the rules, too."""
    seen: list[Seen] = []
    outer = rules.model(Played.by(scripted(Reply("one two three"), seen=seen)))
    inner = rules.model(Played.by(scripted(*[Reply("x")] * 5, seen=seen)))
    for _ in outer.stream("Count."):
        inner.invoke("Hello.")
    assert len(seen) > 3
    assert all(blocks(one) == 1 for one in seen)


class _Twice(Played):
    def _generate(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        chunks = list(self._stream(messages, **kwargs))
        assert chunks
        return super()._generate(messages, *args, **kwargs)


def test_a_model_that_asks_itself_makes_one_request(rules: PinnedRules, pinned_evidence: Recorded) -> None:
    """A class that answers whole by streaming puts the block in once and is on record once."""
    seen: list[Seen] = []
    rules.model(_Twice.by(scripted(Reply("One."), Reply("One."), seen=seen))).invoke("Hello.")
    assert [blocks(one) for one in seen] == [1, 1]
    assert len(pinned_evidence().requests) == 1


def test_in_monitor_mode_what_cannot_be_prepared_leaves_as_it_is(pinned_guard: MakeGuard) -> None:
    """A guard that only watches sends on what it cannot read, and notes it."""
    rules = PinnedRules(pinned_guard(RULES, mode="monitor"))
    seen: list[Seen] = []
    model = rules.model(Played.by(scripted(Reply("One."), seen=seen)))
    assert model.bind(response_format=7).invoke("Hello.").text == "One."
    assert len(seen) == 1


def test_a_tool_that_the_provider_runs_is_decided_on_the_request(rules: PinnedRules) -> None:
    """Nobody sees the calls of a tool that the provider runs, so one that no rule allows refuses the request."""
    model = Played.by(scripted(Reply("One.")))
    with pytest.raises(Denied, match="shell"):
        rules.model(model.bind(tools=[{"type": "shell", "name": "shell"}])).invoke("Hello.")


def test_a_fallback_model_carries_the_rules(rules: PinnedRules) -> None:
    """A middleware before ours that asks another model asks it with the rules."""
    seen: list[Seen] = []

    def fails(shown: Seen) -> Reply:
        seen.append(shown)
        raise ConnectionError("the provider is down")

    other = Played.by(scripted(Reply("Here."), seen=seen))
    agent = create_agent(Played.by(fails), [], middleware=[ModelFallbackMiddleware(other), rules])
    assert agent.invoke(HELLO)["messages"][-1].text == "Here."
    assert [blocks(one) for one in seen] == [1, 1]


def test_a_stop_is_not_taken_for_a_failure_of_the_model(guard: Guard, rules: PinnedRules) -> None:
    """A stop reaches no fallback."""
    seen: list[Seen] = []
    other = Played.by(scripted(Reply("Here."), seen=seen))
    agent = create_agent(Played.by(scripted(seen=seen)), [], middleware=[ModelFallbackMiddleware(other), rules])
    guard.stop("enough")
    with pytest.raises(Stopped):
        agent.invoke(HELLO)
    assert seen == []


class _Answer(BaseModel):
    """An answer in a form."""

    mails: int


def test_an_answer_in_a_form_is_no_call(rules: PinnedRules, pinned_evidence: Recorded) -> None:
    """LangChain has models fill in forms by a call that runs nothing; that is not decided."""
    model = Played.by(scripted(Reply("", [call("c1", "_Answer", mails=3)])))
    agent = create_agent(model, [], middleware=[rules], response_format=ToolStrategy(_Answer))
    assert agent.invoke(HELLO)["structured_response"] == _Answer(mails=3)
    assert pinned_evidence().decisions == ()


# -- calls -----------------------------------------------------------------------------------------------------------


def test_a_tool_s_own_question_gets_its_own_answer(rules: PinnedRules) -> None:
    """A yes to a call is not taken for the answer to what the tool itself asks, nor the other way round; it runs once."""
    said: list[Any] = []

    @tool
    def delete_mail(mail: str) -> str:
        """Delete a mail."""
        said.append(interrupt("From which folder?"))
        said.append(interrupt("Really?"))
        return f"deleted {mail}"

    model = Played.by(scripted(Reply("", [call("c1", "delete_mail", mail="m1")]), Reply("Done.")))
    agent: Any = create_agent(model, [delete_mail], middleware=[rules], checkpointer=InMemorySaver())
    agent.invoke(HELLO, CONFIG)
    agent.invoke(Command(resume=True), CONFIG)
    agent.invoke(Command(resume="the inbox"), CONFIG)
    ended = agent.invoke(Command(resume="yes, really"), CONFIG)
    assert ended["messages"][-1].text == "Done."
    assert said[-2:] == ["the inbox", "yes, really"]


def test_a_question_outlives_the_program(pinned_guard: MakeGuard) -> None:
    """A run that waits can be resumed by another program with the same checkpoints and state: the yes counts, once."""
    box, kept = Mailbox(), InMemorySaver()

    def agent(*replies: Reply) -> Running:
        rules = PinnedRules(pinned_guard(RULES))
        made = create_agent(Played.by(scripted(*replies)), _tools(box), middleware=[rules], checkpointer=kept)
        return Running(made, "sync")

    assert agent(Reply("", [call("c1", "delete_mail", mail="m1")])).say("Tidy up.").waiting == ("c1",)
    assert agent(Reply("Done.")).answer({"c1": True}).text == "Done."
    assert box.did == ["delete_mail m1"]


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_what_was_charged_before_an_interrupt_is_not_charged_by_the_program_that_resumes(
    mode: Mode, pinned_guard: MakeGuard, pinned_evidence: Recorded
) -> None:
    """Invariant 5: the budget is exact over a restart. What was allowed beside the question waits in the store, once."""
    box, kept = Mailbox(), InMemorySaver()
    calls = [call("c1", "refund", amount=60), call("c2", "delete_mail", mail="m1")]

    def agent(guard: Guard, *replies: Reply) -> Running:
        rules = PinnedRules(guard)
        model = rules.model(Played.by(scripted(*replies)))
        graph = StateGraph(MessagesState)
        graph.add_node("ask", lambda state: {"messages": [model.invoke(state["messages"])]})
        graph.add_node("tools", rules.tool_node(_tools(box)))
        graph.add_edge(START, "ask")
        graph.add_conditional_edges("ask", lambda state: "tools" if state["messages"][-1].tool_calls else END)
        graph.add_edge("tools", "ask")
        return Running(graph.compile(checkpointer=kept), mode)

    first = pinned_guard(RULES)
    assert agent(first, Reply("", calls)).say("Tidy up.").waiting == ("c2",)
    first.close()
    again = [Reply("", [call("c3", "refund", amount=40)]), Reply("", [call("c4", "refund", amount=1)]), Reply("Done.")]
    assert agent(pinned_guard(RULES), *again).answer({"c2": True}).text == "Done."
    assert sorted(box.did) == ["delete_mail m1", "refund 40", "refund 60"]
    assert [one.released for one in pinned_evidence().decisions if one.call in ("c3", "c4")] == [True, False]


def test_a_gated_function_inside_is_not_decided_again(
    guard: Guard, rules: PinnedRules, pinned_evidence: Recorded
) -> None:
    """Invariant 13: a tool under `@guard.tool` runs what the adapter allowed, and nothing is left over for another call."""
    ran: list[int] = []

    @guard.tool
    def refund(amount: int) -> str:
        """Refund an amount."""
        ran.append(amount)
        return "done"

    model = Played.by(scripted(Reply("", [call("c1", "refund", amount=60)]), Reply("Done.")))
    create_agent(model, [tool(refund)], middleware=[rules]).invoke(HELLO, CONFIG)
    assert ran == [60]
    assert len(pinned_evidence().decisions) == 1
    with guard.session("thread"), pytest.raises(Denied, match="refund-cap"):
        refund(60)


def test_a_call_that_is_no_json_is_refused(rules: PinnedRules) -> None:
    """Invariant 2: a number that JSON has not cannot be decided, so it does not run."""
    box, seen = Mailbox(), list[Seen]()
    model = Played.by(scripted(Reply("", [call("c1", "refund", amount=math.nan)]), Reply("Done."), seen=seen))
    agent = create_agent(model, _tools(box), middleware=[rules])
    agent.invoke(HELLO, CONFIG)
    assert box.did == []
    assert "could not decide" in seen[-1].result("c1")


def test_a_tool_that_is_not_there_is_decided_like_any_other(rules: PinnedRules) -> None:
    """A call of a tool that nobody declared is one to ask about."""
    model = Played.by(scripted(Reply("", [call("c1", "format_disk", now=True)])))
    agent: Any = create_agent(model, _tools(Mailbox()), middleware=[rules], checkpointer=InMemorySaver())
    assert Running(agent, "sync").say("Go.").waiting == ("c1",)


# -- deep agents -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["task"])
def test_sub_agents_that_nobody_gates_do_not_start(rules: PinnedRules, name: str) -> None:
    """A deep agent whose sub-agents were not given the middleware cannot use them, and the model reads why."""
    box, seen = Mailbox(), list[Seen]()
    task = call("c1", name, description="wipe it", subagent_type="general-purpose")
    model = Played.by(scripted(Reply("", [task]), Reply("Done."), seen=seen))
    create_deep_agent(model, _tools(box), middleware=[rules]).invoke(HELLO, CONFIG)
    assert len(seen) == 2
    assert "subagents=rules.subagents" in seen[-1].result("c1")


def test_every_sub_agent_gets_the_middleware(rules: PinnedRules) -> None:
    """The general-purpose one is among them, once; one that is made already must be named as gated elsewhere."""
    mine = {"name": "mine", "description": "Mine.", "system_prompt": "Help.", "middleware": [rules]}
    found = rules.subagents([mine], skills=["/skills"])
    assert [one["name"] for one in found] == ["general-purpose", "mine"]
    assert [one["middleware"] for one in found] == [[rules], [rules]]
    assert found[0]["skills"] == ["/skills"]
    own = {"name": "general-purpose", "description": "Mine.", "system_prompt": "Help."}
    assert [one["description"] for one in rules.subagents([own])] == ["Mine."]
    made = {"name": "made", "description": "Made.", "runnable": RunnableLambda(lambda given: given)}
    with pytest.raises(ValueError, match="made already"):
        rules.subagents([made])
    assert made in rules.subagents([made], uncovered=["made"])


# -- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (True, [True]),
        (False, [False]),
        ({"type": "approve"}, [True]),
        ({"decisions": [{"type": "approve"}]}, [True]),
        ([{"type": "approve"}], [True]),
        ({"type": "reject", "message": "no"}, [False]),
        ({"type": "edit", "edited_action": {}}, [False]),
        ("approve", [False]),
        (1, [False]),
        (None, [False]),
        ([], [False]),
        ([True, True], [False]),
        ({"decisions": "approve"}, [False]),
    ],
)
def test_only_a_clear_yes_is_a_yes(said: object, found: list[bool]) -> None:
    """Anything that is not one of the forms of a yes, for each call, is a no."""
    assert [yes for yes, _ in answers(said, 1)] == found


def test_one_yes_does_not_answer_two_questions() -> None:
    """Several calls need an answer each."""
    assert [yes for yes, _ in answers(True, 2)] == [False, False]
    assert [yes for yes, _ in answers([True, {"type": "reject"}], 2)] == [True, False]


def test_whoever_the_server_knows_is_recorded() -> None:
    """The user whom LangGraph's server authenticated is the one who answered."""
    assert who({"configurable": {"langgraph_auth_user_id": "ada"}}) == "interrupt:ada"
    assert who({}) == "interrupt"


class _Proto:
    def __init__(self) -> None:
        self.function_declarations = [{"name": "search"}]


@pytest.mark.parametrize(
    ("bound", "name", "kind"),
    [
        ({"type": "function", "function": {"name": "look"}}, "look", "function"),
        ({"type": "function", "name": "look", "parameters": {}}, "look", "function"),
        ({"name": "look", "description": "Look.", "input_schema": {"type": "object"}}, "look", "function"),
        ({"type": "custom", "name": "look"}, "look", "function"),
        ({"type": "bash_20250124", "name": "bash"}, "bash", "function"),
        ({"function_declarations": [{"name": "search"}]}, "search", "function"),
        (_Proto(), "search", "function"),
        ({"type": "web_search_20250305", "name": "web_search"}, "web_search", "web_search_20250305"),
        (object(), "", "object"),
    ],
)
def test_tools_are_read_in_every_provider_s_form(bound: Any, name: str, kind: str) -> None:
    """A tool that the caller runs is a function; every other one keeps its type and counts as the provider's."""
    (made,) = chat_request("m", [], {"tools": [bound]}, stream=False)["tools"]
    assert made["type"] == kind
    assert (made.get("function") or made).get("name", "") == name


def test_messages_are_read_whole() -> None:
    """Roles, parts, calls (also ones whose arguments are no JSON) and results."""
    broken = {"name": "look", "args": "{", "id": "c2", "error": "cut", "type": "invalid_tool_call"}
    messages: list[Any] = [
        SystemMessage([{"type": "text", "text": "Be kind."}]),
        HumanMessage(["Hello.", {"type": "image_url", "image_url": {"url": "x"}}]),
        AIMessage("", tool_calls=[{"name": "look", "args": {"n": 1}, "id": "c1"}], invalid_tool_calls=[broken]),
        ToolMessage("done", tool_call_id="c1"),
    ]
    body = chat_request("m", messages, {"response_format": {"type": "text"}, "tool_choice": object()}, stream=True)
    assert [one["role"] for one in body["messages"]] == ["system", "user", "assistant", "tool"]
    assert body["messages"][0]["content"] == "Be kind."
    assert body["messages"][1]["content"][0] == {"type": "text", "text": "Hello."}
    assert [one["function"]["arguments"] for one in body["messages"][2]["tool_calls"]] == ['{"n": 1}', "{"]
    assert body["messages"][3]["tool_call_id"] == "c1"
    assert body["response_format"] == {"type": "text"}
    assert "tool_choice" not in body


def test_the_parts_of_a_system_message_stay_as_they_are() -> None:
    """Ours is a part before them, so that a provider's cache marks keep their place."""
    part = {"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}}
    first, second = with_system([SystemMessage([part]), HumanMessage("Hello.")], "RULES\n\nBe kind.")
    assert first.content == [{"type": "text", "text": "RULES\n\n"}, part]
    assert second.text == "Hello."
    assert with_system([SystemMessage([part])], "Be kind.")[0].content == [part]
    assert with_system([SystemMessage([part])], "other")[0].content == "other"


def test_a_summary_of_langchain_s_is_no_turn_of_the_user() -> None:
    """Only what stands last and is a user's own counts as the newest turn."""
    summary = HumanMessage("Stop.", additional_kwargs={"lc_source": "summarization"})
    assert turn_of([HumanMessage("Stop.")]) == "Stop."
    assert turn_of([HumanMessage("Stop."), summary]) == ""
    assert turn_of([HumanMessage("Stop."), AIMessage("Yes.")]) == ""
    assert turn_of([]) == ""


def test_what_is_said_of_a_tool_reaches_the_rules() -> None:
    """The tool's schema and what its server says of it; of an open schema no argument is undeclared."""

    @tool
    def look(n: int, mode: Literal["a", "b"] = "a") -> str:
        """Look."""
        return ""

    look.metadata = {"destructiveHint": True, "other": 1}
    found = call_of({"name": "look", "args": {"n": 1}, "id": "pinnedrules:call:x:0", "type": "tool_call"}, look, "a1")
    assert (found.id, found.declared, found.answer) == ("", frozenset({"n", "mode"}), "a1")
    assert found.definition is not None
    assert found.definition.annotations == {"destructiveHint": True}
    assert call_of({"name": "look", "args": {}, "id": None, "type": "tool_call"}, None, "").declared is None


def test_the_note_of_a_change_goes_before_any_result() -> None:
    """A text, parts, and what is no message at all."""
    assert noted(ToolMessage("done", tool_call_id="c"), "{}").content.endswith("done")
    parts = noted(ToolMessage([{"type": "text", "text": "done"}], tool_call_id="c"), "{}").content
    assert [one["type"] for one in parts] == ["text", "text"]
    assert isinstance(noted(Command(goto="x"), "{}"), Command)


def test_what_a_model_is_shown_is_what_the_tests_think() -> None:
    """The harness reads requests as they are."""
    shown = seen_of([SystemMessage("a"), HumanMessage("b"), AIMessage("c"), ToolMessage("d", tool_call_id="e")], {})
    assert [one.role for one in shown.messages] == ["system", "user", "assistant", "tool"]
    assert issubclass(Played, BaseChatModel)

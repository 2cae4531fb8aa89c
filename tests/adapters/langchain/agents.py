"""The ways in which the adapter of LangChain is used: an agent, a deep agent, and a graph of one's own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Annotated, Any, TypedDict

from deepagents import create_deep_agent
from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, SummarizationMiddleware
from langchain_core.messages import AnyMessage, HumanMessage, RemoveMessage, SystemMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.prebuilt import ToolNode
from langgraph.types import Command
from tests.adapters.contract.harness import Calls, Mode, Outcome, Plan, Reply, Seen
from tests.adapters.langchain.models import Played

from pinnedrules import Guard
from pinnedrules_adapters.langchain import PinnedRules

__all__ = ["HARNESSES", "CreateAgent", "DeepAgent", "Graph", "Running", "on_loop"]

SYSTEM = "You look after a mailbox."
KEPT = 4
TRIGGER = 10


class Running:
    """A compiled graph, spoken to."""

    def __init__(self, graph: Any, mode: Mode) -> None:
        self.graph, self.mode = graph, mode

    def say(self, text: str, *, thread: str = "thread") -> Outcome:
        return self._run({"messages": [HumanMessage(text)]}, thread)

    def answer(self, yes: Mapping[str, bool], *, thread: str = "thread") -> Outcome:
        resume: dict[str, Any] = {}
        for one in self._state(thread).interrupts:
            asked = [call["tool_call_id"] for call in one.value["pinnedrules"]]
            kinds = ["approve" if yes[call] else "reject" for call in asked]
            resume[one.id] = {"decisions": [{"type": kind} for kind in kinds]}
        return self._run(Command(resume=resume), thread)

    def history(self, *, thread: str = "thread") -> str:
        states = self.graph.get_state_history(_config(thread), limit=None)
        return "\n".join(str(one.values) for one in states)

    def _run(self, given: Any, thread: str) -> Outcome:
        config: Any = _config(thread)
        if self.mode == "sync":
            ended = self.graph.invoke(given, config)
        elif self.mode == "async":
            ended = on_loop(self.graph.ainvoke(given, config))
        elif self.mode == "stream":
            ended = _last(self.graph.stream(given, config, stream_mode=["messages", "values"], subgraphs=True))
        else:
            ended = on_loop(
                _alast(self.graph.astream(given, config, stream_mode=["messages", "values"], subgraphs=True))
            )
        waiting: tuple[Any, ...] = ()
        if self.graph.checkpointer is not None:
            waiting = tuple(self._state(thread).interrupts)
        if waiting:
            return Outcome(waiting=tuple(call["tool_call_id"] for one in waiting for call in one.value["pinnedrules"]))
        return Outcome(ended["messages"][-1].text.strip())

    def _state(self, thread: str) -> Any:
        return self.graph.get_state(_config(thread))


class CreateAgent:
    """LangChain's own agent, with the middleware. Its sub-agent is a tool that runs another such agent."""

    name = "create_agent"
    helps = True
    parallel_runs = True

    def agent(self, guard: Guard | None, plan: Plan) -> Running:
        rules = None if guard is None else PinnedRules(guard, limit=plan.limit)
        tools = [tool(one) for one in plan.tools]
        if plan.helper is not None:
            inner = create_agent(Played.by(plan.helper), tools, middleware=[*([rules] if rules else [])], name="helper")

            @tool
            def helper(task: str) -> str:
                """Let a helper do a task."""
                return str(inner.invoke({"messages": [HumanMessage(task)]})["messages"][-1].text)

            @tool("helper")
            async def ahelper(task: str) -> str:
                """Let a helper do a task."""
                return str((await inner.ainvoke({"messages": [HumanMessage(task)]}))["messages"][-1].text)

            tools.append(helper if plan.mode in ("sync", "stream") else ahelper)
        middleware: list[Any] = [*_hooks(plan), *_summariser(plan), *([rules] if rules else [])]
        return Running(
            create_agent(
                Played.by(plan.model),
                tools,
                system_prompt=SYSTEM,
                middleware=middleware,
                checkpointer=InMemorySaver() if plan.durable else None,
            ),
            plan.mode,
        )

    def ask_helper(self, call: str, task: str) -> Calls:
        return Calls(call, "helper", {"task": task})


class DeepAgent:
    """A deep agent, whose sub-agents deepagents makes itself."""

    name = "deepagents"
    helps = True
    parallel_runs = True

    def agent(self, guard: Guard | None, plan: Plan) -> Running:
        rules = None if guard is None else PinnedRules(guard, limit=plan.limit)
        summary = plan.compact

        def play(seen: Seen) -> Reply:
            if summary is not None and not seen.tools:
                return Reply(summary(seen.everything))
            return (
                plan.helper(seen)
                if plan.helper is not None and "helper's task" in seen.everything
                else plan.model(seen)
            )

        more: dict[str, Any] = {"profile": {"max_input_tokens": 7_000}} if summary else {}
        model = Played.by(play, **more)
        extra: dict[str, Any] = {} if rules is None else {"subagents": rules.subagents()}
        graph = create_deep_agent(
            model,
            [tool(one) for one in plan.tools],
            system_prompt=SYSTEM,
            middleware=[*_hooks(plan), *([rules] if rules else [])],
            checkpointer=InMemorySaver() if plan.durable else None,
            **extra,
        )
        return Running(graph, plan.mode)

    def ask_helper(self, call: str, task: str) -> Calls:
        what = f"helper's task: {task}"
        return Calls(call, "task", {"description": what, "subagent_type": "general-purpose"})


class _State(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]
    summary: str


class Graph:
    """A graph of one's own: a model node, a tool node, and the summarising node of LangGraph's handbook."""

    name = "graph"
    helps = False
    parallel_runs = False

    def agent(self, guard: Guard | None, plan: Plan) -> Running:
        rules = None if guard is None else PinnedRules(guard, limit=plan.limit)
        tools = [tool(one) for one in plan.tools]
        plain = Played.by(plan.model).bind_tools(tools)
        model = plain if rules is None else rules.model(plain, conversation="mailbox")

        def note(word: str) -> None:
            if plan.hooked is not None:
                plan.hooked.append(word)

        def shown(state: _State) -> Any:
            note("ask")
            summary = state.get("summary", "")
            more = f"\nSummary of the conversation earlier: {summary}" if summary else ""
            return [SystemMessage(SYSTEM + more), *state["messages"]]

        def ask(state: _State) -> Any:
            return {"messages": [model.invoke(shown(state))]}

        async def aask(state: _State) -> Any:
            return {"messages": [await model.ainvoke(shown(state))]}

        def compact(state: _State) -> Any:
            messages = state["messages"]
            if plan.compact is None or len(messages) < TRIGGER:
                return {}
            summary = plan.compact("\n".join(one.text for one in messages))
            # The two most recent messages, as in LangGraph's handbook, and the turn that has just begun.
            return {"summary": summary, "messages": [RemoveMessage(id=str(one.id)) for one in messages[:-3]]}

        graph: Any = StateGraph(_State)
        graph.add_node("compact", compact)
        graph.add_node("ask", ask if plan.mode in ("sync", "stream") else aask)
        graph.add_node("tools", ToolNode(tools) if rules is None else rules.tool_node(tools))
        graph.add_edge(START, "compact")
        graph.add_edge("compact", "ask")
        graph.add_conditional_edges("ask", lambda state: "tools" if state["messages"][-1].tool_calls else END)
        graph.add_edge("tools", "ask")
        return Running(graph.compile(checkpointer=InMemorySaver() if plan.durable else None), plan.mode)

    def ask_helper(self, call: str, task: str) -> Calls:
        raise NotImplementedError


class _Hooks(AgentMiddleware[Any, Any, Any]):
    """A user's own middleware: it notes that it runs and lets everything go on."""

    def __init__(self, name: str, log: list[str]) -> None:
        super().__init__()
        self.tools = []
        self._name, self._log = name, log

    @property
    def name(self) -> str:
        return self._name

    def before_model(self, state: Any, runtime: Any) -> None:
        self._log.append(f"{self._name}: before model")

    def after_model(self, state: Any, runtime: Any) -> None:
        self._log.append(f"{self._name}: after model")

    def wrap_model_call(self, request: Any, handler: Callable[[Any], Any]) -> Any:
        self._log.append(f"{self._name}: model")
        return handler(request)

    async def awrap_model_call(self, request: Any, handler: Callable[[Any], Any]) -> Any:
        self._log.append(f"{self._name}: model")
        return await handler(request)

    def wrap_tool_call(self, request: Any, handler: Callable[[Any], Any]) -> Any:
        self._log.append(f"{self._name}: {request.tool_call['name']}")
        return handler(request)

    async def awrap_tool_call(self, request: Any, handler: Callable[[Any], Any]) -> Any:
        self._log.append(f"{self._name}: {request.tool_call['name']}")
        return await handler(request)


def _hooks(plan: Plan) -> list[_Hooks]:
    return [] if plan.hooked is None else [_Hooks("first", plan.hooked), _Hooks("second", plan.hooked)]


def _summariser(plan: Plan) -> list[SummarizationMiddleware]:
    if plan.compact is None:
        return []
    said = plan.compact
    model = Played.by(lambda seen: Reply(said(seen.everything)))
    return [SummarizationMiddleware(model, trigger=("messages", TRIGGER), keep=("messages", KEPT))]


_LOOP = asyncio.new_event_loop()
threading.Thread(target=_LOOP.run_forever, daemon=True).start()


def on_loop(work: Coroutine[Any, Any, Any]) -> Any:
    """Run *work* on the one event loop, to which clients keep their connections."""
    return asyncio.run_coroutine_threadsafe(work, _LOOP).result(60)


def _config(thread: str) -> dict[str, Any]:
    return {"configurable": {"thread_id": thread}}


def _last(stream: Any) -> Any:
    return [value for _, kind, value in stream if kind == "values"][-1]


async def _alast(stream: Any) -> Any:
    return [value async for _, kind, value in stream if kind == "values"][-1]


HARNESSES: Sequence[Any] = (CreateAgent(), DeepAgent(), Graph())

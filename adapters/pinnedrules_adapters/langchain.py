"""pinnedrules in LangChain agents, LangGraph graphs and deep agents. See docs/langchain.md.

>>> from pinnedrules import Guard                                          # doctest: +SKIP
>>> from pinnedrules_adapters.langchain import PinnedRules                 # doctest: +SKIP
>>> rules = PinnedRules(Guard("rules.yaml"))                               # doctest: +SKIP
>>> agent = create_agent(model, tools, middleware=[rules])                 # doctest: +SKIP
"""

from __future__ import annotations

import contextlib
import contextvars
import json
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
from langchain_core.messages import ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import ensure_config
from langchain_core.tools import BaseTool
from langgraph.errors import GraphBubbleUp
from langgraph.prebuilt import ToolNode
from langgraph.prebuilt.tool_node import ToolCallRequest
from langgraph.runtime import Runtime
from langgraph.types import Command

from pinnedrules import Guard, NotDone
from pinnedrules.framework import Gated
from pinnedrules_adapters.langchain_messages import noted, refusal
from pinnedrules_adapters.langchain_models import Models, conversation, session_of
from pinnedrules_adapters.langchain_tools import Calls, answer_of

__all__ = ["PinnedRules"]

M = TypeVar("M")
Result = ToolMessage | Command[Any]


class PinnedRules(AgentMiddleware[Any, Any, Any]):
    """The rules of *guard* for agents and graphs: in every model call, and before every tool call.

    As middleware it stands last in the list, nearest to the model and the tools. A plain graph takes :meth:`model` and
    :meth:`tool_node`, a deep agent also :meth:`subagents`.

    The session is the thread (``configurable.thread_id``), unless ``with guard.session(...)`` is open around the run; without
    either, all runs of this object are one session. Calls that a person has to be asked about interrupt the graph where it
    keeps checkpoints; elsewhere, or where the guard has a function as its approver, the guard asks as it always does.

    *limit* is how many seconds a decision may take before the call is refused.
    """

    def __init__(self, guard: Guard, *, limit: float = 30.0) -> None:
        super().__init__()
        self.tools = []
        self._framework = guard.framework("langchain", limit=limit)
        self._models = Models(self._framework)
        self._calls = Calls(self._framework)
        self._knows_subagents = False

    # -- what a graph takes --------------------------------------------------------------------------------------

    def model(self, model: M, *, conversation: str = "") -> M:
        """Return a copy of a chat model (or of one that was bound to tools) that puts the rules into every request.

        Needed only where the middleware is not: in plain graphs, and for a summariser that shall know the rules. With a name
        for its *conversation*, all that the copy is asked in one thread is one conversation, so that every compaction of it is
        seen, also one that keeps nothing. Raises TypeError for what is no chat model.
        """
        return self._models.pinned(model, conversation)

    def tool_node(self, tools: Sequence[BaseTool | Callable[..., Any]], **more: Any) -> ToolNode:
        """Return a ToolNode whose calls are decided, all of them before the first one runs. *more*: as for ToolNode."""
        return _GatedToolNode(self, tools, **more)

    def subagents(
        self, specs: Iterable[Mapping[str, Any]] = (), *, skills: Any = None, uncovered: Collection[str] = ()
    ) -> list[Any]:
        """Return the sub-agents of a deep agent with this middleware in each, for ``create_deep_agent(subagents=...)``.

        The general-purpose one that deepagents adds by itself is among them; give it the *skills* of the main agent. Raises
        ValueError for one that comes compiled or runs elsewhere, because no middleware reaches into it: gate it where it is
        made, then name it in *uncovered*.
        """
        from deepagents.middleware.subagents import GENERAL_PURPOSE_SUBAGENT

        found: list[Any] = []
        for spec in specs:
            if "runnable" in spec or "graph_id" in spec:
                if spec["name"] not in uncovered:
                    raise ValueError(
                        f"the sub-agent {spec['name']!r} is made already, so its tools cannot be gated from here; gate them "
                        f"where it is made, then say subagents(..., uncovered=[{spec['name']!r}])"
                    )
                found.append(spec)
                continue
            others = [one for one in spec.get("middleware") or () if one.name != self.name]
            found.append({**spec, "middleware": [*others, self]})
        if not any(one["name"] == GENERAL_PURPOSE_SUBAGENT["name"] for one in found):
            more = {} if skills is None else {"skills": skills}
            found.insert(0, {**GENERAL_PURPOSE_SUBAGENT, **more, "middleware": [self]})
        self._knows_subagents = True
        return found

    # -- what an agent calls -------------------------------------------------------------------------------------

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        """Ask the model with the rules in the request."""
        with self._asking(request):
            return handler(request.override(model=self.model(request.model)))

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any]:
        """Ask the model with the rules in the request."""
        with self._asking(request):
            return await handler(request.override(model=self.model(request.model)))

    def wrap_tool_call(self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Result]) -> Result:
        """Run a tool if its call may run; else return why not."""
        config, wanted = request.runtime.config, [(request.tool_call, request.tool)]
        with session_of(self._framework, config):
            if blind := self._blind(request):
                return refusal(request.tool_call, blind)
            gated = _decided.get().get(_key(request))
            if gated is None:
                (gated,) = self._calls.decide(wanted, _answer(request), config)
            if gated.verdict == "run":
                gated = self._framework.start(gated).result()
            if gated.verdict != "run":
                self._calls.over(wanted, config)
                return refusal(request.tool_call, gated.text)
            with _Run(self, gated, request):
                result = handler(_with(request, gated))
            return noted(result, gated.arguments) if gated.changed else result

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[Result]]
    ) -> Result:
        """Run a tool if its call may run; else return why not."""
        config, wanted = request.runtime.config, [(request.tool_call, request.tool)]
        with session_of(self._framework, config):
            if blind := self._blind(request):
                return refusal(request.tool_call, blind)
            gated = _decided.get().get(_key(request))
            if gated is None:
                (gated,) = await self._calls.adecide(wanted, _answer(request), config)
            if gated.verdict == "run":
                gated = await self._framework.start(gated)
            if gated.verdict != "run":
                self._calls.over(wanted, config)
                return refusal(request.tool_call, gated.text)
            with _Run(self, gated, request):
                result = await handler(_with(request, gated))
            return noted(result, gated.arguments) if gated.changed else result

    @contextlib.contextmanager
    def _asking(self, request: ModelRequest[Any]) -> Iterator[None]:
        # What the agent's own tool node does not run may be run by anybody, so that has to be decided on the wire.
        mine = all(isinstance(one, BaseTool) for one in request.tools)
        later = self._framework.asking_later() if mine else contextlib.nullcontext()
        with session_of(self._framework), later:
            self._framework.check_stop()
            token = conversation.set(_conversation(ensure_config()))
            try:
                yield
            finally:
                conversation.reset(token)

    def _blind(self, request: ToolCallRequest) -> str:
        """Return why a call of deepagents' task tool cannot run: its sub-agents have tools that nobody gates."""
        function = getattr(request.tool, "func", None) or getattr(request.tool, "coroutine", None)
        if self._knows_subagents or not str(getattr(function, "__module__", "")).startswith(
            "deepagents.middleware.subagents"
        ):
            return ""
        return (
            "DENIED: the sub-agents' tool calls would not be decided by the rules.\n"
            "For the developer: create_deep_agent(..., subagents=rules.subagents([...]))"
        )


_decided: contextvars.ContextVar[Mapping[tuple[str, str], Gated]] = contextvars.ContextVar(
    "pinnedrules decided",
    default={},  # noqa: B039 - nobody writes to it
)


class _Run:
    """One run of a tool. Says how it ended."""

    def __init__(self, rules: PinnedRules, gated: Gated, request: ToolCallRequest) -> None:
        self._rules, self._gated, self._request = rules, gated, request

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        interrupted = isinstance(error, GraphBubbleUp)
        self._rules._framework.ended(self._gated, interrupted=interrupted, not_done=isinstance(error, NotDone))
        if not interrupted:
            self._rules._calls.over([(self._request.tool_call, self._request.tool)], self._request.runtime.config)


class _GatedToolNode(ToolNode):
    def __init__(self, rules: PinnedRules, tools: Sequence[Any], **more: Any) -> None:
        super().__init__(tools, wrap_tool_call=rules.wrap_tool_call, awrap_tool_call=rules.awrap_tool_call, **more)
        self._rules = rules

    def _func(self, input: Any, config: RunnableConfig, runtime: Runtime[Any]) -> Any:  # noqa: A002 - ToolNode's
        wanted, answer = self._wanted(input)
        with session_of(self._rules._framework, config):
            found = self._rules._calls.decide(wanted, answer, config)
            token = _decided.set({_name(call): gated for (call, _), gated in zip(wanted, found, strict=True)})
            try:
                done = super()._func(input, config, runtime)
            finally:
                _decided.reset(token)
            self._rules._calls.over(wanted, config)
            return done

    async def _afunc(self, input: Any, config: RunnableConfig, runtime: Runtime[Any]) -> Any:  # noqa: A002 - ToolNode's
        wanted, answer = self._wanted(input)
        with session_of(self._rules._framework, config):
            found = await self._rules._calls.adecide(wanted, answer, config)
            token = _decided.set({_name(call): gated for (call, _), gated in zip(wanted, found, strict=True)})
            try:
                done = await super()._afunc(input, config, runtime)
            finally:
                _decided.reset(token)
            self._rules._calls.over(wanted, config)
            return done

    def _wanted(self, given: Any) -> tuple[list[Any], str]:
        calls, _ = self._parse_input(given)
        messages = given if isinstance(given, list) else _messages(given, self._messages_key)
        answer = answer_of(messages, calls[0]["id"] or "") if calls else ""
        return [(call, self.tools_by_name.get(call["name"])) for call in calls], answer


def _conversation(config: Any) -> str:
    """Return the name of the conversation of an agent's model: the thread's own, or that of one run of a sub-agent."""
    settings = config.get("configurable") or {}
    thread = settings.get("thread_id")
    # "tools:ID|model:ID" is the model of an agent inside a call of a tool; the last part is another one for each step.
    inside = str(settings.get("checkpoint_ns", "")).rpartition("|")[0]
    return "" if thread is None else f"{thread} {inside}"


def _answer(request: ToolCallRequest) -> str:
    state = request.state
    return answer_of(state if isinstance(state, list) else _messages(state, "messages"), request.tool_call["id"] or "")


def _messages(state: Any, key: str) -> Sequence[Any]:
    found: Sequence[Any] = (state.get(key) if isinstance(state, dict) else getattr(state, key, None)) or ()
    return found


def _name(call: Any) -> tuple[str, str]:
    return call["id"] or "", json.dumps([call["name"], call["args"]], sort_keys=True, default=str)


def _key(request: ToolCallRequest) -> tuple[str, str]:
    return _name(request.tool_call)


def _with(request: ToolCallRequest, gated: Gated) -> ToolCallRequest:
    """Return the request with the arguments as they were decided."""
    return request.override(tool_call={**request.tool_call, "args": json.loads(gated.arguments)})

"""What an adapter's tests bring so that the contract can be run against it: a way to build an agent and to talk to it.

A framework's module implements :class:`Harness`, once for each way in which the adapter can be used. The tests of the contract
know nothing but these values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

from pinnedrules import Guard

__all__ = ["MODES", "Agent", "Calls", "Harness", "Mode", "Model", "Outcome", "Plan", "Reply", "Said", "Seen"]

Mode: TypeAlias = Literal["sync", "async", "stream", "astream"]
MODES: tuple[Mode, ...] = ("sync", "async", "stream", "astream")


@dataclass(frozen=True)
class Calls:
    """One call of a reply."""

    id: str
    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """What a scripted model answers."""

    text: str = ""
    calls: Sequence[Calls] = ()


@dataclass(frozen=True)
class Said:
    """One message that a model is shown: its role (system, user, assistant, tool), its text, the call it answers."""

    role: str
    text: str
    call: str = ""


@dataclass(frozen=True)
class Seen:
    """One request as the model received it."""

    messages: tuple[Said, ...]
    tools: tuple[str, ...] = ()

    @property
    def system(self) -> str:
        """All that is said to the model as its system."""
        return "\n".join(one.text for one in self.messages if one.role == "system")

    @property
    def everything(self) -> str:
        """All text of the request."""
        return "\n".join(one.text for one in self.messages)

    def result(self, call: str) -> str:
        """Return the result of a call that the request carries; empty when it carries none."""
        return next((one.text for one in self.messages if one.role == "tool" and one.call == call), "")


Model: TypeAlias = Callable[[Seen], Reply]


@dataclass(frozen=True)
class Outcome:
    """How a run ended: with a text, or waiting for a person to decide these calls (their ids)."""

    text: str = ""
    waiting: tuple[str, ...] = ()


@dataclass
class Plan:
    """What agent is wanted.

    *helper* is the model of a sub-agent that the main agent reaches by :meth:`Harness.ask_helper`; it has the same tools.
    *compact* wants the framework's own compaction, soon and often, with this function as its model. *hooked* gets a word each
    time one of the user's own hooks runs. Without *durable* nobody could resume the run. *limit* is the adapter's.
    """

    model: Model
    tools: Sequence[Callable[..., Any]]
    helper: Model | None = None
    compact: Callable[[str], str] | None = None
    hooked: list[str] | None = None
    durable: bool = True
    limit: float = 30.0
    mode: Mode = "sync"


class Agent(Protocol):
    """An agent of the framework's."""

    def say(self, text: str, *, thread: str = "thread") -> Outcome:
        """Give it a user's turn. What the guard raises comes out as it is."""
        ...

    def answer(self, yes: Mapping[str, bool], *, thread: str = "thread") -> Outcome:
        """Go on with a run that waits: whether each call may run."""
        ...

    def history(self, *, thread: str = "thread") -> str:
        """Return all text that the framework keeps of the conversation."""
        ...


class Harness(Protocol):
    """One way to use an adapter."""

    name: str
    helps: bool
    """Whether :attr:`Plan.helper` can be had here."""
    parallel_runs: bool
    """Whether calls that need no answer run while others wait for one."""

    def agent(self, guard: Guard | None, plan: Plan) -> Agent:
        """Return an agent under *guard*; without one, the framework alone."""
        ...

    def ask_helper(self, call: str, task: str) -> Calls:
        """Return the call by which the main agent gives *task* to its sub-agent."""
        ...

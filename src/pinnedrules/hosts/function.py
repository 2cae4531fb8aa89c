"""A Python function as a host: it runs only calls that were released for it, or that are allowed now.

Rules of this file:

1. The function keeps its name, signature and docstring, because tool schemas are made from them.
2. What is decided is the JSON of the arguments by name; what can change is copied first, and the copy is decided and handed
   on, so that nobody changes it while a person is asked.
3. What cannot be copied or written as JSON, or has two readings, cannot be decided, so it cannot run.
4. A call can become one of another gated function only where it is clear which one that is and that it needs nothing of the
   caller's: one of that name, of the same kind, on its own (no method, bound or not, nothing left out, nothing from around
   it, and only constants as defaults).
5. A generator is decided when it starts to run, not when it is made: a stop may come between the two.
"""

from __future__ import annotations

import copy
import functools
import inspect
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Generator, Mapping
from typing import Any, Literal, TypeAlias, TypeVar, cast

from pinnedrules.drive import arun, run
from pinnedrules.errors import Denied, NotDone, Unreadable
from pinnedrules.gate.calls import Judged
from pinnedrules.gate.exchange import execution, not_done
from pinnedrules.hosts.keeper import Core, direct_context
from pinnedrules.types import Call, Offer, SessionId

__all__ = ["OnRefused", "gated_function"]

F = TypeVar("F", bound=Callable[..., Any])
OnRefused: TypeAlias = Literal["raise", "text"]

_CONSTANTS = (type(None), bool, int, float, str)


class _Gate:
    """Decides the calls of one function."""

    def __init__(
        self, function: Callable[..., Any], core: Core, session: SessionId, name: str, leave_out: Collection[str]
    ) -> None:
        self._core, self._session, self._name = core, session, name
        self._function, self._kind = function, _kind(function)
        self._signature = inspect.signature(function)
        parameters = self._signature.parameters
        unknown = set(leave_out) - set(parameters)
        if unknown:
            raise ValueError(f"{name} has no parameter {', '.join(sorted(unknown))}; it has {', '.join(parameters)}")
        self._leave_out = {*leave_out, *_bound_to(function)}
        core.functions(made=self)

    def context(self) -> Any:
        return direct_context(self._core, self._session, f"tool {self._name}")

    def call(self, bound: inspect.BoundArguments) -> Call:
        arguments = self._arguments(bound)
        try:
            text = json.dumps(arguments, default=_plain, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise Unreadable(
                f"An argument of {self._name!r} cannot be written as JSON, so the call cannot be decided ({error}).",
                next_step="give plain values, or name the parameter in leave_out=",
            ) from None
        # The function's own parameters are its schema, and what a `**` parameter took is the program's own choice.
        names = frozenset(arguments) | (set(self._signature.parameters) - self._leave_out)
        others = {name: frozenset(other._signature.parameters) for name, other in self._others().items()}
        offer = Offer(frozenset({*others, self._name}), others, {}) if others else None
        return Call(self._name, text, declared=names, offer=offer)

    def _others(self) -> dict[str, _Gate]:
        """Return the functions that a call of this one can become a call of, by name."""
        every: list[_Gate] = self._core.functions()
        names = Counter(other._name for other in every)
        return {
            other._name: other
            for other in every
            if names[other._name] == 1 and other is not self and other._kind == self._kind and other._alone
        }

    @property
    def _alone(self) -> bool:
        """True for a function that needs nothing but its arguments, which are all arguments of the call."""
        variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        open_ = any(one.kind in variable for one in self._signature.parameters.values())
        function = self._function
        if self._leave_out or open_ or not inspect.isfunction(function) or function.__closure__ is not None:
            return False
        defaults = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
        return all(type(one) in _CONSTANTS for one in defaults)

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> inspect.BoundArguments:
        """Return copies of the arguments of one call. Raises Unreadable for what cannot be copied."""
        bound = self._signature.bind(*args, **kwargs)
        for name in bound.arguments.keys() - self._leave_out:
            try:
                bound.arguments[name] = copy.deepcopy(bound.arguments[name])
            except Exception as error:  # noqa: BLE001 - whatever a value does when it is copied, it cannot be decided
                raise Unreadable(
                    f"The argument {name!r} of {self._name!r} cannot be copied ({type(error).__name__}: {error}), so what is "
                    "decided would not be sure to be what runs.",
                    next_step="give plain values, or name the parameter in leave_out=",
                ) from None
        return bound

    def decided(
        self, bound: inspect.BoundArguments, judged: Judged
    ) -> tuple[Callable[..., Any], inspect.BoundArguments]:
        """Return what to run, as it was decided, and with which arguments. Raises Denied for what cannot be carried."""
        if judged.decision.arguments is None:
            return self._function, bound
        other = self
        kept = {name: value for name, value in bound.arguments.items() if name in self._leave_out}
        if judged.decision.tool:
            found, kept = self._others().get(judged.decision.tool), {}
            if found is None:
                raise Denied(
                    f"The rules make a call of {self._name!r} one of {judged.decision.tool!r}, which is gone.",
                    next_step="keep one function of that name gated",
                    decisions=(judged.decision,),
                )
            other = found
        try:
            return other._function, other._signature.bind(**kept, **json.loads(judged.decision.arguments))
        except TypeError as error:
            raise Denied(
                f"The rules change a call of {self._name!r} into one that {other._name!r} does not take ({error}).",
                next_step="let the rewrite give arguments that the function has",
                decisions=(judged.decision,),
            ) from None

    def _arguments(self, bound: inspect.BoundArguments) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in bound.arguments.items():
            if name in self._leave_out:
                continue
            if self._signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
                # `def f(path, /, **more)` takes another `path`, and `def f(*paths, **more)` other `paths`.
                if twice := sorted(found.keys() & value.keys()):
                    raise Unreadable(
                        f"{self._name!r} was called with two arguments named {twice[0]!r}, so the call has two readings.",
                        next_step="call it with each name once",
                    )
                found.update(value)
            else:
                found[name] = value
        return found


def gated_function(
    function: F, core: Core, session: SessionId, *, name: str, leave_out: Collection[str], on_refused: OnRefused
) -> F:
    """Return *function* gated. See :meth:`pinnedrules.Guard.tool`."""
    gate = _Gate(function, core, session, name or function.__name__, leave_out)

    def refusal(judged: Judged) -> str:
        if on_refused == "text":
            return judged.text
        raise Denied(judged.text, decisions=(judged.decision,))

    if inspect.isasyncgenfunction(function):

        async def agenerator(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            bound = gate.bind(args, kwargs)
            call = gate.call(bound)
            ctx = gate.context()
            judged = await arun(execution(ctx, call), core.world)
            if judged.refused:
                yield refusal(judged)
                return
            target, bound = gate.decided(bound, judged)
            try:
                async for item in target(*bound.args, **bound.kwargs):
                    yield item
            except NotDone:
                await arun(not_done(ctx, judged), core.world)
                raise

        wrapper: Any = agenerator
    elif inspect.iscoroutinefunction(function):

        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            bound = gate.bind(args, kwargs)
            call = gate.call(bound)
            ctx = gate.context()
            judged = await arun(execution(ctx, call), core.world)
            if judged.refused:
                return refusal(judged)
            target, bound = gate.decided(bound, judged)
            try:
                return await target(*bound.args, **bound.kwargs)
            except NotDone:
                await arun(not_done(ctx, judged), core.world)
                raise

        wrapper = coroutine
    elif inspect.isgeneratorfunction(function):

        def generator(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            bound = gate.bind(args, kwargs)
            call = gate.call(bound)
            ctx = gate.context()
            judged = run(execution(ctx, call), core.world)
            if judged.refused:
                yield refusal(judged)
                return None
            target, bound = gate.decided(bound, judged)
            try:
                return (yield from target(*bound.args, **bound.kwargs))
            except NotDone:
                run(not_done(ctx, judged), core.world)
                raise

        wrapper = generator
    else:

        def plain(*args: Any, **kwargs: Any) -> Any:
            bound = gate.bind(args, kwargs)
            call = gate.call(bound)
            ctx = gate.context()
            judged = run(execution(ctx, call), core.world)
            if judged.refused:
                return refusal(judged)
            target, bound = gate.decided(bound, judged)
            try:
                return target(*bound.args, **bound.kwargs)
            except NotDone:
                run(not_done(ctx, judged), core.world)
                raise

        wrapper = plain
    made: Any = functools.wraps(function)(wrapper)
    return cast(F, made)


def _kind(function: Callable[..., Any]) -> tuple[bool, ...]:
    """Return how the result of *function* comes: at once, awaited, piece by piece, or both."""
    tests = (inspect.isasyncgenfunction, inspect.iscoroutinefunction, inspect.isgeneratorfunction)
    return tuple(test(function) for test in tests)


def _bound_to(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the parameter of a method that stands for its object or class; it is no argument of the call."""
    first = next(iter(inspect.signature(function).parameters), "")
    outer = function.__qualname__.rpartition(".")[0]
    return (first,) if first in ("self", "cls") and outer and not outer.endswith("<locals>") else ()


def _plain(value: object) -> object:
    """Return the JSON form of what is not plain: pydantic models and what pydantic knows to write (dates, paths, enums)."""
    from pydantic_core import PydanticSerializationError, to_jsonable_python

    try:
        return to_jsonable_python(value)
    except PydanticSerializationError as error:
        raise TypeError(str(error)) from None

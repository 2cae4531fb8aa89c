"""Guard: what users construct. Puts rules, state, log, approver and hosts together; decides nothing itself."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar, overload

from pinnedrules.errors import RuleFileError
from pinnedrules.types import Call, Mode, SessionId
from pinnedrules.wishes import Wishes

if TYPE_CHECKING:
    from pinnedrules.framework import Framework
    from pinnedrules.gate.calls import Judged
    from pinnedrules.gate.context import OnDenied, Policy
    from pinnedrules.hearing import Hears
    from pinnedrules.report import Report
    from pinnedrules.rules.model import RuleSet

__all__ = ["Guard"]

C = TypeVar("C")
F = TypeVar("F", bound=Callable[..., Any])
_LONGEST_LIFE = 365 * 86400.0
_LONGEST_HEARING = 30.0


class Guard(Wishes):
    """A rule set in force, with its state and its evidence.

    Give either *rules* (the path of a rule file, see docs/rule-file.md) or *profile* (``analyze``, ``suggest-only``,
    ``draft-only``, ``supervised``), for which *tools* may declare what tools do, as the file's ``tools:`` section does.

    *layers* are rule files above it, the highest first (the organisation's, the tenant's): each decides for itself, and the
    strictest counts. Default: those that the environment variable ``PINNEDRULES_LAYERS`` names.

    *mode* ``"monitor"`` decides and records and never holds a call back (a stop still stops). *on_denied* says what becomes
    of an answer whose calls were all refused: ``"continue"`` (the gate answers the model, the caller gets the model's next
    answer), ``"end"`` (the caller gets a sentence) or ``"raise"`` (:class:`pinnedrules.errors.Denied`).

    *approver* answers asks: ``"auto"`` (this terminal if a person sits there, else tickets), ``"terminal"``,
    ``"tickets"`` (answered by ``pinnedrules approvals``), or a callable ``(Ticket, Proposal) -> bool``, sync or async.
    *ask_wait* is how many seconds an ask may hold an answer back (default: 300 with somebody to ask, else 0);
    *ticket_life* how many seconds after the asking a call can be approved, and an approval used.

    *hears* is a model of your own (see :mod:`pinnedrules.hearing` and docs/chat.md) for what the patterns that listen to
    the user's turns leave open; it can only limit, and has *hears_seconds* (at most 30) for each turn.

    *paths* lets families of doors that no gate covers pass all the same (``{"batches": "pass"}``, see
    docs/provider-side.md), or opens a gate that is shut by default (``{"managed-agents": "gate"}``); what a gate covers
    stays gated.

    *state* is the folder for state and log; by default ``PINNEDRULES_HOME``, else ``.pinnedrules`` beside the rule file.

    Raises RuleFileError and StateError. Thread-safe; survives a fork; close it (or use it as a context manager) to flush.
    """

    _level: ClassVar[Literal["L0", "L1"]] = "L0"
    """The assurance level in every record: in the agent's own process. A program that serves a sidecar says L1."""
    _every_refusal: ClassVar[bool] = True
    """Whether each refusal is said, not only the first one here. A program that reports them at its end says no."""

    def __init__(
        self,
        rules: str | Path | None = None,
        *,
        profile: str | None = None,
        tools: Mapping[str, object] | None = None,
        layers: Sequence[str | Path] | None = None,
        mode: Literal["enforce", "monitor"] = "enforce",
        on_denied: Literal["continue", "end", "raise"] = "continue",
        approver: Literal["auto", "terminal", "tickets"] | Callable[..., Any] = "auto",
        ask_wait: float | None = None,
        ticket_life: float = 3600.0,
        state: str | Path | None = None,
        strict: bool = False,
        quiet: bool = False,
        paths: Mapping[str, Literal["pass", "gate"]] | None = None,
        hears: Hears | None = None,
        hears_seconds: float = 2.0,
    ) -> None:
        from pinnedrules.control.answering import who_answers
        from pinnedrules.control.approvers import TerminalApprover
        from pinnedrules.control.ears import Ears
        from pinnedrules.control.lineages import Lineages
        from pinnedrules.control.state import default_folder, open_state
        from pinnedrules.control.stop import StopFile
        from pinnedrules.control.store import Store
        from pinnedrules.evidence.log import Log
        from pinnedrules.hosts.keeper import Core
        from pinnedrules.notes import origin
        from pinnedrules.people import People
        from pinnedrules.report import Report
        from pinnedrules.revising import Revising
        from pinnedrules.rulefile import RuleFile
        from pinnedrules.rules.printable import counted
        from pinnedrules.sessions import Sessions
        from pinnedrules.wire.path_table import check_families
        from pinnedrules.world import World

        _one_of("mode", mode, ("enforce", "monitor"))
        _one_of("on_denied", on_denied, ("continue", "end", "raise"))
        for name, verdict in (paths or {}).items():
            _one_of(f"paths[{name!r}]", verdict, ("pass", "gate"))
        passed, gated = ([name for name, word in (paths or {}).items() if word == kind] for kind in ("pass", "gate"))
        check_families(passed, gated)
        if not 0 < ticket_life <= _LONGEST_LIFE:
            raise ValueError(f"ticket_life is a number of seconds, more than 0 and at most a year, not {ticket_life!r}")
        if hears is not None and not callable(hears):
            raise TypeError(f"hears is a function that takes a text, not {hears!r}")
        if not 0 < hears_seconds <= _LONGEST_HEARING:
            raise ValueError(f"hears_seconds is more than 0 and at most {_LONGEST_HEARING:g}, not {hears_seconds!r}")
        if (rules is None) == (profile is None):
            raise RuleFileError(
                "give either a rule file or a profile",
                hint='Guard("rules.yaml") or Guard(profile="suggest-only")',
            )
        if rules is not None and tools is not None:
            raise RuleFileError("`tools` goes with a profile", hint="write them under `tools:` in the rule file")
        self._source = RuleFile(
            Path(rules).absolute() if rules is not None else None, profile or "", tools, _paths(layers)
        )
        self._mode: Mode = mode
        self._on_denied: OnDenied = on_denied
        self._grace = 0.0 if strict else 60.0
        self._ticket_life = ticket_life
        self.folder = open_state(Path(state) if state is not None else default_folder(self._source.path))
        self._quiet = quiet
        self._revising = Revising(self._source, self.folder.path, self._ruled)
        in_force = self._source.rules
        who, chosen, wait = who_answers(approver, self._answered)
        self._ask_wait = wait if ask_wait is None else ask_wait
        self._stop = StopFile(self.folder.path)
        self._store = Store(self.folder.database)
        self._lineages = Lineages(self.folder.lineages)
        self._secret = self._store.secret()
        self._log = Log(
            self.folder.log,
            origin=origin(self._secret),
            level=self._level,
            ruleset_version=in_force.version,
            ruleset_sha256=self._source.sha256,
        )
        self._report = Report()
        self._world = World(
            log=self._log,
            store=self._store,
            stop=self._stop,
            approver=chosen,
            terminal=isinstance(chosen, TerminalApprover),
            report=self._report,
            rules=self._rules_now,
            ticket_seconds=ticket_life,
            lineages=self._lineages,
            people=None if quiet else People(self.folder.path, self._source, self._say, every=self._every_refusal),
            ears=None if hears is None else Ears(hears, hears_seconds),
        )
        self._sessions = Sessions()
        self._core = Core(
            world=self._world, policy=self._policy, candidates=self._sessions.candidates, passed=passed, gated=gated
        )
        self._direct = self._sessions.unnamed("guard")
        self._running = self._register()
        self._say(
            f"pinnedrules: {counted(len(in_force.rules), 'rule')} in force from {self._source.name} "
            f"({in_force.sha256[:12]}, {mode}); {who}; state in {self.folder.path}"
        )

    # -- what a developer uses -----------------------------------------------------------------------------------

    def wrap(self, client: C) -> C:
        """Return *client* guarded: an instance of a subclass of its own class.

        The HTTP client inside is gated in place, so requests of the object passed in are gated too; use the returned
        one all the same: only it refuses websockets and copies onto another ``http_client``. Takes OpenAI, AsyncOpenAI,
        Anthropic and AsyncAnthropic clients; raises TypeError for anything else, and for one that another guard gates.
        """
        from pinnedrules.hosts.client import guarded

        return guarded(client, self._core, self._sessions.unnamed("client"))

    def middleware(self) -> Any:
        """Return the gate as client middleware of the Anthropic SDK, for a client that somebody else makes.

        ``Anthropic(middleware=[guard.middleware()])``, last in the list, sync or async. :meth:`wrap` covers more: this sees
        neither requests through the HTTP client inside, nor copies that are made with other middleware. Raises TypeError
        where the installed SDK has no middleware (before 0.108).
        """
        from pinnedrules.hosts.middleware import make_middleware

        return make_middleware(self._core, self._sessions.unnamed("client"))

    def app(self, *, token: str, **more: Any) -> Any:
        """Return the sidecar as an ASGI application for a server of your own; every request must present *token*.

        *more* and what is raised: :func:`pinnedrules.hosts.sidecar.app.make_app`. ``pinnedrules serve`` runs it for you.
        """
        from pinnedrules.hosts.sidecar.app import make_app

        return make_app(self._core, token=token, **more)

    def framework(self, name: str, *, limit: float = 30.0) -> Framework:
        """Return this guard's place in an agent framework called *name*, for those who write an adapter.

        *limit* is how many seconds the guard may take to decide (besides what people take to answer); then the call is
        refused. For LangChain use ``pinnedrules_adapters.langchain``.
        """
        from pinnedrules.framework import Framework

        return Framework(self._core, self._sessions, name, limit)

    @contextlib.contextmanager
    def session(self, name: str, *, user: str = "", tenant: str = "") -> Iterator[SessionId]:
        """Tie what happens inside to one session. Carried into asyncio tasks by the context.

        A thread that has no session of its own falls under the open one; with several open, the strictest of them decides.
        """
        with self._sessions.opened(SessionId(name, user, tenant)) as session:
            yield session

    def raise_if_stopped(self) -> None:
        """Raise Stopped when a stop is in force; for loops inside tools, which the gate cannot see."""
        from pinnedrules.drive import run
        from pinnedrules.gate.exchange import passing

        run(passing(self._context("raise_if_stopped")), self._world)

    def check(self, name: str, arguments: Mapping[str, object] | str) -> Judged:
        """Decide one call afresh, asking and recording as ever; ``.refused`` says that it must not run."""
        from pinnedrules.drive import run
        from pinnedrules.gate.exchange import check

        return run(check(self._context("check"), _call(name, arguments)), self._world)

    async def acheck(self, name: str, arguments: Mapping[str, object] | str) -> Judged:
        """Like :meth:`check`, on an event loop."""
        from pinnedrules.drive import arun
        from pinnedrules.gate.exchange import check

        return await arun(check(self._context("check"), _call(name, arguments)), self._world)

    @overload
    def tool(self, function: F, /) -> F: ...

    @overload
    def tool(
        self, *, name: str = "", leave_out: Collection[str] = (), on_refused: Literal["raise", "text"] = "raise"
    ) -> Callable[[F], F]: ...

    def tool(
        self,
        function: Any = None,
        *,
        name: str = "",
        leave_out: Collection[str] = (),
        on_refused: Literal["raise", "text"] = "raise",
    ) -> Any:
        """Gate a function at execution: ``@guard.tool`` (or ``@guard.tool(name="gmail.send")``), sync or async.

        A call that a wrapped client of this guard released runs without a second decision, once; any other call, one from
        the developer's own code too, is decided afresh under the rules. *name* is what the rules call the tool (default:
        the function's name); *leave_out* names parameters that are no arguments of the call (a framework's context).
        A refused call raises Denied, or with ``on_refused="text"`` the refusal is returned for the model to read. Raises
        Stopped while a stop is in force, Unreadable for arguments that cannot be written as JSON.
        """
        from pinnedrules.hosts.function import gated_function

        _one_of("on_refused", on_refused, ("raise", "text"))

        def decorate(function: F) -> F:
            return gated_function(
                function, self._core, self._direct, name=name, leave_out=leave_out, on_refused=on_refused
            )

        return decorate if function is None else decorate(function)

    def report(self) -> Report:
        """Return what this guard did so far in this process."""
        return self._report

    @property
    def rules(self) -> RuleSet:
        """The rule set in force."""
        return self._source.rules

    @property
    def block(self) -> str:
        """The pin block as every request carries it."""
        return self._source.block.text

    def flush(self) -> None:
        """Return when everything recorded so far can be read by others, durably. Raises StateError when it cannot."""
        self._log.flush()

    def close(self) -> None:
        """Flush the log and leave the list of live guards."""
        self._core.closed = True
        self._running.close()
        self._log.close()
        self._store.close()
        self._lineages.close()
        self._revising.close()

    def __enter__(self) -> Guard:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    # -- what the hosts ask --------------------------------------------------------------------------------------

    def _policy(self) -> Policy:
        from pinnedrules.gate.context import Policy

        changed = self._source.look()
        if changed:
            self._say(f"pinnedrules: {changed}")
        if revised := self._revising.look():
            self._say(f"pinnedrules: {revised}")
        now = self._source.now
        return Policy(
            rules=now.rules,
            block=self._source.block,
            secret=self._secret,
            mode=self._mode,
            on_denied=self._on_denied,
            ask_wait=self._ask_wait,
            grace=self._grace,
            ticket_life=self._ticket_life,
            proposed=now.proposed,
            layers=(*now.layers, *now.proposals),
            told=self._revising.lines,
            hears=self._world.ears is not None,
        )

    def _rules_now(self) -> tuple[RuleSet, RuleSet | None, tuple[RuleSet, ...]]:
        policy = self._policy()
        return policy.rules, policy.proposed, policy.layers

    def _ruled(self) -> None:
        self._log.ruled(self._source.rules.version, self._source.sha256)

    def _context(self, path: str) -> Any:
        from pinnedrules.hosts.keeper import direct_context

        return direct_context(self._core, self._direct, path)

    def _answered(self, ticket: str) -> bool:
        """Whether somebody answered meanwhile from elsewhere, so that a question on the terminal can go away."""
        return self._store.ticket(ticket).state != "open"

    def _register(self) -> Any:
        from pinnedrules.control.running import register

        return register(self.folder, rules=self._source.name)


def _call(name: str, arguments: Mapping[str, object] | str) -> Call:
    import json

    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    try:
        found = json.loads(text)
    except ValueError:
        return Call(name, text)
    # The names are the program's own, so they count as declared.
    return Call(name, text, declared=frozenset(found) if isinstance(found, dict) else None)


def _paths(files: Sequence[str | Path] | None) -> list[Path] | None:
    return None if files is None else [Path(file).absolute() for file in files]


def _one_of(what: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{what} must be one of {', '.join(allowed)}, not {value!r}")

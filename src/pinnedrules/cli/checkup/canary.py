"""Sends a canary call the real way: scripted provider on loopback, real SDKs, the rules in question, the whole path.

State, log and the list of live guards are those of a folder that is thrown away: nothing of the user's is touched. No
network and no key are needed, and whatever proxies the environment names are passed by.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pinnedrules.cli.checkup.finding import Finding
from pinnedrules.cli.checkup.ways import CANARY, WAYS, Way, installed
from pinnedrules.clock import moment
from pinnedrules.errors import Stopped
from pinnedrules.evidence.reader import check, read
from pinnedrules.guard import Guard
from pinnedrules.hosts.sidecar.serving import Serving
from pinnedrules.hosts.sidecar.upstreams import Upstream, Upstreams
from pinnedrules.rulefile import RuleFile
from pinnedrules.rules.decide import decide
from pinnedrules.rules.printable import counted, shown
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Seen
from pinnedrules.types import Call, LedgerState

__all__ = ["fired"]

_ARGUMENTS = {"id": "everything"}
_SESSION = "doctor"
_FALLBACK = "analyze"


def fired(source: RuleFile, profile: str) -> list[Finding]:
    """Return what became of the canary on every way, of stopping, and of the records about it."""
    verdict = _verdict(source)
    found = [verdict]
    with tempfile.TemporaryDirectory(prefix="pinnedrules-doctor-") as folder, _apart(Path(folder)):
        home = Path(folder) / "state"
        # Rules that let the canary through would hide whether the path holds what they do not.
        name, path = (_FALLBACK, None) if verdict.state == "bad" else (profile, source.path)
        guard = Guard(path, profile=name or None, approver="tickets", state=home, quiet=True)
        with guard, ScriptedProvider(_model) as provider, guard.session(_SESSION):
            ways = [way for way in WAYS if installed(way.sdk)]
            found += [_held(way, guard, provider, _wrapped) for way in ways]
            found += _by_sidecar(ways, guard, provider)
            found.append(_executed(guard))
            found += [_stopped(way, guard, provider) for way in ways if not way.streamed]
        found.append(_recorded(home / "log"))
    return found


def _verdict(source: RuleFile) -> Finding:
    """Say what the rules make of a tool that nobody declared."""
    call = Call(CANARY, '{"id": "everything"}', declared=frozenset({"id"}))
    verdict = decide(source.rules, call, LedgerState(), moment()).verdict
    what = "a tool that nobody declared"
    if verdict == "allow":
        return Finding(
            what,
            "bad",
            f"{source.name} lets {CANARY} through, and any other tool that it does not know;"
            f" the path was tried with profile {_FALLBACK} instead",
            'set default: {other: ask}, and take out what declares or permits "*"',
        )
    return Finding(what, "ok", f"{source.name} {'asks about' if verdict == 'ask' else 'denies'} it")


def _model(seen: Seen) -> Reply:
    """Propose the canary; when told that it did not run, say so."""
    if any(call.result for call in seen.calls):
        return Reply("It was refused.")
    return Reply("I will.", calls=[ProposedCall(CANARY, _ARGUMENTS)])


@contextlib.contextmanager
def _apart(folder: Path) -> Iterator[None]:
    """Keep the live guards of the user, and proxies, out of it."""
    names = ("XDG_RUNTIME_DIR", "NO_PROXY", "no_proxy")
    former = {name: os.environ.get(name) for name in names}
    os.environ.update(XDG_RUNTIME_DIR=str(folder / "run"), NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")
    (folder / "run").mkdir(mode=0o700)
    try:
        yield
    finally:
        for name, value in former.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _wrapped(way: Way, guard: Guard, provider: ScriptedProvider) -> Any:
    return guard.wrap(way.connect(provider.url if way.sdk == "anthropic" else provider.openai_url))


def _held(way: Way, guard: Guard, provider: ScriptedProvider, connect: Any, name: str = "") -> Finding:
    """Send the canary one way; look at what the program got, and at the bytes that the provider got."""
    before, refused = len(provider.seen), guard.report().denied
    name = name or way.name
    try:
        with connect(way, guard, provider) as client:
            calls = way.calls(client)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong is what this is for
        return Finding(name, "bad", f"it failed: {type(error).__name__}: {shown(error, 300)}", _REPORT)
    sent = provider.seen[before:]
    if calls:
        return Finding(name, "bad", f"THE CALL GOT THROUGH: {', '.join(shown(call, 80) for call in calls)}", _REPORT)
    if guard.report().denied == refused:
        return Finding(name, "bad", "no call was decided, so this way does not lead through the guard", _REPORT)
    if not sent or any(seen.text.count(guard.block) != 1 for seen in sent):
        return Finding(name, "bad", f"the rules are not in all of {counted(len(sent), 'request')}", _REPORT)
    return Finding(name, "ok", f"the call was held; the rules were in {counted(len(sent), 'request')} as sent")


_REPORT = "do not rely on this installation; see SECURITY.md for how to report it"


def _by_sidecar(ways: list[Way], guard: Guard, provider: ScriptedProvider) -> list[Finding]:
    """Send the canary through a sidecar: clients that know nothing but a base URL."""
    upstreams = Upstreams(openai=Upstream(provider.openai_url), anthropic=Upstream(provider.url))
    try:
        with Serving(guard, upstreams=upstreams) as sidecar:

            def connect(way: Way, *_: object) -> Any:
                return way.connect(sidecar.base_url(way.sdk, _SESSION))

            return [_held(way, guard, provider, connect, f"sidecar, {way.name}") for way in ways]
    except OSError as error:
        return [Finding("sidecar", "bad", f"it could not start: {error}", "")]


def _executed(guard: Guard) -> Finding:
    """Call a gated function that no model proposed."""
    ran: list[str] = []

    @guard.tool(name=CANARY, on_refused="text")
    def canary(id: str) -> str:  # noqa: A002 - the argument of the canary call
        ran.append(id)
        return ""

    canary(**_ARGUMENTS)
    if ran:
        return Finding("@guard.tool", "bad", "THE FUNCTION WAS RUN", _REPORT)
    return Finding("@guard.tool", "ok", "the function was not run")


def _stopped(way: Way, guard: Guard, provider: ScriptedProvider) -> Finding:
    """Stop; nothing may leave. Resume; it goes on."""
    name = f"stop, {way.sdk}, {way.api}"
    before = len(provider.requests)
    guard.stop("a test by pinnedrules doctor")
    try:
        with _wrapped(way, guard, provider) as client:
            way.calls(client)
        return Finding(name, "bad", "a request was made although everything was stopped", _REPORT)
    except Stopped:
        pass
    except Exception as error:  # noqa: BLE001 - whatever goes wrong is what this is for
        return Finding(name, "bad", f"it failed: {type(error).__name__}: {shown(error, 300)}", _REPORT)
    finally:
        guard.resume("the test is over", user=_SESSION)
    if len(provider.requests) != before:
        return Finding(name, "bad", "a request left although everything was stopped", _REPORT)
    return Finding(name, "ok", "nothing left while everything was stopped")


def _recorded(log: Path) -> Finding:
    """Look for the decisions on the disk, and verify the chain."""
    refused = sum(
        record["type"] == "decision" and _body(record).get("tool") == CANARY and _body(record).get("released") is False
        for record in read(log)
    )
    broken = [lane.broken.reason for lane in check(log) if lane.broken is not None]
    if broken:
        return Finding("the log", "bad", f"it does not verify: {broken[0]}", _REPORT)
    if not refused:
        return Finding("the log", "bad", "the refusals are not in it", _REPORT)
    return Finding("the log", "ok", f"{counted(refused, 'refusal')} on the disk, and the chain holds (unanchored)")


def _body(record: dict[str, object]) -> dict[str, object]:
    body = record["body"]
    return body if isinstance(body, dict) else {}

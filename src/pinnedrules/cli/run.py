"""``pinnedrules run -- CMD``: any agent, behind a sidecar of its own, and a report at the end.

Standard output and input are the command's; what this says stands on standard error, with ``--json`` as one document.
Nobody is asked at the terminal, which the command may use itself: what a rule asks about becomes a ticket, and whoever
sits there answers it from another one.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pinnedrules.cli.arguments import Usage
from pinnedrules.cli.launch.child import NotStarted, run_child
from pinnedrules.cli.launch.ending import Ending, ending, resuming
from pinnedrules.cli.launch.recipes import Recipe, recipe
from pinnedrules.cli.launch.start import Bases, Start, guarded
from pinnedrules.cli.listening import listening
from pinnedrules.cli.printing import Printer
from pinnedrules.cli.serve import SidecarGuard, passing
from pinnedrules.cli.source import named_or_usual
from pinnedrules.control.principals import os_user
from pinnedrules.control.stop import StopFile
from pinnedrules.errors import Stopped
from pinnedrules.hosts.sidecar.address import usable_name
from pinnedrules.hosts.sidecar.serving import Serving
from pinnedrules.hosts.sidecar.token import kept_token
from pinnedrules.hosts.sidecar.upstreams import ANTHROPIC_URL, OPENAI_URL, Upstreams
from pinnedrules.rules.printable import counted
from pinnedrules.types import SessionId

__all__ = ["run"]

_USAGE = "pinnedrules run --rules FILE (or --profile NAME) -- CMD ..."
_KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY")
_SEEN_SECONDS = 0.5


class _Unheard(SidecarGuard):
    """A guard that keeps to itself what there is to say, since the terminal is the command's; ``said`` is for its end.

    Of the refusals it explains the first one ever; the report names them all.
    """

    _every_refusal = False

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        self.said: list[str] = []
        super().__init__(*arguments, **settings)
        self.said.clear()

    def _say(self, line: str) -> None:
        self.said.append(line)


def run(arguments: argparse.Namespace, printer: Printer) -> int:
    """Return the command's exit code, 3 when it is 0 and something waits for a person, 126 or 127 when it cannot start."""
    if not arguments.command_line:
        raise Usage("no command to run", _USAGE)
    arguments.rules = named_or_usual(arguments.rules, arguments.profile, usage=_USAGE)
    if arguments.session and not usable_name(arguments.session):
        raise Usage(f"{arguments.session!r} cannot be the name of a session", "--session NAME, printable, at most 200")
    before = Start(tuple(arguments.command_line), dict(os.environ))
    session = SessionId(arguments.session or f"{before.program}-{secrets.token_hex(4)}", os_user())
    guard = _Unheard(
        arguments.rules,
        profile=arguments.profile,
        mode=arguments.mode,
        on_denied=arguments.on_denied,
        approver="tickets",
        ask_wait=arguments.ask_wait,
        state=arguments.state,
        quiet=printer.as_json,
        paths=passing(arguments),
        hears=listening(arguments),
    )
    with guard:
        stop = StopFile(guard.folder.path)
        found = stop.read(session)
        if found.state == "stop":
            way_on = resuming(found, session.name, guard.folder)
            raise Stopped(f"{found.scope} is stopped: {found.reason}", next_step=way_on)
        try:
            code = _guarded(arguments, guard, session, before, stop, printer)
        except NotStarted as error:
            printer.fail(str(error), error.next_step)
            return error.code
        end = ending(before.program, session, code, state=guard.folder, report=guard.report())
        if end.stop.state == "stop":
            # Whoever stopped it looks every 50 ms which guards have confirmed; one that is gone has not.
            time.sleep(_SEEN_SECONDS)
    _tell(end, guard.said, arguments.report, printer)
    return end.exit_code


def _guarded(
    arguments: argparse.Namespace,
    guard: SidecarGuard,
    session: SessionId,
    before: Start,
    stop: StopFile,
    printer: Printer,
) -> int:
    way = recipe(before)
    with _serving(arguments, guard, session, before, way) as serving, tempfile.TemporaryDirectory() as scratch:
        to = Bases(serving.base_url("openai", session.name), serving.base_url("anthropic", session.name))
        after = guarded(before, to, session.name)
        if arguments.hold_keys:
            after = after.adding(**{name: serving.token for name in _KEYS if name in after.environment})
        after = way.redirect(after, to, Path(scratch))
        rules = f"{counted(len(guard.rules.rules), 'rule')} in force from {arguments.rules or arguments.profile}"
        asks = "asks become tickets (pinnedrules approvals list)"
        for line in (f"{rules}; session {session.name}; {asks}", way.note):
            if line and not printer.as_json:
                printer.note(f"pinnedrules: {line}")
        return run_child(after, lambda: stop.read(session).state == "stop")


def _serving(
    arguments: argparse.Namespace, guard: SidecarGuard, session: SessionId, before: Start, way: Recipe
) -> Serving:
    """Return the sidecar. With a port of its own its token is the state folder's, so that base URLs can be written down."""
    bases = way.bases(before)
    try:
        return Serving(
            guard,
            port=arguments.port,
            token=kept_token(guard.folder.path) if arguments.port else None,
            upstreams=Upstreams.from_environment(
                before.environment,
                openai=bases.openai or OPENAI_URL,
                anthropic=bases.anthropic or ANTHROPIC_URL,
                hold_keys=arguments.hold_keys,
            ),
            user=session.user,
            session=session.name,
        )
    except ValueError as error:
        raise Usage(str(error), _USAGE) from error
    except OSError as error:
        raise Usage(
            f"cannot listen on port {arguments.port}: {error.strerror}", "leave --port out for a free one"
        ) from error


def _tell(end: Ending, said: Sequence[str], file: Path | None, printer: Printer) -> None:
    document = json.dumps(end.document(), ensure_ascii=False, indent=2)
    if file is not None:
        file.write_text(f"{document}\n", encoding="utf-8")
    sys.stdout.flush()
    if printer.as_json:
        printer.note(document)
        return
    for line in said:
        printer.note(line)
    for text, tone in end.lines():
        printer.note(text, tone)

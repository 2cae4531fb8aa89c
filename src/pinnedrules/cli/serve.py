"""``pinnedrules serve``: the sidecar, until a signal ends it."""

from __future__ import annotations

import argparse
import dataclasses
import os
import shlex
import signal
import sys
import threading
from collections.abc import Mapping
from types import FrameType
from typing import Literal

from pinnedrules.cli.arguments import Usage
from pinnedrules.cli.entry import FOUND, OK
from pinnedrules.cli.listening import listening
from pinnedrules.cli.printing import Printer
from pinnedrules.cli.source import named_or_usual
from pinnedrules.control.principals import os_user
from pinnedrules.guard import Guard
from pinnedrules.hosts.sidecar.address import usable_name
from pinnedrules.hosts.sidecar.limits import Limits
from pinnedrules.hosts.sidecar.serving import Serving
from pinnedrules.hosts.sidecar.token import kept_token
from pinnedrules.hosts.sidecar.upstreams import Upstreams, is_loopback
from pinnedrules.wire.path_table import check_families

__all__ = ["SidecarGuard", "passing", "run"]

_USAGE = "pinnedrules serve --rules rules.yaml, or --profile NAME"
_POLL_SECONDS = 1.0

_CANNOT = (
    "pinnedrules: not guarded here: calls signed for AWS (SigV4), Gemini's own format and websockets, which are refused,"
    " and whatever an agent sends elsewhere, which nobody sees"
)
_OPEN = (
    "pinnedrules: WARNING: listening on {host}, so other machines can reach it; token and prompts travel in clear text"
)


class SidecarGuard(Guard):
    """A guard outside the agent's process, under the same OS user (level L1)."""

    _level = "L1"


def run(arguments: argparse.Namespace, printer: Printer) -> int:
    """Serve until SIGTERM, SIGINT or SIGHUP; then let running answers end. Returns 1 when the server died by itself."""
    arguments.rules = named_or_usual(arguments.rules, arguments.profile, usage=_USAGE)
    if arguments.session and not usable_name(arguments.session):
        raise Usage(f"{arguments.session!r} cannot be the name of a session", "--session NAME, printable, at most 200")
    upstreams = _upstreams(arguments)
    guard = SidecarGuard(
        arguments.rules,
        profile=arguments.profile,
        mode=arguments.mode,
        on_denied=arguments.on_denied,
        approver="tickets",
        ask_wait=arguments.ask_wait,
        state=arguments.state,
        paths=passing(arguments),
        hears=listening(arguments),
    )
    with guard, _Signals() as signals:
        serving = _serving(arguments, guard, upstreams)
        with serving:
            _say(arguments, printer, serving, upstreams)
            while serving.running and not signals.wait(_POLL_SECONDS):
                pass
            died = not serving.running
            if died:
                printer.note(f"pinnedrules: the server ended by itself ({serving.failure!r})")
            else:
                printer.note("pinnedrules: no new requests; waiting for running answers (again to end at once)")
    return FOUND if died else OK


def passing(arguments: argparse.Namespace) -> dict[str, Literal["pass", "gate"]]:
    """Return the families of doors that ``--pass`` lets pass and ``--gate`` gates. Raises Usage for one that is none."""
    try:
        check_families(arguments.passed, arguments.gated)
    except ValueError as error:
        raise Usage(str(error), "--pass FAMILY; docs/provider-side.md says what each of them is") from error
    families: dict[str, Literal["pass", "gate"]] = dict.fromkeys(arguments.passed, "pass")
    for name in arguments.gated:
        families[name] = "gate"
    return families


class _Signals:
    """The first signal asks for an orderly end; from then on they do what they always do."""

    _NUMBERS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

    def __enter__(self) -> _Signals:
        self._came = threading.Event()
        self._former = {number: signal.signal(number, self._note) for number in self._NUMBERS}
        return self

    def __exit__(self, *error: object) -> None:
        self._restore()

    def wait(self, seconds: float) -> bool:
        """Wait for a signal; True when one has come."""
        return self._came.wait(seconds)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._restore()
        self._came.set()

    def _restore(self) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)


def _upstreams(arguments: argparse.Namespace) -> Upstreams:
    try:
        found = Upstreams.from_environment(
            os.environ,
            openai=arguments.openai or "",
            anthropic=arguments.anthropic or "",
            port=arguments.port,
            hold_keys=arguments.hold_keys,
        )
    except ValueError as error:
        raise Usage(str(error), "pinnedrules serve --openai URL --anthropic URL") from error
    if arguments.hold_keys and not (found.openai.key or found.anthropic.key):
        raise Usage(
            "--hold-keys, and no key in the environment", "set OPENAI_API_KEY or ANTHROPIC_API_KEY for the sidecar"
        )
    return found


def _serving(arguments: argparse.Namespace, guard: Guard, upstreams: Upstreams) -> Serving:
    try:
        return Serving(
            guard,
            token=arguments.token or kept_token(guard.folder.path),
            port=arguments.port,
            host=arguments.host,
            upstreams=upstreams,
            limits=dataclasses.replace(Limits(), body=int(arguments.max_body * 1048576), grace=arguments.grace),
            user=os_user() if arguments.user is None else arguments.user,
            hosts=arguments.allow_host,
        )
    except ValueError as error:
        raise Usage(str(error), _USAGE) from error
    except OSError as error:
        raise Usage(
            f"cannot serve on {arguments.host} port {arguments.port}: {error.strerror or error}",
            "choose another with --port, or --port 0 for a free one",
        ) from error


def _proxied(environment: Mapping[str, str]) -> bool:
    """Whether a client with this environment would ask a proxy for plain HTTP on this machine."""
    proxies = ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")
    direct = environment.get("NO_PROXY") or environment.get("no_proxy", "")
    return any(environment.get(name) for name in proxies) and "127.0.0.1" not in direct


def _say(arguments: argparse.Namespace, printer: Printer, serving: Serving, upstreams: Upstreams) -> None:
    variables = {
        "OPENAI_BASE_URL": serving.base_url("openai", arguments.session or ""),
        "ANTHROPIC_BASE_URL": serving.base_url("anthropic", arguments.session or ""),
    }
    for name, upstream in (("OPENAI", upstreams.openai), ("ANTHROPIC", upstreams.anthropic)):
        if upstream.key:
            variables[f"{name}_API_KEY"] = serving.token
    if _proxied(os.environ):
        # Or an agent that is started here asks the proxy for this machine, and does not find it there.
        variables["NO_PROXY"] = ",".join(filter(None, (os.environ.get("NO_PROXY"), "127.0.0.1", "localhost")))
    for name, value in variables.items():
        printer.line(f"export {name}={shlex.quote(value)}")
    printer.document(
        {
            "url": serving.url,
            "port": serving.port,
            "token": serving.token,
            "environment": variables,
            "upstreams": {"openai": upstreams.openai.base, "anthropic": upstreams.anthropic.base},
        }
    )
    sys.stdout.flush()
    printer.note(
        f"pinnedrules: serving on {serving.url}; requests go to {upstreams.openai.base} and {upstreams.anthropic.base}"
    )
    printer.note(_CANNOT)
    if not is_loopback(arguments.host):
        printer.note(_OPEN.format(host=arguments.host))

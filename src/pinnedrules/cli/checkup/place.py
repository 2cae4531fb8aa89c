"""The place where this runs: its state folder, who answers asks here, which versions are installed. Changes nothing."""

from __future__ import annotations

import os
import re
import stat
from importlib.metadata import requires
from pathlib import Path

from pinnedrules.cli.checkup.finding import Finding
from pinnedrules.cli.checkup.ways import WAYS, installed
from pinnedrules.control.approvers import TerminalApprover
from pinnedrules.control.running import live
from pinnedrules.control.scopes import EVERYTHING, parse
from pinnedrules.evidence.reader import check, read
from pinnedrules.rules.printable import counted, shown

__all__ = ["EXCLUDES", "UNSEEN", "answering", "state", "versions"]

UNSEEN = (
    "tools that the provider runs itself are decided once per request, by tool, not call by call",
    "clients that were not wrapped, other SDKs, plain HTTP, and other programs pass nobody",
    "websockets and realtime sessions are refused, not guarded",
    "what a released call does: the files it writes, where a link or a host name leads, what comes back",
    "text: a model can still say anything",
)
"""What nobody can see from here, whatever the rules say."""

EXCLUDES = {
    "L0": "a wrapped client, in the agent's process. Not kept out: code in that process, which can take it off; whoever"
    " may write the state folder or run a shell as this user, who can also approve and resume",
    "L1": "pinnedrules serve or run, outside the agent's process, under the same user. Not kept out: an agent that"
    " sends its requests elsewhere, with a key of its own; whoever may write the state folder or run a shell as this user",
    "L2": "pinnedrules serve --hold-keys under an OS user of its own, which no agent can become. Cannot be seen from here",
    "L3": "that, with an outside witness of the log and approvals from another device. Not in this version",
}
"""What each assurance level is, and what it does not keep out."""

_ABOUT = re.compile(r"([A-Za-z0-9_.-]+)\s*([^;]*)")


def state(folder: Path) -> list[Finding]:
    """Look at the state folder, without making one."""
    what = f"state folder {folder}"
    try:
        found = folder.stat()
    except FileNotFoundError:
        above = next(path for path in (folder, *folder.parents) if path.exists())
        if os.access(above, os.W_OK | os.X_OK):
            return [Finding(what, "ok", "not there yet; the first guard makes it, for this user only")]
        return [Finding(what, "bad", f"cannot be made: {above} is not writable", _OTHER)]
    except OSError as error:
        return [Finding(what, "bad", f"cannot be looked at ({error.strerror})", _OTHER)]
    if not stat.S_ISDIR(found.st_mode):
        return [Finding(what, "bad", "is no folder", _OTHER)]
    if found.st_uid != os.geteuid():
        return [Finding(what, "bad", f"belongs to user {found.st_uid}, who could lift a stop there", _OTHER)]
    if stat.S_IMODE(found.st_mode) & (stat.S_IWGRP | stat.S_IWOTH):
        return [
            Finding(what, "bad", "others can write there, and lift a stop or approve calls", f"chmod 700 '{folder}'")
        ]
    if not os.access(folder, os.W_OK | os.X_OK):
        return [Finding(what, "bad", "cannot be written", _OTHER)]
    using = sum(guard.state == folder for guard in live())
    ready = Finding(what, "ok", f"only this user can write there; {counted(using, 'live guard')} on it")
    return [ready, *_stop(folder), *_log(folder / "log")]


_OTHER = "name another one with PINNEDRULES_HOME, Guard(state=...) or --state"


def _stop(folder: Path) -> list[Finding]:
    """Say what is stopped there. Read only: a guard would note what it finds."""
    held = [("the file STOP", "")] if (folder / "STOP").exists() else []
    try:
        content = parse((folder / "stop.json").read_bytes())
    except FileNotFoundError:
        content = None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return [Finding("stop", "bad", "stop.json cannot be read, which stops everything", _RESUME)]
    for scope, entry in content.scopes.items() if content else ():
        which = "everything" if scope == EVERYTHING else scope
        held.append((f"a {entry.state} of {shown(which)} by {shown(entry.actor) or 'nobody named'}", entry.reason))
    return [
        Finding("stop", "note", f"{what} is in force{f': {shown(why, 200)}' if why else ''}", _RESUME)
        for what, why in held
    ]


_RESUME = "pinnedrules resume --reason WHY"


def _log(log: Path) -> list[Finding]:
    """Verify the log there, and say at which levels its records were written."""
    what, lanes = "log there", check(log) if log.is_dir() else []
    broken = [f"lane {lane.lane} is broken at line {lane.broken.line}" for lane in lanes if lane.broken is not None]
    if broken:
        return [Finding(what, "bad", why, "pinnedrules log --check") for why in broken]
    records = sum(lane.records for lane in lanes)
    if not records:
        return []
    levels = sorted({str(record["level"]) for record in read(log)})
    return [
        Finding(what, "ok", f"{counted(records, 'record')} in order (unanchored), written at {' and '.join(levels)}")
    ]


def answering() -> str:
    """Say who would answer an ask of a guard that is made here with the settings as they come."""
    unusable = TerminalApprover().usable()
    if not unusable:
        return "the person at this terminal (a program without one gets tickets instead)"
    return f"nobody here ({unusable}): an ask is refused with a ticket, for pinnedrules approvals, or give Guard(approver=...)"


def versions() -> list[Finding]:
    """Compare the SDKs that are installed with the bounds that were tested."""
    bounds = {match[1]: match[2].strip() for text in requires("pinnedrules") or () if (match := _ABOUT.match(text))}
    found = []
    for sdk in dict.fromkeys(way.sdk for way in WAYS):
        have, tested = installed(sdk), bounds.get(sdk, "")
        if not have:
            found.append(Finding(sdk, "note", "not installed, so not tried"))
        elif _within(have, tested):
            found.append(Finding(sdk, "ok", f"{have}, tested ({tested})"))
        else:
            found.append(
                Finding(sdk, "bad", f"{have} is outside of what was tested ({tested})", f"pip install '{sdk}{tested}'")
            )
    return found


def _within(have: str, bounds: str) -> bool:
    """True when a version satisfies ``>=a,<b``; of each number only the leading digits count."""
    mine = _numbers(have)
    for bound in bounds.split(","):
        match = re.fullmatch(r"\s*(>=|<)\s*([0-9.]+)\s*", bound)
        if match and (mine < _numbers(match[2])) is (match[1] == ">="):
            return False
    return True


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(match[0]) if (match := re.match(r"[0-9]+", part)) else 0 for part in text.split("."))

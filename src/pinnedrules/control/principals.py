"""Who may say yes, and who may not."""

from __future__ import annotations

import os
import pwd
import unicodedata
from collections.abc import Mapping

from pinnedrules.errors import ApprovalError

__all__ = ["AGENT", "acting", "os_user", "person"]

AGENT = "agent"
"""The name of the agent itself; one of several is ``agent:NAME``. It can tighten, never relax."""


_GUARDED = "PINNEDRULES_SESSION"
"""In the environment of whatever `pinnedrules run` started."""


def acting(environment: Mapping[str, str] = os.environ) -> str:
    """Return who gives a command: the agent when it was started by `pinnedrules run`, else the OS user.

    This catches an agent that simply tries. One that takes the variable away acts as its user, which nothing running as
    that user can tell apart.
    """
    return AGENT if environment.get(_GUARDED) else os_user()


def os_user() -> str:
    """Return the name of the OS user of this process as the system has it, or "uid N" where it has none.

    Never what the environment says (``LOGNAME``, ``USER``): an agent that starts a command also chooses its environment.
    """
    uid = os.getuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def person(by: str) -> str:
    """Return *by*, trimmed, when it can be somebody other than the agent. Raises ApprovalError."""
    name = by.strip()
    if not name:
        raise ApprovalError("nobody is named as the one who answers; say who, for example --by NAME")
    # Compared after folding, so that a look-alike spelling such as "AGENT" in full width is the agent still.
    folded = unicodedata.normalize("NFKC", name).casefold()
    if folded == AGENT or folded.startswith(f"{AGENT}:"):
        raise ApprovalError("the agent cannot give itself permission; a person has to answer")
    return name

"""Who may say yes, and who may not."""

from __future__ import annotations

import os
import pwd
import unicodedata
from collections.abc import Mapping

from pinnedrules.errors import ApprovalError

__all__ = ["AGENT", "CHAT", "acting", "from_chat", "in_chat", "os_user", "person", "principal"]

AGENT = "agent"
"""The name of the agent itself; one of several is ``agent:NAME``. It can tighten, never relax."""

CHAT = "the chat"
"""Who gave what words on the wire brought about: nobody that is known."""

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
    if principal(name) == AGENT:
        raise ApprovalError("the agent cannot give itself permission; a person has to answer")
    return name


def principal(by: str) -> str:
    """Return *by*, trimmed; :data:`AGENT` however the agent's name is spelled. Raises ApprovalError for nobody."""
    name = by.strip()
    if not name:
        raise ApprovalError("nobody is named as the one who says so")
    # Compared after folding, so that a look-alike spelling such as "AGENT" in full width is the agent still.
    folded = unicodedata.normalize("NFKC", name).casefold()
    return AGENT if folded == AGENT or folded.startswith(f"{AGENT}:") else name


def in_chat(user: str) -> str:
    """Return who gave what the words of *user*, who is known, brought about in the chat."""
    return f"{user} in {CHAT}"


def from_chat(actor: str) -> bool:
    """True for somebody whom words in the chat made the actor, known or not."""
    return actor == CHAT or actor.endswith(f" in {CHAT}")

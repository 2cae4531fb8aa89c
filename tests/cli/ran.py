"""What the tests of the command line share."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from pinnedrules.types import Moment, SessionId

__all__ = ["INBOX", "MOMENT", "Cli", "Ran", "login"]

INBOX = SessionId("inbox", "anna")
MOMENT = Moment(1_700_000_000_000_000, 1, "2023-11-14")


@dataclass(frozen=True, slots=True)
class Ran:
    """What one command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)


Cli = Callable[..., Ran]


def login(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let the system say that the OS user is called *name*."""
    monkeypatch.setattr("pwd.getpwuid", lambda uid: SimpleNamespace(pw_name=name))

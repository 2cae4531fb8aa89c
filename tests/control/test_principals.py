"""Who answers: the OS user, as the system has it."""

from __future__ import annotations

import os
import pwd

import pytest

from pinnedrules.control.principals import acting, os_user


def test_the_environment_does_not_name_the_person(monkeypatch: pytest.MonkeyPatch) -> None:
    """An agent that starts a command chooses its environment, so no name is taken from there."""
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(variable, "somebody-else")

    assert os_user() == pwd.getpwuid(os.getuid()).pw_name


def test_a_user_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container the user may stand in no list."""

    def unknown(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr("pwd.getpwuid", unknown)

    assert os_user() == f"uid {os.getuid()}"


def test_what_run_started_is_the_agent() -> None:
    """An agent that calls the command line for itself is not taken for its user."""
    assert acting({"PINNEDRULES_SESSION": "s"}) == "agent"
    assert acting({}) == os_user()

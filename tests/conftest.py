"""What every test stands on: a state home and a run folder of its own, so that no test meets another's guards."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

try:
    from hypothesis import HealthCheck, settings
except ImportError:
    pass  # where the adapters are tested there is none
else:
    # No test asserts times: beside other work an example may take any time, and the next one a tenth of it.
    settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("tests")


@pytest.fixture(autouse=True, scope="session")
def interruptible() -> None:
    """A shell that runs the suite in the background lets it ignore interrupts, and every program would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep state, live guards and keys of the machine out of the tests."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state-home"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    for name in ("PINNEDRULES_HOME", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)

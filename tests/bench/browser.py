"""A headless Chromium that draws one page and tells what came of it, over the DevTools protocol on loopback.

The protocol: https://chromedevtools.github.io/devtools-protocol/tot/ (domains Target, Page, Runtime, Log, Network, Emulation).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.sync.client import connect
from websockets.sync.connection import Connection

__all__ = ["Browser", "Drawn", "chromium", "opened"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_OPTIONS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0",
)  # fmt: skip
_PATIENCE = 60


def chromium() -> str:
    """Return the path of a Chromium: the one that ``CHROMIUM`` names, else one on the path; empty when there is none."""
    return os.environ.get("CHROMIUM") or next((found for name in _NAMES if (found := shutil.which(name))), "")


@dataclass
class Drawn:
    """What a page did: console messages that are errors or warnings, exceptions, and addresses that it asked for."""

    complaints: list[str] = field(default_factory=list)
    asked_for: list[str] = field(default_factory=list)
    png: bytes = b""


class Browser:
    """One browser with one page at a time."""

    def __init__(self, line: Connection) -> None:
        self._line = line
        self._number = 0
        self._session = ""
        self._drawn = Drawn()

    def draw(self, page: Path, *, width: int, height: int, dark: bool = False) -> Drawn:
        """Draw the file *page* in a window of so many CSS pixels and return what came of it, with a picture of all of it."""
        self._drawn = drawn = Drawn()
        self._session = ""
        target = self._do("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._do("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._do(f"{domain}.enable")
        self._do(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._do("Emulation.setEmulatedMedia", features=[scheme])
        self._do("Page.navigate", url=page.as_uri())
        until = time.monotonic() + _PATIENCE
        while self.value("document.readyState + location.protocol") != "completefile:" and time.monotonic() < until:
            time.sleep(0.02)
        shot = self._do("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=self._whole())
        drawn.png = b64decode(shot["data"])
        return drawn

    def value(self, script: str) -> Any:
        """Return what *script* comes to on the page, as JSON."""
        found = self._do("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def _whole(self) -> dict[str, float]:
        size = self._do("Page.getLayoutMetrics")["cssContentSize"]
        return {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}

    def _do(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        session = {"sessionId": self._session} if self._session else {}
        self._line.send(json.dumps({"id": self._number, "method": method, "params": params, **session}))
        while True:
            said = json.loads(self._line.recv(timeout=_PATIENCE))
            if said.get("id") == self._number:
                assert "error" not in said, said
                result: dict[str, Any] = said["result"]
                return result
            self._note(said.get("method", ""), said.get("params", {}))

    def _note(self, method: str, params: dict[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
            self._drawn.asked_for.append(params["request"]["url"])
        elif method in ("Runtime.exceptionThrown", "Log.entryAdded") or (
            method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert")
        ):
            self._drawn.complaints.append(json.dumps(params))


@contextmanager
def opened(folder: Path) -> Iterator[Browser]:
    """Start a Chromium with its profile in *folder*, and end it."""
    command = [chromium(), *_OPTIONS, f"--user-data-dir={folder}", "about:blank"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            with connect(_address(folder / "DevToolsActivePort"), max_size=None, proxy=None) as line:
                yield Browser(line)
        finally:
            process.terminate()


def _address(port: Path) -> str:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        lines = port.read_text(encoding="ascii").split("\n") if port.exists() else []
        if len(lines) > 1:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        time.sleep(0.05)
    raise TimeoutError("Chromium did not say where it listens")

"""What it was measured on, without saying whose machine it is."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

__all__ = ["load", "machine", "versions"]

_PACKAGES = (
    "pinnedrules",
    "openai",
    "anthropic",
    "httpx2",
    "uvicorn",
    "h11",
    "msgspec",
    "google-re2",
    "ruamel.yaml",
    "tiktoken",
)


def machine() -> dict[str, object]:
    """Return processor, cores, memory, system and how busy it was; no names, no paths."""
    return {
        "processor": _field(Path("/proc/cpuinfo"), "model name") or platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30,
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "load_before": load(),
    }


def load() -> float:
    """Return how many programs wanted a processor in the last minute."""
    return round(os.getloadavg()[0], 2)


def versions() -> dict[str, str]:
    """Return the versions of what was measured."""
    return {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}}


def _field(file: Path, name: str) -> str:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")

"""Tests of adapters run where their framework is installed: `make adapters`."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("langgraph") else ["contract/*", "langchain/*"]

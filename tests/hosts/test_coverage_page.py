"""docs/coverage.md is what the walk finds."""

from __future__ import annotations

from tests.hosts.coverage_page import PAGE, clients, page
from tests.wire.test_path_table import NEWEST


@NEWEST
def test_the_page_is_what_the_walk_finds() -> None:
    """Every method of the newest SDKs is on the page, with its door and its verdict: `python -m tests.hosts.coverage_page`."""
    assert PAGE.read_text(encoding="utf-8") == page()


@NEWEST
def test_every_class_of_clients_is_gated_or_refused_with_a_reason() -> None:
    """A class that an SDK adds is on the page; nothing is let through because it is new."""
    found = dict(clients())

    assert {"openai.OpenAI", "openai.AsyncAzureOpenAI", "anthropic.Anthropic", "anthropic.AsyncAnthropicVertex"} <= set(
        found
    )
    assert found["anthropic.AsyncAnthropic"] == "gated"
    assert found["openai.BedrockOpenAI"].startswith("gated; signed after")
    assert found["anthropic.AnthropicBedrock"].startswith("gated; signed after")

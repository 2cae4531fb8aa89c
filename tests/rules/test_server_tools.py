"""Tools that the provider runs itself."""

from __future__ import annotations

import pytest

from pinnedrules.rules.server_tools import server_effects, server_untrusted


@pytest.mark.parametrize(
    ("kind", "effects", "untrusted"),
    [("web_search", ("read",), True), ("web_search_20250305", ("read",), True), ("web_search_preview",
     ("read",), True),
     ("web_fetch_20250910", ("read", "send"), True), ("code_execution_20250825", ("execute",), False),
     ("code_interpreter", ("execute",), False), ("mcp", ("execute",), True), ("mcp_toolset", ("execute",), True),
     ("tool_search_tool_regex_20251119", ("read",), False), ("advisor_20260301", ("read",), False), ("file_search",
      ("read",), True),
     ("image_generation", ("execute",), False), ("", ("execute",), False), ("web_searcher", ("execute",), False)],
)  # fmt: skip
def test_a_type_is_known_by_its_family_and_an_unknown_one_runs_code(
    kind: str, effects: tuple[str, ...], untrusted: bool
) -> None:
    """By type prefix; an unknown type counts as execute."""
    assert server_effects(kind) == effects
    assert server_untrusted(kind) is untrusted

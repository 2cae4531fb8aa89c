"""What OpenRouter runs itself is decided on the request, in both dialects."""

from __future__ import annotations

from typing import Any

import pytest
from tests.wire.chat_parts import dump

from pinnedrules.wire.anthropic_messages import AnthropicMessages
from pinnedrules.wire.base import Dialect, ServerTool
from pinnedrules.wire.openai_chat import OpenAIChat

SEARCH = ServerTool("web_search", "web_search")
UNKNOWN = ServerTool("plugins", "plugins")


@pytest.mark.parametrize("dialect", [OpenAIChat(), AnthropicMessages()])
@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"model": "openai/gpt-6:online"}, [SEARCH]),
        ({"model": "openai/gpt-6:free:Online"}, [SEARCH]),
        ({"model": "openai/gpt-6", "models": ["x/y", "x/z:online"]}, [SEARCH]),
        ({"models": "x/z:online"}, [SEARCH]),
        ({"plugins": [{"id": "web", "max_results": 3}]}, [SEARCH]),
        ({"plugins": [{"id": "file-parser"}, {"id": "web"}]}, [ServerTool("file-parser", "plugins"), SEARCH]),
        ({"plugins": ["web"]}, [UNKNOWN]),
        ({"plugins": {"id": "web"}}, [SEARCH]),
        ({"plugins": [{}]}, [UNKNOWN]),
        ({"plugins": True}, [UNKNOWN]),
        ({"plugins": []}, []),
        ({"plugins": None}, []),
        ({"plugins": False}, []),
        ({"model": "openai/gpt-6:free"}, []),
        ({"model": "acme/online-1", "models": [7, None]}, []),
    ],
)
def test_plugins_and_online_variants_are_tools_that_the_provider_runs(
    dialect: Dialect, more: dict[str, Any], expected: list[ServerTool]
) -> None:
    """A model's ``:online`` variant and the web plugin search the web; any other plugin is known by its id."""
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}], **more}

    assert list(dialect.read_request(dump(body)).server_tools) == expected

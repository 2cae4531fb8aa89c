"""What OpenRouter runs itself for a request, in whichever dialect it is asked.

``:online`` behind a model is short for the ``web`` plugin
(https://openrouter.ai/docs/guides/routing/model-variants/online), and ``models`` names others that may answer.
"""

from __future__ import annotations

from collections.abc import Sequence

from pinnedrules.wire.base import ServerTool
from pinnedrules.wire.json_text import Object

__all__ = ["plugin_tools"]

_SEARCH = ServerTool("web_search", "web_search")


def plugin_tools(request: Object) -> list[ServerTool]:
    """Return the web search that a model's variant or a plugin asks for, and any other plugin by its id."""
    models = [request.value("model"), *_list(request.value("models"))]
    found = (
        [_SEARCH] if any("online" in model.lower().split(":")[1:] for model in models if isinstance(model, str)) else []
    )
    for plugin in _list(request.value("plugins")):
        name = plugin.get("id") if isinstance(plugin, dict) else None
        found.append(_SEARCH if name == "web" else ServerTool(str(name or "plugins"), "plugins"))
    return found


def _list(value: object) -> Sequence[object]:
    """Return a member as a list; what is neither a list nor missing stands for one entry that nobody knows."""
    if value is None or value is False:
        return ()
    return value if isinstance(value, list) else [value]

"""The provider's doors that propose no call: models, embeddings, moderations, token counts. The model is not asked.

Shapes after ``openai.types`` of openai-python 3.54 and ``anthropic.types`` of anthropic-sdk-python 2.12.
"""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Mapping
from typing import Any

from pinnedrules.testing.shapes import Given, Turn, compact, name_from

__all__ = ["plain_door"]

_MODELS = re.compile(r".*/models(?:/([^/]+))?\Z")
_VECTOR = (0.25, 0.5, -0.75, 1.0)


def plain_door(method: str, path: str, body: Mapping[str, Any], number: int, *, anthropic: bool) -> Given | None:
    """Return the answer, or ``None`` for a path that is none of these."""
    models = _MODELS.match(path)
    if models is not None and method == "GET":
        shown = _anthropic_model if anthropic else _openai_model
        return _given(shown(models[1]) if models[1] else _page([shown("scripted")], anthropic=anthropic))
    if method != "POST":
        return None
    if path.endswith("/messages/count_tokens"):
        return _given({"input_tokens": Turn(number, body).prompt_tokens})
    if path.endswith("/embeddings"):
        return _given(_embeddings(body))
    if path.endswith("/moderations"):
        return _given(_moderations(body, number))
    return None


def _given(value: object) -> Given:
    return Given([compact(value).encode()])


def _openai_model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 1_790_000_000, "owned_by": "system"}


def _anthropic_model(name: str) -> dict[str, Any]:
    return {"type": "model", "id": name, "display_name": name, "created_at": "2026-09-21T00:00:00Z"}


def _page(models: list[dict[str, Any]], *, anthropic: bool) -> dict[str, Any]:
    if not anthropic:
        return {"object": "list", "data": models}
    return {"data": models, "has_more": False, "first_id": models[0]["id"], "last_id": models[-1]["id"]}


def _many(given: object) -> int:
    return len(given) if isinstance(given, list) else 1


def _embeddings(body: Mapping[str, Any]) -> dict[str, Any]:
    vector: object = list(_VECTOR)
    if body.get("encoding_format") == "base64":
        vector = base64.b64encode(struct.pack(f"<{len(_VECTOR)}f", *_VECTOR)).decode()
    data = [{"object": "embedding", "index": index, "embedding": vector} for index in range(_many(body.get("input")))]
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    return {"object": "list", "data": data, "model": body.get("model"), "usage": usage}


def _moderations(body: Mapping[str, Any], number: int) -> dict[str, Any]:
    names = ("harassment", "hate", "illicit", "self-harm", "sexual", "violence")
    result = {
        "flagged": False,
        "categories": dict.fromkeys(names, False),
        "category_scores": dict.fromkeys(names, 0.0),
        "category_applied_input_types": {name: ["text"] for name in names},
    }
    results = [result] * _many(body.get("input"))
    return {"id": name_from("modr-", number), "model": body.get("model", "scripted"), "results": results}

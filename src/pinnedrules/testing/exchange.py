"""One request to the scripted provider and what became of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pinnedrules.testing.script import Reply, Seen
from pinnedrules.testing.shapes import Problem, name_from

__all__ = ["Exchange", "HttpError", "object_in"]


@dataclass(slots=True)
class Exchange:
    """One request as it came and what became of it.

    ``headers`` are pairs with names as they came; ``seen`` and ``reply`` are set when the model was asked; ``answer``
    holds the bytes of the answer's body that were written, content coding included; ``gone`` says that the
    client closed before its end.
    """

    number: int
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    seen: Seen | None = None
    reply: Reply | None = None
    status: int = 0
    answer: bytearray = field(default_factory=bytearray)
    gone: bool = False

    def header(self, name: str) -> str:
        """Return the first header called *name*, in any case, or an empty string."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    @property
    def request_id(self) -> str:
        """The id that the answer's header carries."""
        return name_from("req_", self.number)

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class HttpError(Exception):
    """A request is answered with an error."""

    status: int
    problem: Problem
    headers: Mapping[str, str] = field(default_factory=lambda: {"x-should-retry": "false"})


def object_in(body: bytes) -> dict[str, Any]:
    """Return a request body as an object. Raises HttpError."""
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise HttpError(400, Problem("We could not parse the JSON body of your request."))
    return value

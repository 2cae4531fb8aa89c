"""Refusals as the clients of both providers read them: a status, headers, and a JSON body or an event in their own shape.

Which status: measured on seven agents. A 403 with a JSON error makes five of six stop at once and show the message, and
the last one after a few tries; a 5xx makes all of them try again for minutes. So whatever the guard refuses is a 403, also
when the guard itself is broken or the log cannot be written: trying again cannot mend that, a person can. 5xx is for what
trying again does mend: a provider that did not answer, a sidecar that is busy or going down.

Sources: https://platform.openai.com/docs/guides/error-codes, https://docs.anthropic.com/en/api/errors, and what both
SDKs make of an error inside a stream.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from pinnedrules.errors import Refused, Unreadable

__all__ = ["Problem", "Turned", "as_event", "as_json", "broken", "of_refusal"]

# Anthropic's names; OpenAI's clients do not look at the type.
_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    413: "request_too_large",
    504: "timeout_error",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why there is no answer. ``retry`` says that trying again may help; ``code`` names the problem for programs."""

    status: int
    code: str
    reason: str
    next_step: str = ""
    retry: bool = False
    close: bool = False

    @property
    def message(self) -> str:
        """The whole of it, for a person who reads it in some agent's window."""
        return f"pinnedrules: {self.reason}" + (f" Next: {self.next_step}" if self.next_step else "")

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The headers of an answer that is nothing but this problem."""
        found = [("content-type", "application/json"), ("cache-control", "no-store")]
        found += [] if self.retry else [("x-should-retry", "false")]
        found += [("retry-after", "1")] if self.status == 503 else []
        return found + ([("connection", "close")] if self.close else [])


class Turned(Exception):
    """A request that the sidecar turns away before the gate has seen it."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.reason)


def of_refusal(refusal: Refused) -> Problem:
    """Return a refusal of the guard as a problem; its code is the name of the error (``path_refused``)."""
    code = re.sub(r"(?<!^)(?=[A-Z])", "_", type(refusal).__name__).lower()
    return Problem(400 if isinstance(refusal, Unreadable) else 403, code, refusal.reason, refusal.next_step)


def broken(error: BaseException) -> Problem:
    """Return a defect of the sidecar itself as a problem. Nothing of the request is repeated in it."""
    return Problem(
        403, "broken", f"The sidecar failed on this request ({type(error).__name__}).", "report this with its traceback"
    )


def as_json(problem: Problem, provider: str) -> bytes:
    """Return the body of an error answer in the provider's own shape."""
    return json.dumps(_anthropic(problem) if provider == "anthropic" else {"error": _openai(problem)}).encode()


def as_event(problem: Problem, dialect: str) -> bytes:
    """Return the event that ends a stream with an error, in the dialect's own shape."""
    if dialect.startswith("anthropic"):
        return b"event: error\ndata: " + json.dumps(_anthropic(problem)).encode() + b"\n\n"
    error = _openai(problem)
    if dialect.endswith("responses"):
        # The event has its fields at the top; the SDK raises for what is under `error`, and only then.
        value = {"type": "error", "sequence_number": 0, **{key: error[key] for key in ("code", "message", "param")}}
        return b"event: error\ndata: " + json.dumps({**value, "error": error}).encode() + b"\n\n"
    return b"data: " + json.dumps({"error": error}).encode() + b"\n\n"


def _openai(problem: Problem) -> dict[str, object]:
    kind = _TYPES.get(problem.status, "api_error")
    return {"message": problem.message, "type": kind, "param": None, "code": f"pinnedrules_{problem.code}"}


def _anthropic(problem: Problem) -> dict[str, object]:
    kind = _TYPES.get(problem.status, "api_error")
    error = {"type": kind, "message": problem.message, "code": f"pinnedrules_{problem.code}"}
    return {"type": "error", "error": error}

"""Which doors are guarded, which need no guard, and which stay shut in this version.

A door is known by the end of its path, because base paths differ (Azure deployments, gateways, compatible servers).
The order of the rules matters: what is gated or refused is looked for before what passes, anywhere in the path, so that
no base path, file name or encoding turns one into the other. What is not known is refused.

Compatible servers are mounted anywhere, so a word of a refused family may be part of a base path. What ends in
``chat/completions`` is gated under any base path. ``messages`` is also the end of doors of refused families
(``/v1/threads/<id>/messages``): there a family's word counts as base path only if no version stands before it and the
path ends in ``/v1/messages``, as the SDK writes it. Anything else cannot be told apart and stays refused.

Sources: every path in the resources of openai-python 3.54 and anthropic-sdk-python 2.12 (a test walks them).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

__all__ = ["Route", "route"]

_CHAT = "openai-chat"
_MESSAGES = "anthropic-messages"
_SEGMENT = re.compile(r"[A-Za-z0-9._~:@!$&'()*+,=\-]+\Z")

_VERSION = re.compile(r"v[0-9]+[a-z0-9]*")

_LATER = "use chat.completions or messages; a later release guards this one"
_WITHOUT = "call it with a client that is not wrapped, from a program that is not the agent"

# Every word names a family of endpoints; wherever it stands in a path, the path is refused.
_REFUSED: dict[str, tuple[str, str]] = {
    "responses": ("The Responses API is not guarded by this version.", "use chat.completions; the next release guards it"),
    "completions": ("Legacy text completions carry no system message and no tool calls to guard.", "use chat.completions"),
    "batches": ("A batch runs later, where no call of it can be held.", "send the requests one by one"),
    "assistants": ("Assistants keep their instructions and history at the provider.", _LATER),
    "threads": ("Threads keep their history at the provider.", _LATER),
    "runs": ("Runs keep their history at the provider.", _LATER),
    "conversations": ("Conversations keep their history at the provider.", _LATER),
    "realtime": ("Realtime sessions are not HTTP answers and are not guarded by this version.", _LATER),
    "live": ("Live sessions are not HTTP answers and are not guarded by this version.", _LATER),
    "sessions": ("Managed sessions run the agent at the provider.", _LATER),
    "agents": ("Managed agents run at the provider.", _LATER),
    "environments": ("Managed environments run the agent at the provider.", _LATER),
    "deployment_runs": ("Managed deployments run the agent at the provider.", _LATER),
    "dreams": ("Dreams run a model over stored sessions at the provider.", _LATER),
    "decisions": ("A decision picks an action, which this version does not guard.", _LATER),
    "chatkit": ("ChatKit runs a workflow at the provider.", _LATER),
    "containers": ("Containers hold what tools at the provider run.", _WITHOUT),
    "skills": ("Skills change what a model does at the provider.", _WITHOUT),
    "memory_stores": ("Memory stores change what a model reads at the provider.", _WITHOUT),
    "vaults": ("Vaults hold credentials that tools at the provider use.", _WITHOUT),
    "tunnels": ("Tunnels open the network to tools at the provider.", _WITHOUT),
    "evals": ("Evaluations run a model at the provider.", _WITHOUT),
    "fine_tuning": ("Fine-tuning changes a model.", _WITHOUT),
    "videos": ("Video generation is not guarded by this version.", _WITHOUT),
    "organization": ("Administration of the account is no business of an agent.", _WITHOUT),
    "organizations": ("Administration of the account is no business of an agent.", _WITHOUT),
    "user_profiles": ("Administration of the account is no business of an agent.", _WITHOUT),
    "webhook_endpoints": ("Administration of the account is no business of an agent.", _WITHOUT),
    "invoke": ("Bedrock's own format is not guarded by this version.", "use Bedrock's messages endpoint"),
    "invoke-with-response-stream": ("Bedrock's own format is not guarded by this version.", "use its messages endpoint"),
    "converse": ("Bedrock's own format is not guarded by this version.", "use Bedrock's messages endpoint"),
    "converse-stream": ("Bedrock's own format is not guarded by this version.", "use Bedrock's messages endpoint"),
}  # fmt: skip

# First word of a family that needs no guard -> what may follow it, methods, reason.
_ID = "[^/]+"
_PASSED: dict[str, tuple[re.Pattern[str], tuple[str, ...], str]] = {
    "models": (re.compile(r"(/.+)?"), ("GET", "HEAD"), "a list of models proposes no call"),
    "embeddings": (re.compile(""), ("POST",), "embeddings are numbers"),
    "moderations": (re.compile(""), ("POST",), "a moderation proposes no call"),
    "audio": (
        re.compile(f"/(speech|transcriptions|translations|voices(/{_ID})?|voice_consents(/{_ID})?)"),
        ("GET", "POST", "DELETE"),
        "speech proposes no call",
    ),
    "images": (re.compile("/(generations|edits|variations)"), ("POST",), "an image proposes no call"),
    "files": (re.compile(f"(/{_ID}(/content)?)?"), ("GET", "POST", "DELETE"), "files are only stored"),
    "uploads": (re.compile(f"(/{_ID}/(parts|complete|cancel))?"), ("POST",), "files are only stored"),
    "vector_stores": (re.compile("(/.+)?"), ("GET", "POST", "DELETE"), "a search in files proposes no call"),
}


@dataclass(frozen=True, slots=True)
class Route:
    """What to do with a request: gate it as ``dialect``, let it pass, or refuse it, and why.

    ``kind`` says what a gated request is: one that asks the model (``request``); one without a body that gets an answer
    made before (``poll``); one to a compaction endpoint, which is left without the block (``compact``); or one that only
    puts items into what the provider keeps (``items``).
    """

    verdict: Literal["gate", "pass", "refuse"]
    dialect: str = ""
    kind: Literal["request", "poll", "compact", "items"] = "request"
    reason: str = ""
    next_step: str = ""


def route(method: str, path: str) -> Route:
    """Return what to do with a request of this method and path; a query is ignored."""
    method = method.upper()
    words = _words(path)
    if words is None:
        return Route(
            "refuse",
            reason="The path is written in a way that can be read as another one.",
            next_step="use the plain path",
        )
    if words[-2:] == ["chat", "completions"]:
        return _gate(method, _CHAT, "Stored chat completions were not made through this guard.")
    if words[-1:] and words[-1].endswith((":rawpredict", ":streamrawpredict")):
        return _vertex(method, words)
    if words[-2:] == ["responses", "input_tokens"] and method == "POST":
        return Route("pass", reason="counting tokens proposes no call")
    refused = _family(_after_base(words))
    if refused is not None:
        return _shut(words, *refused)
    if words[-2:] == ["messages", "count_tokens"] and method == "POST":
        return Route("pass", reason="counting tokens proposes no call")
    if words[-1:] == ["messages"]:
        return _gate(method, _MESSAGES, "Stored messages are not guarded by this version.")
    return _passed(method, words)


def _words(path: str) -> list[str] | None:
    """Return the segments of a path in lower case, or None when servers may disagree about what it means."""
    path = re.split(r"[?#]", path, maxsplit=1)[0]
    try:
        path = unquote(path, errors="strict")
    except UnicodeDecodeError:
        return None
    words = path.removeprefix("/").removesuffix("/").split("/")
    if any(_SEGMENT.match(word) is None or not word.strip(".") for word in words):
        return None
    return [word.lower() for word in words]


def _gate(method: str, dialect: str, otherwise: str) -> Route:
    if method == "POST":
        return Route("gate", dialect)
    return Route("refuse", reason=otherwise, next_step=_WITHOUT)


def _vertex(method: str, words: list[str]) -> Route:
    """Vertex AI carries Anthropic's messages under ``publishers/anthropic/models/<model>:rawPredict``."""
    if words[-4:-1] == ["publishers", "anthropic", "models"] and method == "POST":
        if words[-1].startswith("count-tokens:"):
            return Route("pass", reason="counting tokens proposes no call")
        return Route("gate", _MESSAGES)
    return Route("refuse", reason="Of Vertex AI, only Anthropic's models are guarded.", next_step=_LATER)


def _after_base(words: list[str]) -> list[str]:
    """Return the words that can belong to the API: all, or those from the first version on of a mounted Messages API."""
    tail = 3 if words[-1:] == ["count_tokens"] else 2
    if words[-tail:][:2] != ["v1", "messages"]:
        return words
    return words[next(number for number, word in enumerate(words) if _VERSION.fullmatch(word)) :]


def _family(words: list[str]) -> tuple[str, str] | None:
    """Return why a path belongs to a family of endpoints that stays shut, and a way out."""
    return next((_REFUSED[word] for word in words if word in _REFUSED), None) or _in_context(words)


def _shut(words: list[str], reason: str, next_step: str) -> Route:
    if words[-1:] == ["messages"]:
        reason += " A Messages API that is mounted under such a path cannot be told apart from it."
        next_step += "; for a compatible server, use a base path without that word"
    return Route("refuse", reason=reason, next_step=next_step)


def _in_context(words: list[str]) -> tuple[str, str] | None:
    """Return why a path is refused whose words alone do not say so."""
    if words[-1:] == ["complete"] and "uploads" not in words:
        return _REFUSED["completions"]
    # Azure names deployments of models in the path; elsewhere a deployment is a managed agent.
    alone = any(word == "deployments" and words[max(0, n - 1)] != "openai" for n, word in enumerate(words))
    return ("Managed deployments run the agent at the provider.", _LATER) if alone else None


def _passed(method: str, words: list[str]) -> Route:
    for number, word in enumerate(words):
        if word in _PASSED:
            tail, methods, reason = _PASSED[word]
            rest = "".join("/" + after for after in words[number + 1 :])
            if tail.fullmatch(rest) and method in methods and "messages" not in words:
                return Route("pass", reason=reason)
    return Route(
        "refuse",
        reason=f"This version does not know {method} /{'/'.join(words)}, so it cannot guard it.",
        next_step=_WITHOUT,
    )

"""Which doors are gated, which need no gate, and which stay shut unless the owner lets them pass.

A door is known by the end of its path, because base paths differ (Azure deployments, gateways, compatible servers); the
table is in ``path_table``. Gated doors are looked for first, then the words of families that stay shut, anywhere in the
path, then what passes, so that no base path, file name or encoding turns one into the other. What is not known is refused.

Compatible servers are mounted anywhere, so a word of a shut family may be part of a base path. What ends in
``chat/completions`` or ``responses`` and is posted is gated under any base path. The other gated doors end as doors of shut
families do (``/v1/threads/<id>/messages``): there a family's word counts as base path only if no version stands before it
and the API's own path begins with ``v1``, as the SDKs write it. Anything else cannot be told apart and stays refused.

A setting lets the doors of one family pass, ungated. It never turns off a gate: what is gated stays so under any settings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal
from urllib.parse import unquote

from pinnedrules.wire.agent_doors import agent_door
from pinnedrules.wire.path_table import (
    BEDROCK,
    BEDROCK_STREAM,
    CHAT,
    DOORS,
    FAMILIES,
    MESSAGES,
    RESPONSES,
    Door,
    Family,
    Kind,
)

__all__ = ["Route", "route"]

_SEGMENT = re.compile(r"[A-Za-z0-9._~:@!$&'()*+,=\-]+\Z")
_VERSION = re.compile(r"v[0-9]+[a-z0-9]*")
_INVOKE = {"invoke": BEDROCK, "invoke-with-response-stream": BEDROCK_STREAM}
# A model's id, maybe after a region (``us.``, ``global.``), or an ARN, which does not tell whose model it is. An answer in
# another form than Anthropic's cannot be read, and what cannot be read is refused.
_CLAUDE = re.compile(r"(?:[a-z0-9-]+\.)?anthropic\..+|arn:aws[a-z-]*:bedrock:.+")
_GEMINI = re.compile(r".*:(?:stream|batch)?generatecontent\Z")

# What a mounted API ends with, after its v1, so that words before that are a base path.
_APIS = {"messages": "Messages", "responses": "Responses", "conversations": "Conversations"}
_AGENTS = FAMILIES["managed-agents"]
_WORDS = {word: family for family in FAMILIES.values() for word in family.words}


@dataclass(frozen=True, slots=True)
class Route:
    """What to do with a request: gate it as ``dialect``, let it pass, or refuse it, and why.

    ``kind`` says what a gated request is: one that asks the model (``request``); one without a body that gets an answer
    made before (``poll``); one to a compaction endpoint, which is left without the block (``compact``); or one that only
    puts items into what the provider keeps (``items``). The gate of managed agents has kinds of its own: what configures an
    ``agent`` or a ``session``, what shows one (``look``), what is said to it (``say``), and its ``events``.

    ``family`` names the setting that a refusal depends on, or by which the owner let the request pass; it is empty for
    doors that no setting concerns, and for a path that no setting can open because it can be read in two ways. ``model`` is
    what a gated path itself names, in lower case.
    """

    verdict: Literal["gate", "pass", "refuse"]
    dialect: str = ""
    kind: Kind = "request"
    reason: str = ""
    next_step: str = ""
    family: str = ""
    model: str = ""


@lru_cache(maxsize=256)
def route(method: str, path: str, passed: frozenset[str] = frozenset(), gated: frozenset[str] = frozenset()) -> Route:
    """Return what to do with a request of this method and path; a query is ignored.

    *passed* are the families that the owner lets pass ungated (keys of ``FAMILIES``), *gated* those whose gate he opens
    (members of ``GATEABLE``).
    """
    method = method.upper()
    words = _words(path)
    if words is None:
        return Route(
            "refuse",
            reason="The path is written in a way that can be read as another one.",
            next_step="use the plain path",
        )
    model = _by_model(method, words)
    if model is not None:
        return model if isinstance(model, Route) else _shut(model, passed, words)
    if method == "POST" and (words[-2:] == ["chat", "completions"] or words[-1:] == ["responses"]):
        return Route("gate", CHAT if words[-1] == "completions" else RESPONSES)
    words, full = _after_base(words), words
    families = list(_families(words))
    closed = next((family for family in families if family.name not in passed | gated), None)
    if closed is not None:
        return _shut(closed, passed, words)
    if _AGENTS.name in gated and _AGENTS in families:
        return _opened(method, words)
    found = next((door for door in DOORS if door.opens(method, "/".join(words))), None)
    if found is not None and found.verdict == "refuse":
        return _shut(FAMILIES[found.family], passed, words)
    if found is not None and found.verdict == "gate":
        return Route("gate", found.dialect, found.kind)
    if families:
        return _shut(families[0], passed, words)
    if found is not None and _plain(found, words):
        return Route("pass", reason=found.reason)
    return _unknown(method, full, passed)


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


def _by_model(method: str, words: list[str]) -> Route | Family | None:
    """Return what is known of doors that name a model and a verb (``models/<model>:rawPredict``), None for others.

    Vertex AI carries Anthropic's messages under ``publishers/anthropic/models/<model>:rawPredict``, Amazon Bedrock under
    ``model/<model>/invoke``; there the model may be an ARN, with a slash in it.
    """
    last = words[-1]
    if last in _INVOKE and method == "POST":
        model = "/".join(
            words[-2:-1] if words[-3:-2] == ["model"] else words[-3:-1] if words[-4:-3] == ["model"] else []
        )
        if _CLAUDE.fullmatch(model) and (model.startswith("arn:") or "/" not in model):
            return Route("gate", _INVOKE[last], model=model)
        return None
    if _GEMINI.match(last):
        return FAMILIES["gemini"]
    if not last.endswith((":rawpredict", ":streamrawpredict")):
        return None
    if words[-4:-1] != ["publishers", "anthropic", "models"] or method != "POST":
        return FAMILIES["vertex"]
    if last.startswith("count-tokens:"):
        return Route("pass", reason="counting tokens proposes no call")
    return Route("gate", MESSAGES, model=last.partition(":")[0])


def _after_base(words: list[str]) -> list[str]:
    """Return the words that can belong to the API: all, or those from the first version on of an API that is mounted."""
    starts = [number for number, word in enumerate(words[:-1]) if word == "v1" and words[number + 1] in _APIS]
    if not starts or not any(door.pattern.fullmatch("/".join(words[starts[-1] + 1 :])) for door in DOORS):
        return words
    return words[next(number for number, word in enumerate(words) if _VERSION.fullmatch(word)) :]


def _families(words: list[str]) -> Iterator[Family]:
    """Yield the shut families that a path's words belong to, from left to right, each once."""
    found: list[Family] = []
    for number, word in enumerate(words):
        family = _WORDS.get(word)
        if family is None and word == "projects" and {"groups", "roles", "users"} & set(words[number + 2 : number + 3]):
            family = FAMILIES["account"]
        if family is None or family in found or _means_nothing(words, number):
            continue
        if not any(word in outer.within for outer in found):
            found.append(family)
            yield family


def _means_nothing(words: list[str], number: int) -> bool:
    """True for a word of a shut family that stands where another API uses it."""
    word, before = words[number], words[max(0, number - 1)]
    if word == "completions":
        return before == "chat"
    if word == "complete":
        return number != len(words) - 1 or "uploads" in words
    if word == "invoke":
        # Anthropic's platform on Google Cloud is mounted there; Bedrock's own format ends with it.
        return number > 1 and words[number - 2] == "workspaces" and words[number + 1 : number + 2] == ["v1"]
    # Azure names deployments of models in the path; elsewhere a deployment is a managed agent.
    return word == "deployments" and before == "openai"


def _plain(door: Door, words: list[str]) -> bool:
    """True when a door that passes is not also a way into an API that is gated."""
    gated = _APIS.keys() & set(words)
    return not gated or door.end.split("/")[0] in gated


def _shut(family: Family, passed: frozenset[str], words: list[str]) -> Route:
    """Refuse, naming the setting; or let pass where that setting is made."""
    if family.name in passed:
        return Route("pass", reason=f"the owner lets {family.name} pass, ungated", family=family.name)
    reason, instead = family.reason, family.instead
    if family.words and words[-1] in _APIS:
        reason += f" A {_APIS[words[-1]]} API that is mounted under such a path cannot be told apart from it."
        instead += "; for a compatible server, use a base path without that word"
    return Route("refuse", reason=reason, next_step=_with_setting(instead, family.name), family=family.name)


def _opened(method: str, words: list[str]) -> Route:
    """Return what to do at a door of managed agents whose gate the owner opened."""
    start = next(number for number, word in enumerate(words) if word in _AGENTS.words)
    found = agent_door(method, words[start:])
    if found is None:
        reason = f"No gate is made for this door of managed agents: {method} /{'/'.join(words)}."
        return Route(
            "refuse", reason=reason, next_step="use the doors of agents, sessions and environments", family=_AGENTS.name
        )
    return Route(found.verdict, found.dialect, found.kind, found.reason)


def _unknown(method: str, words: list[str], passed: frozenset[str]) -> Route:
    path = "/".join(words)
    if any(door.verdict == "gate" and door.pattern.fullmatch(path) for door in DOORS):
        # A lenient server may read another method as the one that is gated, so no setting opens this.
        return Route("refuse", reason=f"No door that is gated takes {method}: /{path}.", next_step="use POST")
    family = FAMILIES["unknown"]
    if family.name in passed:
        return Route("pass", reason="the owner lets unknown paths pass, ungated", family=family.name)
    reason = f"{family.reason.removesuffix('.')}: {method} /{path}."
    return Route("refuse", reason=reason, next_step=_with_setting(family.instead, family.name), family=family.name)


def _with_setting(instead: str, name: str) -> str:
    return f'{instead}; or let it pass, ungated: Guard(paths={{"{name}": "pass"}}) or pinnedrules serve --pass {name}'

"""The table of doors: what every path of both SDKs is, which families stay shut, and the name of the setting that opens one.

A family that stays shut either reaches a model in a way that is not gated, or changes what a model may do at the provider.
Its name is what ``Guard(paths={"batches": "pass"})`` and ``pinnedrules serve --pass batches`` take.

Sources: every method and path in openai-python 3.54 and anthropic-sdk-python 2.12 (a test walks them). The Assistants API
was switched off on 2026-08-26 (OpenAI's migration guide); its doors are still in the SDK.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import Literal

__all__ = [
    "BEDROCK",
    "BEDROCK_STREAM",
    "CHAT",
    "DOORS",
    "FAMILIES",
    "GATEABLE",
    "MESSAGES",
    "RESPONSES",
    "Door",
    "Family",
    "Kind",
    "check_families",
]

Kind = Literal["request", "poll", "compact", "items", "agent", "session", "look", "say", "events"]

BEDROCK = "bedrock-messages"
BEDROCK_STREAM = "bedrock-messages-stream"
CHAT = "openai-chat"
MESSAGES = "anthropic-messages"
RESPONSES = "openai-responses"


@dataclass(frozen=True, slots=True)
class Family:
    """Doors that stay shut unless the owner lets them pass.

    Where one of ``words`` stands in a path, the path belongs to this family; ``within`` are words of other families that
    mean nothing of their own inside of this one. ``instead`` says what to do without the door.
    """

    name: str
    words: tuple[str, ...]
    reason: str
    instead: str
    within: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Door:
    """One entry of the table: methods and the end of a path, with the verdict and why.

    ``{id}`` stands for one segment. A door that is refused belongs to a ``family``; one that is gated has a ``dialect``
    and a ``kind`` (see :class:`~pinnedrules.wire.paths.Route`).
    """

    methods: tuple[str, ...]
    end: str
    verdict: Literal["gate", "pass", "refuse"]
    reason: str = ""
    dialect: str = ""
    kind: Kind = "request"
    family: str = ""
    pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pattern", re.compile("(?:.*/)?" + self.end.replace("{id}", "[^/]+")))

    def opens(self, method: str, path: str) -> bool:
        """True when this door is the one that *method* and *path* (lower case, no slash around it) knock at."""
        return method in self.methods and self.pattern.fullmatch(path) is not None


_GATED_ONE = "use chat.completions, responses or messages, which are gated"
_ELSEWHERE = "call it with a client that is not wrapped, from a program that is not the agent"

_FAMILIES = (
    Family("batches", ("batches",), "A batch runs later, where no call of it can be held.", "send the requests one by one"),
    Family("realtime", ("realtime",), "A realtime session is not an HTTP answer, and its calls are not gated.",
           _GATED_ONE, frozenset({"sessions"})),
    Family("live", ("live",), "A live session is not an HTTP answer, and its calls are not gated.",
           _GATED_ONE, frozenset({"sessions"})),
    Family("websockets", (), "A websocket is gated, message by message, only where a setting says so.",
           'send the same request by POST, as the SDK does without connect(), or set paths={"websockets": "gate"}'),
    Family("managed-agents",
           ("agents", "sessions", "environments", "deployments", "deployment_runs", "dreams"),
           "Managed agents run at the provider, and their calls are gated in their events only where a setting says so.",
           _GATED_ONE + ', or set paths={"managed-agents": "gate"}', frozenset({"threads"})),
    Family("assistants", ("assistants", "threads", "runs"),
           "Assistants keep their instructions and history at the provider, which has switched them off.", _GATED_ONE),
    Family("conversation-items", (), "This repeats calls as the provider holds them, denied ones included.",
           "keep what the answers held when they were given"),
    Family("stored-completions", (), "Stored completions repeat calls as the provider holds them, denied ones included.",
           "keep what the answers held when they were given"),
    Family("legacy-completions", ("completions", "complete"),
           "A text completion has no system message, so the rules have no place in it.", _GATED_ONE),
    Family("decisions", ("decisions",), "A decision picks an action, and that choice is not gated.", _GATED_ONE),
    Family("chatkit", ("chatkit",), "ChatKit runs a workflow at the provider.", _GATED_ONE,
           frozenset({"sessions", "threads"})),
    Family("evals", ("evals",), "An evaluation runs a model at the provider.", _ELSEWHERE, frozenset({"runs"})),
    Family("fine-tuning", ("fine_tuning",), "This changes which models there are, or how they behave.", _ELSEWHERE),
    Family("containers", ("containers",), "A container is where tools run at the provider.", _ELSEWHERE),
    Family("skills", ("skills",), "A skill changes what a model does at the provider.", _ELSEWHERE),
    Family("memory-stores", ("memory_stores",), "A memory store changes what a model reads at the provider.", _ELSEWHERE),
    Family("vaults", ("vaults",), "A vault holds credentials that tools at the provider use.", _ELSEWHERE),
    Family("tunnels", ("tunnels",), "A tunnel opens a network to tools at the provider.", _ELSEWHERE),
    Family("videos", ("videos",), "Making a video costs much and is not decided by any rule.", _ELSEWHERE),
    Family("account",
           ("organization", "organizations", "user_profiles", "webhook_endpoints", "webhook_event_types", "safety"),
           "Administration of the account is no business of an agent.", _ELSEWHERE,
           frozenset({"completions", "decisions", "skills"})),
    Family("bedrock", ("invoke", "invoke-with-response-stream", "converse", "converse-stream"),
           "Of Bedrock's own doors, only invoke with a model of Anthropic's is gated.",
           "use a model of Anthropic's with invoke, or an endpoint of Bedrock's that speaks messages or responses"),
    Family("vertex", (), "Of Vertex AI, only Anthropic's models are gated.", "use a model of Anthropic's there"),
    Family("gemini", (), "Gemini's own format is not gated.", "use its OpenAI-compatible endpoint"),
    Family("unknown", (), "This door is not known, so it cannot be gated.", _ELSEWHERE),
)  # fmt: skip

FAMILIES: Mapping[str, Family] = MappingProxyType({family.name: family for family in _FAMILIES})
"""The families that stay shut, by the name of their setting."""

GATEABLE = frozenset({"managed-agents", "websockets"})
"""The families that ``Guard(paths={"managed-agents": "gate"})`` opens to the gate instead of letting them pass."""

_STORED_CHAT = "chat/completions(?:/{id})?(?:/messages)?"
_LEFT_OUT = "nothing that is deleted there unpins a rule: they are sent with every request"

DOORS: tuple[Door, ...] = (
    Door(("POST",), "chat/completions", "gate", dialect=CHAT),
    Door(("GET", "POST", "DELETE"), _STORED_CHAT, "refuse", family="stored-completions"),
    Door(("POST",), "responses", "gate", dialect=RESPONSES),
    Door(("GET",), "responses", "refuse", family="websockets"),
    Door(("POST",), "responses/compact", "gate", dialect=RESPONSES, kind="compact"),
    Door(("POST",), "responses/input_tokens", "pass", "counting tokens proposes no call"),
    Door(("GET",), "responses/{id}", "gate", dialect=RESPONSES, kind="poll"),
    Door(("DELETE",), "responses/{id}", "pass", _LEFT_OUT),
    Door(("POST",), "responses/{id}/cancel", "gate", dialect=RESPONSES, kind="poll"),
    Door(("GET",), "responses/{id}/input_items", "refuse", family="conversation-items"),
    Door(("POST",), "conversations", "gate", dialect=RESPONSES, kind="items"),
    Door(("GET",), "conversations/{id}", "pass", "it tells an id, a time and metadata"),
    # The same door of another provider asks a model, so what it carries is read: metadata, or nothing that is known.
    Door(("POST",), "conversations/{id}", "gate", dialect=RESPONSES, kind="items"),
    Door(("DELETE",), "conversations/{id}", "pass", _LEFT_OUT),
    Door(("POST",), "conversations/{id}/items", "gate", dialect=RESPONSES, kind="items"),
    Door(("GET",), "conversations/{id}/items(?:/{id})?", "refuse", family="conversation-items"),
    Door(("DELETE",), "conversations/{id}/items/{id}", "pass", _LEFT_OUT),
    # Reached only where the owner lets assistants pass; everything else that ends so is a Messages API.
    Door(("POST",), "threads/{id}/messages", "refuse", family="assistants"),
    Door(("POST",), "messages", "gate", dialect=MESSAGES),
    Door(("POST",), "messages/count_tokens", "pass", "counting tokens proposes no call"),
    Door(("DELETE",), "models/.+", "refuse", family="fine-tuning"),
    Door(("GET", "HEAD"), "models(?:/.+)?", "pass", "a list of models proposes no call"),
    Door(("POST",), "embeddings", "pass", "embeddings are numbers"),
    Door(("POST",), "moderations", "pass", "a moderation proposes no call"),
    Door(("POST",), "content_provenance_checks", "pass", "where a picture comes from proposes no call"),
    Door(("POST",), "audio/(?:speech|transcriptions|translations)", "pass", "speech proposes no call"),
    Door(("GET", "POST", "DELETE"), "audio/(?:voices|voice_consents)(?:/{id})?", "pass", "a voice proposes no call"),
    Door(("POST",), "images/(?:generations|edits|variations)", "pass", "an image proposes no call"),
    Door(("GET", "POST"), "files", "pass", "files are only stored"),
    Door(("GET", "DELETE"), "files/{id}", "pass", "files are only stored"),
    Door(("GET",), "files/{id}/content", "pass", "files are only stored"),
    Door(("POST",), "uploads(?:/{id}/(?:parts|complete|cancel))?", "pass", "files are only stored"),
    Door(("GET", "POST", "DELETE"), "vector_stores(?:/.+)?", "pass", "a search in files proposes no call"),
)  # fmt: skip
"""Every door that is known by more than a word of its family; the first that opens counts."""


def check_families(names: Collection[str], gated: Collection[str] = ()) -> None:
    """Raise ValueError for a name that is no family, or one in *gated* that no gate is made for, with the known names."""
    for name in (*names, *gated):
        if name not in FAMILIES:
            close = get_close_matches(name, FAMILIES, n=1)
            meant = f"did you mean {close[0]!r}? " if close else ""
            raise ValueError(f"there are no paths called {name!r}; {meant}known: {', '.join(FAMILIES)}")
    for name in gated:
        if name not in GATEABLE:
            raise ValueError(f"no gate is made for {name!r}; there is one for: {', '.join(sorted(GATEABLE))}")

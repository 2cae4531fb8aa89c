"""Which doors are gated, which pass, which stay shut, and what a setting can change of that."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinnedrules.wire.path_table import BEDROCK, BEDROCK_STREAM, CHAT, MESSAGES, RESPONSES
from pinnedrules.wire.paths import route

GATED = {
    "/v1/chat/completions": CHAT,
    "/chat/completions": CHAT,
    "/openai/deployments/gpt-6/chat/completions": CHAT,
    "/openai/v1/chat/completions": CHAT,
    "/v1beta/openai/chat/completions": CHAT,
    "/api/v1/projects/p/locations/l/endpoints/openapi/chat/completions": CHAT,
    "/serving-endpoints/chat/completions": CHAT,
    "/V1/Chat/Completions": CHAT,
    "/v1/chat/completions/": CHAT,
    "/v1/chat%2Fcompletions": CHAT,
    "/v1/responses": RESPONSES,
    "/responses": RESPONSES,
    "/openai/responses": RESPONSES,
    "/openai/v1/responses": RESPONSES,
    "/backend-api/codex/responses": RESPONSES,
    "/V1/Responses/": RESPONSES,
    "/v1/messages": MESSAGES,
    "/messages": MESSAGES,
    "/anthropic/v1/messages": MESSAGES,
    "/v1/messages/": MESSAGES,
    "/v1/projects/p/locations/l/publishers/anthropic/models/claude-opus-5:rawPredict": MESSAGES,
    "/v1/projects/p/locations/l/publishers/anthropic/models/claude-opus-5:streamRawPredict": MESSAGES,
    "/model/anthropic.claude-opus-5/invoke": BEDROCK,
    "/model/us.anthropic.claude-opus-5-v1%3A0/invoke": BEDROCK,
    "/gateway/model/global.anthropic.claude-opus-5-v1:0/invoke-with-response-stream": BEDROCK_STREAM,
    "/model/arn:aws:bedrock:us-east-1:1:application-inference-profile%2Fa1b2/invoke": BEDROCK,
    "/model/arn:aws-us-gov:bedrock:us-east-1::provisioned-model/a1/invoke-with-response-stream": BEDROCK_STREAM,
}
# Compatible servers that are mounted under a word of a refused family.
MOUNTED = {
    f"{base}/{end}": dialect
    for base in (
        "/agents",
        "/live/x",
        "/api/sessions/s1",
        "/batches/anthropic",
        "/threads",
        "/deployments/d",
        "/memory_stores",
    )
    for end, dialect in (
        ("v1/messages", MESSAGES),
        ("v1/chat/completions", CHAT),
        ("chat/completions", CHAT),
        ("v1/responses", RESPONSES),
        ("responses", RESPONSES),
    )
}
GATED |= MOUNTED
PASSED = {
    "GET": [
        "/v1/models",
        "/v1/models/gpt-6",
        "/v1/models/ft:gpt-6:acme:x:1",
        "/v1/models/meta-llama%2FLlama-4",
        "/v1/files",
        "/v1/files/file-1",
        "/v1/files/file-1/content",
        "/v1/vector_stores/vs/files/f/content",
        "/v1/audio/voice_consents",
        "/v1/conversations/conv_1",
        "/v1/models/chat",
    ],
    "POST": [
        "/v1/embeddings",
        "/openai/deployments/emb/embeddings",
        "/v1/moderations",
        "/v1/audio/speech",
        "/v1/audio/transcriptions",
        "/v1/images/generations",
        "/v1/images/edits",
        "/v1/files",
        "/v1/uploads",
        "/v1/uploads/u/parts",
        "/v1/vector_stores/vs/search",
        "/v1/messages/count_tokens",
        "/v1/projects/p/locations/l/publishers/anthropic/models/count-tokens:rawPredict",
        "/v1/responses/input_tokens",
        "/agents/v1/messages/count_tokens",
        "/openai/v1/responses/input_tokens",
        "/agents/v1/responses/input_tokens",
        "/v1/content_provenance_checks",
    ],
    "DELETE": [
        "/v1/files/file-1",
        "/v1/vector_stores/vs",
        "/v1/responses/resp_1",
        "/v1/conversations/conv_1",
        "/v1/conversations/conv_1/items/msg_1",
    ],
}
KINDS = {
    ("POST", "/v1/responses"): "request",
    ("GET", "/v1/responses/resp_1"): "poll",
    ("GET", "/v1/responses/resp_1?stream=true&starting_after=7"): "poll",
    ("GET", "/openai/v1/responses/resp_1"): "poll",
    ("GET", "/openai/responses/resp_1?api-version=preview"): "poll",
    ("GET", "/agents/v1/responses/resp_1"): "poll",
    ("POST", "/v1/responses/resp_1/cancel"): "poll",
    ("POST", "/v1/responses/compact"): "compact",
    ("POST", "/v1/responses/compact?beta=true"): "compact",
    ("POST", "/agents/v1/responses/compact"): "compact",
    ("POST", "/v1/conversations"): "items",
    ("POST", "/v1/conversations/conv_1"): "items",
    ("POST", "/v1/conversations/conv_1/items"): "items",
    ("POST", "/openai/v1/conversations/conv_1/items?include=x"): "items",
}
REFUSED = [
    ("GET", "/v1/responses"),
    ("PUT", "/v1/responses"),
    ("POST", "/v1/responses/resp_1"),
    ("PUT", "/v1/responses/resp_1"),
    ("GET", "/v1/responses/resp_1/input_items"),
    ("GET", "/v1/responses/resp_1/cancel"),
    ("GET", "/v1/responses/resp_1/unknown"),
    ("POST", "/v1/responses/resp_1/unknown"),
    ("POST", "/agents/responses/compact"),
    ("GET", "/agents/responses/resp_1"),
    ("POST", "/v1/agents/v1/responses/compact"),
    ("GET", "/v1/conversations"),
    ("GET", "/v1/conversations/c/items"),
    ("GET", "/v1/conversations/c/items/i"),
    ("GET", "/v1/conversations/c/messages"),
    ("POST", "/v1/conversations/c/items/i"),
    ("POST", "/v1/conversations/c/restart"),
    ("POST", "/agents/conversations"),
    ("POST", "/v1/completions"),
    ("POST", "/v1/complete"),
    ("GET", "/v1/chat/completions"),
    ("GET", "/v1/chat/completions/chatcmpl-1"),
    ("POST", "/v1/chat/completions/chatcmpl-1"),
    ("GET", "/v1/chat/completions/chatcmpl-1/messages"),
    ("GET", "/v1/messages"),
    ("POST", "/v1/messages/batches"),
    ("GET", "/v1/messages/batches/b/results"),
    ("POST", "/v1/messages/unknown"),
    ("POST", "/v1/batches"),
    ("POST", "/v1/assistants"),
    ("POST", "/v1/threads/t/messages"),
    ("POST", "/v1/threads/t/runs"),
    ("POST", "/v1/agents/x/messages"),
    ("POST", "/v1/sessions/s/messages"),
    ("POST", "/agents/messages"),
    ("POST", "/openai/threads/t/messages"),
    ("POST", "/v1/threads/v1/messages"),
    ("POST", "/api/v2/agents/v1/messages"),
    ("POST", "/x/v1beta/live/v1/messages"),
    ("POST", "/v1/threads/v1/messages/count_tokens"),
    ("POST", "/agents/v2/messages"),
    ("GET", "/agents/v1/messages"),
    ("POST", "/agents/v1/messages/batches"),
    ("POST", "/agents/v1/embeddings"),
    ("GET", "/v1/realtime"),
    ("POST", "/v1/live/sessions"),
    ("POST", "/v1/agents/sessions"),
    ("POST", "/v1/sessions/s/events"),
    ("POST", "/v1/decisions"),
    ("POST", "/v1/evals/e/runs"),
    ("POST", "/v1/fine_tuning/jobs"),
    ("POST", "/v1/containers/c/files"),
    ("POST", "/v1/chatkit/sessions"),
    ("POST", "/v1/videos"),
    ("POST", "/v1/deployments/d/run"),
    ("GET", "/v1/organization/costs"),
    ("DELETE", "/v1/models/gpt-6"),
    ("POST", "/v1/models"),
    ("PUT", "/v1/embeddings"),
    ("POST", "/model/claude/invoke"),
    ("POST", "/model/claude/invoke-with-response-stream"),
    ("POST", "/model/claude/converse"),
    ("POST", "/model/anthropic.claude-opus-5/converse"),
    ("POST", "/model/anthropic.claude-opus-5/converse-stream"),
    ("GET", "/model/anthropic.claude-opus-5/invoke"),
    ("POST", "/model/meta.llama4-maverick-17b-instruct-v1:0/invoke"),
    ("POST", "/model/xanthropic.claude/invoke"),
    ("POST", "/model/meta.anthropic.x/y/invoke"),
    ("POST", "/model/x/anthropic.claude/invoke"),
    ("POST", "/model/arn:aws:s3:::anthropic.claude/invoke"),
    ("POST", "/invoke"),
    ("POST", "/v1beta/models/gemini:generateContent"),
    ("POST", "/v1/publishers/mistral/models/large:rawPredict"),
    ("GET", "/v1/publishers/anthropic/models/claude:rawPredict"),
    ("POST", "/api/chat"),
    ("POST", "/v1/audio"),
    ("POST", "/v1/images"),
    ("POST", "/v1/unheard_of"),
    ("POST", "/"),
    ("POST", ""),
    ("POST", "/v1"),
]
TRICKS = [
    "/v1/files/../responses",
    "/v1/files/%2e%2e/responses",
    "/v1/files/%2E%2E%2Fresponses",
    "/v1/files/.%2e/responses",
    "/v1/models/..;/responses",
    "/v1/models/x%00",
    "/v1//embeddings",
    "//evil/v1/embeddings",
    "/v1/./embeddings",
    "/v1/embeddings//",
    "/v1/responses\\..\\embeddings",
    "/v1/responses;a/embeddings",
    "/v1/embeddings%20",
    "/v1/embeddings%",
    "/v1/embeddings%252e",
    "/v1/models/%ff",
    "/v1/embeddings\n",
    "/v1/models/ü",
    "/v1/responses/x/embeddings",
    "/v1/responses/x/models",
    "/v1/files/batches/content",
    "/v1/models/chat/completions",
    "/v1/models/x/messages",
    "/v1/threads/t/messages/count_tokens",
    "/deployments/d/embeddings",
    "/v1/models/gemini-3:generateContent",
    "/v1/projects/p/locations/l/publishers/google/models/gemini:streamGenerateContent",
    "/v1/conversations/c/items/embeddings/x",
]


@pytest.mark.parametrize("path", GATED)
@pytest.mark.parametrize("query", ["", "?beta=true", "?api-version=2026-05-01#x"])
def test_model_requests_are_gated(path: str, query: str) -> None:
    """Whatever the base path, a chat or messages request goes through the gate."""
    found = route("POST", path + query)

    assert (found.verdict, found.dialect) == ("gate", GATED[path])
    assert route("post", path).verdict == "gate"


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/v1/projects/p/locations/l/publishers/anthropic/models/claude-opus-5:rawPredict", "claude-opus-5"),
        ("/model/us.anthropic.Claude-opus-5-v1%3A0/invoke", "us.anthropic.claude-opus-5-v1:0"),
        ("/model/arn:aws:bedrock:us-east-1:1:x%2Fa1/invoke", "arn:aws:bedrock:us-east-1:1:x/a1"),
        ("/v1/messages", ""),
    ],
)
def test_a_model_that_stands_in_the_path_is_told(path: str, model: str) -> None:
    """The record names the model wherever the API has it."""
    assert route("POST", path).model == model


@pytest.mark.parametrize(("method", "path"), KINDS)
def test_what_a_gated_request_is_for_is_told(method: str, path: str) -> None:
    """Polls, compactions and stored items go through the gate too, each as what it is."""
    found = route(method, path)

    assert (found.verdict, found.dialect, found.kind) == ("gate", RESPONSES, KINDS[method, path])


@pytest.mark.parametrize(("method", "path"), [(method, path) for method, paths in PASSED.items() for path in paths])
def test_what_cannot_propose_a_call_passes_and_says_why(method: str, path: str) -> None:
    """Every door that passes has a reason."""
    found = route(method, path)

    assert found.verdict == "pass"
    assert found.reason


@pytest.mark.parametrize(("method", "path"), REFUSED)
def test_everything_else_is_refused_with_a_way_out(method: str, path: str) -> None:
    """Invariant 2: an unknown path cannot be read, so it cannot be allowed."""
    found = route(method, path)

    assert found.verdict == "refuse"
    assert found.reason.endswith(".")
    assert found.next_step


@pytest.mark.parametrize("path", TRICKS)
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_no_way_of_writing_turns_a_refusal_into_a_pass(method: str, path: str) -> None:
    """Traversal, encoding, doubled slashes, case and base paths open no shut door."""
    gated = method == "POST" and path in ("/v1/models/chat/completions", "/v1/models/x/messages")
    assert route(method, path).verdict == ("gate" if gated else "refuse")


@pytest.mark.parametrize(
    ("method", "path", "api"),
    [("POST", "/v1/agents/x/messages", "Messages"), ("POST", "/agents/conversations", "Conversations")],
)
def test_an_api_s_path_that_cannot_be_told_apart_says_so(method: str, path: str, api: str) -> None:
    """Who mounts a compatible server under such a word learns why it is refused and what to do."""
    found = route(method, path)

    assert found.reason == (
        "Managed agents run at the provider, and their calls are gated in their events only where a setting says so. "
        f"A {api} API that is mounted under such a path cannot be told apart from it."
    )
    assert "for a compatible server, use a base path without that word; or let it pass" in found.next_step
    assert "told apart" not in route("POST", "/v1/agents/x").reason


PATHS = st.sampled_from([path for _, path in REFUSED if "agents" in path or "threads" in path or "batches" in path])


@given(PATHS, st.lists(st.sampled_from(["v1", "files", "models", "embeddings", "x", "openai"]), max_size=3), st.data())
def test_no_spelling_of_a_refused_path_passes(path: str, base: list[str], data: st.DataObject) -> None:
    """Any base path, case and percent-encoding of a refused path is refused."""
    prefix = "".join("/" + word for word in base)
    letters = [
        data.draw(st.sampled_from([letter, letter.upper(), quote(letter, safe=""), f"%{ord(letter):02x}"]))
        for letter in path
    ]

    for method in ("GET", "POST", "DELETE"):
        spelled = route(method, prefix + "".join(letters))
        assert spelled.verdict != "pass"

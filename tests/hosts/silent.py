"""The methods of both SDKs that send nothing, and those that an SDK itself refuses on the clients of some clouds."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

__all__ = ["SILENT", "UNSUPPORTED", "Unsupported", "unsupported"]

SILENT = {
    "copy": "makes another client of the same class, gated as well",
    "with_options": "is `copy`",
    "with_middleware": "is `copy`, with middleware",
    "close": "closes the HTTP client",
    "is_closed": "says whether the client is closed",
    "platform_headers": "names the platform",
    "webhooks.unwrap": "checks a signature",
    "webhooks.verify_signature": "checks a signature",
    "beta.webhooks.unwrap": "checks a signature",
    "beta.webhooks.parse_unverified": "reads a text",
    "beta.agents.environments.files.prepare": "reads files of this machine",
    "beta.agents.environments.files.prepare_directory": "reads files of this machine",
}
"""By name, with what they do. Every other method must be gated, pass with a reason, or be refused."""


@dataclass(frozen=True)
class Unsupported:
    """Methods that the SDK refuses on these clients before it sends anything: ``says`` is in its error.

    ``clouds`` are kinds of clients (with ``async`` behind them where only those refuse), ``methods`` patterns of names.
    """

    clouds: tuple[str, ...]
    methods: tuple[str, ...]
    says: str


_SIGNED = ("openai provider", "openai legacy")
_CLAUDES = ("vertex", "bedrock", "mantle")

UNSUPPORTED = (
    Unsupported(("vertex",), ("messages.batches.*",), "The Batch API is not supported in the Vertex client yet"),
    Unsupported(("bedrock",), ("messages.batches.*",), "The Batch API is not supported in Bedrock yet"),
    Unsupported(("bedrock",), ("messages.count_tokens",), "Token counting is not supported in Bedrock yet"),
    Unsupported(_CLAUDES, ("beta.messages.thread",), "Message threads are not available on this client"),
    Unsupported(
        ("aws",),
        ("user_profiles.action_urls.create", "beta.user_profiles.action_urls.create"),
        "User profile action URLs are not supported in the AWS client",
    ),
    Unsupported(
        ("foundry async", "google cloud async"),
        ("beta.environments.work.poller", "beta.environments.work.worker"),
        "copy() got an unexpected keyword argument 'auth_token'",
    ),
    Unsupported(
        (*_SIGNED, "openai provider key", "vertex openai"),
        ("*.connect",),
        "This authentication method is not supported by WebSocket connections",
    ),
    Unsupported(
        _SIGNED,
        (
            "audio.transcriptions.create",
            "audio.translations.create",
            "audio.voice_consents.create",
            "audio.voices.create",
            "beta.agents.environments.files.upload",
            "content_provenance_checks.create",
            "files.create",
            "images.create_variation",
            "images.edit",
            "uploads.parts.create",
            "vector_stores.files.upload*",
            "videos.create*",
            "videos.edit",
            "videos.extend",
        ),
        "Bedrock SigV4 authentication requires a replayable request body",
    ),
)
"""All that the newest SDKs refuse. A method that sends nothing for any other reason has not been tried."""


def unsupported(kind: str, name: str, error: BaseException | None) -> Unsupported | None:
    """Return the entry for this method of this kind of client, None where it should have sent something."""
    for each in UNSUPPORTED:
        named = any(fnmatchcase(name, pattern) for pattern in each.methods)
        if named and {kind, kind.removesuffix(" async")} & set(each.clouds) and each.says in str(error):
            return each
    return None

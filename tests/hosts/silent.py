"""The methods of both SDKs that send nothing."""

from __future__ import annotations

__all__ = ["SILENT"]

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

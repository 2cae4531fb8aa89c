"""The clients for the clouds as the walk meets them: each one's name in code, and how it is made."""

from __future__ import annotations

from typing import Any

import pytest
from tests.hosts.aws import CLIENTS, MODEL, Client
from tests.hosts.platforms import PLATFORMS, Platform

__all__ = ["CLOUDS", "KINDS", "make_cloud", "model_of", "own_of"]

CLOUDS = {
    "azure": "AzureOpenAI",
    "azure deployment": "AzureOpenAI(azure_deployment=...)",
    "vertex openai": "OpenAI(provider=vertex())",
    "openai provider": "OpenAI(provider=bedrock())",
    "openai provider key": "OpenAI(provider=bedrock(api_key=...))",
    "openai legacy": "BedrockOpenAI",
    "vertex": "AnthropicVertex",
    "foundry": "AnthropicFoundry",
    "google cloud": "AnthropicGoogleCloud",
    "bedrock": "AnthropicBedrock",
    "mantle": "AnthropicBedrockMantle",
    "aws": "AnthropicAWS",
}
"""By the name of a platform or of a client that signs, where ``key`` at its end means a key instead of a signature."""

# Asynchronously only where that is code of its own: a client for one deployment is one for Azure, a provider is a provider.
_SYNC_ONLY = ("azure deployment", "vertex openai", "openai provider key")
KINDS = [*CLOUDS, *(f"{name} async" for name in CLOUDS if name not in _SYNC_ONLY)]
"""Every kind of client that is walked."""

_EVERY: list[Platform | Client] = [*CLIENTS, *PLATFORMS]
_MAKERS = {each.name: each for each in _EVERY}


def make_cloud(name: str, form: str, url: str) -> Any:
    """Return a client for this cloud that asks *url*, its websockets included; skips where this SDK has none."""
    maker = _MAKERS[name.removesuffix(" key")]
    if isinstance(maker, Platform):
        client = maker.make(form, url + maker.mount)
    else:
        for package in ("boto3", "botocore"):
            pytest.importorskip(package, reason=f"the SDKs sign with {package}")
        client = maker.make(form, url, key=name.endswith(" key"))
    if hasattr(client, "websocket_base_url"):
        client.websocket_base_url = f"{url}{maker.mount if isinstance(maker, Platform) else ''}".replace("http", "ws")
    client.max_retries = 0
    return client


def model_of(name: str) -> str:
    """Return a model to ask for: Bedrock's own doors are gated only for models of Anthropic's."""
    return MODEL if name == "bedrock" else "m"


def own_of(kind: str) -> str:
    """Return the kind of client that the SDK of this one has for its own provider."""
    name = kind.removesuffix(" async")
    return ("openai" if "OpenAI" in CLOUDS[name] else "anthropic") + kind.removeprefix(name)

"""The clients for the clouds that take a key or a token; those that sign their requests are in ``aws.py``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

__all__ = ["PLATFORMS", "Platform"]

_PROJECT = "/v1/projects/p/locations/l"


@dataclass(frozen=True)
class Platform:
    """One cloud. ``make`` takes (form, URL of the cloud or of the sidecar) and returns a plain client.

    ``path`` is what a request looks like at the provider, as a pattern. ``mount`` is the path that the cloud's URL has and
    that a sidecar is started with. ``named`` is what is put after a sidecar's URL, so that it knows which of its two
    providers is meant, where the path does not say it.
    """

    name: str
    api: str
    path: str
    make: Callable[[str, str], Any]
    mount: str = ""
    named: str = ""


def _class(package: Any, form: str, name: str) -> Any:
    """Return the class of this name, the asynchronous one with the form ``async``."""
    found = getattr(package, f"Async{name}" if form else name, None)
    if found is None:
        pytest.skip(f"this SDK has no {name}")
    return found


def _azure(form: str, url: str, **more: Any) -> Any:
    import openai

    made = _class(openai, form, "AzureOpenAI")
    return made(azure_endpoint=url.removesuffix("/openai"), api_key="test-key", api_version="2024-10-21", **more)


def _azure_deployment(form: str, url: str) -> Any:
    return _azure(form, url, azure_deployment="mine")


def _azure_token(form: str, url: str) -> Any:
    import openai

    async def token() -> str:
        return "test-token"

    provider = token if form else lambda: "test-token"
    made = _class(openai, form, "AzureOpenAI")
    endpoint = url.removesuffix("/openai")
    return made(azure_endpoint=endpoint, azure_ad_token_provider=provider, api_version="2024-10-21")


def _azure_v1(form: str, url: str) -> Any:
    import openai

    return _class(openai, form, "OpenAI")(base_url=f"{url.removesuffix('/openai')}/openai/v1", api_key="test-key")


def _openai_vertex(form: str, url: str) -> Any:
    import openai

    providers = pytest.importorskip("openai.providers", reason="this SDK has no providers")
    if not hasattr(providers, "vertex"):
        pytest.skip("this SDK has no provider for Vertex AI")
    vertex = providers.vertex(base_url=f"{url}{_PROJECT}/publishers/openai/v1", token_provider=lambda: "test-token")
    return _class(openai, form, "OpenAI")(provider=vertex)


def _vertex(form: str, url: str) -> Any:
    import anthropic

    made = _class(anthropic, form, "AnthropicVertex")
    return made(base_url=f"{url}/v1", region="l", project_id="p", access_token="test-token")


def _foundry(form: str, url: str) -> Any:
    import anthropic

    made = _class(anthropic, form, "AnthropicFoundry")
    return made(base_url=f"{url.removesuffix('/anthropic')}/anthropic", api_key="test-key")


def _google_cloud(form: str, url: str) -> Any:
    import anthropic

    made = _class(anthropic, form, "AnthropicGoogleCloud")
    base = f"{url}{_PROJECT}/workspaces/w/invoke"
    return made(base_url=base, project="p", location="l", workspace_id="w", token_provider=lambda: "test-token")


PLATFORMS = [
    Platform("azure", "openai", r"/openai/deployments/gpt/chat/completions\?api-version=.*", _azure, "/openai"),
    Platform(
        "azure deployment",
        "openai",
        r"/openai/deployments/mine/chat/completions\?api-version=.*",
        _azure_deployment,
        "/openai",
    ),
    Platform("azure token", "openai", r"/openai/deployments/gpt/chat/completions\?.*", _azure_token, "/openai"),
    Platform("azure responses", "responses", r"/openai/responses\?api-version=.*", _azure_deployment, "/openai"),
    Platform("azure v1", "openai", "/openai/v1/chat/completions", _azure_v1, "/openai"),
    Platform("azure v1 responses", "responses", "/openai/v1/responses", _azure_v1, "/openai"),
    Platform(
        "vertex openai", "responses", rf"{_PROJECT}/publishers/openai/v1/responses", _openai_vertex, named="/openai"
    ),
    Platform(
        "vertex",
        "anthropic",
        rf"{_PROJECT}/publishers/anthropic/models/claude:(rawPredict|streamRawPredict)",
        _vertex,
        named="/anthropic",
    ),
    Platform("foundry", "anthropic", "/anthropic/v1/messages", _foundry, "/anthropic"),
    Platform(
        "google cloud", "anthropic", rf"{_PROJECT}/workspaces/w/invoke/v1/messages", _google_cloud, named="/anthropic"
    ),
]

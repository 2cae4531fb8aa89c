"""Which objects are clients of the two SDKs, and what such a client keeps that is bound to itself."""

from __future__ import annotations

import functools
from typing import Any

__all__ = ["rebound", "sdk_of", "signs"]

_BASES = {"SyncAPIClient": False, "AsyncAPIClient": True}
_RESOURCES = frozenset({"SyncAPIResource", "AsyncAPIResource"})
_PLAIN = (str, int, float, bytes, type(None))
_SIGNING = ("openai.lib.bedrock", "anthropic.lib.bedrock", "anthropic.lib.aws")


def sdk_of(client: object) -> tuple[bool, type[Exception]]:
    """Return whether *client* is asynchronous, and the base of all errors of its SDK.

    Every client of the two SDKs is one, those of the clouds included. Raises TypeError for anything else.
    """
    for kind in type(client).__mro__:
        if kind.__name__ not in _BASES:
            continue
        if kind.__module__ == "openai._base_client":
            from openai import OpenAIError

            return _BASES[kind.__name__], OpenAIError
        if kind.__module__ == "anthropic._base_client":
            from anthropic import AnthropicError

            return _BASES[kind.__name__], AnthropicError
    raise TypeError(f"cannot wrap {type(client).__name__}: only clients of the OpenAI and Anthropic SDKs are gated")


def signs(client: object) -> bool:
    """Whether *client* speaks to Amazon Bedrock or to Anthropic's platform on AWS, and so may sign its requests (SigV4)."""
    modules = (kind.__module__ for kind in type(client).__mro__)
    if any(module == own or module.startswith(f"{own}.") for module in modules for own in _SIGNING):
        return True
    return getattr(getattr(client, "_provider_runtime", None), "name", "") == "bedrock"


def rebound(client: object, wrapped: object) -> dict[str, Any]:
    """Return what *client* keeps, for *wrapped* to keep: nothing in it leads back to *client*.

    Raises TypeError for something bound to *client* that is not known here.
    """
    cached = {
        name
        for kind in type(client).__mro__
        for name, value in vars(kind).items()
        if isinstance(value, functools.cached_property)
    }
    kept: dict[str, Any] = {}
    for name, value in vars(client).items():
        if name in cached and not isinstance(value, _PLAIN):
            continue  # Made anew on first use.
        if getattr(value, "_client", None) is client:
            if _RESOURCES.isdisjoint(kind.__name__ for kind in type(value).__mro__):
                raise TypeError(f"{type(client).__name__} keeps {name} bound to the unguarded client")
            # The clients for Vertex AI make their resources when they are made themselves.
            make: Any = type(value)
            value = make(wrapped)
        kept[name] = value
    return kept

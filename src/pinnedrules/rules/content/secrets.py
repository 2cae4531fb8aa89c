"""Keys, tokens and passwords, by the patterns of detect-secrets.

The library brings the patterns, and all of them are looked for in one pass. What it does beyond them (entropy, a question to
the service whether a key is in force) is left out: the one is no sign in prose, the other goes over the network.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from pinnedrules.rules.content.engine import looking_for

__all__ = ["secrets"]

# An address of the network is no secret.
_LEFT_OUT = frozenset({"Public IP (ipv4)"})

# What came after the library's last release, by the prefixes that their makers publish, and passwords that are told.
_FURTHER = (
    ("Anthropic key", r"\bsk-ant-[A-Za-z0-9_-]{20,}"),
    ("OpenAI key", r"\bsk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{20,}"),
    ("Google key", r"\bAIza[A-Za-z0-9_-]{35}"),
    ("GitHub token", r"\bgithub_pat_[A-Za-z0-9_]{22,}"),
    ("Hugging Face token", r"\bhf_[A-Za-z]{30,}"),
    ("Private Key", r"(?i)-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY"),
    (
        "password",
        r"(?i)\b(?:\w{0,30}(?:password|passwort|passwd|pwd|passphrase)|kennwort|mot de passe|contraseña|senha|parola)\b"
        r"[\"']?\s{0,4}"
        r"(?:is|ist|lautet|est|es|[:=]|=>)\s{0,4}[\"'`]?"
        r"(?:[^\s\"'`]{5,30}[0-9#$%^&*@]|[^\s\"'`]{0,30}[0-9#$%^&*!@][^\s\"'`]{2,60})",
    ),
    (
        "secret",
        r"(?i)\b[a-z0-9_-]{0,30}(?:api_?key|secret|access_?key|auth_?token|private_?key|password|passwd)[a-z0-9_-]{0,10}"
        r"[\"']?\s{0,4}(?:[:=]|:=|=>)\s{0,4}[\"'`][^\s\"'`${}<>]{8,}[\"'`]",
    ),
    # Without quotes, as in the environment: long, with a digit, so that no word of a sentence is one.
    (
        "secret",
        r"(?i)(?:(?:api|access|private|secret)[_-]?key|secret|token)\b[\"']?\s{0,4}(?:[:=]|:=|=>)\s{0,4}"
        r"(?:[a-z0-9+=_.~-]{16,}[0-9]|[a-z0-9+=_.~-]{8,}[0-9][a-z0-9+/=_.~-]{8,}|[a-z0-9+/]{40}(?:\s|$))",
    ),
    ("bearer token", r"(?i)\bbearer\s{1,4}(?:[a-z0-9+/_.~-]{8,}[0-9][a-z0-9+/_.~-]{8,})"),
    ("npm token", r"\bnpm_[A-Za-z0-9]{36}"),
)


def secrets() -> Callable[[str], str]:
    """Return what names the kind of secret in a text, or says nothing. Raises ``ImportError`` without the library."""
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class

    plugins: Mapping[str, object] = get_mapping_from_secret_type_to_class()
    known: list[tuple[str, re.Pattern[str]]] = []
    for name, plugin in plugins.items():
        patterns = getattr(plugin, "denylist", None)
        # Those without a list of patterns measure entropy, which is high in many a word of a chemist.
        if name not in _LEFT_OUT and isinstance(patterns, (tuple, list)):
            known += ((name, pattern) for pattern in patterns)
    known += ((name, re.compile(pattern)) for name, pattern in _FURTHER)
    looks = looking_for(pattern for _, pattern in known)

    def kind(text: str) -> str:
        hits = looks(text)
        return known[hits[0]][0] if hits else ""

    return kind

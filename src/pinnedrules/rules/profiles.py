"""Ready-made rule sets for the ways a person lets an agent work. They are plain rule files; read them as such.

No profile guesses from a tool's name that it only reads: a guess may make a call stricter, never more lenient. What
nobody declared counts as a write, so declare the tools (``profile("analyze", {"gmail.search": "read"})``).

=============  =======  ==============  ===============  =================================
profile        read     declared write  undeclared tool  delete send publish spend execute
=============  =======  ==============  ===============  =================================
analyze        allow    deny            deny             deny
suggest-only   allow    ask             ask              ask
draft-only     allow    allow           ask              deny
supervised     allow    allow           ask              ask
=============  =======  ==============  ===============  =================================
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType

from pinnedrules.errors import RuleFileError
from pinnedrules.rules.load import load
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.printable import shown

__all__ = ["PROFILES", "profile"]

_ANALYZE = """\
version: 1
default: {read: allow, other: deny}
rules:
  - id: analyze-only
    text: >-
      Look and report, do not take part. Write, delete, send, publish, buy and run nothing.
      A tool that is not declared as reading is refused.
    on: {effect: [write, delete, send, publish, spend, execute]}
    then: deny
"""

_SUGGEST = """\
version: 1
default: {read: allow, other: ask}
rules:
  - id: suggest-only
    text: >-
      Only suggest. Everything that writes, deletes, sends, publishes, buys or runs something waits for a person,
      and so does a tool that is not declared.
    on: {effect: [write, delete, send, publish, spend, execute]}
    then: ask
"""

_DRAFT = """\
version: 1
default: {read: allow, other: ask}
rules:
  - id: draft-only
    text: Only prepare drafts. Delete, send, publish, buy and run nothing; a person does that.
    on: {effect: [delete, send, publish, spend, execute]}
    then: deny
  - id: drafts
    text: Writing with the tools declared for it is fine. A tool that is not declared waits for a person.
    on: {effect: write}
    then: allow
"""

_SUPERVISED = """\
version: 1
default: {read: allow, other: ask}
rules:
  - id: supervised
    text: Before anything is deleted, sent, published, bought or run, a person confirms it.
    on: {effect: [delete, send, publish, spend, execute]}
    then: ask
  - id: ordinary-work
    text: Writing with the tools declared for it is fine. A tool that is not declared waits for a person.
    on: {effect: write}
    then: allow
"""

PROFILES: Mapping[str, str] = MappingProxyType(
    {"analyze": _ANALYZE, "suggest-only": _SUGGEST, "draft-only": _DRAFT, "supervised": _SUPERVISED}
)
"""The rule files by name."""


def profile(name: str, tools: Mapping[str, object] | None = None) -> RuleSet:
    """Return a profile with the tools declared as in a rule file's ``tools:``.

    Raises :class:`~pinnedrules.errors.RuleFileError` for an unknown name or a declaration that no file could have.
    """
    if name not in PROFILES:
        raise RuleFileError(f"unknown profile {shown(name)!r}", hint=f"known: {', '.join(PROFILES)}")
    text = PROFILES[name]
    if tools:
        try:
            # JSON is YAML: the declarations take the same way through the same checks as a file's.
            text += f"tools: {json.dumps({**tools}, indent=1)}\n"
        except TypeError as problem:
            raise RuleFileError(f"tools of profile {name}: {problem}", hint="use texts, lists and maps") from None
    return load(text, file=f"profile {name}")

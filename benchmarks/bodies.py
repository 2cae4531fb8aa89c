"""Requests and rule files of chosen sizes, the same on every machine."""

from __future__ import annotations

import random

__all__ = ["TOOLS", "Body", "body", "rule_file"]

_WORDS = (
    "mail",
    "invoice",
    "total",
    "unread",
    "archive",
    "please",
    "check",
    "the",
    "of",
    "and",
    "for",
    "last",
    "month",
)
_CHARACTERS = 410
_CALL_EVERY = 6

TOOLS = ("search_mail", "read_mail", "send_mail", "delete_mail", "refund")
Body = dict[str, object]


def body(dialect: str, messages: int, *, stream: bool = False, model: str = "model") -> Body:
    """Return a request with a system prompt, five tools and so many messages of about 460 bytes."""
    words = random.Random(messages)
    history = [_message(words, index, dialect) for index in range(messages - 1)]
    history.append({"role": "user", "content": _text(words)})
    properties = {name: {"type": "string"} for name in ("id", "text", "to")}
    schema = {"type": "object", "properties": properties}
    system = "You are a mail assistant. " + _text(words)
    if dialect == "chat":
        tools = [{"type": "function", "function": {"name": name, "parameters": schema}} for name in TOOLS]
        first = {"role": "system", "content": system}
        return {"model": model, "messages": [first, *history], "tools": tools, "stream": stream}
    if dialect == "responses":
        functions = [{"type": "function", "name": name, "parameters": schema, "strict": False} for name in TOOLS]
        own: Body = {"instructions": system, "input": history, "tools": functions}
        return {"model": model, **own, "store": False, "stream": stream}
    tools = [{"name": name, "input_schema": schema} for name in TOOLS]
    own = {"system": system, "messages": history, "tools": tools}
    return {"model": model, "max_tokens": 1000, **own, "stream": stream}


def rule_file(rules: int) -> str:
    """Return a rule file with so many rules over a fifth as many tools, and three that speak of effects."""
    tools = [f"tool_{number}" for number in range(max(1, rules // 5))]
    lines = ["version: 1", "default: {read: allow, other: ask}", "tools:"]
    lines += ["  search_mail: {effect: read, source: untrusted}", "  read_mail: read", "  send_mail: send"]
    lines += ["  delete_mail: delete", "  refund: spend"]
    lines += [f"  {tool}: {('send', 'spend', 'write', 'read')[n % 4]}" for n, tool in enumerate(tools)]
    lines += ["rules:", *_EFFECT_RULES]
    for number in range(max(0, rules - 3)):
        tool = tools[number % len(tools)]
        require = _REQUIREMENTS[number % len(_REQUIREMENTS)].format(number=number)
        lines += [
            f"  - id: rule-{number}",
            f"    text: Rule {number} about {tool}, in a sentence as people write them.",
        ]
        lines += [f"    on: {tool}", f"    require: {{{require}}}", "    else: ask"]
    return "\n".join(lines) + "\n"


_EFFECT_RULES = (
    "  - {id: no-delete, text: Never delete before the owner confirms., on: {effect: delete}, then: ask}",
    "  - {id: outside, text: Send nothing out after reading from outside without asking., on: {effect: send},"
    " require: {never_after: {source: untrusted}}, else: ask}",
    "  - {id: cap, text: Spend at most 100 at once without asking., on: {effect: spend},"
    " require: {amount: {of: amount, max: 100}}, else: ask}",
)
_REQUIREMENTS = (
    "recipients: {{domain_in: [example.com, team{number}.example.com]}}",
    "amount: {{of: amount, max: {number}}}",
)


def _text(words: random.Random) -> str:
    chosen = " ".join(words.choices(_WORDS, k=_CHARACTERS // 5))
    return chosen[:_CHARACTERS]


def _message(words: random.Random, index: int, dialect: str) -> Body:
    if index % 2 == 0:
        return {"role": "user", "content": _text(words)}
    if dialect == "responses":
        # As a program hands back what the API gave it.
        content = [{"type": "output_text", "text": _text(words), "annotations": []}]
        return {"type": "message", "id": f"msg_{index}", "status": "completed", "role": "assistant", "content": content}
    if index % _CALL_EVERY == 1 and dialect == "messages":
        return {"role": "assistant", "content": [{"type": "text", "text": _text(words)}]}
    return {"role": "assistant", "content": _text(words)}

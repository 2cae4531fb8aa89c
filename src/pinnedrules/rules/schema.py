"""The shape of a rule file as pydantic models. Shorthand is written out first, so that one form is validated.

Only shape lives here. What the words mean together (a tool that nothing can be, an argument that a tool does not have)
is checked in ``load``. Imported only while a file is loaded.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from pinnedrules.types import EFFECTS, Effect, Verdict

__all__ = [
    "BecomesModel",
    "DefaultModel",
    "FileModel",
    "OnModel",
    "RewriteModel",
    "RuleModel",
    "ServerModel",
    "ToolModel",
]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True)


def _many(value: Any) -> Any:
    """One word stands for a list of one."""
    return [value] if isinstance(value, str) else value


def _about(value: Any) -> Any:
    """``on: send_email`` and ``on: [a, b]`` name tools."""
    return {"tool": _many(value)} if isinstance(value, (str, list)) else value


def _tool(value: Any) -> Any:
    """``refund: spend`` and ``fetch: [read, send]`` name effects."""
    return {"effect": _many(value)} if isinstance(value, (str, list)) else value


def _required(value: Any) -> Any:
    """``python: module:function`` names a function."""
    if isinstance(value, dict) and isinstance(value.get("python"), str):
        return {**value, "python": {"call": value["python"]}}
    return value


def _default(value: Any) -> Any:
    """``default: ask`` is for reads too."""
    return {"read": value, "other": value} if isinstance(value, str) else value


Effects = Annotated[list[Effect], BeforeValidator(_many), Field(min_length=1)]
Names = Annotated[list[str], BeforeValidator(_many), Field(min_length=1)]


class DefaultModel(_Closed):
    """What happens to a call that no rule permits or objects to, by effect; ``other`` for those not named."""

    read: Verdict | None = None
    write: Verdict | None = None
    delete: Verdict | None = None
    send: Verdict | None = None
    publish: Verdict | None = None
    spend: Verdict | None = None
    execute: Verdict | None = None
    other: Verdict = "ask"

    def verdicts(self) -> dict[Effect, Verdict]:
        """Return the verdict for every effect. Reads are allowed unless the file says otherwise."""
        said: dict[Effect, Verdict] = {effect: getattr(self, effect) or self.other for effect in EFFECTS}
        return said if self.read else {**said, "read": "allow"}


class ToolModel(_Closed):
    """What a tool does, whose words it brings in, and the only arguments it may be called with."""

    effect: Effects
    source: Literal["trusted", "untrusted"] | None = None
    args: list[str] | None = None


class ServerModel(_Closed):
    """A server of tools: the digests of their definitions, and whether what these say of themselves is believed."""

    trusted: bool = False
    tools: dict[str, str]


class OnModel(_Closed):
    """What a rule is about."""

    tool: Names | None = None
    effect: Effects | None = None


class OperationModel(_Closed):
    """One operation of a JSON Patch (RFC 6902 section 4)."""

    op: Literal["add", "remove", "replace", "move", "copy", "test"]
    path: str
    from_: str | None = Field(None, alias="from")
    value: Any = None


Operations = Annotated[list[OperationModel], Field(min_length=1, max_length=32)]


class BecomesModel(_Closed):
    """Another tool, and a JSON Patch that makes its arguments of those that there are."""

    tool: str
    patch: Operations | None = None


def _form(value: Any) -> str:
    return "<tool>" if isinstance(value, (dict, BecomesModel)) else "<operations>"


class RewriteModel(_Closed):
    """A JSON Patch on the arguments, or another tool."""

    rewrite: Annotated[
        Annotated[Operations, Tag("<operations>")] | Annotated[BecomesModel, Tag("<tool>")], Discriminator(_form)
    ]


def _kind(value: Any) -> str:
    """Tell a word from a patch, so that only the errors of the form that was meant are reported."""
    return "<patch>" if isinstance(value, (dict, RewriteModel)) else "<word>"


Patch = Annotated[RewriteModel, Tag("<patch>")]
Then = Annotated[Annotated[Verdict, Tag("<word>")] | Patch, Discriminator(_kind)]
Otherwise = Annotated[Annotated[Literal["ask", "deny"], Tag("<word>")] | Patch, Discriminator(_kind)]


class RuleModel(_Closed):
    """One rule. ``require`` is opened by the requirements themselves."""

    id: str
    text: str
    on: Annotated[OnModel, BeforeValidator(_about)] | None = None
    require: Annotated[dict[str, dict[str, Any]], BeforeValidator(_required)] | None = None
    then: Then | None = None
    otherwise: Otherwise | None = Field(None, alias="else")
    remind: Annotated[int, Field(strict=True)] = 0


class FileModel(_Closed):
    """A whole rule file."""

    version: Literal[1]
    default: Annotated[DefaultModel, BeforeValidator(_default)] = DefaultModel()
    tools: dict[str, Annotated[ToolModel, BeforeValidator(_tool)]] = Field(default_factory=dict)
    servers: dict[str, ServerModel] = Field(default_factory=dict)
    rules: Annotated[list[RuleModel], Field(min_length=1)]

"""How known agents are pointed at the sidecar where the environment variables of the two SDKs are not enough.

=========  ====================================================  ==========================================================
command    where its base URL stands                             what ``run`` does
=========  ====================================================  ==========================================================
claude     ANTHROPIC_BASE_URL                                    nothing more
qwen       OPENAI_BASE_URL                                       nothing more
aider      OPENAI_API_BASE                                       nothing more; it edits files from plain text, not by calls
codex      config.toml, only for the provider that is chosen     ``-c`` on its command line for that provider
pi         models.json, or the provider's own                    an extension (``-e``) that moves the providers
opencode   opencode.json, or the provider's own                  OPENCODE_CONFIG_CONTENT, which is merged last
openclaw   openclaw.json                                         nothing more; write ``"baseUrl": "${OPENAI_BASE_URL}"`` there
=========  ====================================================  ==========================================================

Any other command gets the variables, and the places in its command line filled in. Each way was tried with the releases in
tests/agents/. An agent that goes elsewhere all the same is noticed at the end: nothing of it came by.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pinnedrules.cli.launch.start import Bases, Start
from pinnedrules.errors import Refused

__all__ = ["Recipe", "Unguardable", "recipe"]


class Unguardable(Refused):
    """A command of which it is known that it would not go through the sidecar."""


class Recipe(Protocol):
    """One agent's way. Both methods read its configuration files; neither changes one."""

    @property
    def note(self) -> str:
        """What a person must know who runs it guarded, in one line."""
        ...

    def bases(self, start: Start) -> Bases:
        """Return where it sends its requests now."""
        ...

    def redirect(self, start: Start, to: Bases, scratch: Path) -> Start:
        """Return it sending them to the sidecar; *scratch* is a private folder that lasts as long as it runs.

        Raises Unguardable.
        """
        ...


def recipe(start: Start) -> Recipe:
    """Return the recipe for this program."""
    return _KNOWN.get(start.program, _BY_ENVIRONMENT)


@dataclass(frozen=True, slots=True)
class _ByEnvironment:
    """An agent that takes its base URL from the variables of the SDKs."""

    note: str = ""

    def bases(self, start: Start) -> Bases:
        return start.bases

    def redirect(self, start: Start, to: Bases, scratch: Path) -> Start:
        return start


@dataclass(frozen=True, slots=True)
class _Codex:
    """Codex has a provider of its own called ``openai``, and those of its config.toml."""

    note: str = ""

    def bases(self, start: Start) -> Bases:
        name, config = _codex_provider(start)
        if name != "openai":
            return Bases(str(_part(config, "model_providers", name).get("base_url", "")), start.bases.anthropic)
        own = str(config.get("openai_base_url", ""))
        return Bases(own or (_CHATGPT if _codex_login(start) else ""), start.bases.anthropic)

    def redirect(self, start: Start, to: Bases, scratch: Path) -> Start:
        name, _ = _codex_provider(start)
        if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
            raise Unguardable(
                f"The model provider {name!r} cannot be moved with a switch of codex.",
                next_step="give it a name of letters, digits, - and _ in codex's config.toml",
            )
        key = "openai_base_url" if name == "openai" else f"model_providers.{name}.base_url"
        return start.adding("-c", f"{key}={json.dumps(to.openai)}")


_CHATGPT = "https://chatgpt.com/backend-api/codex"
"""Where codex goes when it is logged in to ChatGPT and has no key."""


def _codex_home(start: Start) -> Path:
    return Path(start.environment.get("CODEX_HOME") or _home(start) / ".codex")


def _codex_provider(start: Start) -> tuple[str, Mapping[str, Any]]:
    """Return the name of the provider that codex will choose, and its configuration."""
    file = _codex_home(start) / "config.toml"
    try:
        config = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        config = {}
    except (OSError, ValueError) as error:
        raise Unguardable(f"{file} cannot be read ({error}).", next_step="mend it, or move it away") from error
    profile = _part(config, "profiles", start.option("-p", "--profile") or str(config.get("profile", "")))
    told = re.findall(r"(?:^|\0)model_provider=\"?([^\"\0]+)", "\0".join(start.command))
    return str((told or [profile.get("model_provider") or config.get("model_provider") or "openai"])[-1]), config


def _codex_login(start: Start) -> bool:
    if start.environment.get("CODEX_API_KEY"):
        return False
    login = _json_file(_codex_home(start) / "auth.json")
    return bool(login.get("tokens")) and not login.get("OPENAI_API_KEY")


@dataclass(frozen=True, slots=True)
class _Pi:
    """pi moves a provider, one of its own or of models.json, when an extension registers its base URL."""

    note: str = "providers of pi other than openai, anthropic and the chosen one do not go through the guard"

    def bases(self, start: Start) -> Bases:
        provider = _part(_json_file(_pi_folder(start) / "models.json"), "providers", _pi_provider(start))
        return _with(start.bases, str(provider.get("baseUrl", "")), _is_anthropic(provider.get("api")))

    def redirect(self, start: Start, to: Bases, scratch: Path) -> Start:
        moved = {"openai": to.openai, "anthropic": to.anthropic}
        name = _pi_provider(start)
        provider = _part(_json_file(_pi_folder(start) / "models.json"), "providers", name)
        if provider:
            moved[name] = to.anthropic if _is_anthropic(provider.get("api")) else to.openai
        elif name and name not in moved:
            raise Unguardable(
                f"pi's provider {name!r} is not one that the sidecar can stand in for.",
                next_step="choose openai or anthropic, or describe it in pi's models.json with its baseUrl and api",
            )
        lines = [
            f"  pi.registerProvider({json.dumps(key)}, {{ baseUrl: {json.dumps(url)} }});" for key, url in moved.items()
        ]
        extension = scratch / "pinnedrules.js"
        extension.write_text("\n".join(("export default function (pi) {", *lines, "}", "")), encoding="utf-8")
        return start.adding("-e", str(extension))


def _pi_folder(start: Start) -> Path:
    return Path(start.environment.get("PI_CODING_AGENT_DIR") or _home(start) / ".pi" / "agent")


def _pi_provider(start: Start) -> str:
    told = start.option("--provider") or start.option("--model").rpartition("/")[0].partition("/")[0]
    return told or str(_json_file(_pi_folder(start) / "settings.json").get("defaultProvider", ""))


@dataclass(frozen=True, slots=True)
class _OpenCode:
    """opencode merges OPENCODE_CONFIG_CONTENT over its files."""

    note: str = "providers of opencode other than openai, anthropic and the chosen one do not go through the guard"

    def bases(self, start: Start) -> Bases:
        _, provider = _opencode_provider(start)
        base = str(_part(provider, "options").get("baseURL", ""))
        anthropic = _is_anthropic(provider.get("npm"))
        # Its Anthropic provider wants the version in the base URL, which the SDK's own variable leaves out.
        return _with(start.bases, base.removesuffix("/v1") if anthropic else base, anthropic)

    def redirect(self, start: Start, to: Bases, scratch: Path) -> Start:
        content = _opencode_content(start)
        moved = {"openai": to.openai, "anthropic": f"{to.anthropic}/v1"}
        name, provider = _opencode_provider(start)
        if provider:
            moved[name] = moved["anthropic"] if _is_anthropic(provider.get("npm")) else to.openai
        providers = dict(_part(content, "provider"))
        for key, url in moved.items():
            former = _part(providers, key)
            providers[key] = {**former, "options": {**_part(former, "options"), "baseURL": url}}
        return start.adding(OPENCODE_CONFIG_CONTENT=json.dumps({**content, "provider": providers}))


def _opencode_content(start: Start) -> Mapping[str, Any]:
    text = start.environment.get("OPENCODE_CONFIG_CONTENT") or "{}"
    try:
        found = json.loads(text)
    except ValueError as error:
        raise Unguardable(
            f"OPENCODE_CONFIG_CONTENT cannot be read ({error}).", next_step="make it plain JSON, without comments"
        ) from error
    return found if isinstance(found, dict) else {}


def _opencode_provider(start: Start) -> tuple[str, Mapping[str, Any]]:
    """Return the provider that is chosen, as far as plain JSON files and the environment describe it."""
    folder = Path(start.environment.get("XDG_CONFIG_HOME") or _home(start) / ".config") / "opencode"
    layers = [_json_file(folder / "opencode.json"), _json_file(Path("opencode.json")), _opencode_content(start)]
    model = start.option("-m", "--model") or next(
        (str(layer["model"]) for layer in reversed(layers) if "model" in layer), ""
    )
    name = model.partition("/")[0]
    found: dict[str, Any] = {}
    for layer in layers:
        found.update(_part(layer, "provider", name))
    return name, found


_BY_ENVIRONMENT = _ByEnvironment()
_KNOWN: Mapping[str, Recipe] = {
    "aider": _ByEnvironment(
        "aider edits files from the model's text, without tool calls: the guard cannot hold that back"
    ),
    "codex": _Codex(),
    "openclaw": _ByEnvironment(
        'openclaw reads openclaw.json: write "baseUrl": "${OPENAI_BASE_URL}" for its provider there'
    ),
    "opencode": _OpenCode(),
    "pi": _Pi(),
}


def _with(bases: Bases, base: str, anthropic: bool) -> Bases:
    if not base:
        return bases
    return Bases(bases.openai, base) if anthropic else Bases(base, bases.anthropic)


def _is_anthropic(kind: object) -> bool:
    return "anthropic" in str(kind)


def _home(start: Start) -> Path:
    return Path(start.environment.get("HOME") or Path.home())


def _json_file(file: Path) -> Mapping[str, Any]:
    """Return what a JSON file holds; nothing when it is not there, or is written in a way that only the agent reads."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _part(value: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """Return the object below these keys, empty when there is none."""
    for key in keys:
        found = value.get(key)
        value = found if isinstance(found, dict) else {}
    return value

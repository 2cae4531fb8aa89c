"""How known agents are pointed at the sidecar: their own configuration is read, never changed, and never guessed at."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pinnedrules.cli.launch.recipes import Unguardable, recipe
from pinnedrules.cli.launch.start import Bases, Start, guarded

TO = Bases("http://127.0.0.1:1/t/T/s/S/v1", "http://127.0.0.1:1/t/T/s/S")
Make = Callable[..., Start]


@pytest.fixture
def start(tmp_path: Path) -> Make:
    """A command in a home of its own, whose files are given by name."""

    def make(
        *command: str, files: Mapping[str, object] | None = None, environment: Mapping[str, str] | None = None
    ) -> Start:
        for name, content in (files or {}).items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return Start(command, {"HOME": str(tmp_path), **(environment or {})})

    return make


def redirected(found: Start, scratch: Path) -> Start:
    return recipe(found).redirect(guarded(found, TO, "S"), TO, scratch)


@pytest.mark.parametrize(
    ("command", "program"),
    [
        (("claude", "-p"), "claude"),
        (("/usr/local/bin/pi",), "pi"),
        (("./agent.js",), "agent"),
        (("npx", "-y", "@openai/codex@0.169.0", "exec"), "codex"),
        (("npx", "@anthropic-ai/claude-code"), "claude"),
        (("npx", "@somebody/else"), "else"),
        (("npx", "--version"), "npx"),
    ],
)
def test_the_program_is_known_by_its_name(command: tuple[str, ...], program: str, start: Make) -> None:
    """With a folder, behind npx and with a version it is the same program."""
    assert start(*command).program == program


@pytest.mark.parametrize("program", ["claude", "qwen", "aider", "openclaw", "python"])
def test_who_goes_by_the_environment_is_left_as_it_is(program: str, start: Make, tmp_path: Path) -> None:
    """The variables of the SDKs say where requests go now, and are all that changes."""
    found = start(program, environment={"OPENAI_API_BASE": "http://o/v1", "ANTHROPIC_BASE_URL": "http://a"})

    assert recipe(found).bases(found) == Bases("http://o/v1", "http://a")
    assert redirected(found, tmp_path) == guarded(found, TO, "S")


def test_what_cannot_be_guarded_is_said(start: Make) -> None:
    """An agent that acts without tool calls, or is configured elsewhere, gets a line about it."""
    assert "without tool calls" in recipe(start("aider")).note
    assert "${OPENAI_BASE_URL}" in recipe(start("openclaw")).note
    assert not recipe(start("claude")).note


LAB = """\
model_provider = "lab"
[model_providers.lab]
base_url = "http://lab/v1"
[model_providers.other]
base_url = "http://other/v1"
[profiles.work]
model_provider = "other"
"""


@pytest.mark.parametrize(
    ("command", "config", "base", "switch"),
    [
        (("codex", "exec"), "", "", "openai_base_url"),
        (("codex", "exec"), 'openai_base_url = "http://own/v1"', "http://own/v1", "openai_base_url"),
        (("codex", "exec"), LAB, "http://lab/v1", "model_providers.lab.base_url"),
        (("codex", "-p", "work", "exec"), LAB, "http://other/v1", "model_providers.other.base_url"),
        (("codex", "--profile=work"), LAB, "http://other/v1", "model_providers.other.base_url"),
        (("codex",), f'profile = "work"\n{LAB}', "http://other/v1", "model_providers.other.base_url"),
        (("codex", "-c", 'model_provider="other"'), LAB, "http://other/v1", "model_providers.other.base_url"),
        (("codex", "-c", "model_provider=openai"), LAB, "", "openai_base_url"),
    ],
)
def test_codex_s_chosen_provider_is_moved(
    command: tuple[str, ...], config: str, base: str, switch: str, start: Make, tmp_path: Path
) -> None:
    """A switch in front of everything else wins over its file; the provider is the one that codex would choose."""
    found = start(*command, files={".codex/config.toml": config})

    assert recipe(found).bases(found).openai == base
    assert redirected(found, tmp_path).command == ("codex", "-c", f'{switch}="{TO.openai}"', *command[1:])


def test_codex_logged_in_to_chatgpt_goes_on_to_chatgpt(start: Make) -> None:
    """A login is sent where it belongs, and a key where that belongs."""
    files = {".codex/auth.json": {"tokens": {"access_token": "t"}, "OPENAI_API_KEY": None}}
    found = start("codex", files=files)
    assert recipe(found).bases(found).openai == "https://chatgpt.com/backend-api/codex"

    keyed = start("codex", environment={"CODEX_API_KEY": "k"})
    assert recipe(keyed).bases(keyed).openai == ""


@pytest.mark.parametrize("config", ["model_provider = ", 'model_provider = "my lab"', 'model_provider = "a.b"'])
def test_a_codex_that_cannot_be_moved_is_not_started(config: str, start: Make, tmp_path: Path) -> None:
    """What would go past the guard is refused before it starts."""
    found = start("codex", files={".codex/config.toml": config})

    with pytest.raises(Unguardable):
        redirected(found, tmp_path)


PI = {
    "providers": {
        "lab": {"baseUrl": "http://lab/v1", "api": "openai-completions"},
        "claudes": {"baseUrl": "http://claudes", "api": "anthropic-messages"},
    }
}


@pytest.mark.parametrize(
    ("words", "settings", "bases", "moved"),
    [
        ((), {}, Bases(), {}),
        (("--provider", "openai"), {}, Bases(), {}),
        (("--provider", "lab"), {}, Bases("http://lab/v1"), {"lab": TO.openai}),
        (("--model", "lab/fake"), {}, Bases("http://lab/v1"), {"lab": TO.openai}),
        ((), {"defaultProvider": "claudes"}, Bases("", "http://claudes"), {"claudes": TO.anthropic}),
    ],
)
def test_pi_s_providers_are_moved_by_an_extension(
    words: tuple[str, ...], settings: object, bases: Bases, moved: Mapping[str, str], start: Make, tmp_path: Path
) -> None:
    """Its own providers and the chosen one of models.json go to the sidecar; its files stay as they are."""
    found = start("pi", *words, files={".pi/agent/models.json": PI, ".pi/agent/settings.json": settings})
    after = redirected(found, tmp_path)
    extension = tmp_path / "pinnedrules.js"
    text = extension.read_text(encoding="utf-8")

    assert recipe(found).bases(found) == bases
    assert after.command == ("pi", "-e", str(extension), *words)
    for name, url in {"openai": TO.openai, "anthropic": TO.anthropic, **moved}.items():
        assert f'pi.registerProvider("{name}", {{ baseUrl: "{url}" }});' in text
    assert "pinnedrules.js" not in (tmp_path / ".pi/agent/models.json").read_text(encoding="utf-8")


def test_a_provider_of_pi_that_the_sidecar_cannot_stand_in_for_is_not_started(start: Make, tmp_path: Path) -> None:
    """Google's own format is not guarded, so it does not run as if it were."""
    with pytest.raises(Unguardable, match="google"):
        redirected(start("pi", "--provider", "google"), tmp_path)


def test_opencode_s_configuration_is_added_to(start: Make, tmp_path: Path) -> None:
    """What stands in its variable is kept; the providers' base URLs lead to the sidecar, each as its SDK wants it."""
    lab = {"npm": "@ai-sdk/anthropic", "options": {"baseURL": "http://lab/v1", "apiKey": "k"}}
    content = {"model": "lab/fake", "share": "disabled", "provider": {"lab": lab}}
    found = start("opencode", "run", environment={"OPENCODE_CONFIG_CONTENT": json.dumps(content)})
    after = json.loads(redirected(found, tmp_path).environment["OPENCODE_CONFIG_CONTENT"])

    assert recipe(found).bases(found) == Bases("", "http://lab")
    assert after["share"] == "disabled"
    assert after["provider"]["lab"]["options"] == {"baseURL": f"{TO.anthropic}/v1", "apiKey": "k"}
    assert after["provider"]["openai"]["options"]["baseURL"] == TO.openai
    assert after["provider"]["anthropic"]["options"]["baseURL"] == f"{TO.anthropic}/v1"


def test_opencode_s_files_say_which_provider_is_chosen(start: Make, tmp_path: Path) -> None:
    """A provider of its own file is moved as well, and where it went before is where requests go on to."""
    lab = {"npm": "@ai-sdk/openai-compatible", "options": {"baseURL": "http://lab/v1"}}
    found = start("opencode", "-m", "lab/fake", files={".config/opencode/opencode.json": {"provider": {"lab": lab}}})
    after = json.loads(redirected(found, tmp_path).environment["OPENCODE_CONFIG_CONTENT"])

    assert recipe(found).bases(found) == Bases("http://lab/v1", "")
    assert after["provider"]["lab"]["options"]["baseURL"] == TO.openai


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_configuration_of_opencode_that_cannot_be_read(content: str, start: Make, tmp_path: Path) -> None:
    """It cannot be added to, so it is refused; what is no object holds nothing."""
    found = start("opencode", environment={"OPENCODE_CONFIG_CONTENT": content})

    if content == "{":
        with pytest.raises(Unguardable):
            redirected(found, tmp_path)
    else:
        assert "provider" in redirected(found, tmp_path).environment["OPENCODE_CONFIG_CONTENT"]

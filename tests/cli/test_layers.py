"""Rules above an agent's own: the organisation's and the tenant's. The stricter wins."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.ran import Cli

from pinnedrules import Guard
from pinnedrules.errors import RuleFileError
from pinnedrules.rulefile import LAYERS, RuleFile
from pinnedrules.rules.layers import layered, united
from pinnedrules.rules.load import load
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.terms import ServerSpec, ToolSpec

ORG = """\
version: 1
tools:
  post: [write, publish]
rules:
  - id: no-publishing
    text: Never publish anything.
    on: {effect: publish}
    then: deny
  - id: total
    text: Refund at most 50 EUR in one session.
    on: refund
    require: {total: {of: amount, per: session, max: 50}}
    else: deny
"""
TENANT = """\
version: 1
default: {other: ask}
rules:
  - id: small
    text: Refund at most 20 EUR at once.
    on: refund
    require: {amount: {of: amount, max: 20}}
    then: allow
    else: ask
"""
AGENT = """\
version: 1
default: {read: allow, other: deny}
tools:
  post: {effect: write, args: [text]}
  refund: {effect: spend, args: [amount]}
rules:
  - id: post
    text: Post as you like.
    on: {tool: post, effect: [write, publish]}
    then: allow
  - id: total
    text: Refund at most 500 EUR in one session.
    on: refund
    require: {total: {of: amount, per: session, max: 500}}
    then: allow
    else: deny
"""


@pytest.fixture
def files(tmp_path: Path) -> Callable[[str], Path]:
    for name, text in (("org", ORG), ("tenant", TENANT), ("rules", AGENT)):
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return lambda name: tmp_path / f"{name}.yaml"


@pytest.fixture
def layers(files: Callable[[str], Path]) -> list[Path]:
    return [files("org"), files("tenant")]


def guarded(files: Callable[[str], Path], layers: list[Path] | None, tmp_path: Path) -> Guard:
    return Guard(files("rules"), layers=layers, approver="tickets", state=tmp_path / "state", quiet=True)


def test_the_stricter_wins(files: Callable[[str], Path], layers: list[Path], tmp_path: Path) -> None:
    """What the agent's own file allows, the organisation may still deny and the tenant ask about."""
    with guarded(files, [], tmp_path) as alone:
        assert not alone.check("refund", {"amount": 100}).refused
    with guarded(files, layers, tmp_path) as guard:
        assert guard.check("refund", {"amount": 10}).decision.verdict == "allow"
        asked = guard.check("refund", {"amount": 30})
        assert asked.refused
        assert asked.decision.rules == ("tenant:small",)
        with guard.session("another"):
            denied = guard.check("refund", {"amount": 60})
        assert denied.decision.verdict == "deny"
        assert denied.decision.rules == ("org:total",)


def test_what_one_layer_says_of_a_tool_holds_for_all(
    files: Callable[[str], Path], layers: list[Path], tmp_path: Path
) -> None:
    """The organisation knows that `post` publishes; the agent's permission for what writes does not reach that far."""
    with guarded(files, layers, tmp_path) as guard:
        found = guard.check("post", {"text": "hello"}).decision
    assert found.verdict == "deny"
    assert set(found.effects) == {"write", "publish"}
    assert found.rules == ("org:no-publishing",)


def test_a_layer_without_a_default_says_nothing_about_the_rest(files: Callable[[str], Path]) -> None:
    """An organisation's file of objections does not ask about everything that it never heard of."""
    source = RuleFile(files("rules"), "", None, [files("org"), files("tenant")])
    org, tenant = source.layers

    assert set(org.default.values()) == {"allow"}
    assert tenant.default["write"] == "ask"
    assert source.rules.default["write"] == "deny"


def test_two_rules_of_one_id_in_two_layers_keep_two_sums(
    files: Callable[[str], Path], layers: list[Path], tmp_path: Path
) -> None:
    """What the ledger keeps for one layer's rule is not the other's."""
    with guarded(files, layers, tmp_path) as guard:
        amounts = [guard.check("refund", {"amount": 20}).refused for _ in range(3)]
    assert amounts == [False, False, True]


def test_the_model_reads_the_rules_of_all_layers(files: Callable[[str], Path], layers: list[Path]) -> None:
    """The highest layer first, in one block."""
    block = RuleFile(files("rules"), "", None, layers).block.text
    texts = ["Never publish anything.", "Refund at most 20 EUR at once.", "Post as you like."]
    assert sorted(texts, key=block.index) == texts


def test_a_layer_that_changes_is_a_proposal(files: Callable[[str], Path], layers: list[Path], tmp_path: Path) -> None:
    """Invariant 4: tightening applies at once, relaxing waits."""
    with guarded(files, layers, tmp_path) as guard:
        files("org").write_text(ORG.replace("max: 50", "max: 5").replace("then: deny", "then: ask"), encoding="utf-8")
        assert guard.check("refund", {"amount": 10}).decision.rules == ("org:total",)
        assert guard.check("post", {"text": "x"}).decision.verdict == "deny"
        files("org").write_text(ORG, encoding="utf-8")
        assert guard.check("refund", {"amount": 10}).decision.verdict == "allow"
        files("org").unlink()
        assert guard.check("refund", {"amount": 45}).decision.verdict == "deny"


def test_a_machine_can_name_the_layers_of_every_agent(
    files: Callable[[str], Path], layers: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """PINNEDRULES_LAYERS holds for every guard and every command that reads rules."""
    monkeypatch.setenv(LAYERS, os.pathsep.join(map(str, layers)))
    assert [name for name, _ in RuleFile(files("rules"), "", None).above] == ["org", "tenant"]


def test_two_layers_of_one_name_are_an_error(files: Callable[[str], Path], tmp_path: Path) -> None:
    """Whose rule denied must be told apart."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "org.yaml").write_text(ORG, encoding="utf-8")
    with pytest.raises(RuleFileError, match="cannot be called 'org'"):
        RuleFile(files("rules"), "", None, [files("org"), other / "org.yaml"])


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (ToolSpec(("read",)), ToolSpec(("send",)), ToolSpec(("read", "send"))),
        (ToolSpec(("read",), "trusted"), ToolSpec(("read",)), ToolSpec(("read",))),
        (ToolSpec(("read",), "trusted"), ToolSpec(("read",), "trusted"), ToolSpec(("read",), "trusted")),
        (ToolSpec(("read",), "untrusted"), ToolSpec(("read",), "trusted"), ToolSpec(("read",), "untrusted")),
        (
            ToolSpec(("read",), args=frozenset("ab")),
            ToolSpec(("read",), args=frozenset("bc")),
            ToolSpec(("read",), args=frozenset("b")),
        ),
        (ToolSpec(("read",), args=frozenset("a")), ToolSpec(("read",)), ToolSpec(("read",), args=frozenset("a"))),
    ],
)
def test_of_two_declarations_the_stricter_holds(one: ToolSpec, other: ToolSpec, both: ToolSpec) -> None:
    """Effects are united, arguments must be declared by both, trust needs everybody."""
    assert united([{"t": one}, {"t": other}]) == united([{"t": other}, {"t": one}]) == {"t": both}


def pinning(trusted: bool, **digests: str) -> RuleSet:
    tools = ", ".join(f"{tool}: '{digit * 64}'" for tool, digit in digests.items())
    return load(
        f"version: 1\nservers: {{hub: {{trusted: {str(trusted).lower()}, tools: {{{tools}}}}}}}\n"
        "rules: [{id: a, text: A.}]\n"
    )


def test_what_is_pinned_stays_pinned_under_layers() -> None:
    """A server is trusted only if nobody says otherwise; of two digests of one tool each layer goes by its own."""
    plain = load("version: 1\nrules: [{id: a, text: A.}]\n")
    assert [rules.servers for rules in layered([("org", plain), ("", pinning(True, get="1"))])] == [
        {"hub": ServerSpec(True, {"get": "1" * 64})}
    ] * 2
    first, second = layered([("org", pinning(True, get="1")), ("", pinning(False, get="2", put="3"))])
    assert first.servers == {"hub": ServerSpec(False, {"get": "1" * 64, "put": "3" * 64})}
    assert second.servers == {"hub": ServerSpec(False, {"get": "2" * 64, "put": "3" * 64})}


def test_a_guard_asks_about_a_tool_whose_pinned_definition_is_not_there(tmp_path: Path) -> None:
    """A pinned tool whose definition is another one, or is not in the request, is asked about, even if a rule allows it."""
    path = tmp_path / "rules.yaml"
    path.write_text(
        f"version: 1\nservers: {{hub: {{tools: {{get: sha256:{'1' * 64}}}}}}}\n"
        "rules: [{id: a, text: A., on: hub.get, then: allow}]\n",
        encoding="utf-8",
    )
    with Guard(path, approver="tickets", state=tmp_path / "state", quiet=True) as guard:
        found = guard.check("hub.get", {})
    assert found.refused
    assert any("pinned for the server hub" in reason for reason in found.decision.reasons)


def test_a_rule_of_a_layer_that_names_another_one_finds_it(tmp_path: Path) -> None:
    """What was released before counts in a layer as it does in a file alone."""
    org, mine = tmp_path / "org.yaml", tmp_path / "rules.yaml"
    org.write_text(
        "version: 1\ntools: {look: read}\nrules:\n"
        "  - {id: looking, text: Look., on: look, then: allow}\n"
        "  - {id: never, text: N., on: act, require: {never_after: {rule: looking}}, else: deny}\n",
        encoding="utf-8",
    )
    mine.write_text("version: 1\nrules: [{id: act, text: A., on: act, then: allow}]\n", encoding="utf-8")
    with Guard(mine, layers=[org], approver="tickets", state=tmp_path / "state", quiet=True) as guard:
        assert guard.check("act", {}).decision.verdict == "allow"
        assert guard.check("look", {}).decision.verdict == "allow"
        assert guard.check("act", {}).decision.rules == ("org:never",)


def test_a_file_alone_is_itself(files: Callable[[str], Path]) -> None:
    """Without layers nothing changes: same rules, same digest."""
    assert RuleFile(files("rules"), "", None, []).sha256 == load(AGENT).sha256


def test_show_says_where_each_rule_comes_from(
    cli: Cli, files: Callable[[str], Path], layers: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`show --effective`: every rule in force with its layer, file and line, and what the defaults come to."""
    monkeypatch.setenv(LAYERS, os.pathsep.join(map(str, layers)))
    found = cli("show", files("rules"), "--effective")

    assert found.code == 0
    assert "1. org:no-publishing (org.yaml, line 5): Never publish anything." in found.out
    assert "3. tenant:small (tenant.yaml, line 4)" in found.out
    assert "5. total (rules.yaml, line 11)" in found.out
    assert "post writes and publishes, with text" in found.out
    assert "Otherwise: allow what reads; deny what writes" in found.out


def test_check_decides_by_all_layers(
    cli: Cli, files: Callable[[str], Path], layers: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`check` says what a guard here would say."""
    monkeypatch.setenv(LAYERS, os.pathsep.join(map(str, layers)))
    found = cli("check", files("rules"), "refund", '{"amount": 60}')

    assert found.code == 1
    assert "rule org:total: Refund at most 50 EUR in one session." in found.out

"""docs/python-loop.md, followed to the letter: its program, its edits, its commands in their order, and what they print."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.pages import ROOT, code, fences, rows

from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Script, Seen

PAGE = list(fences(ROOT / "docs" / "python-loop.md"))
AGENT, SAID, MIDDLEWARE, TEST = (fence.text for fence in PAGE if fence.words == "python")
EDITS = [fence.text for fence in PAGE if fence.words == "diff"]
SHOWN = [fence for fence in PAGE if fence.words == "text"]
COMMANDS = [line for fence in PAGE if fence.words == "sh" for line in fence.text.splitlines()]


def _model(seen: Seen) -> Reply:
    """Look first, then want both newsletters deleted; whatever comes of that is the end of it."""
    if not seen.calls:
        return Reply(calls=[ProposedCall("list_mail")])
    if len(seen.calls) == 1:
        return Reply("Two of them.", calls=[ProposedCall("delete_mail", {"id": name}) for name in ("m1", "m3")])
    return Reply("Done as far as I may.")


@dataclass
class Reader:
    """Somebody who follows the page in a folder: runs its commands, with this run's tickets for the page's."""

    folder: Path
    environment: dict[str, str]
    tickets: dict[str, str] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)

    def run(self, command: str, *, code: int = 0) -> str:
        """Run a command of the page; return all it said."""
        assert command in COMMANDS, command
        self.done.append(command)
        for shown, real in self.tickets.items():
            command = command.replace(shown, real)
        ran = subprocess.run(
            shlex.split(command), cwd=self.folder, env=self.environment, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False, start_new_session=True,
        )  # fmt: skip
        assert ran.returncode == code, ran.stdout
        return ran.stdout

    def sees(self, output: str, beginning: str) -> None:
        """Assert that every line of a shown output is a line of *output*, in this order."""
        (fence,) = [fence for fence in SHOWN if fence.text.startswith(beginning)]
        rest = iter(output.splitlines())
        for line in fence.text.splitlines():
            pattern = ".*".join(re.escape(part) for part in line.split("…"))
            for shown, real in self.tickets.items():
                pattern = pattern.replace(re.escape(shown), re.escape(real))
            assert any(re.fullmatch(pattern, real) for real in rest), f"{fence}: {line}\n\n{output}"

    def edit(self, *numbers: int) -> None:
        """Make edits of the page in its program."""
        path = self.folder / "agent.py"
        text = path.read_text(encoding="utf-8")
        for number in numbers:
            lines = EDITS[number].splitlines()
            old, new = ("".join(f"{line[1:]}\n" for line in lines if line.startswith(sign)) for sign in ("-", "+"))
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")


@pytest.fixture
def provider() -> Iterator[ScriptedProvider]:
    with ScriptedProvider(_model) as provider:
        yield provider


@pytest.fixture
def reader(tmp_path: Path, provider: ScriptedProvider) -> Reader:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PINNEDRULES_", "XDG_"))}
    environment = kept | {
        "HOME": str(tmp_path / "home"),
        "NO_COLOR": "1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONUNBUFFERED": "1",
        "OPENAI_BASE_URL": provider.openai_url,
        "OPENAI_API_KEY": "none",
    }
    folder = tmp_path / "inbox"
    folder.mkdir()
    (folder / "agent.py").write_text(AGENT, encoding="utf-8")
    return Reader(folder, environment)


def _rules(reader: Reader) -> None:
    (rules,) = [fence.text for fence in PAGE if fence.words == "yaml"]
    (reader.folder / "rules.yaml").write_text(rules, encoding="utf-8")


def test_the_unprotected_loop_deletes(reader: Reader) -> None:
    """The loop that the page begins with runs what the model proposes: there is something to protect."""
    assert reader.run("python agent.py").splitlines() == [
        "ran list_mail {}",
        'ran delete_mail {"id":"m1"}',
        'ran delete_mail {"id":"m3"}',
        "Done as far as I may.",
    ]


def test_the_page_can_be_followed_to_the_letter(reader: Reader, provider: ScriptedProvider) -> None:
    """init, check, wrap, doctor, run, approve, stop, resume, log, and a gated function: as the page says."""
    run, sees = reader.run, reader.sees
    sees(run("pinnedrules init agent.py"), "rules.yaml: 3 tools")
    sees((reader.folder / "rules.yaml").read_text(encoding="utf-8"), "  list_mail:")
    _rules(reader)
    (check,) = [command for command in COMMANDS if command.startswith("pinnedrules check")]
    sees(run(check, code=1), "deny: forward_mail")

    reader.edit(0, 1, 2)
    assert "all in order" in run("pinnedrules doctor --rules rules.yaml")

    first = run("python agent.py")
    tickets = re.findall(r"approvals approve (t-\w+)", first)[:2]
    shown = list(dict.fromkeys(re.findall(r"t-[a-z0-9]{8}", "".join(fence.text for fence in PAGE))))
    reader.tickets = dict(zip(shown, dict.fromkeys(tickets), strict=True))
    sees(first, "pinnedrules: 2 rules")
    assert "ran delete_mail" not in first

    assert all(ticket in run("pinnedrules approvals list") for ticket in tickets)
    (approve,) = [command for command in COMMANDS if "approvals approve" in command]
    run(approve)
    second = run("python agent.py")
    sees(second, "ran list_mail")
    assert second.count("ran delete_mail") == 1
    assert "It is the first one here" not in second

    run('pinnedrules stop "wrong inbox"')
    sent = len(provider.requests)
    sees(run("python agent.py", code=1), "pinnedrules.errors.Stopped")
    assert len(provider.requests) == sent
    run('pinnedrules resume --reason "it was the right one"')

    story = run("pinnedrules log")
    sees(story, "… [inbox] request")
    assert "ASKED" in run("pinnedrules log --session inbox --verdict deny --since 1h")
    assert "unanchored" in run("pinnedrules log --check")

    reader.edit(3)
    (alone,) = [command for command in COMMANDS if command.startswith("python -c")]
    sees(run(alone), "DENIED: delete_mail")
    assert set(COMMANDS) - set(reader.done) == {"pinnedrules log --follow", "python said.py"}


def test_the_log_is_followed_as_the_page_says(reader: Reader) -> None:
    """``log --follow`` tells what comes, until it is interrupted."""
    _rules(reader)
    reader.edit(0, 1, 2)
    reader.run("python agent.py")
    with subprocess.Popen(
        shlex.split("pinnedrules log --follow"), cwd=reader.folder, env=reader.environment,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as following:  # fmt: skip
        assert following.stdout is not None
        assert any("Ctrl-C ends it" in line for line in following.stdout)
        reader.run("python agent.py")
        assert any("ASKED, and did not run: delete_mail" in line for line in following.stdout)
        following.send_signal(signal.SIGINT)
        following.stdout.read()
    assert following.returncode == 0


def test_a_gated_function_and_a_wrapped_client_decide_once(reader: Reader) -> None:
    """A call that the wrapped client released runs in the gated function without a second question."""
    _rules(reader)
    reader.edit(0, 1, 2, 3)
    first = reader.run("python agent.py")
    (approve,) = [command for command in COMMANDS if "approvals approve" in command]
    reader.tickets = {approve.split()[-1]: re.findall(r"approve (t-\w+)", first)[0]}
    reader.run(approve)

    assert 'ran delete_mail {"id":"m1"}' in reader.run("python agent.py")
    assert "ran delete_mail({" in reader.run("pinnedrules log")


def test_words_do_what_the_page_says(reader: Reader) -> None:
    """A limit, a yes, a pause, going on and a permit: each as it is printed."""
    _rules(reader)
    (reader.folder / "said.py").write_text(SAID, encoding="utf-8")
    reader.sees(reader.run("python said.py"), "> Don't send")


def test_the_calls_of_the_page_s_table_are_ones(reader: Reader) -> None:
    """What a program and a command can do is done; every id of the table is one that is not there."""
    _rules(reader)
    table = [row.cells for row in rows(ROOT / "docs" / "python-loop.md") if row.head[1:] == ("command",)]
    calls = [code(cell)[0] for cell, _ in table if cell]
    assert len(calls) == 4
    program = 'from pinnedrules import Guard\nguard = Guard("rules.yaml", approver="tickets", quiet=True)\n'
    program += 'with guard.session("inbox", user="ada"):\n' + "".join(f"    print({call})\n" for call in calls)
    (reader.folder / "rules.yaml").write_text(
        (reader.folder / "rules.yaml").read_text(encoding="utf-8").replace("tools:\n", "tools:\n  archive: write\n"),
        encoding="utf-8",
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=reader.folder, env=reader.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert re.fullmatch(r"pin-[0-9a-f]{6}\nFalse\np-[0-9a-f]{8}\nFalse\n", ran.stdout), ran.stderr
    for command in [command for _, cell in table for command in code(cell)]:
        done = subprocess.run(
            shlex.split(command),
            cwd=reader.folder, env=reader.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == (1 if " dismiss " in command or " revoke " in command else 0), (command, done.stderr)


def test_the_page_s_own_test_passes(reader: Reader) -> None:
    """What the page shows as a test of the reader's is one, and it passes."""
    _rules(reader)
    reader.edit(0, 1, 2)
    (reader.folder / "test_agent.py").write_text(TEST, encoding="utf-8")

    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_agent.py"],
        cwd=reader.folder, env=reader.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert "1 passed" in ran.stdout, ran.stdout


def test_the_middleware_of_the_page_gates(reader: Reader) -> None:
    """A client that was made with it asks with the rules, and gets no call that they do not permit."""
    _rules(reader)
    asks = (
        'print(client.messages.create(model="m", max_tokens=9, messages=[{"role": "user", "content": "tidy"}]).content)'
    )
    (reader.folder / "triage.py").write_text(f"{MIDDLEWARE}{asks}\n", encoding="utf-8")
    script = Script([Reply(calls=[ProposedCall("delete_mail", {"id": "m1"})]), Reply("Then I only suggest it.")])
    with ScriptedProvider(script) as provider:
        keys = {"ANTHROPIC_BASE_URL": provider.url, "ANTHROPIC_API_KEY": "none"}
        ran = subprocess.run(
            [sys.executable, "triage.py"],
            cwd=reader.folder, env=reader.environment | keys, capture_output=True, text=True, check=True,
        )  # fmt: skip

    assert "Then I only suggest it." in ran.stdout
    assert "ToolUseBlock" not in ran.stdout
    assert all("Only suggest deletions." in request.json["system"][0]["text"] for request in provider.requests)


def test_every_shown_output_is_looked_for() -> None:
    """No output on the page goes unchecked."""
    looked_for = re.findall(r'sees\(.*, "([^"]+)"\)$', Path(__file__).read_text(encoding="utf-8"), re.M)
    assert [sum(fence.text.startswith(beginning) for beginning in looked_for) for fence in SHOWN] == [1] * len(SHOWN)


def test_the_fences_are_known() -> None:
    """Nothing on the page is of a kind that no test reads."""
    assert {fence.words for fence in PAGE} == {"python", "sh", "text", "yaml", "diff"}

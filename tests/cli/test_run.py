"""``pinnedrules run``: any command behind a sidecar of its own, and what a script and a person get to know of it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cli.ran import Cli, Ran

from pinnedrules.cli import main
from pinnedrules.cli.launch import child
from pinnedrules.cli.launch.ending import ending
from pinnedrules.control.state import StateFolder
from pinnedrules.control.stop import EVERYTHING, StopFile, session_scope
from pinnedrules.report import Report
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Seen
from pinnedrules.types import Entry, SessionId

SEARCH = ProposedCall("search", {"query": "invoices"})
DELETE = ProposedCall("delete_mail", {"id": "7"})
OUTSIDE = ProposedCall("send_email", {"to": "bob@evil.example"})

OPENAI = """\
import json, sys, openai

TOOLS = {"search": ["query"], "delete_mail": ["id"], "send_email": ["to"]}
tools = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {key: {} for key in keys}}}}
    for name, keys in TOOLS.items()
]
with openai.OpenAI(max_retries=0) as client:
    answer = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "tidy"}], tools=tools)
message = answer.choices[0].message
print(json.dumps({"text": message.content, "calls": [call.function.name for call in message.tool_calls or ()]}))
sys.exit(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
"""
ANTHROPIC = """\
import json, anthropic

tools = [{"name": "delete_mail", "input_schema": {"type": "object", "properties": {"id": {}}}}]
with anthropic.Anthropic(max_retries=0) as client:
    answer = client.messages.create(
        model="m", max_tokens=99, messages=[{"role": "user", "content": "tidy"}], tools=tools
    )
print(json.dumps({"text": answer.content[-1].text, "calls": [b.name for b in answer.content if b.type == "tool_use"]}))
"""
Run = Callable[..., Ran]


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str]) -> Cli:
    """Run a command line; what processes that it starts say counts as its output."""

    def started(*argv: object) -> Ran:
        code = main([str(word) for word in argv])
        out, err = capfd.readouterr()
        return Ran(code, out, err)

    return started


@pytest.fixture
def run(cli: Cli, rules: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command behind the rules, with *own* for ``run`` itself."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-user")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "ant-of-the-user")

    def started(*command: object, own: tuple[object, ...] = ()) -> Ran:
        return cli("run", "--rules", rules, *own, "--", *command)

    return started


@pytest.fixture
def agent(home: Path) -> Callable[..., tuple[str, ...]]:
    """Write a program and return its command line."""

    def write(text: str = OPENAI, *words: str) -> tuple[str, ...]:
        file = home / "agent.py"
        file.write_text(text, encoding="utf-8")
        return (sys.executable, str(file), *words)

    return write


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ScriptedProvider]]:
    """Start a provider whose model proposes these calls first, and let the environment lead to it."""
    opened: list[ScriptedProvider] = []

    def serve(*calls: ProposedCall) -> ScriptedProvider:
        def model(seen: Seen) -> Reply:
            return Reply("Fine.") if "DENIED" in seen.text else Reply("On it.", calls=calls)

        opened.append(ScriptedProvider(model).__enter__())
        monkeypatch.setenv("OPENAI_BASE_URL", opened[-1].openai_url)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", opened[-1].url)
        return opened[-1]

    yield serve
    for each in opened:
        each.__exit__(None, None, None)


def test_an_allowed_call_passes_and_the_report_counts_it(
    run: Run, agent: Callable[..., tuple[str, ...]], provider: Callable[..., ScriptedProvider]
) -> None:
    """Standard output is the command's, its exit code is ours, the report stands on standard error."""
    served = provider(SEARCH)
    ran = run(*agent())

    assert json.loads(ran.out) == {"text": "On it.", "calls": ["search"]}
    assert ran.code == 0
    assert "1 request, the rules verified in 1 of 1" in ran.err
    assert "1 call: 1 allowed, 0 denied" in ran.err
    assert "ended with code 0" in ran.err
    assert served.requests[0].header("authorization") == "Bearer sk-of-the-user"


def test_a_denied_call_is_named_with_its_rule_and_the_code_stays_the_command_s(
    run: Run, agent: Callable[..., tuple[str, ...]], provider: Callable[..., ScriptedProvider]
) -> None:
    """What a rule denied is decided: nobody has to answer, so a script sees the command's own code."""
    provider(OUTSIDE)
    ran = run(*agent())

    assert json.loads(ran.out)["calls"] == []
    assert ran.code == 0
    assert "denied send_email by inside: " in ran.err
    assert "NOTHING" not in ran.err


def test_an_ask_that_nobody_answered_is_3_and_says_how_to_answer(
    run: Run, agent: Callable[..., tuple[str, ...]], provider: Callable[..., ScriptedProvider], cli: Cli
) -> None:
    """A script learns that something waits for a person; approved, the same session's next run may do exactly that."""
    provider(DELETE)
    ran = run(*agent(), own=("--session", "inbox"))

    assert ran.code == 3
    assert "waits for an answer by no-deletes: " in ran.err
    approve = next(line for line in ran.err.splitlines() if "allow it once: " in line).partition("allow it once: ")[2]
    assert cli(*approve.split()[1:]).code == 0
    assert "to go on with it: pinnedrules run --session inbox ..." in ran.err
    again = run(*agent(), own=("--session", "inbox"))
    assert json.loads(again.out)["calls"] == ["delete_mail"]
    assert again.code == 0


def test_a_person_s_no_is_an_answer(
    run: Run, agent: Callable[..., tuple[str, ...]], provider: Callable[..., ScriptedProvider], cli: Cli
) -> None:
    """What somebody refused waits for nobody any more."""
    provider(DELETE)
    ran = run(*agent(), own=("--session", "inbox"))
    refuse = next(line for line in ran.err.splitlines() if "refuse it:" in line).partition("refuse it:")[2]
    assert cli(*refuse.split()[1:]).code == 0

    assert run(*agent(), own=("--session", "inbox")).code == 0


def test_the_command_s_own_failure_counts_more(
    run: Run, agent: Callable[..., tuple[str, ...]], provider: Callable[..., ScriptedProvider]
) -> None:
    """3 never hides that the command failed."""
    provider(DELETE)

    assert run(*agent(OPENAI, "7")).code == 7


def test_an_approved_call_that_is_not_asked_for_again_still_waits(
    run: Run, agent: Callable[..., tuple[str, ...]], provider: Callable[..., ScriptedProvider], home: Path
) -> None:
    """A yes given while the agent runs allows the call when it comes again; until then the work is not done."""
    provider(DELETE)
    # A person at another terminal has not this variable in the environment.
    yes = "import subprocess, os\n" + OPENAI.replace(
        "sys.exit", "del os.environ['PINNEDRULES_SESSION']\ncmd = [sys.executable, '-m', 'pinnedrules', 'approvals']\n"
        "found = subprocess.run([*cmd, 'list', '--json'], capture_output=True, text=True, check=True).stdout\n"
        "tickets = [ticket['id'] for ticket in json.loads(found)['open']]\n"
        "subprocess.run([*cmd, 'approve', *tickets], stdout=subprocess.DEVNULL, check=True)\nsys.exit",
    )  # fmt: skip
    ran = run(*agent(yes))

    assert ran.code == 3
    assert "and not asked for again: " in ran.err


def test_the_command_cannot_answer_for_a_person(
    run: Run, agent: Callable[..., tuple[str, ...]], provider: Callable[..., ScriptedProvider], state: StateFolder
) -> None:
    """Invariant 4: the agent can tighten, never relax; it cannot approve its own calls, and it cannot resume itself."""
    provider(DELETE)
    tries = OPENAI.replace(
        "sys.exit",
        "import subprocess\ncmd = [sys.executable, '-m', 'pinnedrules']\n"
        "found = subprocess.run([*cmd, 'approvals', 'list', '--json'], capture_output=True, text=True, check=True).stdout\n"
        "ids = [ticket['id'] for ticket in json.loads(found)['open']]\n"
        "print(subprocess.run([*cmd, 'approvals', 'approve', *ids], check=False).returncode)\n"
        "print(subprocess.run([*cmd, 'resume', '--reason', 'go on'], check=False).returncode)\nsys.exit",
    )
    ran = run(*agent(tries))

    assert "waits for an answer by no-deletes: " in ran.err
    assert "the agent cannot give itself permission" in ran.out + ran.err
    assert ran.out.splitlines()[-1] == "2"
    assert ran.code == 3


def test_anthropic_s_sdk_goes_through_as_well(
    run: Run, agent: Callable[..., tuple[str, ...]], provider: Callable[..., ScriptedProvider]
) -> None:
    """One sidecar for both providers; the key passes through and both share the session."""
    served = provider(DELETE)
    ran = run(*agent(ANTHROPIC))

    assert json.loads(ran.out)["calls"] == []
    assert ran.code == 3
    assert "ant-of-the-user" in served.requests[0].header("authorization")


def test_the_environment_and_the_places_in_the_command_line_name_the_sidecar(run: Run, rules: Path) -> None:
    """An agent in any language finds its base URL, by variable or on its command line, and never behind a proxy."""
    code = "import json, os, sys; print(json.dumps([dict(os.environ), sys.argv[1:]]))"
    ran = run(sys.executable, "-c", code, "--base={openai_url}", "{anthropic_url}", "{session} {other}")
    environment, words = json.loads(ran.out)

    base = environment["OPENAI_BASE_URL"]
    assert base.startswith("http://127.0.0.1:")
    assert base.endswith("/v1")
    assert environment["ANTHROPIC_BASE_URL"] == environment["PINNEDRULES_URL"] == base.removesuffix("/v1")
    assert environment["OPENAI_API_BASE"] == base
    assert environment["OPENAI_API_KEY"] == "sk-of-the-user"
    assert {"127.0.0.1", "localhost"} <= set(environment["NO_PROXY"].split(","))
    session = environment["PINNEDRULES_SESSION"]
    assert f"/s/{session}" in base
    assert words == [f"--base={base}", environment["ANTHROPIC_BASE_URL"], f"{session} {{other}}"]


def test_a_command_that_asked_no_model_through_the_guard_is_said_loudly(run: Run) -> None:
    """An agent that went elsewhere is not reported as one that did nothing wrong."""
    ran = run(sys.executable, "-c", "pass")

    assert ran.code == 0
    assert "NOTHING WENT THROUGH THE GUARD" in ran.err


def test_the_report_as_a_document(
    run: Run, agent: Callable[..., tuple[str, ...]], provider: Callable[..., ScriptedProvider], home: Path
) -> None:
    """A program reads in a file what a person reads on standard error."""
    provider(SEARCH, OUTSIDE)
    ran = run(*agent(), own=("--report", home / "report.json", "--session", "inbox"))
    report = json.loads((home / "report.json").read_text(encoding="utf-8"))

    assert (report["code"], report["exit_code"], report["session"]) == (0, ran.code, "inbox")
    assert (report["requests"], report["verified"], report["allowed"]) == (1, 1, 1)
    assert [(call["tool"], call["rules"]) for call in report["denied"]] == [("send_email", ["inside"])]
    assert Path(report["log"]).is_dir()


def test_the_report_as_json_on_standard_error(run: Run) -> None:
    """Standard output is the command's, so this is the one command whose document stands on standard error."""
    ran = run(sys.executable, "-c", "print('mine')", own=("--json",))

    assert ran.out == "mine\n"
    assert json.loads(ran.err)["requests"] == 0


def test_with_held_keys_the_command_never_has_them(
    run: Run, agent: Callable[..., tuple[str, ...]], provider: Callable[..., ScriptedProvider]
) -> None:
    """An agent without the provider's key cannot go round the guard with it."""
    served = provider(SEARCH)
    shown = OPENAI.replace("sys.exit", "import os\nprint(os.environ['OPENAI_API_KEY'], file=sys.stderr)\nsys.exit")
    ran = run(*agent(shown), own=("--hold-keys",))

    assert ran.code == 0
    assert "sk-of-the-user" not in ran.err
    assert served.requests[0].header("authorization") == "Bearer sk-of-the-user"


def test_a_refused_request_is_in_the_report(
    run: Run, agent: Callable[..., tuple[str, ...]], provider: Callable[..., ScriptedProvider]
) -> None:
    """A door that is not guarded is shut, and the report says which."""
    provider()
    ran = run(*agent("import openai\nopenai.OpenAI(max_retries=0).batches.list()"))

    assert ran.code == 1
    assert "1 request refused: " in ran.err


@pytest.mark.parametrize(
    ("own", "command", "problem"),
    [
        (("--rules", "rules.yaml"), (), "no command to run"),
        (("--rules", "rules.yaml", "--"), (), "no command to run"),
        (("--rules", "rules.yaml", "--profile", "analyze", "--"), ("true",), "one of them decides"),
        (("--rules", "rules.yaml", "--session", "a\nb", "--"), ("true",), "cannot be the name of a session"),
        (("--rules", "nowhere.yaml", "--"), ("true",), "nowhere.yaml"),
        (("--rules", "rules.yaml", "--", "pinnedrules-no-such-program"), (), "command not found"),
    ],
)
def test_a_mistake_starts_nothing(
    own: tuple[str, ...], command: tuple[str, ...], problem: str, cli: Cli, rules: Path
) -> None:
    """One line says what is wrong, the next one what to do."""
    ran = cli("run", *own, *command)

    assert ran.code == (127 if "not found" in problem else 2)
    assert problem in ran.err
    assert "next: " in ran.err


def test_the_rules_of_this_folder_are_taken_where_no_others_are_named(cli: Cli, rules: Path) -> None:
    """What `init` wrote is what counts, and it is said; without it there is no run."""
    ran = cli("run", "--", "true")

    assert ran.code == 0
    assert ran.err.startswith("pinnedrules: 2 rules in force from rules.yaml; session true-")
    rules.unlink()
    ran = cli("run", "--", "true")
    assert ran.code == 2
    assert "no rules named, and no rules.yaml here" in ran.err


def test_the_first_refusal_explains_itself_at_the_end(
    run: Run, agent: Callable[..., tuple[str, ...]], provider: Callable[..., ScriptedProvider]
) -> None:
    """The terminal is the command's while it runs; what a person should know of a first refusal stands above the report."""
    provider(DELETE)
    first = run(*agent())
    again = run(*agent())

    explained, _, report = first.err.partition("ended with code 0")
    assert "It is the first one here, so this says what that is" in explained
    assert "The model proposed delete_mail(id: 7)." in explained
    assert "waits for a person" not in explained
    assert "waits for an answer by no-deletes" in report
    assert "It is the first one here" not in again.err


def test_a_program_that_reads_the_report_takes_no_explanation_from_a_person(
    run: Run, agent: Callable[..., tuple[str, ...]], provider: Callable[..., ScriptedProvider]
) -> None:
    """With --json nothing is explained, and the first refusal that a person sees still is."""
    provider(OUTSIDE)

    assert json.loads(run(*agent(), own=("--json",)).err)["denied"]
    assert "It is the first one here" in run(*agent()).err


def test_a_rule_file_that_changes_meanwhile_is_said_at_the_end(
    run: Run, agent: Callable[..., tuple[str, ...]], provider: Callable[..., ScriptedProvider], rules: Path
) -> None:
    """What is laxer in it waits for the next run, and whoever relaxed it should know."""
    provider(SEARCH)
    change = f"open({str(rules)!r}, 'a').write('# another rule file\\ndefault_was: ask\\n')\n"
    ran = run(*agent(change + OPENAI))

    assert ran.err.count("rules.yaml changed and cannot be read, so its former rules stay in force") == 1
    assert ran.err.index("rules.yaml changed") < ran.err.index("ended with code 0")


def test_what_is_no_program_is_126(run: Run, rules: Path) -> None:
    """As every shell says it."""
    ran = run(rules)

    assert ran.code == 126
    assert f"chmod +x {rules}" in ran.err


def test_a_port_that_is_taken_is_said(run: Run) -> None:
    """A fixed port is for base URLs that are written down; its token stays the same from run to run."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run("true", own=("--port", port)).code == 2
    code = "import os; print(os.environ['OPENAI_BASE_URL'])"
    first = run(sys.executable, "-c", code, own=("--port", port, "--session", "s"))
    second = run(sys.executable, "-c", code, own=("--port", port, "--session", "s"))
    assert first.out == second.out
    assert f":{port}/" in first.out


def test_a_base_url_that_is_none_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the requests are to go on to is read before anything starts."""
    monkeypatch.setenv("OPENAI_BASE_URL", "localhost")
    ran = run("true")

    assert ran.code == 2
    assert "is no base URL" in ran.err


def test_the_options_behind_the_dashes_are_the_command_s(run: Run) -> None:
    """Nothing of the command line is read as ours: not its --json, not its own dashes."""
    ran = run(sys.executable, "-c", "import sys; print(sys.argv[1:])", "--json", "--", "--help")

    assert ran.out.strip() == "['--json', '--', '--help']"
    assert "ended with code 0" in ran.err


def test_a_stop_in_force_starts_nothing(run: Run, state: StateFolder, home: Path) -> None:
    """A stop survives: what was stopped does not run again because somebody started it again."""
    StopFile(state.path).set("stop", scope=EVERYTHING, reason="wrong inbox", actor="kim")
    ran = run("touch", home / "ran")

    assert ran.code == 2
    assert "wrong inbox" in ran.err
    assert f"next: pinnedrules resume --reason WHY --state {state.path}" in ran.err
    assert not (home / "ran").exists()
    StopFile(state.path).resume(actor="kim", reason="looked")
    StopFile(state.path).set("stop", scope=session_scope("mine"), reason="this one", actor="kim")
    assert "resume --reason WHY --session mine --state" in run("true", own=("--session", "mine")).err


def test_a_pause_is_in_the_report(run: Run, state: StateFolder) -> None:
    """A pause lets the command run, and is not forgotten."""
    StopFile(state.path).set("pause", scope=EVERYTHING, reason="lunch", actor="kim")
    ran = run("true")

    assert ran.code == 0
    assert "PAUSE of * in force: lunch" in ran.err
    assert f"to go on: pinnedrules resume --reason WHY --state {state.path}" in ran.err


def test_a_stop_ends_a_command_that_asks_nothing(run: Run, cli: Cli) -> None:
    """`pinnedrules stop` ends the process too: what runs on by itself is not left running, and 3 says that it was ended."""
    stop = (
        "import subprocess, sys, time\n"
        "subprocess.run([sys.executable, '-m', 'pinnedrules', 'stop', 'enough'], check=True, start_new_session=True)\n"
    )
    ran = run(sys.executable, "-c", stop + "time.sleep(600)")

    assert ran.code == 128 + signal.SIGTERM
    assert "STOP of * in force: enough" in ran.err
    assert "1 of 1 live guard confirmed" in ran.out
    assert cli("resume", "--reason", "looked").code == 0
    polite = "import signal\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n"
    assert run(sys.executable, "-c", stop.replace("\n", "\n" + polite, 1) + "time.sleep(600)").code == 3


def test_a_command_killed_by_a_signal_is_128_and_its_number(run: Run) -> None:
    """As a shell says it."""
    assert run(sys.executable, "-c", "import os; os.kill(os.getpid(), 9)").code == 128 + 9


class Started:
    """``pinnedrules run`` in a process of its own."""

    def __init__(self, rules: Path, code: str, *before: str) -> None:
        self.process: subprocess.Popen[str] = subprocess.Popen(
            [*before, sys.executable, "-m", "pinnedrules", "run", "--rules", str(rules), "--", sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )  # fmt: skip

    def until(self, word: str) -> None:
        """Read on until a line holds *word*."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if word in line:
                return
        raise AssertionError(f"{word!r} was never said")

    def end(self, send: str = "") -> tuple[int, str]:
        """Send this, wait, and return the exit code and the rest of what was said."""
        out, _ = self.process.communicate(send, timeout=60)
        return self.process.returncode, out


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_a_signal_is_the_command_s(number: signal.Signals, rules: Path) -> None:
    """What is sent to `run` by a program reaches the command, which decides what becomes of it."""
    code = (
        "import signal, sys, time\n"
        f"signal.signal({int(number)}, lambda *_: sys.exit(5))\n"
        "print('ready', flush=True)\ntime.sleep(600)"
    )
    started = Started(rules, code)
    started.until("ready")
    started.process.send_signal(number)

    exit_code, out = started.end()
    assert exit_code == 5
    assert "ended with code 5" in out


def test_standard_input_is_the_command_s(rules: Path) -> None:
    """A command that reads its prompt from a pipe reads it all."""
    exit_code, out = Started(rules, "import sys; print('got', sys.stdin.read())").end("the prompt")

    assert exit_code == 0
    assert "got the prompt" in out


def test_at_a_terminal_ctrl_c_is_the_command_s(rules: Path) -> None:
    """The command has the terminal, is interrupted once and not twice, and the report still comes."""
    code = (
        "import os, signal, sys, time\n"
        "hits = []\nsignal.signal(signal.SIGINT, lambda *_: hits.append(1))\n"
        "print('ready', os.isatty(0), os.tcgetpgrp(0) == os.getpgrp(), flush=True)\n"
        "while not hits:\n    time.sleep(0.05)\ntime.sleep(0.5)\nprint('hits', len(hits), flush=True)\nsys.exit(6)"
    )
    spawn = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
    started = Started(rules, code, sys.executable, "-c", spawn)
    started.until("ready True True")

    assert started.process.stdin is not None
    started.process.stdin.write("\x03")
    started.process.stdin.flush()
    exit_code, out = started.end()
    assert exit_code == 6
    assert "hits 1" in out
    assert "ended with code 6" in out


def test_at_a_terminal_another_program_s_signal_is_passed_on(rules: Path) -> None:
    """What does not come from the keys has not reached the command yet."""
    code = (
        "import os, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))\n"
        "print('ready', flush=True)\nos.kill(os.getppid(), signal.SIGTERM)\ntime.sleep(600)"
    )
    spawn = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"

    exit_code, out = Started(rules, code, sys.executable, "-c", spawn).end()
    assert exit_code == 5
    assert "ended with code 5" in out


def test_a_command_that_does_not_end_when_stopped_is_killed(
    run: Run, state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop does not depend on the goodwill of what it stops."""
    monkeypatch.setattr(child, "_GRACE_SECONDS", 0.2)
    code = f"import signal, time\nsignal.signal(15, signal.SIG_IGN)\nopen({str(state.path / 'STOP')!r}, 'w')\ntime.sleep(600)"

    assert run(sys.executable, "-c", code).code == 128 + signal.SIGKILL


def test_the_end_of_many_denials_is_short(state: StateFolder) -> None:
    """The same denial is one line, and of many there are twenty and a way to see them all."""
    report = Report()
    for number in range(30):
        for _ in range(2):
            report.add(_decision(f"tool-{number}", "no"))
    lines = [text for text, _ in ending("agent", SessionId("s"), 0, state=state, report=report).lines()]

    assert sum(line.startswith("  denied 2 times tool-") for line in lines) == 20
    assert "  and 10 more: pinnedrules log --verdict deny" in lines


def test_the_last_hundred_unanswered_asks_are_kept(state: StateFolder) -> None:
    """Memory is bounded; a ticket that the store does not know was refused all the same."""
    report = Report()
    for number in range(101):
        report.add(_decision("delete_mail", "nobody has answered yet", ticket=f"t{number}"))
    found = ending("agent", SessionId("s"), 0, state=state, report=report)

    assert sum("denied, nobody answered by no-deletes: a call" in text for text, _ in found.lines()) == 100
    assert found.exit_code == 3
    released = {**_decision("delete_mail", "").body, "ticket": "t100", "released": True}
    report.add(Entry("decision", SessionId("s"), released))
    assert len(report.waiting) == 99


def _decision(tool: str, why: str, ticket: str = "") -> Entry:
    body = {"tool": tool, "call": "c", "verdict": "deny", "released": False, "rules": ["no-deletes"], "ticket": ticket}
    return Entry("decision", SessionId("s"), body, {"reasons": [why]})


def test_help_says_what_may_stand_in_the_command_line(cli: Cli) -> None:
    """Whoever has an agent that takes its base URL on the command line finds how."""
    ran = cli("run", "--help")

    assert ran.code == 0
    assert "{openai_url}" in ran.out

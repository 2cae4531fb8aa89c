"""What users construct: who answers, what a changed rule file does, what happens when the folder or the disk is bad."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import pinnedrules
from pinnedrules import Guard, RuleFileError, StateError, Unrecorded
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply

RULES = """\
version: 1
default: {read: allow, other: ask}
tools: {search: read, archive: write, delete_mail: delete}
rules:
  - {id: archive-freely, text: Archiving is fine., on: archive, then: allow}
  - {id: ask-first, text: Ask before deleting., on: {effect: delete}, then: ask}
"""
TOOLS: list[Any] = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {"id": {}}}}}
    for name in ("search", "archive", "delete_mail")
]


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES, encoding="utf-8")
    return path


@pytest.fixture
def make(rules: Path) -> Iterator[Callable[..., Guard]]:
    made: list[Guard] = []

    def guard(**more: Any) -> Guard:
        made.append(Guard(rules, **{"approver": "tickets", "quiet": True, **more}))
        return made[-1]

    yield guard
    for one in made:
        one.close()


def propose(guard: Guard, name: str, provider: ScriptedProvider) -> bool:
    """Let the model propose one call and say whether it arrived."""
    import openai

    with guard.wrap(openai.OpenAI(base_url=provider.openai_url, api_key="k")) as client:
        answer = client.chat.completions.create(model=name, messages=[{"role": "user", "content": "go"}], tools=TOOLS)
    return bool(answer.choices[0].message.tool_calls)


@pytest.fixture
def provider() -> Iterator[ScriptedProvider]:
    """A model that proposes the tool whose name is the model's name, until it is told no."""

    def model(seen: Any) -> Reply:
        if "DENIED" in seen.last_text:
            return Reply("As you wish.")
        return Reply("", calls=[ProposedCall(seen.model, {"id": "7"})])

    with ScriptedProvider(model) as running:
        yield running


# -- who answers -------------------------------------------------------------------------------------------------


def test_a_guard_says_once_who_will_answer(rules: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """At construction Guard says once who will answer."""
    Guard(rules, approver="tickets").close()

    lines = capfd.readouterr().err.splitlines()

    assert len(lines) == 1
    assert "asks become tickets" in lines[0]
    assert "2 rules in force from rules.yaml" in lines[0]


def test_without_anybody_to_ask_an_ask_is_refused_with_one_line_and_a_report(
    rules: Path, provider: ScriptedProvider, capfd: pytest.CaptureFixture[str]
) -> None:
    """Headless: deny, one line on standard error (after the first, see test_people), guard.report()."""
    with Guard(rules) as guard:
        (guard.folder.path / "told").touch()
        capfd.readouterr()
        arrived = propose(guard, "delete_mail", provider)

    err = capfd.readouterr().err.splitlines()
    assert not arrived
    assert len(err) == 1
    assert "pinnedrules approvals approve t-" in err[0]
    assert (guard.report().unanswered, guard.report().denied) == (1, 1)
    assert "1 refused (1 for lack of an answer)" in str(guard.report())


@pytest.mark.parametrize("yes", [True, False])
def test_a_callback_answers(make: Callable[..., Guard], provider: ScriptedProvider, yes: bool) -> None:
    """A callback, sync: its yes releases, its no refuses."""
    asked: list[str] = []

    def decide(ticket: Any, proposal: Any) -> bool:
        asked.append(proposal.call.name)
        return yes

    assert propose(make(approver=decide), "delete_mail", provider) is yes
    assert asked == ["delete_mail"]


def test_an_async_callback_answers(make: Callable[..., Guard], provider: ScriptedProvider) -> None:
    """A callback, async."""

    async def decide(ticket: Any, proposal: Any) -> bool:
        return True

    assert propose(make(approver=decide), "delete_mail", provider)


def test_a_ticket_is_approved_from_another_terminal_while_the_agent_waits(
    make: Callable[..., Guard], provider: ScriptedProvider, tmp_path: Path
) -> None:
    """`pinnedrules approvals list|approve`, from another terminal, while the agent waits."""
    guard = make(ask_wait=60)
    arrived: list[bool] = []
    agent = threading.Thread(target=lambda: arrived.append(propose(guard, "delete_mail", provider)))
    agent.start()

    def command(*words: str) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "pinnedrules", "approvals", *words, "--json"],
            cwd=tmp_path, capture_output=True, text=True, check=False, env=dict(os.environ),
        )  # fmt: skip
        return json.loads(done.stdout)

    while not (tickets := command("list")["open"]):
        time.sleep(0.05)
    command("approve", tickets[0]["id"])
    agent.join(60)

    assert arrived == [True]


def test_a_refused_call_can_be_approved_later_and_then_passes_once(
    make: Callable[..., Guard], provider: ScriptedProvider
) -> None:
    """No answer in time is a deny with a ticket that can be approved later; it is used once."""
    guard = make()
    with guard.session("inbox"):
        assert not propose(guard, "delete_mail", provider)
        (ticket,) = guard._store.tickets("open")
        guard._store.answer(ticket.id, True, by="kim", now_us=time.time_ns() // 1000)

        assert propose(guard, "delete_mail", provider)
        assert not propose(guard, "delete_mail", provider)


@pytest.mark.parametrize(("more", "seconds"), [({}, 3600), ({"ticket_life": 90.0}, 90), ({"ask_wait": 7200}, 3600)])
def test_a_ticket_lives_as_long_as_the_guard_says(
    make: Callable[..., Guard], more: dict[str, Any], seconds: int
) -> None:
    """An hour, or what is given; how long an answer is held back for it is another thing."""
    guard = make(**{"ask_wait": 0, **more, "approver": lambda ticket, proposal: False})

    guard.check("delete_mail", {"id": "7"})

    (ticket,) = guard._store.tickets()
    assert ticket.expires_us - ticket.asked_us == seconds * 1_000_000


@pytest.mark.parametrize("life", [0, -1, float("nan"), float("inf"), 1e9])
def test_a_life_that_makes_no_sense_is_an_error(make: Callable[..., Guard], life: float) -> None:
    """Nobody finds out later that no ticket could be approved, or that every one could for ever."""
    with pytest.raises(ValueError, match="ticket_life is a number of seconds"):
        make(ticket_life=life)


def test_a_stop_of_another_session_voids_no_ticket(make: Callable[..., Guard], provider: ScriptedProvider) -> None:
    """A stop has a scope: what happens to one session is nothing to the open question of another."""
    guard = make()
    with guard.session("inbox"):
        assert not propose(guard, "delete_mail", provider)
        guard.stop("not this one", session="other")
        guard.resume("looked at it", session="other", user="kim")
        (ticket,) = guard._store.tickets("open")
        guard._store.answer(ticket.id, True, by="kim", now_us=time.time_ns() // 1000)

        assert propose(guard, "delete_mail", provider)


# -- a rule file that changes ------------------------------------------------------------------------------------


def edited(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(time.time_ns(), time.time_ns()))


def test_tightening_the_file_applies_at_once(
    make: Callable[..., Guard], rules: Path, provider: ScriptedProvider
) -> None:
    """Invariant 4: a rule file that changes on disk is a proposal: tightening applies at once."""
    guard = make()
    assert propose(guard, "archive", provider)

    edited(rules, RULES.replace("on: archive, then: allow", "on: archive, then: deny"))

    assert not propose(guard, "archive", provider)


def test_relaxing_the_file_waits(make: Callable[..., Guard], rules: Path, provider: ScriptedProvider) -> None:
    """Invariant 4: relaxing waits for the role."""
    guard = make()

    edited(rules, RULES.replace("on: {effect: delete}, then: ask", "on: {effect: delete}, then: allow"))

    assert not propose(guard, "delete_mail", provider)


@pytest.mark.parametrize("change", ["gone", "broken"])
def test_a_file_that_vanishes_or_breaks_leaves_its_rules_in_force(
    make: Callable[..., Guard], rules: Path, provider: ScriptedProvider, capfd: pytest.CaptureFixture[str], change: str
) -> None:
    """A rule file that vanishes or breaks while running changes nothing, and is said once."""
    guard = make(quiet=False)
    capfd.readouterr()
    if change == "gone":
        rules.unlink()
    else:
        edited(rules, RULES + "  - {id: x, colour: red}\n")

    assert propose(guard, "archive", provider)
    assert not propose(guard, "delete_mail", provider)
    said = capfd.readouterr().err
    assert said.count("rules stay in force") == 1
    assert ("colour" in said) is (change == "broken")


def test_a_missing_rule_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    """Bad input gets a clear error."""
    with pytest.raises(RuleFileError, match=r"nothere\.yaml"):
        Guard(tmp_path / "nothere.yaml")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "either a rule file or a profile"),
        ({"profile": "analyze", "rules": "x.yaml"}, "either a rule file or a profile"),
        ({"rules": "x.yaml", "tools": {}}, "goes with a profile"),
        ({"profile": "no-such"}, "no-such"),
    ],
)
def test_wrong_construction_is_said(arguments: dict[str, Any], message: str) -> None:
    """Every error names the way out."""
    with pytest.raises(RuleFileError, match=message):
        Guard(**arguments)


@pytest.mark.parametrize("arguments", [{"mode": "yolo"}, {"on_denied": "ignore"}, {"approver": "robot"}])
def test_an_unknown_setting_is_refused(rules: Path, arguments: dict[str, Any]) -> None:
    """A typo in a setting never means something weaker."""
    with pytest.raises(ValueError, match=next(iter(arguments.values()))):
        Guard(rules, **arguments)


def test_a_profile_needs_no_file(provider: ScriptedProvider) -> None:
    """Four profiles in one line each; state goes to the user's state folder, not to the working directory."""
    with Guard(profile="suggest-only", tools={"delete_mail": "delete"}, approver="tickets", quiet=True) as guard:
        arrived = propose(guard, "delete_mail", provider)

    assert not arrived
    assert not (Path.cwd() / ".pinnedrules").exists()


# -- folder and disk ---------------------------------------------------------------------------------------------


def test_the_state_folder_is_private_and_ignored_by_git(make: Callable[..., Guard], rules: Path) -> None:
    """State folder 0700, ignored by git."""
    guard = make()

    assert guard.folder.path == rules.parent / ".pinnedrules"
    assert guard.folder.path.stat().st_mode & 0o777 == 0o700
    assert (guard.folder.path / ".gitignore").read_text().strip() == "*"


def test_a_folder_that_cannot_be_written_is_an_error_at_construction(rules: Path, tmp_path: Path) -> None:
    """A read-only folder is an error at construction."""
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")

    with pytest.raises(StateError):
        Guard(rules, state=blocked / "state", quiet=True)


def test_a_full_disk_refuses_effects_and_says_why(rules: Path, tmp_path: Path) -> None:
    """No evidence, no effect: on a full disk a call with an effect is refused, and declared reads go on for a while."""
    code = """
        import resource, signal, sys
        import openai
        from pinnedrules import Guard
        from pinnedrules.testing.provider import ScriptedProvider
        from pinnedrules.testing.script import ProposedCall, Reply

        def model(seen):
            if "DENIED" in seen.last_text:
                return Reply("refused: " + seen.last_text)
            return Reply("", calls=[ProposedCall(seen.model, {"id": "7"})])

        guard = Guard(sys.argv[1], quiet=True, approver="tickets")
        tools = [{"type": "function", "function": {"name": n, "parameters": {"properties": {"id": {}}}}}
                 for n in ("search", "archive")]
        with ScriptedProvider(model) as provider:
            client = guard.wrap(openai.OpenAI(base_url=provider.openai_url, api_key="k"))
            def ask(name):
                answer = client.chat.completions.create(
                    model=name, messages=[{"role": "user", "content": "go"}], tools=tools)
                return answer.choices[0].message
            assert ask("archive").tool_calls
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
            refused = ask("archive")
            read = ask("search")
            print(bool(refused.tool_calls), bool(read.tool_calls), "evidence log" in (refused.content or ""))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(rules)], capture_output=True, text=True, check=False
    )

    assert done.stdout.split() == ["False", "True", "True"], done.stderr


def test_check_decides_a_call_of_the_programs_own(make: Callable[..., Guard]) -> None:
    """guard.check decides afresh, with the ledger, and records."""
    guard = make()

    assert not guard.check("archive", {"id": "7"}).refused
    refused = guard.check("delete_mail", '{"id": "7"}')

    assert refused.refused
    assert "Ask before deleting." in refused.text
    assert guard.report().verdicts == {"allow": 1, "deny": 1}


# -- the package -------------------------------------------------------------------------------------------------


def test_public_names_are_exactly_these() -> None:
    """Public names only through one sorted list."""
    assert list(pinnedrules.__all__) == sorted(pinnedrules.__all__)
    assert all(hasattr(pinnedrules, name) for name in pinnedrules.__all__)


def test_importing_the_package_imports_no_sdk_and_no_http_library() -> None:
    """`import pinnedrules` and the command line import no SDK: they take seconds to import."""
    code = (
        "import sys, pinnedrules, pinnedrules.cli\n"
        "print([n for n in ('openai','anthropic','httpx','httpx2','pydantic','tiktoken') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_the_two_http_bindings_are_the_same_after_renaming() -> None:
    """What touches an HTTP library is written once and bound twice."""
    folder = Path(pinnedrules.__file__).parent / "hosts"

    assert (folder / "httpx.py").read_text().replace("httpx", "httpx2") == (folder / "httpx2.py").read_text()


def test_stops_and_answers_stand_in_the_evidence(make: Callable[..., Guard], tmp_path: Path) -> None:
    """Evidence: requests, compactions, decisions, stops, approvals, whoever did them, from wherever."""
    from pinnedrules.evidence.reader import check, read

    guard = make()
    guard.check("delete_mail", {"id": "7"})
    (ticket,) = guard._store.tickets("open")
    state = str(guard.folder.path)

    def command(*words: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "pinnedrules", *words, "--state", state],
            cwd=tmp_path, capture_output=True, check=True, env=dict(os.environ),
        )  # fmt: skip

    command("approvals", "approve", ticket.id)
    guard.stop("from the program")
    command("resume", "--reason", "looked at it")
    command("stop", "from outside")
    guard.resume("looked again", user="kim")
    guard.close()

    kinds = [str(line["type"]) for line in read(guard.folder.log)]
    assert [kind for kind in kinds if not kind.startswith("log.")] == [
        "decision", "approval", "stop", "resume", "stop", "resume",
    ]  # fmt: skip
    assert all(report.broken is None for report in check(guard.folder.log))


# -- on an event loop --------------------------------------------------------------------------------------------


async def apropose(guard: Guard, name: str, provider: ScriptedProvider) -> bool:
    """The same as propose, with an asynchronous client."""
    import openai

    async with guard.wrap(openai.AsyncOpenAI(base_url=provider.openai_url, api_key="k")) as client:
        answer = await client.chat.completions.create(
            model=name, messages=[{"role": "user", "content": "go"}], tools=TOOLS
        )
    return bool(answer.choices[0].message.tool_calls)


@pytest.mark.parametrize("yes", [True, False])
def test_many_agents_wait_for_people_on_one_event_loop(
    make: Callable[..., Guard], provider: ScriptedProvider, yes: bool
) -> None:
    """Waiting holds no thread: more agents than the loop has threads wait at once, and the loop goes on."""
    guard = make(ask_wait=60)
    turned = 0

    async def answer() -> None:
        nonlocal turned
        while len(tickets := guard._store.tickets("open")) < 40:
            turned += 1
            await asyncio.sleep(0.01)
        for ticket in tickets:
            guard._store.answer(ticket.id, yes, by="kim", now_us=time.time_ns() // 1000)

    async def one(number: int) -> bool:
        with guard.session(f"s{number}"):
            return await apropose(guard, "delete_mail", provider)

    async def main() -> list[bool]:
        answering = asyncio.create_task(answer())
        found = await asyncio.gather(*(one(number) for number in range(40)))
        await answering
        return list(found)

    assert asyncio.run(main()) == [yes] * 40
    assert turned


def test_in_a_server_an_ask_is_an_immediate_ticket(rules: Path, provider: ScriptedProvider) -> None:
    """In a server: an immediate ticket; nobody waits."""

    async def main() -> tuple[bool, str]:
        with Guard(rules) as guard:
            arrived = await apropose(guard, "delete_mail", provider)
            return arrived, guard._store.tickets("open")[0].tool

    assert asyncio.run(main()) == (False, "delete_mail")


def test_a_log_that_fails_is_a_refusal_on_an_event_loop_too(
    make: Callable[..., Guard], provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sync and async share one core, and fail the same way."""
    guard = make(strict=True)

    def broken(position: int) -> Any:
        raise OSError("I/O error")

    monkeypatch.setattr(guard._log, "future", broken)
    with pytest.raises(Unrecorded, match="I/O error"):
        asyncio.run(apropose(guard, "archive", provider))


def test_acheck_is_check_on_an_event_loop(make: Callable[..., Guard]) -> None:
    """guard.acheck decides and records as check does."""
    guard = make()

    async def main() -> tuple[bool, bool]:
        allowed, refused = await guard.acheck("archive", {"id": "7"}), await guard.acheck("delete_mail", {"id": "7"})
        return allowed.refused, refused.refused

    assert asyncio.run(main()) == (False, True)


def test_a_stream_that_is_left_early_closes_the_connection(make: Callable[..., Guard]) -> None:
    """Closing the stream closes the gate's flow and the connection to the provider."""
    import openai

    async def main(guard: Guard, url: str) -> None:
        async with guard.wrap(openai.AsyncOpenAI(base_url=url, api_key="k")) as client:
            stream = await client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": "go"}], stream=True
            )
            async for _ in stream:
                break
            await stream.close()

    with ScriptedProvider(lambda seen: Reply("word " * 400, frame_delay=0.005)) as slow:
        guard = make()
        asyncio.run(main(guard, slow.openai_url))
        until = time.monotonic() + 20
        while not slow.requests[0].gone and time.monotonic() < until:
            time.sleep(0.01)

    assert slow.requests[0].gone


def at_a_terminal(code: str, answers: list[bytes]) -> str:
    """Run a program at a pseudo-terminal, answer its questions one by one, and return what was on the screen."""
    import pty

    pid, screen = pty.fork()
    if pid == 0:  # pragma: no cover - the child
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        environment = {**os.environ, "PYTHONWARNINGS": "default"}
        os.execve(sys.executable, [sys.executable, "-c", textwrap.dedent(code)], environment)
    shown = b""
    asked = 0
    while b"THE END" not in shown:
        try:
            shown += os.read(screen, 65536)
        except OSError:
            break
        if shown.count(b"[n] no > ") > asked:
            os.write(screen, answers[asked])
            asked += 1
    os.close(screen)
    os.waitpid(pid, 0)
    assert asked == len(answers), shown.decode(errors="replace")
    return shown.decode(errors="replace")


def test_this_for_the_session_is_exactly_this_call(rules: Path) -> None:
    """ "This for the session" at the terminal: the same call is not asked about again, every other one is."""
    from pinnedrules.cli.story import told

    code = f"""
        from pinnedrules import Guard
        with Guard({str(rules)!r}) as guard, guard.session("inbox"):
            for id in "7787":
                print(id, guard.check("delete_mail", {{"id": id}}).refused)
            guard.stop("look at it")
            guard.resume("looked at it", user="kim")
            print("resumed", guard.check("delete_mail", {{"id": "7"}}).refused)
        print("THE END")
    """

    shown = at_a_terminal(code, [b"s\n", b"n\n", b"n\n"])

    assert re.findall(r"(\w+) (True|False)", shown) == [
        ("7", "False"), ("7", "False"), ("8", "True"), ("7", "False"), ("resumed", "True"),
    ]  # fmt: skip
    assert "change rule ask-first in the rule file" in shown
    answers = [item for item in told(rules.parent / ".pinnedrules" / "log") if item.record["type"] == "approval"]
    assert [item.body["state"] for item in answers] == ["approved", "approved", "denied", "approved", "denied"]
    assert len({item.body["by"] for item in answers}) == 1
    assert len({item.body["ticket"] for item in answers}) == 5


def test_the_terminal_is_asked_in_an_interactive_program(
    rules: Path, provider: ScriptedProvider, tmp_path: Path
) -> None:
    """The terminal approver opens the terminal itself, never the agent's standard input."""
    import pty

    code = f"""
        import sys, openai
        from pinnedrules import Guard
        guard = Guard({str(rules)!r})
        client = guard.wrap(openai.OpenAI(base_url={provider.openai_url!r}, api_key="k"))
        tools = {TOOLS!r}
        messages = [{{"role": "user", "content": "go"}}]
        answer = client.chat.completions.create(model="delete_mail", messages=messages, tools=tools)
        print("ARRIVED", bool(answer.choices[0].message.tool_calls), flush=True)
    """
    environment = {**os.environ, "PYTHONWARNINGS": "default"}
    pid, screen = pty.fork()
    if pid == 0:  # pragma: no cover - the child
        # The agent's standard input is something else, and is never read.
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.execve(sys.executable, [sys.executable, "-c", textwrap.dedent(code)], environment)
    shown = b""
    answered = False
    while not re.search(rb"ARRIVED \w+\r", shown):
        try:
            shown += os.read(screen, 65536)
        except OSError:
            break
        if not answered and b"[n] no" in shown:
            os.write(screen, b"y\n")
            answered = True
    os.close(screen)
    os.waitpid(pid, 0)

    assert b"asks are answered at this terminal" in shown
    assert b"Ask before deleting." in shown
    assert b"ARRIVED True" in shown, shown.decode(errors="replace")

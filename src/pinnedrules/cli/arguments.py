"""The arguments of every command in one place, so that ``--help`` imports no command."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import NoReturn

from pinnedrules.cli.writing import add_commands

__all__ = ["Usage", "parser"]

_CODES = """\
exit codes:
  0  done, nothing found
  1  something was found: a call that is not allowed, a broken log, a guard that did not confirm, a refused answer
  2  wrong usage, or input that cannot be read
  3  run: the command itself ended with 0, but something it wanted waits for a person (else run gives its code)

Every command takes --json: one JSON document on stdout; an error is {"error": ..., "next": ...}.
"""


class Usage(Exception):
    """Arguments that make no command; ``next_step`` says which would."""

    def __init__(self, problem: str, next_step: str = "pinnedrules --help") -> None:
        self.next_step = next_step
        super().__init__(problem)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Usage(message, f"{self.prog} --help")


def parser() -> argparse.ArgumentParser:
    """Return the parser; its result names the command's ``module`` in this package."""
    root = _Parser(
        prog="pinnedrules",
        description="Keeps an agent's safety rules outside its context, and checks every tool call against them.",
        epilog=_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    root.add_argument("--version", action=_Version)
    commands = root.add_subparsers(metavar="command", required=True)
    for add in (
        _demo,
        _init,
        _doctor,
        _run,
        _serve,
        _show,
        _check,
        _replay,
        _stop,
        _resume,
        _approvals,
        _pin,
        _dismiss,
        _permit,
        _permits,
        _log,
    ):
        add(commands)
    add_commands(partial(_command, commands))
    return root


class _Version(argparse.Action):
    """``--version``, without importing the package's version before it is asked for."""

    def __init__(self, option_strings: list[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="print the version")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from pinnedrules import __version__

        print(__version__)
        parser.exit(0)


def _command(commands: argparse._SubParsersAction[_Parser], name: str, about: str, module: str = "") -> _Parser:
    made: _Parser = commands.add_parser(name, help=about, description=about, allow_abbrev=False)
    made.set_defaults(module=module or name, command=name)
    made.add_argument("--json", action="store_true", help="print one JSON document")
    return made


def _state(made: _Parser, what: str, default: str = "PINNEDRULES_HOME, else found") -> None:
    made.add_argument("--state", type=Path, metavar="DIR", help=f"{what} (default: {default})")


def _passed(made: _Parser) -> None:
    made.add_argument(
        "--pass",
        dest="passed",
        action="append",
        default=[],
        metavar="FAMILY",
        help="let doors that no gate covers pass, ungated: batches, unknown, ... (docs/provider-side.md)",
    )
    made.add_argument(
        "--gate",
        dest="gated",
        action="append",
        default=[],
        metavar="FAMILY",
        help="open a gate that is shut by default: managed-agents (docs/provider-side.md)",
    )


def _demo(commands: argparse._SubParsersAction[_Parser]) -> None:
    # Only for the list of commands: the demo reads its own arguments.
    _command(commands, "demo", "See it work: real clients, a scripted model, nothing leaves this machine.")


def _init(commands: argparse._SubParsersAction[_Parser]) -> None:
    made = _command(commands, "init", "Draft a rule file from an agent's tools; what was guessed is marked.")
    made.add_argument(
        "program", nargs="?", type=Path, metavar="FILE.py", help="read from its source, without running it"
    )
    made.add_argument(
        "--from",
        dest="source",
        metavar="TRACE|MODULE",
        help="recorded requests (JSON, JSONL), or a module, package.module:attribute, that is imported (runs its code)",
    )
    made.add_argument("--profile", default="suggest-only", metavar="NAME", help="whose rules (default: suggest-only)")
    made.add_argument(
        "-o", "--output", type=Path, default=Path("rules.yaml"), metavar="FILE", help="default: rules.yaml"
    )
    made.add_argument("--force", action="store_true", help="replace the file if it is there")


def _doctor(commands: argparse._SubParsersAction[_Parser]) -> None:
    made = _command(commands, "doctor", "Fire a canary call the real way, and say what can be promised here.")
    made.add_argument("--rules", type=Path, metavar="FILE", help="the rule file (default: rules.yaml)")
    made.add_argument("--profile", metavar="NAME", help="a built-in profile instead of a file")
    made.add_argument("--state", type=Path, metavar="DIR", help="the state folder to look at (default: as a guard's)")


def _hears(made: _Parser) -> None:
    made.add_argument(
        "--hears", default="", metavar="PKG.MOD:FUNCTION", help="a model of yours for what people say (docs/chat.md)"
    )


def _run(commands: argparse._SubParsersAction[_Parser]) -> None:
    made = _command(commands, "run", "Run any agent behind a sidecar of its own, and report at the end.")
    made.usage = "pinnedrules run [options] -- CMD ..."
    made.epilog = (
        "CMD may hold {openai_url}, {anthropic_url} and {session}; the variables OPENAI_BASE_URL and ANTHROPIC_BASE_URL are"
        " set for it, and say beforehand where its requests go on to. What a rule asks about becomes a ticket: answer it"
        " from another terminal with `pinnedrules approvals`. With --json the report is one document on standard error."
    )
    made.add_argument("--rules", type=Path, metavar="FILE", help="the rule file (default: rules.yaml)")
    made.add_argument("--profile", metavar="NAME", help="a built-in profile instead of a file")
    _hears(made)
    made.add_argument("--session", default="", metavar="NAME", help="go on with this session (default: a new one)")
    made.add_argument("--port", type=int, default=0, metavar="N", help="the sidecar's port (default: a free one)")
    made.add_argument(
        "--hold-keys", action="store_true", help="keep the providers' keys from the command; it gets the token as key"
    )
    made.add_argument(
        "--mode", choices=("enforce", "monitor"), default="enforce", help="monitor: record, hold nothing back"
    )
    made.add_argument(
        "--on-denied",
        choices=("continue", "end", "raise"),
        default="continue",
        help="when all calls of an answer are refused",
    )
    made.add_argument(
        "--ask-wait",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="hold answers for a person (default: %(default)g)",
    )
    made.add_argument("--report", type=Path, metavar="FILE", help="write the report as JSON")
    _passed(made)
    _state(made, "keep state and log here")


def _serve(commands: argparse._SubParsersAction[_Parser]) -> None:
    made = _command(commands, "serve", "Guard agents in any language: a local service that they are given as base URL.")
    made.add_argument("--rules", type=Path, metavar="FILE", help="the rule file (default: rules.yaml)")
    made.add_argument("--profile", metavar="NAME", help="a built-in profile instead of a file")
    _hears(made)
    made.add_argument(
        "--session", default="", metavar="NAME", help="print base URLs that tie everything to this session"
    )
    made.add_argument("--user", metavar="NAME", help="whom sums per day belong to (default: the OS user)")
    made.add_argument("--openai", default="", metavar="URL", help="where OpenAI requests go (default: OPENAI_BASE_URL)")
    made.add_argument(
        "--anthropic", default="", metavar="URL", help="where Anthropic requests go (default: ANTHROPIC_BASE_URL)"
    )
    made.add_argument(
        "--hold-keys",
        action="store_true",
        help="take the providers' keys from the environment; agents get the token as key",
    )
    made.add_argument("--port", type=int, default=7717, metavar="N", help="0 takes a free one (default: %(default)s)")
    made.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="another one lets other machines in")
    made.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name besides localhost in agents' base URLs",
    )
    made.add_argument("--token", metavar="TOKEN", help="default: made up once, kept in the state folder")
    made.add_argument(
        "--mode", choices=("enforce", "monitor"), default="enforce", help="monitor: record, hold nothing back"
    )
    made.add_argument(
        "--on-denied",
        choices=("continue", "end", "raise"),
        default="continue",
        help="when all calls of an answer are refused",
    )
    made.add_argument(
        "--ask-wait",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="hold answers for a person (default: %(default)g)",
    )
    made.add_argument(
        "--max-body", type=float, default=32.0, metavar="MIB", help="largest request (default: %(default)g)"
    )
    made.add_argument(
        "--grace",
        type=float,
        default=10.0,
        metavar="SECONDS",
        help="for running answers at the end (default: %(default)g)",
    )
    _passed(made)
    _state(made, "keep state and log here")


def _show(commands: argparse._SubParsersAction[_Parser]) -> None:
    made = _command(commands, "show", "Read the rules aloud, and show the block as every request carries it.")
    made.add_argument("rules", nargs="?", metavar="RULES", help="a rule file")
    made.add_argument("--profile", metavar="NAME", help="a built-in profile instead of a file")
    made.add_argument("--profiles", action="store_true", help="list the built-in profiles with their rules")
    made.add_argument("--block", action="store_true", help="print only the block")
    made.add_argument(
        "--effective",
        action="store_true",
        help="every rule of all layers, where it stands, and what they come to together",
    )
    _whose(made, "show the rules that the sessions of this name got besides the file's", required=False)
    _state(made, "with --session: only this state folder")


def _check(commands: argparse._SubParsersAction[_Parser]) -> None:
    made = _command(commands, "check", "Validate a rule file, or decide one call under it with an empty ledger.")
    made.add_argument("words", nargs="*", metavar="RULES [TOOL [ARGUMENTS_JSON]]", help="no RULES with --profile")
    made.add_argument("--profile", metavar="NAME", help="a built-in profile instead of a file")
    made.add_argument(
        "--declared", metavar="A,B", help="argument names that the tool's schema has (default: those given)"
    )


def _replay(commands: argparse._SubParsersAction[_Parser]) -> None:
    about = "Decide the calls of your own log under other rules, or run recorded conversations through the whole path."
    made = _command(commands, "replay", about)
    made.add_argument(
        "trace",
        nargs="?",
        type=Path,
        metavar="LOG|TRACE",
        help="a state folder or its log (default: the one here), or a file with a conversation per line, .jsonl(.gz)",
    )
    made.add_argument("--last", type=_positive, default=0, metavar="N", help="of a log: report only the last N calls")
    made.add_argument("--rules", type=Path, metavar="FILE", help="the rule file")
    made.add_argument("--profile", metavar="NAME", help="a built-in profile instead of a file")
    made.add_argument("--tools", type=Path, metavar="FILE", help="tool definitions: a list, or a mapping by suite")
    made.add_argument("--suite", metavar="NAME", help="only the lines of this suite")
    made.add_argument("--compact-at", type=_positive, default=0, metavar="TOKENS", help="compact longer histories")
    made.add_argument("--limit", type=_positive, default=0, metavar="N", help="only the first N conversations")
    made.add_argument("--out", type=Path, metavar="FILE", help="write the report with every call as JSON")
    _state(made, "keep state and log of the replay here")


def _stop(commands: argparse._SubParsersAction[_Parser]) -> None:
    made = _command(commands, "stop", "Stop every guard of this user, from any folder, and say which ones confirmed.")
    made.add_argument("reason", nargs="?", default="", metavar="REASON", help="why, for the log and the people")
    made.add_argument("--session", default="", metavar="NAME", help="only this session")
    made.add_argument("--pause", action="store_true", help="let text finish, refuse everything with an effect")
    _state(made, "only this state folder")


def _resume(commands: argparse._SubParsersAction[_Parser]) -> None:
    made = _command(commands, "resume", "Lift a stop or a pause; recorded under the name of the OS user.", "stop")
    made.add_argument("--reason", required=True, metavar="REASON", help="why it is safe to go on")
    made.add_argument("--session", default="", metavar="NAME", help="only this session")
    _state(made, "only this state folder")


def _approvals(commands: argparse._SubParsersAction[_Parser]) -> None:
    made = _command(commands, "approvals", "Answer what agents ask.")
    what = made.add_subparsers(metavar="list | approve | deny", required=True)
    for name, about in (
        ("list", "Show the calls that wait for a person."),
        ("approve", "Allow exactly these calls, once."),
        ("deny", "Refuse these calls."),
    ):
        one: _Parser = what.add_parser(name, help=about, description=about, allow_abbrev=False)
        one.set_defaults(action=name)
        one.add_argument("--json", action="store_true", help="print one JSON document")
        if name != "list":
            one.add_argument("ids", nargs="+", metavar="ID", help="ticket, as `approvals list` shows it")
        if name == "deny":
            one.add_argument("--why", default="", metavar="WHY", help="told to the model")
        _state(one, "only this state folder")


def _whose(made: _Parser, what: str, *, required: bool) -> None:
    made.add_argument("--session", default="", required=required, metavar="NAME", help=what)
    made.add_argument("--user", metavar="NAME", help="whose session it is, where several have its name")
    made.add_argument("--tenant", metavar="NAME", help="whose tenant's session it is")


def _pin(commands: argparse._SubParsersAction[_Parser]) -> None:
    made = _command(commands, "pin", "Give one session a further rule, which can only tighten.", "session_rules")
    made.add_argument("text", nargs="?", default="", metavar="TEXT", help="the sentence to be read; chat-... confirms")
    made.add_argument("--on", action="append", default=[], metavar="TOOL", help="what it is about: this tool")
    made.add_argument("--effect", action="append", default=[], metavar="EFFECT", help="what it is about: this effect")
    made.add_argument("--then", choices=("ask", "deny"), default="ask", help="what becomes of it (default: ask)")
    made.add_argument("--rule", metavar="YAML", help="one whole rule in the words of a rule file, in place of TEXT")
    _whose(made, "the session", required=True)
    _state(made, "only this state folder")


def _dismiss(commands: argparse._SubParsersAction[_Parser]) -> None:
    about = "Withdraw a rule that a session got from its chat, or by `pin`."
    made = _command(commands, "dismiss", about, "session_rules")
    made.add_argument("id", metavar="ID", help="as its refusals, and `show --session`, say it")
    _whose(made, "only in this session", required=False)
    _state(made, "only this state folder")


def _permit(commands: argparse._SubParsersAction[_Parser]) -> None:
    made = _command(commands, "permit", "Allow calls beforehand: narrowly, so many, for a while.", "permits")
    made.add_argument("--on", action="append", default=[], metavar="TOOL", help="calls of exactly this tool")
    made.add_argument("--effect", action="append", default=[], metavar="EFFECT", help="calls with only this effect")
    made.add_argument("--require", metavar="YAML", help="requirements as in a rule: '{matches: {label: promotions}}'")
    made.add_argument("--max", type=_positive, required=True, metavar="N", help="at most so many calls")
    made.add_argument("--per", choices=("hour", "total"), default="total", help="in each hour, or in all (default)")
    made.add_argument("--for", dest="span", required=True, metavar="TIME", help="90s, 30min, 1h; at most 24h")
    made.add_argument("--all-sessions", action="store_true", help="in all sessions of --user")
    made.add_argument("--rules", type=Path, metavar="FILE", help="the rule file (default: that of the live guard)")
    _whose(made, "in this session", required=False)
    _state(made, "only this state folder")


def _permits(commands: argparse._SubParsersAction[_Parser]) -> None:
    made = _command(commands, "permits", "What is allowed beforehand.")
    what = made.add_subparsers(metavar="list | revoke", required=True)
    for name, about in (("list", "Show the permits, those of the past too."), ("revoke", "End a permit at once.")):
        one: _Parser = what.add_parser(name, help=about, description=about, allow_abbrev=False)
        one.set_defaults(action=name)
        one.add_argument("--json", action="store_true", help="print one JSON document")
        if name == "revoke":
            one.add_argument("id", metavar="ID", help="as `permits list` shows it")
        _whose(one, "only of this session", required=False)
        _state(one, "only this state folder")


def _log(commands: argparse._SubParsersAction[_Parser]) -> None:
    made = _command(commands, "log", "Tell what happened, or check that the log is whole.")
    made.add_argument("--session", default="", metavar="NAME", help="only this session")
    made.add_argument(
        "--type", default="", metavar="TYPE", help="only records of this type (decision, request, log.open, ...)"
    )
    made.add_argument("--tool", default="", metavar="NAME", help="only decisions on this tool")
    made.add_argument("--verdict", default="", choices=("allow", "ask", "deny"), help="only these decisions")
    made.add_argument("--record", default="", metavar="STAMP", help="only decisions whose stamp a changed text carries")
    made.add_argument("--user", default="", metavar="NAME", help="only records of this user's sessions")
    made.add_argument("--since", default="", metavar="TIME", help="10min, 2h, 1d, 14:30 or 2026-05-01")
    made.add_argument("--last", type=_positive, default=0, metavar="N", help="only the last N records")
    made.add_argument(
        "-f", "--follow", action="store_true", help="go on with what comes; with --json one document per line"
    )
    made.add_argument("--check", action="store_true", help="verify every lane of the log")
    whose = made.add_mutually_exclusive_group()
    whose.add_argument("--erase-user", metavar="USER", help="erase the personal values of this user's records")
    whose.add_argument("--erase-session", metavar="NAME", help="erase the personal values of this session's records")
    _state(made, "the log in this state folder", "PINNEDRULES_HOME and this folder's, else all found")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number

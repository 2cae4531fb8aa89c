"""``git``: what its sub-commands do. One that is not listed may be an alias, which can run anything."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from pinnedrules.rules.shell.summary import SOMETHING, Sink, Word, table
from pinnedrules.types import Effect

__all__ = ["git_words", "run_git"]

_READS = table("""
    blame cat-file check-ignore check-attr cherry count-objects describe diff diff-files diff-index diff-tree
    for-each-ref grep help log ls-files ls-tree merge-base name-rev range-diff rev-list rev-parse shortlog show
    show-branch show-ref status var version whatchanged annotate verify-commit verify-tag
""")
_WRITES = table("""
    add am apply archive branch bundle cherry-pick checkout-index commit commit-tree config format-patch gc init
    merge mv notes rebase reflog remote repack replace reset restore revert rm stash switch symbolic-ref tag
    update-index checkout update-ref worktree write-tree read-tree sparse-checkout prune clean pack-refs
""")
_SENDS = frozenset({"clone", "fetch", "lfs", "ls-remote", "pull", "push", "request-pull", "send-email"})
# Options that start another program or write a file, of any sub-command, also shortened.
_RUNS = ("--exec", "--ext-diff", "--textconv", "--open-files-in-pager", "--upload-pack", "--receive-pack", "--extcmd",
         "--gpg-sign", "--config", "--template", "--config-env", "--exec-path", "--paginate")  # fmt: skip
_TEXTS = table("""
    -m --message --author --grep -S -G --date --since --until --after --before -n -L --format --pretty
""")
_GLOBAL = frozenset({"--no-pager", "-P", "--no-optional-locks", "--literal-pathspecs"})


def git_words(rest: Sequence[Word]) -> list[Word]:
    """Return the words of a call to git without the options before its sub-command that change nothing."""
    words = list(rest)
    while words and words[0].plain:
        if words[0].text in _GLOBAL:
            words = words[1:]
        elif words[0].text == "-C" and len(words) > 1:
            words = words[2:]
        else:
            break
    return words


def run_git(rest: Sequence[Word], sink: Sink) -> None:
    """Note what git does with *rest*."""
    for at, word in enumerate(rest[:-1]):
        if word.text == "-C" and word.plain:
            sink.path(rest[at + 1])
        elif word.text not in _GLOBAL:
            break
    words = git_words(rest)
    if not words:
        sink.does("read")
        return
    name, rest = words[0].text, words[1:]
    if not words[0].plain or name.startswith("-"):
        if name not in ("--version", "--help", "-v", "-h") or not words[0].plain:
            sink.doubt("an option of git is not known")
        sink.does("read")
        return
    if any(word.maybe_option and not word.pattern for word in _before_dashes(rest)):
        sink.doubt("git is given words that are not known, which may be options")
    _options(name, rest, sink)
    options = {word.text for word in rest if word.text.startswith("-")}
    operands = [word for word in _before_dashes(rest) if not word.text.startswith("-")]
    if name in _READS:
        sink.does("read")
    elif name in _WRITES:
        sink.does(*_writing(name, options, operands, dashes=any(word.text == "--" for word in rest)))
    elif name in _SENDS:
        _sending(name, options, operands, sink)
    else:
        sink.does(*SOMETHING)
        if name in (
            "filter-branch",
            "filter-repo",
            "difftool",
            "mergetool",
            "submodule",
            "daemon",
            "instaweb",
            "bisect",
        ):
            sink.doubt(f"what git {name} runs is not read")
    if name in ("rm", "clean"):
        sink.deletes.extend(word.text for word in operands if word.plain)


def _before_dashes(words: Sequence[Word]) -> Sequence[Word]:
    at = next((index for index, word in enumerate(words) if word.text == "--" and word.known), len(words))
    return words[:at]


def _options(name: str, rest: Sequence[Word], sink: Sink) -> None:
    """Note files that words may name, and options that start programs."""
    skip = False
    for word in rest:
        text = word.text
        if skip:
            skip = False
            continue
        option = text.partition("=")[0]
        if text.startswith("--") and len(option) > 4 and any(run.startswith(option) for run in _RUNS):
            if not (name == "rebase" and option == "--exec") and option in ("--exclude", "--extended-regexp", "--conf"):
                continue
            sink.doubt(f"an option makes git {name} run another program")
        elif text.startswith("--output"[: max(len(option), 5)]) and option in (
            "--output",
            "--outpu",
            "--outp",
            "--out",
        ):
            sink.does("write")
            sink.path(Word(text.partition("=")[2], word.known), made=True)
        elif (
            (name == "grep" and re.match(r"-[A-Za-z]*O", text))
            or (name == "rebase" and re.match(r"-[A-Za-z]*x", text))
            or (name in ("clone", "ls-remote") and re.match(r"-[A-Za-z]*[cu]", text))
        ):
            sink.doubt(f"an option makes git {name} run another program")
        elif text in _TEXTS or (name == "commit" and re.fullmatch(r"-[a-z]*m", text)):
            skip = True
        elif name not in ("log", "commit") or not text.startswith(
            ("--format", "--pretty", "--grep", "--message", "-m")
        ):
            sink.path(word)


_DELETES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "branch": frozenset(["-d", "-D", "--delete", "-f", "--force", "-M", "-C"]),
        "tag": frozenset(["-d", "--delete", "-f", "--force"]),
        "notes": frozenset({"-f", "--force"}),
        "reset": frozenset({"--hard", "--merge", "--keep"}),
        "switch": frozenset(["-f", "--force", "--discard-changes", "-C", "--force-create", "--orphan"]),
        "gc": frozenset({"--prune", "--prune=now", "--aggressive"}),
        "read-tree": frozenset(["-u", "--reset", "-m"]),
        "checkout-index": frozenset({"-f", "--force"}),
        "worktree": frozenset({"-f", "--force"}),
        "update-ref": frozenset({"-d", "--stdin"}),
        "symbolic-ref": frozenset({"-d", "--delete"}),
        "replace": frozenset({"-d", "-f", "--delete"}),
    }
)
_DELETING_WORDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "stash": frozenset({"drop", "clear", "pop"}),
        "remote": frozenset({"remove", "rm", "prune"}),
        "worktree": frozenset({"remove", "prune"}),
        "notes": frozenset({"remove", "prune"}),
        "reflog": frozenset({"expire", "delete"}),
    }
)
_LOOKS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "branch": re.compile(
            r"(?:-[avrl]+|--(?:list|all|remotes|show-current|contains|merged|no-merged|sort=.*|format=.*))"
        ),
        "tag": re.compile(r"(?:-[ln0-9]+|--(?:list|contains|sort=.*|points-at))"),
        "remote": re.compile(r"-v|--verbose|show|get-url"),
        "stash": re.compile(r"list|show"),
        "config": re.compile(r"--(?:get|get-all|list|get-regexp|show-origin)|-l|get|list"),
        "worktree": re.compile(r"list"),
        "reflog": re.compile(r"show"),
        "notes": re.compile(r"list|show"),
    }
)


def _writing(name: str, options: set[str], operands: Sequence[Word], *, dashes: bool) -> tuple[Effect, ...]:
    """Return what a sub-command does that works on the repository and its files."""
    first = operands[0].text if operands else ""
    looks = _LOOKS.get(name)
    if name in ("rm", "clean", "prune"):
        dry = any(re.fullmatch(r"-[a-zA-Z]*n[a-zA-Z]*|--dry-run", option) for option in options)
        return ("read",) if dry and name != "prune" else ("write", "delete")
    if name == "config" and not (looks and any(looks.fullmatch(word) for word in (*options, first))):
        # A setting can name a program that git starts later.
        return ("write", "execute") if operands else ("read",)
    if options & _DELETES.get(name, frozenset()) or any(option.startswith("--prune") for option in options):
        return ("write", "delete")
    if any(re.fullmatch(r"-[a-zA-Z]*[dDfM][a-zA-Z]*", option) for option in options) and name in ("branch", "tag"):
        return ("write", "delete")
    if first in _DELETING_WORDS.get(name, frozenset()):
        return ("write", "delete")
    if (
        looks
        and (any(looks.fullmatch(word) for word in (*options, first)) or not (options or operands))
        and name != "stash"
    ):
        return ("read",)
    if name == "stash" and first in ("list", "show"):
        return ("read",)
    if (name == "restore" and not ("--staged" in options or "-S" in options)) or "--worktree" in options:
        return ("write", "delete")
    if (name == "checkout" and not options & {"-b", "--track", "-t", "--orphan"}) or (name == "checkout" and dashes):
        # A word may be a branch, or a file whose changes are lost.
        return ("write", "delete")
    if name == "reset" and operands and operands[0].text.startswith("-"):
        return ("write", "delete")
    return ("read", "write")


def _sending(name: str, options: set[str], operands: Sequence[Word], sink: Sink) -> None:
    sink.does("send")
    if name != "push":
        sink.does("read")
    if name in ("clone", "fetch", "pull", "lfs"):
        sink.does("write")
        sink.made.add("*")
    if name == "push" and (
        options & {"--delete", "-d", "--force", "-f", "--mirror", "--prune"}
        or any(option[:5] in ("--for", "--del", "--mir", "--pru") for option in options)
        or any(re.fullmatch(r"-[a-zA-Z]*[df][a-zA-Z]*", option) for option in options)
        or any(word.text.startswith(("+", ":")) for word in operands)
    ):
        sink.does("delete")
    found = [_host(word.text) for word in operands[:1] if word.plain]
    if found and found[0]:
        sink.host(found[0])
    else:
        sink.away(f"git {name} talks to the machines that its settings name")
    if operands and operands[0].text.startswith(("ext::", "fd::")):
        sink.doubt("git is given an address that runs a program")


def _host(address: str) -> str:
    """Return the host of the address of a repository, empty when it names none."""
    found = re.fullmatch(r"(?:https?|ssh|git)://(?:[^/@\s?#\\]*@)?(\[[^\]]+\]|[^/:@\s]+)(?::[0-9]+)?(?:/.*)?", address)
    if found is None:
        found = re.fullmatch(r"(?:[A-Za-z0-9_.-]+@)?([A-Za-z0-9.-]+\.[A-Za-z0-9-]+):(?!//).*", address)
    return found[1] if found else ""

"""Programs with sub-commands that manage containers, clusters, packages and accounts: told by those words.

Rules of this file:

1. A sub-command that is listed as looking looks; a word that stands for deleting, anywhere among the first ones,
   deletes; everything else writes and runs code.
2. What runs a program in another place is unclear: its words are that program's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from pinnedrules.rules.shell.summary import ANYTHING, SOMETHING, Sink, Word

__all__ = ["SERVICES", "run_service"]


@dataclass(frozen=True, slots=True)
class _Service:
    looks: str
    runs: str = ""
    sends: str = ""
    publishes: str = ""
    remote: bool = False


_REMOTE = re.compile(r"(?:--file=)?([^/:=]+):.*")
_DELETES = re.compile(
    r"(?:batch-?)?(?:delete|remove|rm|rmi|prune|purge|destroy|drain|terminate|uninstall|un|del|rb|wipe|erase|drop|down|clean|"
    r"autoremove|autoclean|deregister|flush|cleanup|reset|empty|kill|evict|unpublish|deprovision|force-unlock|mb-rm|-X)"
    r"(?:-.*)?",
    re.I,
)
_CONTAINER = _Service(
    looks="ps images logs inspect version info top stats port diff history search events ls config",
    runs="run exec", sends="push login search", publishes="push",
)  # fmt: skip
_NODE = _Service(looks="ls list view outdated why audit explain help version", runs="exec dlx x",
                 sends="install i add ci update login whoami", publishes="publish")  # fmt: skip
_PIP = _Service(looks="list show freeze check help", sends="install download wheel", publishes="upload publish")
_CLOUD = _Service(looks="", remote=True)
_INFRASTRUCTURE = _Service(
    looks="plan show version validate fmt output preview", runs="apply up refresh import", remote=True
)

SERVICES: Mapping[str, _Service] = MappingProxyType(
    {
        **dict.fromkeys(("docker", "podman", "nerdctl", "docker-compose"), _CONTAINER),
        "kubectl": _Service("get describe logs top explain version api-resources api-versions cluster-info diff",
                            "exec run debug attach cp proxy port-forward", remote=True),
        "oc": _Service("get describe logs status", "exec run debug rsh cp", remote=True),
        "helm": _Service("list ls get status history show template version search", "plugin",
                         "install upgrade repo pull push", remote=True),
        **dict.fromkeys(("npm", "yarn", "pnpm"), _NODE),
        **dict.fromkeys(("pip", "pip3", "uv", "poetry", "pipx", "conda", "mamba"), _PIP),
        "cargo": _Service("tree metadata search version", "", "fetch install update login", "publish"),
        "gem": _Service("list search info", "", "install fetch", "push"),
        "go": _Service("version env list doc", "", "get mod install"),
        **dict.fromkeys(("apt", "apt-get", "dnf", "yum", "apk", "pacman", "brew", "zypper", "snap", "port"),
                        _Service("list search show info", "", "install update upgrade")),
        "twine": _Service("check", "", "upload", "upload"),
        "apt-cache": _Service("search show policy madison depends"),
        **dict.fromkeys(("aws", "gcloud", "gsutil", "bq", "az", "doctl", "heroku", "flyctl", "fly", "vercel", "netlify",
                         "wrangler", "vault", "consul", "s3cmd",
                         "mc", "hub", "firebase"), _CLOUD),
        **dict.fromkeys(("terraform", "tofu", "pulumi"), _INFRASTRUCTURE),
        "gh": _Service("status", "alias extension codespace", "", "", remote=True),
        **dict.fromkeys(("systemctl", "service", "launchctl"),
                        _Service("status list-units is-active is-enabled cat list-timers show")),
        "journalctl": _Service(""),
        "dd": _Service(""),
        **dict.fromkeys(("tar", "gtar", "bsdtar", "cpio", "zip", "ar"), _Service("")),
    }
)  # fmt: skip


def run_service(name: str, rest: Sequence[Word], sink: Sink) -> None:
    """Note what *name* does with *rest*."""
    if name == "dd":
        _dd(rest, sink)
        return
    if name in ("tar", "gtar", "bsdtar", "cpio", "zip", "ar"):
        _archive(name, rest, sink)
        return
    service = SERVICES[name]
    for word in rest:
        sink.path(word)
    words = [word.text for word in rest if not word.text.startswith("-")][:6]
    first = words[0] if words else ""
    if any(not word.plain for word in rest[:4]) or (
        rest and rest[0].text.startswith("-") and rest[0].text not in ("--version", "--help")
    ):
        sink.doubt(f"the sub-command of {name} is not known")
    if any(_DELETES.fullmatch(word) for word in words) or any(
        re.fullmatch(r"-[DR]\w*|-X.*|--(?:rm|delete|remove|prune|purge).*", word.text) for word in rest
    ):
        sink.does("write", "delete")
    if set(words[:2]) & set(service.runs.split()):
        sink.doubt(f"what {name} {first} runs is not read")
    if first in service.publishes.split():
        sink.does("send", "publish")
    if service.remote or first in service.sends.split():
        sink.does("read", "send")
        sink.away(f"{name} talks to the machines that its settings name")
        sink.made.add(ANYTHING)
    if first in service.looks.split() or not words:
        sink.does("read")
    else:
        sink.does(*SOMETHING)


def _dd(rest: Sequence[Word], sink: Sink) -> None:
    sink.does("read")
    for word in rest:
        key, _, value = word.text.partition("=")
        if not word.plain or key not in (
            "if",
            "of",
            "bs",
            "count",
            "skip",
            "seek",
            "ibs",
            "obs",
            "conv",
            "status",
            "iflag",
            "oflag",
        ):
            sink.doubt("an operand of dd is not known")
        elif key == "of":
            sink.does("write", "delete")
            sink.path(Word(value), made=True, gone=True)
        elif key == "if":
            sink.path(Word(value))


def _archive(name: str, rest: Sequence[Word], sink: Sink) -> None:
    """Archives: listing one reads; packing and unpacking writes. Options that start programs are unclear."""
    sink.does("read")
    first = rest[0].text if rest else ""
    if any(word.maybe_option for word in rest):
        sink.doubt(f"{name} is given words that are not known, which may be options")
    known = re.compile(
        r"-?[cxtzjJavfpkmO0-9uhS]+|-C|--(?:exclude|directory|file|strip-components|list|create|extract|gzip|verbose|wildcards)(?:=.*)?"
    )
    options = [word.text for at, word in enumerate(rest) if word.text.startswith("-") or (at == 0 and name != "zip")]
    if name in ("tar", "gtar", "bsdtar") and rest and all(known.fullmatch(option) for option in options):
        lists = (re.fullmatch(r"-?[tzjJvfa]*t[tzjJvfa]*", first) is not None) or "--list" in options
        if not lists:
            sink.does("write")
    elif name == "zip" and all(re.fullmatch(r"-[rqv0-9jXy]+|-x", option) for option in options):
        sink.does("write")
    else:
        sink.does("write")
        sink.doubt(f"an option of {name} is not known")
    if "write" in sink.effects:
        sink.made.add(ANYTHING)
    for word in rest if name in ("zip", "cpio", "ar") or first.startswith("-") else rest[1:]:
        sink.path(word, made=False)
        # GNU tar opens host:file on that host (its manual, "Device Selection and Switching").
        away = _REMOTE.fullmatch(word.text) if name in ("tar", "gtar", "cpio") else None
        if away:
            sink.does("send")
            sink.host(away[1])

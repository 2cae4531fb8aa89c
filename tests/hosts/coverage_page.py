"""Writes docs/coverage.md: ``python -m tests.hosts.coverage_page``.

The page is what the walk finds: every method of the installed SDKs, the door that it knocks at, and what the table of doors
says about it. Run it with the newest SDKs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.hosts.clouds import CLOUDS
from tests.hosts.knocking import Tried, make, names_of, plainly
from tests.hosts.recorder import Knock
from tests.hosts.silent import SILENT, UNSUPPORTED

from pinnedrules.hosts.sdk import sdk_of, signs
from pinnedrules.wire.path_table import FAMILIES
from pinnedrules.wire.paths import Route, route

__all__ = ["PAGE", "clients", "page", "verdict"]

PAGE = Path(__file__).parents[2] / "docs" / "coverage.md"
_NAMES = {"openai": "OpenAI", "anthropic": "Anthropic"}
_KINDS = {
    "request": "the block is put in; every call of the answer is decided",
    "poll": "every call of the answer is decided",
    "compact": "a compaction endpoint, left without the block; every call of the answer is decided",
    "items": "what is put into the conversation is read; a result of a call that was refused is not",
}
_SOCKETS = {"live": "live", "realtime": "realtime"}
_TRANSPORTS = """\
| transport | |
|---|---|
| `httpx` and `httpx2` clients, sync and async | gated in place: the transport and every mount |
| proxies from the environment, proxies given as mounts | gated: they are mounts |
| `aiohttp` (`DefaultAioHttpClient`, `httpx_aiohttp`), HTTP/2, a transport of your own | gated: the gate is around it |
| client middleware of Anthropic's SDK (`guard.middleware()`) | gated, but for [what it does not see](limits.md#client-middleware) |
| answers coded with gzip, deflate, br, zstd | decoded if the HTTP library can, else refused by name |
| an HTTP client that is put into a wrapped client later | gated at the next request |
| `copy(http_client=...)`, `with_options(http_client=...)` | refused |
| redirects | gated: each hop is a request of its own |
| websockets | refused by name, before they connect; those of the Responses API are gated, message by message, where a setting says so |
"""  # noqa: E501 - rows of a table


def verdict(knock: Knock) -> Route:
    """Return what the table of doors says about a request that arrived."""
    if not knock.upgrade:
        return route(knock.method, knock.path)
    family = next((_SOCKETS[word] for word in re.split("[/?]", knock.path) if word in _SOCKETS), "websockets")
    return Route("refuse", reason=FAMILIES[family].reason, family=family)


def page() -> str:
    """Return the whole page."""
    parts = [_HEAD.format(openai=version("openai"), anthropic=version("anthropic")), _TRANSPORTS, "\n## Clients\n"]
    parts += ["\n| client | |\n|---|---|", *(f"\n| `{name}` | {found} |" for name, found in clients()), "\n"]
    parts += _clouds()
    for package in ("openai", "anthropic"):
        parts += _sdk(package)
    return "".join(parts)


def _clouds() -> Iterator[str]:
    yield _REFUSED_BY_SDK
    for each in UNSUPPORTED:
        names = sorted(_client_of(kind) for kind in each.clouds)
        methods = ", ".join(f"`{name}`" for name in each.methods)
        yield f"| {', '.join(f'`{name}`' for name in names)} | {methods} | {each.says} |\n"


def _client_of(kind: str) -> str:
    name = CLOUDS[kind.removesuffix(" async")]
    return f"Async{name}" if kind.endswith(" async") else name


def _sdk(package: str) -> Iterator[str]:
    tried = [*plainly(package), *plainly(f"{package} async")]
    rows = sorted({row for each in tried for row in _rows(each)}, key=lambda row: (row[0], row[1]))
    yield f"\n## {_NAMES[package]}\n\n### Gated\n\n| method | door | |\n|---|---|---|\n"
    yield from (
        f"| `{name}` | `{door}` | {_KINDS[found.kind]} |\n" for name, door, found in rows if found.verdict == "gate"
    )
    yield "\n### Passed\n\n| method | door | because |\n|---|---|---|\n"
    yield from (f"| `{name}` | `{door}` | {found.reason} |\n" for name, door, found in rows if found.verdict == "pass")
    yield "\n### Refused\n"
    for family in FAMILIES.values():
        shut = [(name, door) for name, door, found in rows if found.family == family.name]
        if shut:
            yield f"\n**`{family.name}`**: {family.reason} Instead: {family.instead}.\n\n| method | door |\n|---|---|\n"
            yield from (f"| `{name}` | `{door}` |\n" for name, door in shut)
    yield "\n### Sends nothing\n\n| method | |\n|---|---|\n"
    silent = names_of(make(package, "http://127.0.0.1:1")) & SILENT.keys()
    yield from (f"| `{name}` | {SILENT[name]} |\n" for name in sorted(silent))


def _rows(tried: Tried) -> Iterator[tuple[str, str, Route]]:
    """Yield the doors that one method knocks at; the verbs of the client itself take any path."""
    if "." in tried.name:
        for knock in tried.knocks:
            path = re.sub(r"(?<=/)x1(?=/|$)", "{id}", knock.path.split("?")[0])
            yield tried.name, f"{'websocket' if knock.upgrade else knock.method} {path}", verdict(knock)


def clients() -> Iterable[tuple[str, str]]:
    """Yield every class of clients that the SDKs export, with what becomes of one that is wrapped."""
    import anthropic
    import openai

    for package in (openai, anthropic):
        bases = (package._base_client.SyncAPIClient, package._base_client.AsyncAPIClient)
        exported = {name: value for name in dir(package) if isinstance(value := getattr(package, name), type)}
        for name, made in sorted(exported.items()):
            if issubclass(made, bases) and made not in bases and not name.startswith("_"):
                yield f"{package.__name__}.{name}", _wrapped(made)


def _wrapped(made: Any) -> str:
    # A client with a provider is known when it is made, the others by their class.
    client = made(aws_region="us-east-1", api_key="k") if "BedrockOpenAI" in made.__name__ else made.__new__(made)
    sdk_of(client)
    return "gated; signed after the block is in, then verified and not touched" if signs(client) else "gated"


_REFUSED_BY_SDK = """
The clients for the clouds are walked as well. Each method is gated, passed or refused there as it is on the lists below, at
the doors of that cloud. Their SDK itself refuses some of it before anything is sent, without a guard too:

| client | methods | what the SDK says |
|---|---|---|
"""
_HEAD = """\
# Door by door

What becomes of every method of the two SDKs (openai {openai}, anthropic {anthropic}) on a wrapped client: **gated**,
**passed** because it cannot propose a call, or **refused** before anything is sent. This page is written by
`python -m tests.hosts.coverage_page` from a walk that calls every method against a server on loopback; a test compares it, and
another one calls every method of a wrapped client, directly and through both response wrappers, and fails for a method that
has no verdict.

What is refused names its setting: `Guard(paths={{"batches": "pass"}})` or `pinnedrules serve --pass batches` lets that family
pass, ungated. More about it: [provider-side.md](provider-side.md#doors).

`client.request`, `get`, `post`, `put`, `patch`, `delete` and `get_api_list` take any path, and the door is what counts. What
the SDKs build of these methods (helpers that parse, streams, tool runners, threads, pollers, workers) sends nothing else.

## Transports

"""

if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

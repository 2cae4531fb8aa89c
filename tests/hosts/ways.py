"""The ways by which a client's requests come before the gate: wrapped in the program, by middleware, or the sidecar."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import pytest
from tests.hosts.aws import CLIENTS, Amazon
from tests.hosts.platforms import Platform
from tests.hosts.surfaces import make_client

from pinnedrules import Guard, Refused

__all__ = ["WAYS", "Middleware", "Sidecar", "Signed", "Transport", "Way", "leads"]


class Way(Protocol):
    """How the cases of the host table get a guarded client, and what a refusal is to its caller."""

    name: str

    def client(self, kind: str, provider: Any, guard: Guard, **more: Any) -> Any:
        """Return a guarded client of this kind for the scripted provider."""
        ...

    def at(self, platform: Platform, form: str, provider: Any, guard: Guard) -> Any:
        """Return a guarded client of this platform, ``form`` being empty or ``async``."""
        ...

    def refused(
        self, kind: str, error: type[Refused], match: str | None = None
    ) -> contextlib.AbstractContextManager[Any]:
        """Expect this refusal."""
        ...


class Transport:
    """The client itself is wrapped."""

    name = "transport"

    def __init__(self, open_all: contextlib.ExitStack) -> None:
        self._open_all = open_all

    def client(self, kind: str, provider: Any, guard: Guard, **more: Any) -> Any:
        return _closing(self._open_all, guard.wrap(make_client(kind, provider, **more)))

    def at(self, platform: Platform, form: str, provider: Any, guard: Guard) -> Any:
        return _closing(self._open_all, guard.wrap(platform.make(form, provider.url + platform.mount)))

    def refused(
        self, kind: str, error: type[Refused], match: str | None = None
    ) -> contextlib.AbstractContextManager[Any]:
        return pytest.raises(error, match=match)


class Signed(Transport):
    """The client itself is wrapped, and signs for AWS: each request's signature is computed anew."""

    name = "signed"

    def client(self, kind: str, provider: Any, guard: Guard, **more: Any) -> Any:
        pytest.importorskip("botocore", reason="the SDKs sign with botocore")
        pytest.importorskip("boto3", reason="the SDKs sign with boto3")
        api, _, form = kind.partition(" ")
        amazon = self._open_all.enter_context(Amazon(provider))
        name = {"openai": "openai provider", "responses": "openai provider responses", "anthropic": "aws"}[api]
        made = next(each for each in CLIENTS if each.name == name)
        self._open_all.callback(amazon.check)
        return _closing(self._open_all, guard.wrap(made.make(form, amazon.url, **more)))


class Middleware(Transport):
    """A plain Anthropic client with the gate as its middleware; an HTTP client that it is given is not gated."""

    name = "middleware"

    def client(self, kind: str, provider: Any, guard: Guard, **more: Any) -> Any:
        assert kind.startswith("anthropic"), "which API is this test about? pytest.mark.api says it"
        # Ours stands last: what comes before it changes the request before it is gated.
        chain = [*more.pop("middleware", ()), guard.middleware()]
        return _closing(self._open_all, make_client(kind, provider, middleware=chain, **more))

    def at(self, platform: Platform, form: str, provider: Any, guard: Guard) -> Any:
        made = platform.make(form, provider.url + platform.mount)
        return _closing(self._open_all, made.with_options(middleware=[guard.middleware()]))


class Sidecar:
    """A plain client whose base URL is the sidecar's."""

    name = "sidecar"

    def __init__(self, open_all: contextlib.ExitStack, later: Callable[[Callable[[], None]], None]) -> None:
        self._open_all, self._later = open_all, later

    def client(self, kind: str, provider: Any, guard: Guard, **more: Any) -> Any:
        served = _Served(self._serve(guard, provider.openai_url, provider.url))
        return _closing(self._open_all, make_client(kind, served, **more))

    def at(self, platform: Platform, form: str, provider: Any, guard: Guard) -> Any:
        url = self._serve(guard, provider.url + platform.mount, provider.url + platform.mount)
        return _closing(self._open_all, platform.make(form, f"{url}{platform.named}"))

    def _serve(self, guard: Guard, openai: str, anthropic: str) -> str:
        """Start a sidecar for these base URLs of the two providers and return its own, with token and session."""
        from pinnedrules.hosts.sidecar.serving import Serving
        from pinnedrules.hosts.sidecar.upstreams import Upstream, Upstreams

        upstreams = Upstreams(Upstream(openai), Upstream(anthropic))
        serving = Serving(guard, upstreams=upstreams).start()
        self._open_all.callback(self._later, serving.close)
        return f"{serving.url}/t/{serving.token}/s/table"

    @contextlib.contextmanager
    def refused(self, kind: str, error: type[Refused], match: str | None = None) -> Iterator[Any]:
        import anthropic
        import openai

        base: type[Exception] = anthropic.APIError if kind.startswith("anthropic") else openai.APIError
        with pytest.raises(base, match=match) as caught:
            yield caught
        code = re.sub(r"(?<!^)(?=[A-Z])", "_", error.__name__).lower()
        assert code in str(getattr(caught.value, "body", ""))


def _closing(open_all: contextlib.ExitStack, client: Any) -> Any:
    """Close a synchronous client at the end of its test; an asynchronous one belongs to the loop that it ran on."""
    if not type(client).__name__.startswith("Async"):
        open_all.callback(client.close)
    return client


def leads(way: str, api: str) -> bool:
    """Say whether this way leads to this API with the installed SDKs: only newer ones of Anthropic's have middleware."""
    import anthropic

    return way != "middleware" or (api == "anthropic" and hasattr(anthropic, "Middleware"))


class _Served:
    def __init__(self, url: str) -> None:
        self.url = url


WAYS: dict[str, Callable[[contextlib.ExitStack, Callable[[Callable[[], None]], None]], Way]] = {
    "transport": lambda open_all, later: Transport(open_all),
    "middleware": lambda open_all, later: Middleware(open_all),
    "sidecar": Sidecar,
}

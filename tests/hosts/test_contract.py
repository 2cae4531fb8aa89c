"""What we rely on of the SDKs and their HTTP libraries without being promised it, one test for each thing.

Run once for each SDK generation (``make sdk-matrix``). A failure says in one line what changed and where we lean on it.
"""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable
from importlib.metadata import version
from types import ModuleType
from typing import Any

import pytest
from tests.hosts.surfaces import make_client
from tests.hosts.test_threads import THREADS

from pinnedrules import Guard
from pinnedrules.hosts.client import guarded
from pinnedrules.testing.asserts import assert_pinned
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import Reply, Script

KINDS = ("openai", "openai async", "anthropic", "anthropic async")
EACH = pytest.mark.parametrize("kind", KINDS)
SDKS = pytest.mark.parametrize("name", ["openai", "anthropic"])
USER = [{"role": "user", "content": "hi"}]


def sdk(name: str) -> ModuleType:
    return importlib.import_module(name.split()[0])


def base_class(kind: str) -> Any:
    """Return the class that every client of this kind is built on."""
    return getattr(sdk(kind)._base_client, "AsyncAPIClient" if kind.endswith("async") else "SyncAPIClient")


def changed(what: str, kind: str, leans: str) -> str:
    name = kind.split()[0]
    return f"{name} {version(name)}: {what} changed; {leans} leans on it"


def takes(function: Callable[..., Any], *args: object, **kwargs: object) -> bool:
    try:
        inspect.signature(function).bind(*args, **kwargs)
    except TypeError:
        return False
    return True


def ask(client: Any, kind: str) -> Any:
    if kind.startswith("anthropic"):
        return client.messages.create(model="m", max_tokens=9, messages=USER)
    return client.chat.completions.create(model="m", messages=USER)


async def aask(client: Any, kind: str) -> Any:
    try:
        return await ask(client, kind)
    finally:
        await client.close()


def asked(client: Any, kind: str) -> Any:
    """Ask the model once, on a client of any kind."""
    import asyncio

    if kind.endswith("async"):
        return asyncio.run(aask(client, kind))
    try:
        return ask(client, kind)
    finally:
        client.close()


def observed(kind: str, replies: list[Reply], **methods: Callable[..., Any]) -> ScriptedProvider:
    """Ask once with a client of a subclass that has these *methods*, and return who was asked."""
    with ScriptedProvider(Script(replies)) as provider:
        client = make_client(kind, provider)
        kept, client.__class__ = type(client), type(type(client).__name__, (type(client),), methods)
        assert isinstance(client, kept)
        asked(client, kind)
    return provider


@EACH
def test_the_two_base_classes_are_where_they_were(kind: str) -> None:
    """A client is known by the name and the module of its base class."""
    found = base_class(kind)

    place = (found.__module__, found.__name__)
    assert place[0] == f"{kind.split()[0]}._base_client", changed(f"the module of {place[1]}", kind, "sdk.sdk_of")
    with ScriptedProvider(Script([])) as provider:
        client = make_client(kind, provider)
    assert isinstance(client, found), changed("the base class of clients", kind, "sdk.sdk_of")


@SDKS
def test_every_error_has_one_base(name: str) -> None:
    """A refusal subclasses that base, so that the retry loop lets it through."""
    module, base = sdk(name), "OpenAIError" if name == "openai" else "AnthropicError"

    assert issubclass(module.APIError, getattr(module, base)), changed(base, name, "Keeper.translate")


@EACH
def test_every_request_is_built_by_build_request(kind: str) -> None:
    """``_build_request(options, retries_taken=...)`` is a plain method, called once for each attempt, before the sending."""
    signature = inspect.signature(base_class(kind)._build_request)
    built: list[Any] = []

    def _build_request(self: Any, options: Any, **kwargs: Any) -> Any:
        built.append(super(type(self), self)._build_request(options, **kwargs))
        return built[-1]

    said = changed("_build_request", kind, "client._Guarded._build_request")
    assert list(signature.parameters)[:2] == ["self", "options"], said
    assert takes(base_class(kind)._build_request, None, None, retries_taken=1), said
    assert not inspect.iscoroutinefunction(base_class(kind)._build_request), said
    provider = observed(kind, [Reply(status=500, retry_after=0.01), Reply("ok")], _build_request=_build_request)
    assert len(built) == len(provider.requests) == 2, said
    assert [request.content for request in built] == [request.body for request in provider.requests], said


@EACH
def test_a_request_just_built_can_be_given_another_body(kind: str) -> None:
    """Its bytes are in ``_content`` and in a ``stream`` whose class takes them."""

    def _build_request(self: Any, options: Any, **kwargs: Any) -> Any:
        request = super(type(self), self)._build_request(options, **kwargs)
        body = request.content.replace(b'"hi"', b'"longer"')
        assert vars(request)["_content"] == request.content, changed("Request._content", kind, "client._build_request")
        request.stream = type(request.stream)(body)
        request._content = body
        request.headers["content-length"] = str(len(body))
        request.extensions["pinnedrules.placed"] = ()
        return request

    provider = observed(kind, [Reply("ok")], _build_request=_build_request)

    assert b'"longer"' in provider.requests[0].body, changed("Request.stream", kind, "client._Guarded._build_request")


@EACH
def test_options_are_prepared_before_a_request_is_built(kind: str) -> None:
    """``_prepare_options(options)`` is a hook, a coroutine in an asynchronous client, called with a ``url``."""
    hook = base_class(kind)._prepare_options
    said = changed("_prepare_options", kind, "client._prepare_options")

    assert list(inspect.signature(hook).parameters) == ["self", "options"], said
    assert inspect.iscoroutinefunction(hook) is kind.endswith("async"), said
    options = sdk(kind)._models.FinalRequestOptions.construct(method="get", url="wss://x/y")
    assert options.url == "wss://x/y", changed("FinalRequestOptions.url", kind, "client._Guarded._socket")


@EACH
def test_a_request_is_prepared_after_it_is_built_and_before_it_is_sent(kind: str) -> None:
    """``_prepare_request(request)`` is where the SDKs sign: a hook, a coroutine in an asynchronous client."""
    hook = base_class(kind)._prepare_request
    said = changed("_prepare_request", kind, "client._prepare_request")
    built: list[Any] = []

    def _build_request(self: Any, *args: Any, **kwargs: Any) -> Any:
        request = super(type(self), self)._build_request(*args, **kwargs)
        built.append(request)
        return request

    def _prepare_request(self: Any, request: Any) -> Any:
        assert built[-1] is request, said
        request.headers["x-prepared"] = "yes"
        return super(type(self), self)._prepare_request(request)

    provider = observed(kind, [Reply("ok")], _build_request=_build_request, _prepare_request=_prepare_request)

    assert list(inspect.signature(hook).parameters) == ["self", "request"], said
    assert inspect.iscoroutinefunction(hook) is kind.endswith("async"), said
    assert dict(provider.requests[0].headers)["x-prepared"] == "yes", said


@EACH
def test_every_request_goes_through_request(kind: str) -> None:
    """``request`` holds the whole retry loop, so that a refusal that escapes from it becomes itself again there."""
    calls: list[Any] = []
    said = changed("request", kind, "client._GuardedSync.request")

    def request(self: Any, *args: Any, **kwargs: Any) -> Any:
        calls.append((args, kwargs))
        return super(type(self), self).request(*args, **kwargs)

    provider = observed(kind, [Reply(status=500, retry_after=0.01), Reply("ok")], request=request)

    assert inspect.iscoroutinefunction(base_class(kind).request) is kind.endswith("async"), said
    assert (len(calls), len(provider.requests)) == (1, 2), said


@EACH
def test_the_http_client_is_where_it_was(kind: str) -> None:
    """``_client`` is an ``httpx`` or ``httpx2`` client that keeps its transports in ``_transport`` and ``_mounts``."""
    with ScriptedProvider(Script([])) as provider:
        http = make_client(kind, provider)._client
    library: Any = next((each for each in type(http).__mro__ if each.__module__.startswith("httpx")), None)

    assert library is not None, changed("the HTTP library of _client", kind, "client._transports")
    said = changed("the HTTP client's _transport or _mounts", kind, "client.gate_http")
    assert {"_transport", "_mounts"} <= vars(http).keys(), said
    assert isinstance(vars(http)["_mounts"], dict), said
    assert hasattr(http, "aclose") is kind.endswith("async"), said
    for method in ("handle_async_request", "aclose") if kind.endswith("async") else ("handle_request", "close"):
        assert callable(getattr(http._transport, method)), said
    chosen = inspect.signature(library._transport_for_url)
    assert list(chosen.parameters) == ["self", "url"], said


@EACH
def test_a_mount_is_asked_before_the_transport(kind: str) -> None:
    """Where a mount matches, the transport is never asked: so every mount is gated as well."""
    with ScriptedProvider(Script([])) as provider:
        http = make_client(kind, provider)._client
    said = changed("the HTTP client's mounts", kind, "client.gate_http")
    library = importlib.import_module(type(http).__mro__[-2].__module__.split(".")[0])
    pattern = importlib.import_module(f"{library.__name__}._utils").URLPattern("http://")
    mark = object()
    http._mounts = {pattern: mark}

    assert http._transport_for_url(library.URL("http://x/y")) is mark, said
    assert http._transport_for_url(library.URL("https://x/y")) is http._transport, said


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_the_http_library_says_what_it_can_decode(library: str) -> None:
    """``_decoders.SUPPORTED_DECODERS`` has the names of the codings; what is missing there is refused by name."""
    pytest.importorskip(library)
    supported = importlib.import_module(f"{library}._decoders").SUPPORTED_DECODERS

    assert {"gzip", "deflate", "identity"} <= set(supported), changed("SUPPORTED_DECODERS", library, "transport._head")


@EACH
def test_a_copy_is_made_by_copy(kind: str) -> None:
    """``copy`` makes a client of the same class on the same HTTP client; ``with_options`` is the same function."""
    with ScriptedProvider(Script([])) as provider:
        client = make_client(kind, provider)
    cls: Any = type(client)
    said = changed("copy", kind, "client._Guarded.copy")

    assert cls.with_options is cls.copy, changed("with_options", kind, "client._Guarded.with_options")
    assert "http_client" in inspect.signature(cls.copy).parameters, said
    assert client.copy()._client is client._client, said

    own: Any = type("Own", (cls,), {})
    client.__class__ = own
    assert type(client.copy()) is own, said


@EACH
def test_a_client_can_be_made_from_what_another_one_keeps(kind: str) -> None:
    """All that a client keeps is in its ``__dict__``; resources are cached properties or remade on the new client."""
    said = changed("what a client keeps", kind, "sdk.rebound")
    with ScriptedProvider(Script([Reply("ok")])) as provider:
        client = make_client(kind, provider)
        cls: Any = type(client)
        assert not getattr(cls, "__slots__", ()), said
        resources = [name for name, value in vars(cls).items() if isinstance(value, functools.cached_property)]
        assert {"beta", "messages" if kind.startswith("anthropic") else "responses"} <= set(resources), said
        twin = cls.__new__(cls)
        vars(twin).update(vars(client))
        asked(twin, kind)

    assert len(provider.requests) == 1, said


@EACH
def test_a_resource_keeps_its_client(kind: str) -> None:
    """``resource._client`` is the client that it sends with, and the class can be called with another."""
    with ScriptedProvider(Script([])) as provider:
        client = make_client(kind, provider)
    said = changed("a resource's _client", kind, "sdk.rebound")
    resource = client.models

    assert resource._client is client, said
    names = {each.__name__ for each in type(resource).__mro__}
    assert ("AsyncAPIResource" if kind.endswith("async") else "SyncAPIResource") in names, said
    assert type(resource)(client)._client is client, said


@pytest.mark.parametrize("kind", ["openai", "openai async"])
def test_whoever_opens_a_websocket_asks_first(kind: str) -> None:
    """``websocket_base_url`` is an attribute of the instance, and read only by copies and by what opens a websocket."""
    with ScriptedProvider(Script([])) as provider:
        client = make_client(kind, provider)
    said = changed("websocket_base_url", kind, "client._Guarded.websocket_base_url")

    assert "websocket_base_url" in vars(client), said
    assert "websocket_base_url" in inspect.signature(type(client).copy).parameters, said


@pytest.mark.parametrize("kind", ["openai", "openai async"])
@pytest.mark.parametrize("door", ["responses", "beta.responses"])
def test_a_websocket_is_opened_by_its_manager(kind: str, door: str) -> None:
    """``connect()`` gives a manager whose ``_connect_ws`` opens the connection, also when the SDK connects again."""
    with ScriptedProvider(Script([])) as provider:
        client = make_client(kind, provider)
    place = functools.reduce(lambda each, name: getattr(each, name, None), door.split("."), client)
    if not hasattr(place, "connect"):
        pytest.skip(f"this SDK has no {door}.connect")
    said = changed("_connect_ws", kind, "websocket._gates")
    opens = getattr(place.connect(), "_connect_ws", None)

    assert opens is not None, said
    assert takes(opens, {}, {}), said
    assert inspect.iscoroutinefunction(opens) is kind.endswith("async"), said
    for name, found in (("responses", type(client)), ("beta", type(client)), ("responses", type(client.beta))):
        if hasattr(found, name):
            assert isinstance(inspect.getattr_static(found, name), functools.cached_property), said


@pytest.mark.parametrize("name", ["sync", "asyncio"])
def test_a_websocket_says_how_long_it_waits_for_its_end(name: str) -> None:
    """``close_timeout`` of the connections of ``websockets`` may be set on one that is open."""
    module: Any = importlib.import_module(f"websockets.{name}.connection")
    said = f"websockets {version('websockets')}: close_timeout changed; websocket.GatedSocket leans on it"

    assert "self.close_timeout = close_timeout" in inspect.getsource(module.Connection.__init__), said


@pytest.mark.parametrize("form", ["", "Async"], ids=["sync", "async"])
def test_azure_opens_its_websockets_by_configure_realtime(form: str) -> None:
    """The clients for Azure put the URL together themselves; ``_configure_realtime`` is where."""
    import openai

    made = getattr(openai, f"{form}AzureOpenAI")
    found = getattr(made, "_configure_realtime", None)

    assert found is not None, changed("_configure_realtime", "openai", "client._Guarded._configure_realtime")


def test_anthropic_clients_that_sign_are_known_by_their_module() -> None:
    """They live in ``anthropic.lib.bedrock`` and ``anthropic.lib.aws``."""
    module: Any = sdk("anthropic")
    bases = (module._base_client.SyncAPIClient, module._base_client.AsyncAPIClient)
    found = [made for made in map(vars(module).get, dir(module)) if inspect.isclass(made) and issubclass(made, bases)]
    signing = [made for made in found if "Bedrock" in made.__name__ or "AWS" in made.__name__]

    assert signing
    for made in signing:
        lives = [each.__module__ for each in made.__mro__]
        assert any(each.startswith(("anthropic.lib.bedrock", "anthropic.lib.aws")) for each in lives), changed(
            f"the module of {made.__name__}", "anthropic", "sdk.signs"
        )


def test_openai_clients_that_sign_are_known_by_their_provider() -> None:
    """A client with a provider keeps it in ``_provider_runtime``, whose name is ``bedrock`` for what signs."""
    module: Any = sdk("openai")
    if not hasattr(module, "BedrockOpenAI"):
        pytest.skip("this SDK has no client for AWS")
    client = module.BedrockOpenAI(aws_region="us-east-1", api_key="k")

    assert client._provider_runtime.name == "bedrock", changed("_provider_runtime", "openai", "sdk.signs")


@pytest.mark.parametrize("kind", ["anthropic", "anthropic async"])
def test_a_middleware_chain_is_built_by_build_middleware_chain(kind: str) -> None:
    """Where the SDK has middleware, the chain ends in the client that ``_build_middleware_chain`` was called on."""
    base = base_class(kind)
    if not hasattr(base, "_build_middleware_chain"):
        pytest.skip("this SDK has no middleware")
    said = changed("_build_middleware_chain", kind, "client.guarded")
    with ScriptedProvider(Script([])) as provider:
        client = make_client(kind, provider)

    assert takes(base._build_middleware_chain, client), said
    assert client._build_middleware_chain() is None, said
    assert "_middleware_chain" in vars(client), said
    assert "_middleware" in vars(client), said


@pytest.mark.parametrize("kind", ["anthropic", "anthropic async"])
def test_a_wrapped_client_s_middleware_ends_in_the_wrapped_client(kind: str, guard: Guard) -> None:
    """A chain that was built for the plain client would lead around the gate."""
    import anthropic

    if not hasattr(anthropic, "Middleware"):
        pytest.skip("this SDK has no middleware")
    with ScriptedProvider(Script([Reply("ok")])) as provider:
        client = guard.wrap(make_client(kind, provider, middleware=[_Through()]))
        asked(client, kind)

    assert_pinned(provider, guard)


class _Through:
    """Stands in for the SDK's own base class, which older ones lack."""

    def __new__(cls) -> Any:
        import anthropic

        class Through(anthropic.Middleware):
            def handle(self, request: Any, call_next: Any) -> Any:
                return call_next(request)

            async def handle_async(self, request: Any, call_next: Any) -> Any:
                return await call_next(request)

        return Through()


@pytest.mark.parametrize("kind", ["anthropic", "anthropic async"])
def test_server_held_threads_are_switched_by_one_attribute(kind: str) -> None:
    """``_supports_message_threads`` decides whether the tool runner keeps the conversation at the provider."""
    if THREADS.args[0]:
        pytest.skip("this SDK has no message threads")
    with ScriptedProvider(Script([])) as provider:
        client = make_client(kind, provider)
    said = changed("_supports_message_threads", kind, "the table of threads")

    assert client._supports_message_threads is True, said
    thread = client.beta.messages.thread(model="m", max_tokens=9)
    assert thread._client is client, changed("a thread's _client", kind, "tests/hosts/test_threads.py")


@EACH
def test_the_table_of_mixed_in_names_is_complete(kind: str, guard: Guard) -> None:
    """Every name that a guarded class overrides is one that the SDK's class has: nothing is overridden in vain."""
    with ScriptedProvider(Script([])) as provider:
        client = make_client(kind, provider)
        wrapped: Any = guard.wrap(client)
    mixed = [each for each in type(wrapped).__mro__ if each.__module__ == guarded.__module__]
    names = {name for each in mixed for name in vars(each) if not name.startswith("__")}
    known = {name for name in names if hasattr(type(client), name) or name in vars(client)}
    ours = {
        "_pinnedrules_keeper",
        "_socket",
        "_may_open",
        "_admitted",
        "_no_socket",
        "_let_socket",
        "_translated",
        "_sealing",
    }
    elsewhere = {"_configure_realtime", "websocket_base_url"}

    assert names - known - ours <= elsewhere, changed(f"{names - known - ours - elsewhere}", kind, "hosts/client.py")

"""What a client is told when there is no answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from tests.sidecar.bench import Bench, Got, chat, until

from pinnedrules.evidence.reader import read
from pinnedrules.hosts.sidecar.limits import Limits
from pinnedrules.hosts.sidecar.upstreams import Upstream, Upstreams
from pinnedrules.testing.script import ProposedCall, Reply, Script

Make = Callable[..., Bench]
DELETE = ProposedCall("delete_mail", {"id": "7"})
LONG = ProposedCall("archive", {"id": "7" * 80})
KINDS = pytest.mark.parametrize("kind", ["openai", "anthropic"])


def client_of(kind: str, bench: Bench) -> Any:
    import anthropic
    import openai

    made: Any = openai.OpenAI if kind == "openai" else anthropic.Anthropic
    return made(base_url=bench.serving.base_url(kind), api_key="k")


def ask(kind: str, client: Any, **more: Any) -> Any:
    said = [{"role": "user", "content": "hi"}]
    if kind == "openai":
        return client.chat.completions.create(model="g", messages=said, **more)
    return client.messages.create(model="c", max_tokens=9, messages=said, **more)


def api_error(kind: str) -> Any:
    import anthropic
    import openai

    return openai.APIError if kind == "openai" else anthropic.APIError


@KINDS
def test_stopped_is_a_403_that_says_why_and_is_not_tried_again(kind: str, make_bench: Make) -> None:
    """Stopped: a 403 with a JSON body that says why; stopped means a refusal and no request."""
    bench = make_bench(Script([]))
    bench.guard.stop("wrong inbox")

    with client_of(kind, bench) as client, pytest.raises(api_error(kind), match="wrong inbox") as caught:
        ask(kind, client)

    assert caught.value.status_code == 403
    assert "pinnedrules resume" in str(caught.value)
    assert caught.value.response.headers["x-should-retry"] == "false"
    assert bench.provider.requests == ()


@KINDS
def test_a_stop_of_one_session_reaches_its_base_url_only(kind: str, make_bench: Make) -> None:
    """A stop has a scope."""
    bench = make_bench(lambda seen: Reply("hello"))
    bench.guard.stop("this one", session="inbox")
    ask_ = bench.chat if kind == "openai" else bench.messages

    assert ask_(prefix="/s/inbox").status == 403
    assert ask_(prefix="/s/other").status == 200


@KINDS
def test_a_stop_ends_an_open_stream_with_an_error(kind: str, make_bench: Make) -> None:
    """Invariant 7: at every streamed event; the SDK raises it as the provider's own error."""
    bench = make_bench(lambda seen: Reply("word " * 400, frame_delay=0.01))
    seen = 0

    def read_all(client: Any) -> None:
        nonlocal seen
        for _ in ask(kind, client, stream=True):
            seen += 1
            if seen == 5:
                bench.guard.stop("wrong inbox")

    with client_of(kind, bench) as client, pytest.raises(api_error(kind), match="wrong inbox"):
        read_all(client)

    assert 5 <= seen < 300
    assert not bytes(bench.provider.requests[0].answer).endswith(b"[DONE]\n\n")


@pytest.mark.parametrize("stream", [False, True])
def test_a_stop_ends_a_request_that_a_silent_provider_keeps_open(stream: bool, make_bench: Make) -> None:
    """Invariant 7 looks at every event; while there is none the sidecar looks by itself, and gives the provider up."""
    bench = make_bench(lambda seen: Reply("late", delay=3600))
    got: list[Got] = []
    asking = threading.Thread(target=lambda: got.append(bench.messages(stream=stream)))
    asking.start()
    until(lambda: bench.provider.requests)

    bench.guard.stop("wrong inbox")
    asking.join()

    assert got[0].status == 403
    assert "wrong inbox" in got[0].json["error"]["message"]
    bench.guard.flush()
    assert [record["type"] for record in read(bench.guard.folder.log)].count("refusal") == 1


def test_a_stop_that_is_lifted_in_the_same_moment_ends_the_request_all_the_same(
    make_bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invariant 7: nothing is released under an epoch older than the current one."""
    from pinnedrules.hosts.sidecar.work import Worker

    bench = make_bench(lambda seen: Reply("late", delay=3600))
    monkeypatch.setattr(Worker, "stop", lambda self, session: "stop")

    got = bench.chat()

    assert (got.status, got.json["error"]["code"]) == (403, "pinnedrules_stopped")
    assert "send the request again" in got.json["error"]["message"]


@KINDS
def test_a_denied_call_can_be_an_error(kind: str, make_bench: Make) -> None:
    """on_denied="raise": the client gets a typed error, once."""
    bench = make_bench(Script([Reply("", calls=[DELETE])]), guard={"on_denied": "raise"})

    got = bench.chat() if kind == "openai" else bench.messages()

    assert got.status == 403
    assert got.json["error"]["code"] == "pinnedrules_denied"
    assert "delete_mail" in got.json["error"]["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'{"messages": [], "messages": []}'])
def test_a_body_that_cannot_be_read_is_a_400(body: bytes, make_bench: Make) -> None:
    """Invariant 2: what cannot be read cannot be allowed."""
    bench = make_bench(Script([]))

    got = bench.post("/v1/chat/completions", body)

    assert (got.status, got.json["error"]["code"]) == (400, "pinnedrules_unreadable")
    assert bench.provider.requests == ()


def test_an_answer_in_an_unknown_coding_is_refused(make_bench: Make) -> None:
    """Invariant 2: an unknown encoding."""
    bench = make_bench(Script([Reply("x", encoding="snappy")]))

    assert "snappy" in bench.chat().json["error"]["message"]


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/embeddings"])
def test_an_answer_that_comes_coded_all_the_same_is_decoded(encoding: str, path: str, make_bench: Make) -> None:
    """The client did not ask for a coding, and what is gated is what it gets."""
    bench = make_bench(Script([Reply("hello", encoding=encoding)]))

    got = bench.post(path, chat())

    assert "content-encoding" not in got.headers
    assert got.status == 404 or got.json


def test_an_error_of_the_provider_passes_as_it_is(make_bench: Make) -> None:
    """retry-after, x-should-retry and the body are the provider's."""
    bench = make_bench(Script([Reply(status=429, retry_after=7, message="slow down")]))

    got = bench.messages()

    assert (got.status, got.headers["retry-after"]) == (429, "7")
    assert got.body == bytes(bench.provider.requests[0].answer)


def test_a_redirect_is_never_handed_on(make_bench: Make) -> None:
    """A client that followed it would be around the gate, with its key."""
    moved = Reply(raw=b"", status=308, headers={"location": "http://127.0.0.1:9/v1/chat/completions"})
    bench = make_bench(lambda seen: moved)

    for got in (bench.chat(), bench.messages()):
        assert (got.status, got.json["error"].get("code")) == (403, "pinnedrules_path_refused")
        assert "location" not in got.headers


def test_a_provider_that_cannot_be_reached_is_a_502(make_bench: Make) -> None:
    """Trying again may help, so nothing says that it must not."""
    closed = Upstream("http://127.0.0.1:1/v1")
    bench = make_bench(Script([]), upstreams=Upstreams(closed, closed))

    for got in (bench.chat(), bench.ask("GET", f"{bench.prefix}/v1/models")):
        assert (got.status, got.json["error"]["code"]) == (502, "pinnedrules_unreachable")
        assert "x-should-retry" not in got.headers


@KINDS
def test_a_stream_cut_inside_a_call_ends_with_an_error(kind: str, make_bench: Make) -> None:
    """Invariant 2: a stream cut in the middle of a call releases nothing of it."""
    bench = make_bench(Script([Reply("Text first.", calls=[LONG], cut_after_frames=7)]))

    with client_of(kind, bench) as client, pytest.raises(api_error(kind)) as caught:
        for _ in ask(kind, client, stream=True):
            pass

    assert "archive" not in str(caught.value)


def test_a_silent_provider_is_a_504(make_bench: Make) -> None:
    """Time limits have clear errors."""
    bench = make_bench(lambda seen: Reply("late", delay=30), limits=Limits(idle=0.2))

    assert bench.chat().json["error"]["code"] == "pinnedrules_silent"


def test_an_answer_that_takes_too_long_ends_with_an_error(make_bench: Make) -> None:
    """A stream that trickles for ever is no way around the time limit."""
    bench = make_bench(lambda seen: Reply("word " * 400, frame_delay=0.02), limits=Limits(total=2))

    got = bench.chat(stream=True)

    assert b"pinnedrules_too_long" in got.body.splitlines()[-2]


def test_a_download_that_takes_too_long_is_broken_off(make_bench: Make) -> None:
    """What is no stream of events has no place for an error: the connection ends before the body does."""
    import http.client

    error = Reply(status=500, raw=b"x" * 4000, chunk_bytes=10, frame_delay=0.02, content_type="text/plain")
    # What is gated is read to its end first; monitor mode hands it on as it comes, as a door that passes does.
    bench = make_bench(lambda seen: error, limits=Limits(total=2), guard={"mode": "monitor"})

    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        bench.chat()


@pytest.mark.parametrize(
    ("path", "headers", "word"),
    [
        ("/v1/messages", {"authorization": "AWS4-HMAC-SHA256 Credential=AKIA/x"}, "SigV4"),
        ("/v1beta/models/gemini-3:generateContent", {}, "Gemini"),
    ],
)
@pytest.mark.parametrize("mode", ["enforce", "monitor"])
def test_what_it_cannot_do_is_refused_by_name_and_recorded(
    path: str, headers: dict[str, str], word: str, mode: str, make_bench: Make
) -> None:
    """SigV4-signed calls and Gemini get a clear refusal, in the log as well."""
    bench = make_bench(Script([]), guard={"mode": mode})

    got = bench.post(path, {}, **headers)

    assert got.status == 403
    assert word in json.dumps(got.json)
    assert bench.provider.requests == ()
    bench.guard.flush()
    assert [record["type"] for record in read(bench.guard.folder.log)].count("refusal") == 1


def test_a_defect_of_ours_is_told_without_what_it_said(
    make_bench: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No key in any log, also where an exception carries one."""
    from pinnedrules.hosts.sidecar import work

    def fail(*_: object, **__: object) -> None:
        raise ValueError("Bearer sk-secret")

    bench = make_bench(Script([]))
    monkeypatch.setattr(work, "identify", fail)

    got = bench.chat(authorization="Bearer sk-secret")

    assert (got.status, got.json["error"]["code"]) == (403, "pinnedrules_broken")
    assert b"sk-secret" not in got.body
    assert "ValueError at" in caplog.text
    assert "sk-secret" not in caplog.text


@pytest.mark.parametrize("kind", ["Record", "ReadLedger"])
def test_a_log_or_store_that_fails_is_a_403_too(kind: str, make_bench: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 2: a store that does not answer, a record that cannot be written; a 5xx would be tried again for minutes."""
    bench = make_bench(
        lambda seen: Reply("", calls=[ProposedCall("archive", {"id": "1"})]), guard={"strict": True, "on_denied": "end"}
    )
    world = bench.guard._core.world
    plain = world._perform

    def perform(command: Any, on_loop: bool) -> Any:
        if type(command).__name__ == kind:
            raise OSError("disk full")
        return plain(command, on_loop)

    monkeypatch.setattr(world, "_perform", perform)

    got = bench.chat()

    assert b'"archive"' not in got.body
    assert got.status == (403 if kind == "Record" else 200)

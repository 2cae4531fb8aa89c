"""A framework's compactor runs elsewhere; whatever happens there, a benchmark gets messages or an error that says why."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinnedrules.bench import framework
from pinnedrules.bench.compactors import CompactorError, compacted, named
from pinnedrules.bench.framework import Framework, close_all, installed
from pinnedrules.bench.model import Message
from pinnedrules.bench.shown import Desk, Keeper, shown

ROOT = Path(__file__).resolve().parents[2]
RULE = "Send e-mail only to addresses inside example.com."
HISTORY: list[Message] = [
    {"role": "system", "content": "You are an assistant."},
    {"role": "user", "content": f"Begin with the post. {RULE}"},
    *({"role": ("assistant", "user")[number % 2], "content": f"Message {number}."} for number in range(20)),
]
HOST = """
import json, os, sys, time, urllib.request
PACKAGE = "pip"
ASKS_FOR_RULES = ("asks",)

def asked(job, text):
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]}).encode()
    there = urllib.request.Request(job.openai_url + "/chat/completions", body, {"content-type": "application/json"})
    return json.load(urllib.request.urlopen(there))["choices"][0]["message"]["content"]

def summary(job):
    print("a framework may print what it likes")
    text = asked(job, "Never leave anything out. " + json.dumps(job.rest[:-2]))
    return [*job.head, {"role": "user", "content": text}, *job.rest[-2:]]

async def later(job):
    return job.rest[-1:]

def sealed(job):
    body = {"model": "m", "input": [{"role": one["role"], "content": one["content"]} for one in job.rest[:3]]}
    if job.rest[0]["content"].startswith("sealed:"):
        body["input"][0] = {"type": "compaction", "encrypted_content": job.rest[0]["content"][7:]}
    data = json.dumps(body).encode()
    there = urllib.request.Request(job.openai_url + "/responses/compact", data, {"content-type": "application/json"})
    item = json.load(urllib.request.urlopen(there))["output"][-1]
    summary = {"role": "assistant", "content": "sealed:" + item["encrypted_content"]}
    return [summary, {"role": "user", "content": job.rest[-1]["content"]}]

def raises(job): raise ValueError("not like this")
def refused(job): urllib.request.urlopen(urllib.request.Request(job.openai_url + "/chat/completions", b"{}"))
def dies(job): print("the last words", file=sys.stderr); os._exit(3)
def hangs(job): time.sleep(60)
def home(job): return [{"role": "user", "content": os.environ["HOME"] + " " + os.environ["OPENAI_API_KEY"]}]

WAYS = {"summary": summary, "asks": summary, "later": later, "sealed": sealed, "raises": raises, "refused": refused,
        "dies": dies, "hangs": hangs, "home": home}
"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A checkout with one host, ``plain``, whose framework needs nothing."""
    hosts = tmp_path / "benchmarks/survival/frameworks/hosts"
    hosts.mkdir(parents=True)
    for name in ("child.py", "kit.py"):
        shutil.copy(ROOT / "benchmarks/survival/frameworks" / name, hosts.parent / name)
    (hosts / "plain.py").write_text(HOST)
    (hosts / "broken.py").write_text("raise ImportError('no such thing')")
    (hosts / "bare.py").write_text("")
    for name in ("plain", "broken"):
        python = tmp_path / ".frameworks" / name / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.symlink_to(sys.executable)
        (tmp_path / ".frameworks" / name / "ready").touch()
    monkeypatch.setattr(framework, "_CHECKOUT", tmp_path)
    yield tmp_path
    close_all()


def plain(way: str = "") -> Framework:
    return Framework(
        f"plain/{way}" if way else "plain", lambda told: Keeper([RULE, "It was asked to."] if told else [RULE])
    )


def test_the_summariser_is_asked_by_the_framework_and_answered_from_here(checkout: Path) -> None:
    """The child sends what it likes over HTTP; the scribe gets the part of the history that was in it."""
    left = compacted(plain(), HISTORY, 4)

    assert [message["role"] for message in left] == ["system", "user", "assistant", "user"]
    assert RULE in str(left[1]["content"])
    assert "Never leave anything out" not in str(left)
    assert plain().about["ways"][0] == "summary"


def test_one_child_serves_a_process_and_its_provider_is_renewed(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over many episodes nothing grows: the child stays, what its provider remembers goes."""
    monkeypatch.setattr(framework, "_FRESH", 2)
    first = compacted(plain(), HISTORY, 4)
    (child,) = framework._CHILDREN.values()
    ident, provider = child.process.pid, child.provider
    for _ in range(4):
        assert compacted(plain(), HISTORY, 4) == first

    assert child.process.pid == ident
    assert child.provider is not provider


def test_a_sealed_summary_is_read_here_and_goes_back_sealed(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a service encrypts stays opaque to the framework, also in the next round, and with a provider due for renewal."""
    monkeypatch.setattr(framework, "_FRESH", 1)
    once = compacted(plain("sealed"), HISTORY, 4)
    twice = compacted(plain("sealed"), once, 4)
    more = compacted(plain("sealed"), twice, 4)

    assert RULE in str(once[0]["content"])
    assert RULE in str(more[0]["content"])


def test_a_way_may_be_async_and_a_prompt_may_ask_for_rules(checkout: Path) -> None:
    """The host says of each way whether the framework's own prompt asks to keep rules; the scribe is told."""
    told: list[bool] = []

    def scribe(asked: bool) -> Keeper:
        told.append(asked)
        return Keeper()

    compacted(Framework("plain/asks", scribe), HISTORY, 4)
    compacted(Framework("plain/later", scribe), HISTORY, 4)
    assert told == [True, False]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("plain/raises", "failed: ValueError: not like this"),
        ("plain/refused", "the summariser answered 400"),
        ("plain/dies", "ended: the last words"),
        ("plain/nothing", "has no way 'nothing'; there are summary"),
        ("broken", "cannot be loaded: ImportError: no such thing"),
        ("bare", "`make frameworks` installs it"),
        ("none", "there are bare, broken, plain"),
    ],
)
def test_what_goes_wrong_is_a_compactor_error_that_says_what(checkout: Path, name: str, said: str) -> None:
    """No environment, no such framework, an exception, a child that dies: the run goes on with the next episode."""
    with pytest.raises(CompactorError, match=said):
        compacted(named(f"framework:{name}"), HISTORY, 4)


def test_a_child_that_is_silent_is_ended_and_the_next_one_works(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A compaction has its time; afterwards a new child is started."""
    monkeypatch.setattr(framework, "_COMPACTION", 0.3)
    with pytest.raises(CompactorError, match="took longer than"):
        compacted(plain("hangs"), HISTORY, 4)
    monkeypatch.setattr(framework, "_COMPACTION", 60.0)
    assert compacted(plain("later"), HISTORY, 4) == HISTORY[-1:]


def test_a_child_has_no_keys_and_a_home_of_its_own(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the user's reaches a framework: no key, no folder."""
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    (left,) = compacted(plain("home"), HISTORY, 4)
    assert "pinnedrules-framework-" in str(left["content"])
    assert str(left["content"]).endswith(" none")


@pytest.mark.parametrize("where", ["here", "in a worker"])
def test_a_program_that_used_a_framework_ends(checkout: Path, where: str) -> None:
    """The provider's threads and the child end with the program, and with a worker of a pool."""
    program = f"""
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from pinnedrules.bench import framework
from pinnedrules.bench.compactors import named
framework._CHECKOUT = Path({str(checkout)!r})

def left():
    return len(named("framework:plain")({HISTORY!r}, 4))

if {where!r} == "here":
    print(left())
else:
    with ProcessPoolExecutor(1) as pool:
        print(pool.submit(left).result())
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout.strip()) == (0, "4"), ended.stderr


def test_without_a_checkout_it_says_where_the_hosts_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package has no hosts: they come with the repository."""
    monkeypatch.setattr(framework, "_CHECKOUT", tmp_path)
    assert not installed("langchain")
    with pytest.raises(CompactorError, match="a checkout of the repository"):
        named("framework:langchain")


WRAPPED: dict[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "json": lambda text: json.dumps({"content": text}),
    "json twice": lambda text: json.dumps(json.dumps(text)),
    "xml": escape,
    "python": repr,
    "folded": lambda text: text.replace(" ", "\n   "),
}


@pytest.mark.parametrize("way", WRAPPED)
@given(
    words=st.lists(st.sampled_from(["naïve", "“only”", '"quoted"', "it's", "<b>", "a & b", "never", "5 %"]), min_size=1)
)
def test_a_sentence_is_recognised_however_it_was_written(way: str, words: list[str]) -> None:
    """JSON, XML, Python and line breaks around a history do not hide it."""
    sentence = " ".join(words) + "."
    found = shown([{"role": "user", "content": sentence}], f"Instructions. {WRAPPED[way](sentence)} More.")
    assert [message["content"] for message in found] == [sentence]


def test_what_was_cut_off_was_not_shown() -> None:
    """A framework that cuts messages shows its summariser the start only, and of calls the names it sent."""
    called = {"id": "1", "type": "function", "function": {"name": "send_mail", "arguments": "{}"}}
    history: list[Message] = [
        {"role": "user", "content": f"Begin. {RULE}"},
        {"role": "assistant", "content": None, "tool_calls": [called]},
        {"role": "tool", "tool_call_id": "1", "content": "not sent"},
    ]
    found = shown(history, f"user: Begin. {RULE[:20]}...\nassistant called send_mail")
    assert [message["content"] for message in found] == ["Begin.", ""]
    assert found[1]["tool_calls"] == [called]


def test_a_keeper_keeps_the_rule_and_only_what_it_was_shown() -> None:
    """With it, what is lost was lost by the compactor."""
    history: list[Message] = [{"role": "user", "content": f"Hello. {RULE}"}]
    assert Keeper([RULE]).summary(history).startswith(RULE)
    assert RULE not in Keeper([RULE]).summary([])
    assert not Desk().holds(history)

"""Tokens are counted offline, exactly where possible, and an estimate says that it is one."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
from tiktoken_ext import openai_public as public  # type: ignore[import-untyped]

from pinnedrules import tokens

# The ids that tiktoken's own get_encoding("o200k_base") gives for this text.
HELLO = "hello world, don't delete 12345 e-mails!\n"
HELLO_IDS = [24912, 2375, 11, 4128, 6168, 220, 7633, 2548, 319, 70756, 4175]

OFFLINE = """
import os, sys
before = dict(os.environ)
def refuse(event, args):
    if event.startswith(("socket.", "urllib.", "http.client.")):
        raise RuntimeError(f"the network was touched: {event}")
sys.addaudithook(refuse)
from pinnedrules.tokens import count
assert "tiktoken" not in sys.modules, "loaded before it was needed"
answer = count("hello world")
assert dict(os.environ) == before, "the environment was changed"
print(answer.tokens, answer.exact)
"""


@pytest.fixture
def unloaded() -> Iterator[None]:
    """Forget the loaded encoding before and after a test that breaks the loading."""
    tokens._encoding.cache_clear()
    yield
    tokens._encoding.cache_clear()


def _data() -> bytes:
    return resources.files("pinnedrules").joinpath(tokens._FILE).read_bytes()


def test_a_known_text_gives_the_known_ids() -> None:
    """A text of words, a contraction, digits and punctuation gives the ids that tiktoken gives."""
    encoding = tokens._encoding()
    assert encoding is not None
    assert encoding.encode_ordinary(HELLO) == HELLO_IDS
    assert tokens.count(HELLO) == tokens.Count(len(HELLO_IDS), exact=True)


def test_nothing_touches_the_network_or_the_environment() -> None:
    """Counting opens no socket, changes no environment variable and loads nothing before it is used."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("TIKTOKEN", "DATA_GYM"))}
    done = subprocess.run([sys.executable, "-c", OFFLINE], capture_output=True, text=True, env=env, check=False)
    assert done.stderr == ""
    assert done.stdout == "2 True\n"


def test_the_definition_is_the_one_of_tiktoken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name, pattern, special tokens and hash of the ranks equal tiktoken's own definition."""
    asked: list[str | None] = []

    def ranks(url: str, expected_hash: str | None = None) -> dict[bytes, int]:
        asked.append(expected_hash)
        return {}

    monkeypatch.setattr(public, "load_tiktoken_bpe", ranks)
    theirs = public.o200k_base()
    ours = tokens._encoding()
    assert ours is not None
    assert asked == [tokens._SHA256]
    assert theirs["pat_str"] == tokens._PATTERN
    assert theirs["special_tokens"] == tokens._SPECIAL
    assert theirs["name"] == ours.name
    assert ours.n_vocab == 200019


def test_special_tokens_in_a_text_are_plain_text() -> None:
    """A text that holds ``<|endoftext|>`` counts as the characters it shows: not one token, and no error."""
    assert tokens.count("<|endoftext|>").tokens > 1


def test_the_empty_text_has_no_tokens() -> None:
    """Nothing counts as nothing."""
    assert tokens.count("") == tokens.Count(0, exact=True)


def test_the_shipped_file_is_deterministic() -> None:
    """The ranks are compressed without a time or a file name, so that two builds give the same bytes."""
    packed = _data()
    assert packed[:4] == b"\x1f\x8b\x08\x00"
    assert packed[4:8] == b"\x00\x00\x00\x00"
    assert gzip.decompress(packed).splitlines()[0] == b"IQ== 0"


def test_the_notice_ships_with_the_ranks() -> None:
    """Whoever gets the ranks gets the licence they came under."""
    notice = resources.files("pinnedrules").joinpath("data/NOTICE").read_text(encoding="utf-8")
    assert "tiktoken" in notice
    assert "MIT License" in notice


@pytest.mark.usefixtures("unloaded")
def test_without_tiktoken_the_count_is_an_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    """When tiktoken cannot be imported, a fourth of the characters, rounded up, is returned and marked."""
    monkeypatch.setitem(sys.modules, "tiktoken", None)
    assert tokens.count("123456789") == tokens.Count(3, exact=False)


@pytest.mark.usefixtures("unloaded")
@pytest.mark.parametrize(
    "content",
    [None, b"", b"not gzip", _data()[:1000], gzip.compress(b"IQ== 0\n")],
    ids=["missing", "empty", "not-gzip", "cut", "other-ranks"],
)
def test_without_good_ranks_the_count_is_an_estimate(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ranks that are missing, damaged or not the expected ones are never used."""
    (tmp_path / "data").mkdir()
    if content is not None:
        (tmp_path / tokens._FILE).write_bytes(content)
    monkeypatch.setattr(resources, "files", lambda package: tmp_path)
    assert tokens.count("1234") == tokens.Count(1, exact=False)

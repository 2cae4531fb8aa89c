"""How many tokens a text has, without ever asking the network.

``tiktoken.get_encoding`` downloads its ranks on first use, without a timeout, and looks for a cache where
environment variables point. Here the ranks of ``o200k_base`` ship with the package (``data/NOTICE`` says
whose they are) and the encoding is built directly from them, with the pattern and the special tokens of
``tiktoken_ext.openai_public.o200k_base`` (tiktoken 0.14).

Loading takes up to a second and 80 MiB, so it happens at the first count and never on the way of a request.
"""

from __future__ import annotations

import functools
import gzip
import zlib
from base64 import b64decode
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiktoken import Encoding

__all__ = ["Count", "count"]

_FILE = "data/o200k_base.tiktoken.gz"
_SHA256 = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"
_SPECIAL = {"<|endoftext|>": 199999, "<|endofprompt|>": 200018}
_PATTERN = "|".join(
    [
        r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?""",
        r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?""",
        r"""\p{N}{1,3}""",
        r""" ?[^\s\p{L}\p{N}]+[\r\n/]*""",
        r"""\s*[\r\n]+""",
        r"""\s+(?!\S)""",
        r"""\s+""",
    ]
)
_CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Count:
    """A number of tokens: ``exact`` in ``o200k_base``, or else characters divided by four, rounded up."""

    tokens: int
    exact: bool


def count(text: str) -> Count:
    """Return how many ``o200k_base`` tokens *text* has.

    Text that looks like a special token counts as plain text. Current OpenAI models use this encoding; for
    other providers take the count as an estimate (their newest tokenizers make up to half as many tokens
    again). When tiktoken or the ranks are missing or damaged it is an estimate for everybody, and says so.
    """
    encoding = _encoding()
    if encoding is None:
        return Count(-(-len(text) // _CHARACTERS_PER_TOKEN), exact=False)
    return Count(len(encoding.encode_ordinary(text)), exact=True)


@functools.cache
def _encoding() -> Encoding | None:
    """Build the encoding once per process, or return ``None`` when that is not possible here."""
    try:
        from tiktoken import Encoding

        packed = resources.files("pinnedrules").joinpath(_FILE).read_bytes()
        ranks = gzip.decompress(packed)
    except (ImportError, OSError, EOFError, zlib.error):
        return None
    if sha256(ranks).hexdigest() != _SHA256:
        return None
    lines = (line.split() for line in ranks.splitlines())
    return Encoding(
        name="o200k_base",
        pat_str=_PATTERN,
        mergeable_ranks={b64decode(token): int(rank) for token, rank in lines},
        special_tokens=_SPECIAL,
    )

"""Weights of a linear model as text in a module of data: features as 24-bit numbers, and two whole numbers for each.

The order of the features is that of their numbers, so that only the steps between them have to be written; what is written
is compressed and put into base 85, in lines.
"""

from __future__ import annotations

import json
import zlib
from array import array
from base64 import b85decode, b85encode
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["hashed", "packed", "unpacked"]

_LINE = 120
_BITS = 0xFFFFFF


def hashed(feature: str) -> int:
    """Return the number that stands for a feature: its CRC-32, of which 24 bits are kept."""
    return zlib.crc32(feature.encode("utf-8", "surrogatepass")) & _BITS


def packed(weights: Iterable[tuple[int, int, int]], told: Mapping[str, Any]) -> str:
    """Return weights as text. They are (feature, one weight, the other), the last two from -127 to 127.

    *told* is JSON that stands before them; it is given back with the number of ``features``.
    """
    rows = sorted(weights)
    before = [0, *(number for number, _, _ in rows)]
    steps = [number - start for (number, _, _), start in zip(rows, before, strict=False)]
    body = b"".join(bytes(step >> shift & 255 for step in steps) for shift in (0, 8, 16))
    for column in (1, 2):
        body += array("b", [row[column] for row in rows]).tobytes()
    head = json.dumps({**told, "features": len(rows)}, sort_keys=True)
    text = b85encode(head.encode() + b"\n" + zlib.compress(body, 9)).decode()
    return "\n".join(text[at : at + _LINE] for at in range(0, len(text), _LINE))


def unpacked(text: str) -> tuple[dict[int, tuple[int, int]], dict[str, Any]]:
    """Return the weights that ``packed`` made this text of, by feature, and what stands before them."""
    head, _, body = b85decode(text.replace("\n", "")).partition(b"\n")
    told = json.loads(head)
    plain = zlib.decompress(body)
    count = told["features"]
    steps, ones, others = plain[: 3 * count], array("b", plain[3 * count : 4 * count]), array("b", plain[4 * count :])
    weights: dict[int, tuple[int, int]] = {}
    number = 0
    for at in range(count):
        number += steps[at] | steps[count + at] << 8 | steps[2 * count + at] << 16
        weights[number] = ones[at], others[at]
    return weights, told

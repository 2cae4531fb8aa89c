"""Many of Python's patterns looked for in one pass by RE2, which no text can make run away.

RE2 has no look-around and repeats nothing more than 1,000 times. Without look-around a pattern matches a little more, so
what is found this way is either enough (a secret) or looked at again (a number with check digits).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

__all__ = ["looking_for"]

_AROUND = re.compile(r"\(\?<?[=!](?:\\.|\[(?:\\.|[^\]\\])*\]|[^()\\\[])*\)")
_REPEATED = re.compile(r",1024\}")
_MEMORY = 64 << 20


def looking_for(patterns: Iterable[re.Pattern[str]]) -> Callable[[str], list[int]]:
    """Return what gives the indices, sorted, of the patterns that may stand somewhere in a text, line by line."""
    import re2

    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    options.max_mem = _MEMORY
    found = re2.Set.SearchSet(options)
    for pattern in patterns:
        flags = "(?mi)" if pattern.flags & re.IGNORECASE else "(?m)"
        found.Add((flags + _REPEATED.sub(",1000}", _AROUND.sub("", pattern.pattern))).encode())
    found.Compile()
    match: Callable[[bytes], list[int] | None] = found.Match
    return lambda text: sorted(match(text.encode("utf-8", "replace")) or ())

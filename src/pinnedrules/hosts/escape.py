"""How a refusal leaves an SDK's retry loop.

The newest SDKs let their own base error through their retry loop. Older releases (openai 2.30 and anthropic 0.93 among
them) catch every ``Exception`` that a transport raises, retry, and wrap it. Inside the loop a refusal therefore travels as
a ``BaseException``, and becomes itself again where the loop was entered.
"""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator

from pinnedrules.errors import Refused

__all__ = ["escaping", "on_its_way"]

_INSIDE: contextvars.ContextVar[bool] = contextvars.ContextVar("pinnedrules_inside_retry_loop", default=False)


class _Escape(BaseException):
    def __init__(self, refusal: Refused) -> None:
        self.refusal = refusal


@contextlib.contextmanager
def escaping() -> Iterator[None]:
    """Around a retry loop: what escapes from inside is raised as the refusal that it is."""
    token = _INSIDE.set(True)
    try:
        yield
    except _Escape as escape:
        raise escape.refusal from None
    finally:
        _INSIDE.reset(token)


def on_its_way(refusal: Refused) -> BaseException:
    """Return what a transport must raise so that *refusal* arrives."""
    return _Escape(refusal) if _INSIDE.get() else refusal

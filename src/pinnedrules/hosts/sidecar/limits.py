"""What one sidecar takes on, and how long it waits. A request beyond a limit is refused by name, never cut silently."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds.

    ``body`` is the largest request body, ``header`` the largest head of a request; ``requests`` how many are served at the
    same time. ``connect`` is how long the provider may take to accept a connection, ``idle`` how long either side may be
    silent, ``total`` how long one request may take altogether. ``held`` is the longest that an answer which is no stream
    is held for a person: nothing can be sent meanwhile that would keep the client from giving up. ``grace`` is what
    running requests get to end in at a shutdown.
    """

    body: int = 32 * 1024 * 1024
    header: int = 64 * 1024
    requests: int = 256
    connect: float = 15.0
    idle: float = 600.0
    total: float = 3600.0
    held: float = 60.0
    grace: float = 10.0

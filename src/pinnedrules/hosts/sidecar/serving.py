"""Runs the sidecar in a thread of this process: ``with Serving(guard) as sidecar: ... sidecar.base_url("openai")``."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
import threading
from collections.abc import Collection
from typing import Any, Protocol

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from pinnedrules.hosts.keeper import Core
from pinnedrules.hosts.sidecar.address import base_path
from pinnedrules.hosts.sidecar.app import Sidecar, make_app
from pinnedrules.hosts.sidecar.limits import Limits
from pinnedrules.hosts.sidecar.upstreams import Upstreams, is_loopback

__all__ = ["Serving"]

_KEEP_ALIVE_SECONDS = 620
"""Longer than any client keeps an idle connection, so that none is closed under a request on its way."""

_QUIET = logging.getLogger("pinnedrules.sidecar.http")
_QUIET.setLevel(logging.CRITICAL)


class _Guarded(Protocol):
    """A guard, as far as it is needed here."""

    @property
    def _core(self) -> Core: ...


class _Http(H11Protocol):
    """uvicorn's HTTP without its log: paths hold the token, and what a client did wrong it is told."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = _QUIET
        self.access_log = False


class _Server(uvicorn.Server):
    """A server that says when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: threading.Event) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready.set()


class Serving:
    """A sidecar around a guard (or its core), from ``with`` to the end of its block, or from :meth:`start` to :meth:`close`.

    *token* is made up unless given; *port* 0 takes a free one. *host* other than loopback lets other machines in: they
    need the token all the same, but it travels in clear text. *upstreams* are by default those of the environment. The
    guard is not closed with it.

    Raises OSError when the port is taken, ValueError for a port that is none, and what :func:`make_app` raises.
    """

    def __init__(
        self,
        served: Core | _Guarded,
        *,
        token: str | None = None,
        port: int = 0,
        host: str = "127.0.0.1",
        upstreams: Upstreams | None = None,
        limits: Limits | None = None,
        user: str = "",
        session: str = "",
        hosts: Collection[str] = (),
    ) -> None:
        if not 0 <= port <= 65535:
            raise ValueError(f"a port is a number from 0 to 65535, not {port}")
        self.token = token or secrets.token_urlsafe(32)
        self._limits = limits or Limits()
        self._socket = socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=1024
        )
        # Inherited by every connection. asyncio does it only for sockets that name their protocol, which this one does
        # not; without it the body of an answer waits for the client to acknowledge the head, mostly for 40 ms.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.host = host
            self.port: int = self._socket.getsockname()[1]
            self.app: Sidecar = make_app(
                served if isinstance(served, Core) else served._core,
                token=self.token,
                upstreams=upstreams or Upstreams.from_environment(os.environ, port=self.port),
                limits=self._limits,
                user=user,
                session=session,
                hosts=hosts,
                any_address=not is_loopback(host),
            )
        except BaseException:
            self._socket.close()
            raise
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._leave: asyncio.Event | None = None
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="pinnedrules-sidecar", daemon=True)

    @property
    def url(self) -> str:
        """The sidecar's address, without token and path."""
        host = {"0.0.0.0": "127.0.0.1", "localhost": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def base_url(self, dialect: str, session: str = "") -> str:
        """Return the base URL for SDKs of this dialect (``openai``, ``anthropic``, or a dialect's whole name).

        With *session*, whatever the agent sends falls under the session of that name. Raises ValueError for a session
        that is no name.
        """
        return self.url + base_path(dialect, token=self.token, session=session)

    @property
    def running(self) -> bool:
        """Whether it serves."""
        return self._thread.is_alive()

    def start(self) -> Serving:
        """Serve. Returns when requests are taken. Raises what kept the server from starting."""
        self._thread.start()
        self._ready.wait()
        if self.failure is not None:
            raise self.failure
        return self

    def close(self) -> None:
        """Take no new requests, give the running ones the grace period, and end."""
        if self._loop is not None and self._leave is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._leave.set)
            self._thread.join()
        self._socket.close()

    def __enter__(self) -> Serving:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:  # noqa: BLE001 - told to whoever started it
            self.failure = error
        finally:
            self._ready.set()

    async def _main(self) -> None:
        self._loop, self._leave = asyncio.get_running_loop(), asyncio.Event()
        config = uvicorn.Config(
            self.app,
            http=_Http,
            ws="none",
            lifespan="on",
            log_config=None,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=1,
            h11_max_incomplete_event_size=self._limits.header,
        )
        server = _Server(config, self._ready)
        serving = asyncio.create_task(server.serve(sockets=[self._socket]))
        leaving = asyncio.create_task(self._leave.wait())
        await asyncio.wait({serving, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            await self.app.drain()
        leaving.cancel()
        server.should_exit = True
        await serving

"""The two drivers: they run a flow of the gate against a world and a channel, one blocking, one on an event loop.

What a flow hands to the caller (a head, then bytes) is what a driver yields. Closing the driver closes flow and channel.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Protocol, TypeVar

from pinnedrules.commands import (
    Begin,
    Command,
    Failed,
    Forward,
    Head,
    Hear,
    Heed,
    Post,
    Receive,
    Reply,
    Send,
    Sync,
    Wait,
)
from pinnedrules.gate.context import Flow
from pinnedrules.world import INSTANT, World

__all__ = ["AsyncChannel", "Channel", "adrive", "arun", "drive", "run"]

_POLL_SECONDS = 0.05
T = TypeVar("T")


class Channel(Protocol):
    """The way to the provider, for the blocking driver."""

    def send(self, body: bytes) -> Head:
        """Send the request with *body*, closing a former answer."""
        ...

    def receive(self) -> bytes:
        """Return the next bytes of the answer, empty at its end."""
        ...

    def post(self, old: str, new: str, body: bytes) -> Head:
        """Send another request to the path that ends otherwise; the answer that is being read goes on."""
        ...

    def close(self) -> None:
        """Give back whatever is held."""
        ...


class AsyncChannel(Protocol):
    """The way to the provider, for the event loop."""

    async def send(self, body: bytes) -> Head:
        """Send the request with *body*, closing a former answer."""
        ...

    async def receive(self) -> bytes:
        """Return the next bytes of the answer, empty at its end."""
        ...

    async def post(self, old: str, new: str, body: bytes) -> Head:
        """Send another request to the path that ends otherwise; the answer that is being read goes on."""
        ...

    async def close(self) -> None:
        """Give back whatever is held."""
        ...


def drive(flow: Flow[None], world: World, channel: Channel) -> Iterator[Head | bytes]:
    """Run *flow*; yield what the caller gets."""
    reply: Reply = None
    try:
        while True:
            try:
                command = flow.send(reply)
            except StopIteration:
                return
            reply = None
            if isinstance(command, Forward):
                yield command.data
            elif isinstance(command, Begin):
                yield command.head
            elif isinstance(command, Receive):
                reply = _attempt(channel.receive)
            elif isinstance(command, Send):
                reply = _attempt(channel.send, command.body)
            elif isinstance(command, Post):
                reply = _attempt(channel.post, command.old, command.new, command.body)
            else:
                reply = world.attempt(command)
    finally:
        flow.close()
        channel.close()


async def adrive(flow: Flow[None], world: World, channel: AsyncChannel) -> AsyncIterator[Head | bytes]:
    """Run *flow* on the event loop; disk and store work happens off it."""
    reply: Reply = None
    try:
        while True:
            try:
                command = flow.send(reply)
            except StopIteration:
                return
            reply = None
            if isinstance(command, Forward):
                yield command.data
            elif isinstance(command, Begin):
                yield command.head
            elif isinstance(command, Receive | Send | Post):
                try:
                    reply = await _asend(channel, command)
                except Exception as error:  # noqa: BLE001 - a failure is a reply
                    reply = Failed(error)
            else:
                reply = await _aperform(world, command)
    finally:
        flow.close()
        await channel.close()


def run(flow: Flow[T], world: World) -> T:
    """Run a flow that needs no channel and return its result."""
    reply: Reply = None
    while True:
        try:
            command = flow.send(reply)
        except StopIteration as end:
            result: T = end.value
            return result
        reply = world.attempt(command)


async def arun(flow: Flow[T], world: World) -> T:
    """Like :func:`run`, on an event loop."""
    reply: Reply = None
    while True:
        try:
            command = flow.send(reply)
        except StopIteration as end:
            result: T = end.value
            return result
        reply = await _aperform(world, command)


async def _asend(channel: AsyncChannel, command: Receive | Send | Post) -> Reply:
    if isinstance(command, Receive):
        return await channel.receive()
    if isinstance(command, Send):
        return await channel.send(command.body)
    return await channel.post(command.old, command.new, command.body)


async def _aperform(world: World, command: Command) -> Reply:
    if isinstance(command, INSTANT):
        return world.attempt(command)
    if isinstance(command, Sync):
        try:
            await asyncio.wrap_future(world.log.future(command.position))
            return None
        except Exception as error:  # noqa: BLE001 - a failure is a reply
            return Failed(error)
    if isinstance(command, Wait):
        return await _await(world, command)
    if isinstance(command, Hear | Heed) and world.ears is not None:
        try:
            if isinstance(command, Hear):
                return world.ears.begin(command.text, asyncio.get_running_loop())
            return await world.ears.aheed(command.hearing, command.seconds)
        except Exception as error:  # noqa: BLE001 - a failure is a reply
            return Failed(error)
    return await asyncio.to_thread(world.attempt, command, on_loop=True)


async def _await(world: World, command: Wait) -> Reply:
    """Wait without holding a thread: many sessions may wait for people at the same time."""
    loop = asyncio.get_running_loop()
    until = loop.time() + command.seconds
    while True:
        reply = await asyncio.to_thread(world.attempt, Wait(command.tickets, 0))
        answered = not isinstance(reply, tuple) or any(ticket.state != "open" for ticket in reply)
        if answered or loop.time() >= until:
            return reply
        await asyncio.sleep(_POLL_SECONDS)


def _attempt(action: Callable[..., Reply], *args: object) -> Reply:
    try:
        return action(*args)
    except Exception as error:  # noqa: BLE001 - a failure is a reply
        return Failed(error)

"""Symbolic links on a real disk: a path inside a folder that leads out of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pinnedrules import Denied, Guard
from pinnedrules.testing.plugin import MakeGuard

RULES = """\
version: 1
tools: {{write_file: {{effect: write, args: [path]}}}}
rules:
  - id: in-project
    text: Write only inside the project.
    on: write_file
    require: {{path: {{inside: {folder}}}}}
    then: allow
    else: deny
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with a link out of it, one that stays inside, one to nowhere and one to itself."""
    project = tmp_path / "project"
    (project / "sub").mkdir(parents=True)
    (tmp_path / "outside" / "deep").mkdir(parents=True)
    (project / "out").symlink_to(tmp_path / "outside")
    (project / "up").symlink_to(tmp_path / "outside" / "deep")
    (project / "in").symlink_to("sub")
    (project / "dangling").symlink_to(tmp_path / "new.txt")
    (project / "loop").symlink_to("loop")
    return project


@pytest.fixture
def guard(folder: Path, pinned_guard: MakeGuard) -> Guard:
    return pinned_guard(RULES.format(folder=folder))


INSIDE = ["a.txt", "sub/new/a.txt", "in/a.txt", "in/../a.txt", "sub/../in"]
OUTSIDE = ["out", "out/a.txt", "in/../out/a.txt", "up/../a.txt", "dangling", "sub/../out/a.txt"]


def test_a_link_is_followed_before_the_rule_decides(guard: Guard, folder: Path) -> None:
    """A path through a link that leads outside is denied; a link that stays inside is no false alarm."""
    ran: list[str] = []

    @guard.tool
    def write_file(path: str) -> None:
        ran.append(path)

    for path in INSIDE:
        write_file(path=f"{folder}/{path}")
    for path in OUTSIDE:
        with pytest.raises(Denied, match="in-project"):
            write_file(path=f"{folder}/{path}")
    assert ran == [f"{folder}/{path}" for path in INSIDE]


def test_an_event_loop_follows_links_too(guard: Guard, folder: Path) -> None:
    """Both drivers answer the gate's question."""
    ran: list[str] = []

    @guard.tool
    async def write_file(path: str) -> None:
        ran.append(path)

    async def go() -> None:
        await write_file(path=f"{folder}/in/a.txt")
        with pytest.raises(Denied, match="in-project"):
            await write_file(path=f"{folder}/out/a.txt")

    asyncio.run(go())
    assert ran == [f"{folder}/in/a.txt"]


def test_a_project_that_is_reached_through_a_link_is_itself(
    folder: Path, tmp_path: Path, pinned_guard: MakeGuard
) -> None:
    """The rule may name a folder by a link to it, and calls may do so or not, as long as they say what the rule says."""
    (tmp_path / "alias").symlink_to(folder)
    guard = pinned_guard(RULES.format(folder=tmp_path / "alias"))
    ran: list[str] = []

    @guard.tool
    def write_file(path: str) -> None:
        ran.append(path)

    write_file(path=f"{tmp_path}/alias/a.txt")
    with pytest.raises(Denied):
        write_file(path=f"{tmp_path}/alias/out/a.txt")
    assert len(ran) == 1

"""Paths are followed on the disk before they are decided; the gate asks for that, and fails closed when it gets no answer."""

from __future__ import annotations

from tests.gate.scenario import RULES, Scenario, user

from pinnedrules.commands import Resolve
from pinnedrules.testing.script import ProposedCall, Reply

FILES = RULES.replace("archive: write", "archive: {effect: write, args: [path]}").replace(
    "    on: archive\n    then: allow",
    "    on: archive\n    require: {path: {inside: /srv}}\n    else: deny\n    then: allow",
)
INSIDE = ProposedCall("archive", {"path": "/srv/a"}, id="call_inside")
LINKED = ProposedCall("archive", {"path": "/srv/link/b"}, id="call_linked")
SEARCH = ProposedCall("search", {"query": "x"}, id="call_search")


def scenario(**options: object) -> Scenario:
    return Scenario(rules=FILES, policy={"on_denied": "end"}, links={"/srv/link/b": "/etc/b"}, **options)  # type: ignore[arg-type]


def test_a_path_that_leads_outside_through_a_link_is_denied() -> None:
    """A demanded look at the disk decides, and only the paths of calls that a rule asks about are looked up."""
    world = scenario()

    result = world.exchange(world.request(user("go")), Reply("", calls=[SEARCH, INSIDE, LINKED]))

    assert b"call_inside" in result.body
    assert b"call_linked" not in result.body
    looked = [command.paths for command in world.commands if isinstance(command, Resolve)]
    assert looked == [("/srv", "/srv/a"), ("/srv", "/srv/link/b")]


def test_a_disk_that_does_not_answer_refuses() -> None:
    """Invariant 2: what cannot be read cannot be allowed; calls that need no look go on."""
    world = scenario(fails={Resolve: OSError("gone")})

    result = world.exchange(world.request(user("go")), Reply("", calls=[SEARCH, INSIDE]))

    assert b"call_search" in result.body
    assert b"call_inside" not in result.body
    assert world.recorded("decision")[1].body["undecided"] == ["archive-freely"]

"""The benchmarks run, and measure what they say they measure. Nothing here looks at a time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from benchmarks.__main__ import PARTS, main
from benchmarks.answers import answer, frames
from benchmarks.child import Child
from benchmarks.sidecar import latency
from benchmarks.sidecar.provider import CALLS, EVENTS
from benchmarks.sidecar.ways import DIALECTS, WAYS, Caller, Place, Timing, places, request

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"


@pytest.mark.parametrize("part", PARTS)
def test_every_part_runs(part: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`make bench` measures every part, says what was met, and writes it all to a file with date, machine and versions."""
    file = tmp_path / "results.json"

    main(["--tiny", "--only", part, "--json", str(file)])

    written = json.loads(file.read_text(encoding="utf-8"))
    assert written["size"] == "tiny"
    assert {"date", "machine", "versions", "load_after", "rows"} <= written.keys()
    assert written["rows"]
    assert all(row["measured"]["n"] > 0 for row in written["rows"])
    assert "targets met." in capsys.readouterr().out


def test_the_three_ways_are_what_they_are_called(capfd: pytest.CaptureFixture[str]) -> None:
    """The proxy changes no byte of any answer; the sidecar releases the allowed call, refuses the other, and puts the
    block into every request; the provider has seen both kinds of requests.
    """
    with places() as ways:
        for dialect in DIALECTS:
            text, streamed = (request(dialect, "text", stream=stream) for stream in (False, True))
            for way in WAYS:
                assert _answer(ways[way], *text) == answer(dialect)
                assert _answer(ways[way], *streamed) == b"".join(frames(dialect, [" mail"] * EVENTS))
            for scene, call in CALLS.items():
                through = {way: _answer(ways[way], *request(dialect, scene)) for way in WAYS}
                assert through["straight"] == through["proxy"] == answer(dialect, call)
                assert (through["sidecar"] == through["straight"]) == (scene == "allowed")
                assert (b"DENIED" in through["sidecar"]) == (scene == "denied")
        told = ways["straight"].child.usage()
    # Six answers on each way and dialect; the refused one took the sidecar a second question.
    assert (told["pinned"], told["requests"]) == (5 * 3, 4 * 3 * 2 + 5 * 3)
    assert capfd.readouterr().err == ""


def test_a_sidecar_that_does_not_gate_is_not_measured() -> None:
    """Times of a sidecar that let a refused call through, or kept an allowed one, are worth nothing and are not reported."""
    straight = Caller("http://127.0.0.1:9")
    straight.last = answer("chat", CALLS["denied"])

    with pytest.raises(RuntimeError, match="did not gate the denied call"):
        latency.check_gated({"sidecar": straight}, "denied call", allowed=False)
    straight.last = answer("chat")
    with pytest.raises(RuntimeError, match="did not gate the allowed call"):
        latency.check_gated({"sidecar": straight}, "allowed call", allowed=True)


def test_a_server_that_does_not_start_is_named() -> None:
    """A benchmark whose server cannot start says which one, instead of waiting for it."""
    with (
        pytest.raises(RuntimeError, match=r"benchmarks\.none ended with status 1"),
        Child("benchmarks.none"),
    ):
        pass


@pytest.mark.parametrize("file", sorted(RESULTS.glob("????-??-??.json")), ids=lambda file: file.stem)
def test_published_results_name_no_machine(file: Path) -> None:
    """Results say what kind of machine they are from, and neither its name nor a path on it."""
    written = json.loads(file.read_text(encoding="utf-8"))

    assert written["machine"].keys() == {"processor", "cores", "memory_gib", "system", "load_before"}
    assert written["date"] == file.stem
    assert "/home" not in file.read_text(encoding="utf-8")


def _answer(place: Place, path: str, body: bytes) -> bytes:
    caller = Caller(place.url)
    try:
        assert isinstance(caller.ask(path, body), Timing)
        return caller.last
    finally:
        caller.close()

"""Lines of evidence, their chain, and what verifying them can and cannot show."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinnedrules.evidence.canonical import canonical, written
from pinnedrules.evidence.record import (
    GENESIS,
    LaneReport,
    Link,
    Origin,
    args_hash,
    call_hash,
    chain,
    commit,
    draft,
    line_hash,
    parse_line,
    verify_lines,
)
from pinnedrules.types import Call, Entry, Moment, SessionId

ORIGIN = Origin("rules.yaml", "4f0c", "L0", 7, "ab" * 32)
SESSION = SessionId("inbox-42", "kim@example.com", "acme")


def lines(count: int, lane: str = "0001") -> list[bytes]:
    """Return *count* good lines with their ends."""
    link, made = Link(lane), []
    for number in range(count):
        body = {"call": number, "verdict": "deny", "big": 2**60 + number}
        record = draft(ORIGIN, Entry("decision", SESSION, body), Moment(10**15 + number, number, "day"), {}, "")
        line, link = chain(link, record)
        made.append(line + b"\n")
    return made


def rehashed(made: list[bytes]) -> list[bytes]:
    """What somebody without any key can do: make the chain fit again."""
    prev, fixed = GENESIS, []
    for number, raw in enumerate(made):
        record = json.loads(raw) | {"prev": prev, "seq": number}
        line = written(record)
        prev = line_hash(line)
        fixed.append(line + b"\n")
    return fixed


def test_a_line_is_canonical_json_with_the_whole_envelope() -> None:
    """One record is one line of canonical JSON that says where, when, under which rules and at which level."""
    entry = Entry("decision", SESSION, {"tool": "send_email"}, epoch=3, conversation="c1")

    line, link = chain(
        Link("0001", 5, "cd" * 32), draft(ORIGIN, entry, Moment(17, 23, "day"), {"why": "ef" * 32}, "aa")
    )

    assert line == canonical(parse_line(line))
    assert parse_line(line) == {
        "v": 1,
        "log": "rules.yaml",
        "lane": "0001",
        "seq": 5,
        "prev": "cd" * 32,
        "ts": 17,
        "mono_ns": 23,
        "boot": "4f0c",
        "session": "inbox-42",
        "user": "aa",
        "tenant": "acme",
        "conversation": "c1",
        "type": "decision",
        "epoch": 3,
        "ruleset": {"version": 7, "sha256": "ab" * 32},
        "level": "L0",
        "private": {"why": "ef" * 32},
        "body": {"tool": "send_email"},
    }
    assert link == Link("0001", 6, hashlib.sha256(line).hexdigest())


def test_a_person_is_not_named_in_a_line() -> None:
    """The user is personal, so a line carries only the commitment it is given."""
    assert b"kim" not in lines(1)[0]


def test_good_lines_verify_and_the_report_is_never_just_ok() -> None:
    """`verify` never says just "ok": it says what its answer excludes."""
    made = lines(4)

    report = verify_lines(made, lane="0001")

    assert (report.records, report.torn, report.broken) == (4, 0, None)
    assert report.head == line_hash(made[-1][:-1])
    assert report.status == "unanchored"
    for word in ("missing at the end", "written anew", "last record was replaced"):
        assert word in report.excludes


TAMPERED: dict[str, tuple[Callable[[list[bytes]], list[bytes]], int]] = {
    "a decision is flipped": (lambda x: [*x[:2], x[2].replace(b"deny", b"allo"), *x[3:]], 4),
    "a field is added": (lambda x: [*x[:2], x[2].replace(b'{"body":{', b'{"body":{"a":1,'), *x[3:]], 4),
    "white space is added": (lambda x: [*x[:2], x[2].replace(b'"level":', b'"level": '), *x[3:]], 3),
    "a line is removed": (lambda x: [*x[:2], *x[3:]], 3),
    "two lines are swapped": (lambda x: [*x[:2], x[3], x[2], *x[4:]], 3),
    "a line is repeated": (lambda x: [*x[:3], x[2], *x[3:]], 4),
    "the first line is removed": (lambda x: x[1:], 1),
    "a line becomes junk": (lambda x: [*x[:2], b"\0" * len(x[2]) + b"\n", *x[3:]], 3),
    "a line loses its end": (lambda x: [*x[:2], x[2][:-1] + x[3], *x[4:]], 3),
    "a line of another lane stands in": (lambda x: [*x[:2], lines(3, "0002")[2], *x[3:]], 3),
    "an unknown member is added": (lambda x: [*x[:2], x[2].replace(b',"v":1}', b',"v":1,"w":1}'), *x[3:]], 3),
    "a raw large number": (lambda x: [*x[:2], x[2].replace(b'"call":2', b'"call":9007199254740993'), *x[3:]], 3),
    "a float": (lambda x: [*x[:2], x[2].replace(b'"call":2', b'"call":2.0'), *x[3:]], 3),
    "a member twice": (lambda x: [*x[:2], x[2].replace(b'{"body":', b'{"body":1,"body":'), *x[3:]], 3),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_tampering_is_found_where_it_is(name: str) -> None:
    """What fooled shipping audit logs is found, with the line and a reason."""
    attack, line = TAMPERED[name]

    report = verify_lines(attack(lines(6)), lane="0001")

    assert report.broken is not None
    assert report.broken.line == line
    assert report.broken.reason
    assert report.records == line - 1


def test_a_number_out_of_order_is_found() -> None:
    """Lines whose hashes fit and whose numbers do not are a break."""
    first, link = chain(Link("0001"), draft(ORIGIN, Entry("a", SESSION, {}), Moment(1, 1, ""), {}, ""))
    second, _ = chain(replace(link, seq=7), draft(ORIGIN, Entry("b", SESSION, {}), Moment(1, 1, ""), {}, ""))

    report = verify_lines([first + b"\n", second + b"\n"])

    assert report.broken is not None
    assert "7" in report.broken.reason


def test_lines_of_another_log_are_found() -> None:
    """A line of another log does not pass because its hash and number fit."""
    first, link = chain(Link("0001"), draft(ORIGIN, Entry("a", SESSION, {}), Moment(1, 1, ""), {}, ""))
    other = replace(ORIGIN, log="other.yaml")
    second, _ = chain(link, draft(other, Entry("b", SESSION, {}), Moment(1, 1, ""), {}, ""))

    report = verify_lines([first + b"\n", second + b"\n"])

    assert report.broken is not None
    assert "another log" in report.broken.reason


def test_what_a_chain_cannot_show_is_said() -> None:
    """A cut tail and a log rewritten with fitting hashes verify: the report must say that this is not excluded."""
    made = lines(6)
    flipped = rehashed([raw.replace(b"deny", b"allo") for raw in made])

    for fooled in (made[:3], [], flipped):
        report = verify_lines(fooled)
        assert report.broken is None
        assert report.status == "unanchored"
        assert report.excludes == LaneReport("", 0, "").excludes


def test_a_line_torn_at_any_byte_leaves_the_lines_before_it() -> None:
    """A crash in the middle of the last write costs that line only, wherever it cut."""
    made = lines(3)
    for cut in range(1, len(made[2])):
        report = verify_lines([*made[:2], made[2][:cut]])
        assert (report.records, report.torn, report.broken) == (2, cut, None)


def test_a_tail_of_zeroes_is_torn() -> None:
    """What a file system leaves after a power cut is a torn tail, not a break."""
    report = verify_lines([*lines(2), b"\0" * 4096])

    assert (report.records, report.torn, report.broken) == (2, 4096, None)


@given(st.binary(max_size=60))
def test_no_bytes_make_verifying_fail(junk: bytes) -> None:
    """Whatever stands in a log file, verifying it ends with a report."""
    made = lines(2)

    assert verify_lines([made[0], junk + b"\n", made[1]]).broken is not None
    assert verify_lines([*made, junk + b"\n"]).records == 2


def test_nesting_does_not_make_verifying_fail() -> None:
    """A line of a million brackets is no record."""
    assert verify_lines([b"[" * 1_000_000 + b"\n"]).torn == 1_000_001


def test_half_a_character_verifies() -> None:
    """A body with a lone surrogate is written, and verifies as it was written."""
    line, _ = chain(Link(""), draft(ORIGIN, Entry("a", SESSION, {"text": "\ud800"}), Moment(1, 1, ""), {}, ""))

    assert verify_lines([line + b"\n"]).records == 1
    assert parse_line(line)["body"] == {"text": "\ud800"}


def test_a_commitment_hides_and_binds() -> None:
    """A commitment is the SHA-256 of salt and canonical name and value; another of any of the three is another hash."""
    salt = b"s" * 16
    mine = commit(salt, "user", "kim")

    assert mine == hashlib.sha256(salt + b'["user","kim"]').hexdigest()
    assert len({mine, commit(b"t" * 16, "user", "kim"), commit(salt, "name", "kim"), commit(salt, "user", "kin")}) == 4


def test_a_commitment_needs_a_whole_salt() -> None:
    """Salts of different lengths could make two different values collide, and a short one hides nothing."""
    with pytest.raises(ValueError, match="16"):
        commit(b"short", "user", "kim")


def test_a_body_with_a_float_is_refused() -> None:
    """The envelope has no floats."""
    with pytest.raises(TypeError):
        draft(ORIGIN, Entry("a", SESSION, {"x": 0.5}), Moment(1, 1, ""), {}, "")


CALL = Call("refund", '{"amount": 10, "to": "a\\u0062"}')


def _hash(call: Call = CALL, session: SessionId = SESSION, rules: str = "r" * 64, epoch: int = 3) -> str:
    return call_hash(session, call, rules, epoch)


def test_the_same_call_has_the_same_hash() -> None:
    """White space, the order of members, escapes and the call's id do not make it another call."""
    again = Call("refund", '{"to":"ab",\n"amount":10}', id="call_2", kind="legacy")

    assert _hash(again) == _hash()
    assert args_hash(again) == args_hash(CALL)


def test_another_call_has_another_hash() -> None:
    """An approval for one call never fits another: each part that matters changes the hash."""
    others = [
        _hash(replace(CALL, name="refund2")),
        _hash(replace(CALL, arguments='{"amount": 11, "to": "ab"}')),
        _hash(replace(CALL, arguments='{"amount": "10", "to": "ab"}')),
        _hash(replace(CALL, arguments='{"amount": 1e1, "to": "ab"}')),
        _hash(replace(CALL, arguments='{"amount": 10, "to": "ab", "x": null}')),
        _hash(replace(CALL, kind="custom")),
        _hash(session=replace(SESSION, name="other")),
        _hash(session=replace(SESSION, user="")),
        _hash(session=replace(SESSION, tenant="")),
        _hash(rules="s" * 64),
        _hash(epoch=4),
    ]

    assert len({_hash(), *others}) == len(others) + 1


def test_fields_cannot_run_into_each_other() -> None:
    """Moving characters from one field to the next is another call (logs that join fields with NUL were fooled so)."""
    one = _hash(Call("a", "{}"), SessionId("b\0c", "d"))
    other = _hash(Call("a", "{}"), SessionId("b", "c\0d"))

    assert one != other


def test_large_numbers_keep_their_last_digit() -> None:
    """Two ids of 19 digits that a float would make equal are two calls."""
    assert args_hash(Call("x", "1234567890123456789")) != args_hash(Call("x", "1234567890123456788"))


@pytest.mark.parametrize(
    "text", ['{"a":1,"a":2}', "not json", "", "NaN", "[" * 5000, '{"\\ud83d\ude00":1,"\U0001f600":2}', "\ud800"]
)
def test_arguments_that_are_no_plain_json_count_as_text(text: str) -> None:
    """Arguments that two readers may read in two ways are hashed as they stand, so one space is another call."""
    assert args_hash(Call("x", text)) == args_hash(Call("x", text))
    assert args_hash(Call("x", text)) != args_hash(Call("x", text + " "))


def test_text_and_value_never_collide() -> None:
    """A free text that spells JSON is another argument than the JSON value."""
    assert args_hash(Call("x", "[1]", kind="custom")) != args_hash(Call("x", "[1]"))

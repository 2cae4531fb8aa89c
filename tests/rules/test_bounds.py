"""Every bound on the work for one call: at it a call is decided, one above it cannot be."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from typing import Any

import pytest
from benchmarks.decide.hostile import EXAMPLES, rule
from tests.rules.making import EMPTY, NOW, rules

from pinnedrules.rules import destinations, sql
from pinnedrules.rules.arguments import MAX_VALUES, Unread, read
from pinnedrules.rules.bearing import MAX_LOOKED, MAX_NAMES, TooMany, few, strings
from pinnedrules.rules.decide import decide
from pinnedrules.rules.destinations import MAX_SEEN, names_destination, targets
from pinnedrules.rules.ledger import after
from pinnedrules.rules.load import load
from pinnedrules.rules.predicates import content, hosts, patterns, recipients, urls
from pinnedrules.rules.predicates.hosts import canonical
from pinnedrules.rules.printable import shown
from pinnedrules.rules.shell import bounds, reading
from pinnedrules.rules.shell.reading import effects_of_commands, summaries, summarize
from pinnedrules.rules.sql import effects_of_sql, read_sql
from pinnedrules.rules.written import MAX_WRITTEN, WRITTEN, runs_own, with_written
from pinnedrules.types import Call, Decision, LedgerState, SessionId


def verdict(name: str, arguments: Mapping[str, Any]) -> Decision:
    """Return the decision under a rule that allows a call only if the example of this requirement holds."""
    call = Call("act", json.dumps(arguments, ensure_ascii=False), declared=frozenset(arguments))
    return decide(load(rule(name)), call, LedgerState(whose=SessionId("s", "ann")), NOW)


def wide(name: str, columns: int) -> str:
    """Return a statement with so many columns."""
    return f"select {', '.join(f'{name}{number}' for number in range(columns))} from t"


def padded(parts: list[str], size: int) -> str:
    """Return one list of addresses of exactly so many characters."""
    text = ", ".join(parts)
    return text + " " * (size - len(text))


# Requirement, arguments that are decided, arguments that are one too many. The first ones all meet the requirement.
BOUNDS: dict[str, tuple[str, Mapping[str, Any], Mapping[str, Any]]] = {
    "recipients: addresses": (
        "recipients",
        {"to": ["a@example.com"] * recipients.MAX_ADDRESSES},
        {"to": ["a@example.com"] * (recipients.MAX_ADDRESSES + 1)},
    ),
    "recipients: characters": (
        "recipients",
        {"to": padded(["a@example.com"], recipients.MAX_TEXT)},
        {"to": padded(["a@example.com"], recipients.MAX_TEXT + 1)},
    ),
    "recipients: characters of several": (
        "recipients",
        {"to": padded(["a@example.com"], recipients.MAX_TEXT - 13), "cc": "a@example.com"},
        {"to": padded(["a@example.com"], recipients.MAX_TEXT - 12), "cc": "a@example.com"},
    ),
    "recipients: signs": (
        "recipients",
        {"to": "a@example.com" + "," * recipients.MAX_SIGNS},
        {"to": "a@example.com" + "," * (recipients.MAX_SIGNS + 1)},
    ),
    "url: characters of one": (
        "url",
        {"url": "https://example.com/" + "a" * (urls.MAX_URL - 20)},
        {"url": "https://example.com/" + "a" * (urls.MAX_URL - 19)},
    ),
    "url: characters of all": (
        "url",
        {"url": ["https://example.com/" + "a" * 1_580] * 40},
        {"url": [*["https://example.com/" + "a" * 1_580] * 39, "https://example.com/" + "a" * 1_581]},
    ),
    "url: characters with parameters": (
        "url",
        {"url": ["https://example.com/?a=" + "b" * 977] * 32},
        {"url": [*["https://example.com/?a=" + "b" * 977] * 31, "https://example.com/?a=" + "b" * 978]},
    ),
    "url: parameters": (
        "url",
        {"url": ["https://example.com/?" + "a&" * 199] * 20},
        {"url": [*["https://example.com/?" + "a&" * 199] * 19, "https://example.com/?" + "a&" * 200]},
    ),
    "path: characters of all": (
        "path",
        {"path": ["/srv/" + "a" * 1_995] * 32},
        {"path": [*["/srv/" + "a" * 1_995] * 31, "/srv/" + "a" * 1_996]},
    ),
    "matches: characters that are not plain ASCII": (
        "matches",
        {"word": "\u00fc" * patterns.MAX_STRANGE},
        {"word": "\u00fc" * (patterns.MAX_STRANGE + 1)},
    ),
    "shell: characters of several": (
        "shell",
        {"commands": ["ls " + "a" * 8_089, "ls " + "b" * 8_089]},
        {"commands": ["ls " + "a" * 8_089, "ls " + "b" * 8_190]},
    ),
    "content: at signs": (
        "content",
        {"body": "@" * content.MAX_MAILS},
        {"body": "@" * (content.MAX_MAILS + 1)},
    ),
    "sql: words of several": (
        "sql",
        {"sqls": ["select a from t", "select b from t"]},
        {"sqls": [wide("a", 520), wide("b", 520)]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BOUNDS)
def test_at_a_bound_a_call_is_decided_and_above_it_not(what: str) -> None:
    """What is too large is told by its size: the largest that is looked at is decided, the next one cannot be."""
    name, most, more = BOUNDS[what]
    known = verdict(name, most)
    assert known.undecided == (), known.reasons
    assert verdict(name, more).undecided
    assert verdict(name, more).verdict == "ask"
    if name != "matches":
        assert known.verdict == "allow"


@pytest.mark.parametrize("count", [0, 1])
def test_many_strange_domains_cannot_be_decided(count: int) -> None:
    """Fifty international domains are read, one more is not; a name in any script beside an address costs nothing."""
    found = rules(
        "  - {id: r, text: T., on: act, require: {recipients: {domain_in: ['*.example.com']}}, then: allow}\n"
    )
    to = [f"M\u00fcller <a@\u00fc{number}.example.com>" for number in range(recipients.MAX_STRANGE + count)]
    call = Call("act", json.dumps({"to": to}), declared=frozenset({"to"}))
    assert bool(decide(found, call, EMPTY, NOW).undecided) == bool(count)
    named = Call("act", json.dumps({"to": ["M\u00fcller <a@b.example.com>"] * 500}), declared=frozenset({"to"}))
    assert not decide(found, named, EMPTY, NOW).undecided


@pytest.mark.parametrize("name", ["recipients", "url", "path", "shell", "sql", "content", "amount", "total"])
@pytest.mark.parametrize(
    ("most", "more"),
    [
        ({"rows": [1] * (MAX_LOOKED - 2)}, {"rows": [1] * (MAX_LOOKED - 1)}),
        ({"rows": [{"a": 1}] * (MAX_LOOKED // 2 - 1)}, {"rows": [{"a": 1}] * (MAX_LOOKED // 2)}),
        ({f"k{n}": 1 for n in range(MAX_NAMES - 1)}, {f"k{n}": 1 for n in range(MAX_NAMES)}),
        ({"map": {f"k{n}": 1 for n in range(MAX_NAMES - 2)}}, {"map": {f"k{n}": 1 for n in range(MAX_NAMES - 1)}}),
    ],
    ids=["items", "maps", "names", "names below"],
)
def test_more_values_than_are_looked_at_cannot_be_decided(
    name: str, most: Mapping[str, Any], more: Mapping[str, Any]
) -> None:
    """Requirements that go by the names of arguments look at so many values and names, and decide nothing beyond."""
    good = {} if name == "content" else EXAMPLES[name][1]
    extra = {"body": "Hello"} if name == "content" else {}
    known = verdict(name, {**good, **extra, **most})
    if name != "content":
        assert known.verdict == "allow", known.reasons
    beyond = verdict(name, {**good, **extra, **more})
    assert (beyond.verdict, len(beyond.undecided)) == ("ask", 1)


def test_values_are_counted_alike_wherever_they_stand() -> None:
    """A list, a map and what is in them count once each, on every way of looking at them."""
    for rows in ([1] * (MAX_LOOKED - 1), [{"a": 1}] * (MAX_LOOKED // 2 - 1)):
        few({"rows": rows})
        assert list(strings({"rows": rows}))
        with pytest.raises(TooMany):
            few({"rows": [*rows, 1, 1]})
        with pytest.raises(TooMany):
            list(strings({"rows": [*rows, 1, 1]}))


@pytest.mark.parametrize("item", ["1", '"a,b"', '"[{,"', '"\\"[,"', '"\\\\"', "[1]", '{"a":1}'])
def test_arguments_with_too_many_values_are_not_read(item: str) -> None:
    """So many values are read, whatever stands in their texts, and not one more; what is empty counts twice."""
    each = 2 if item[0] in "[{" else 1
    count = (MAX_VALUES - 1) // each
    most, more = (Call("act", f'{{"a":[{",".join([item] * number)}]}}') for number in (count, count + 1))
    found = read(most)["a"]
    assert isinstance(found, list)
    assert len(found) == count
    with pytest.raises(Unread, match="values"):
        read(more)


@pytest.mark.parametrize("length", [recipients.MAX_FILE, recipients.MAX_FILE + 1, 120_000])
def test_a_text_longer_than_a_path_is_no_file(length: int) -> None:
    """A path of so many characters with an @ in it is a file; a longer text is read for addresses, in one pass."""
    path = "/a" * (length // 2 - 2) + "/" * (length % 2) + "/b@c"
    found = verdict("recipients", {"to": "a@example.com", "file": path})
    assert (found.verdict == "allow") == (length <= recipients.MAX_FILE)
    assert verdict("recipients", {"to": "a@example.com", "file": "/a" * 60_000 + "<@"}).verdict != "allow"


def test_many_texts_that_go_up_again_and_again_cannot_be_decided() -> None:
    """Each text that may be a path counts, and is looked at in one pass: ``a/../../..`` thousands of times."""
    found = verdict("path", {**EXAMPLES["path"][1], "item": ["a" + "/.." * 200] * 1_000})
    assert found.verdict != "allow"


def test_a_long_text_is_one_value() -> None:
    """A table of a million characters in one text is read, with all its commas, quotes and brackets."""
    text = 'a,"b",[c],{d}\\\n' * 60_000
    assert read(Call("act", json.dumps({"body": text[:800_000]})))["body"] == text[:800_000]


def test_what_a_call_does_is_taken_for_more_when_there_is_too_much_of_it() -> None:
    """Effects are never missed for size: among too many values may be an address, a statement, a command."""
    many = {f"k{number}": "a" for number in range(MAX_NAMES + 1)}
    assert not names_destination(dict(list(many.items())[:-1]))
    assert names_destination(many)
    assert effects_of_sql("act", many) == ("write", "delete")
    assert effects_of_sql("act", {"sqls": ["select 1"] * (sql.MAX_TEXTS + 1)}) == ("write", "delete")
    long = [wide(name, 520) for name in "ab"]
    assert effects_of_sql("act", {"sqls": long[:1]}) == ()
    assert effects_of_sql("act", {"sqls": long}) == ("write", "delete")
    assert summaries("bash", many)[0].unclear


def test_what_was_written_is_taken_for_anything_when_there_is_too_much_of_it() -> None:
    """More files than are looked at may be any file: what runs later may have been written here."""
    few_files = {"paths": [f"a{number}" for number in range(MAX_WRITTEN)]}
    kept = with_written("", "act", few_files, ("write",))
    assert len(kept.split()) == MAX_WRITTEN
    assert with_written("", "act", {"paths": [*few_files["paths"], "b"]}, ("write",)) == "*"
    crowd = {"paths": ["a"] * MAX_LOOKED}
    assert with_written("", "act", crowd, ("write",)) == "*"
    assert runs_own(kept, "bash", crowd, ("execute",))
    assert runs_own("", "bash", crowd, ("execute",)) == ""


def test_what_is_released_without_being_counted_leaves_its_sum_unknown() -> None:
    """A call with more values than are looked at is charged all the same: then the sum is not known."""
    found = load(
        "version: 1\ndefault: ask\ntools: {pay: spend}\nrules:\n"
        "  - {id: r, text: T., on: pay, require: {total: {of: amount, per: day, max: 100}}, else: ask, then: allow}\n"
    )
    many = {"amount": 5, **{f"k{number}": 1 for number in range(MAX_NAMES)}}
    ledger = after(found, Call("pay", json.dumps(many)), Decision("allow", ("spend",)), EMPTY, NOW)
    assert ledger.user == {"total:r": "2026-11-22 unknown"}
    assert WRITTEN not in ledger.session


def test_targets_of_a_large_call_say_that_there_is_more() -> None:
    """A person is shown where a call leads from its first values, and told that the others were not looked at."""
    most = {"notes": ["a"] * (MAX_SEEN - 1), "to": "ann@example.com"}
    assert targets(most) == ("to: ann@example.com",)
    more = {"notes": ["a"] * MAX_SEEN, "to": "ann@example.com"}
    assert targets(more)[-1] == f"and values behind the first {MAX_SEEN}, which were not looked at"
    assert destinations.MAX_TARGETS < len(targets(more)) <= destinations.MAX_TARGETS + 2


@pytest.mark.parametrize(
    ("most", "more"),
    [
        ("ls " + "a" * (bounds.MAX_LINE - 3), "ls " + "a" * (bounds.MAX_LINE - 2)),
        ("ls" + " | ls" * 100, "ls" + " >a" * (bounds.MAX_OPERATORS + 1)),
        ("; ".join(["ls"] * 128), "; ".join(["ls"] * 129)),
        ("ls " + "a " * (bounds.MAX_NODES - 4), "ls " + "a " * (bounds.MAX_NODES - 3)),
        ("(ls);" * 127 + "(ls)", "(ls);" * 128 + "(ls)"),
        ("python3 a.py '" + "(" * 1_000 + "'", "ls " + "(" * 1_000),
        ("cat <<'E'\n" + "f(a)\n" * 500 + "E\n", "cat $((1<<E))\n" + "f(a)\n" * 500 + "E\n"),
        ("ls # " + "(" * 500, "ls #" + "$(" * 130),
        ('ls "' + "(" * 500 + '"', 'ls "$(' + "(" * 500 + '"'),
        ("ls 'a" + ")" * 1_000 + "'", "ls a" + ")" * 1_000),
        ('echo "' + "a $b\n" * 100 + '"', "echo $'\\''" + "a $b\n" * 1_501),
    ],
    ids=[
        "characters",
        "operators",
        "programs",
        "parts",
        "brackets",
        "quotes",
        "documents",
        "comments",
        "double quotes",
        "closing brackets",
        "lines",
    ],
)
def test_a_command_is_read_up_to_its_bounds(most: str, more: str) -> None:
    """A long command is read as long as the parser and the reader are sure to end soon; brackets in quotes cost nothing."""
    assert not [why for why in summarize(most).unclear if "more than" in why or "longer" in why]
    assert summarize(more).unclear


@pytest.mark.parametrize(
    "line",
    [
        ")" * 16_000,
        "[a]" * 5_000,
        "=~ " * 5_000,
        "a b" + ";-" + "-" * 16_000,
        "function f " * 1_400,
        "[[ a " + "fi '" * 4_000,
        "x#' " + "))" * 8_000 + "'",
        "$((1<<E)) <<'E'\n'\nE\n" + "test -f!(" * 1_700 + "'",
        "a) #[" * 3_000,
        "case { " + "in unset done #" * 1_000,
        "a b <<<E\n" + "))" * 8_000 + "\nE\n",
        "a b # " + "[a]" * 5_000 + "\n)",
        "ls '" + "a" * 16_000,
        "[ \\\n'\"" + "\n" * 8_000,
    ],
    ids=map(str, itertools.count()),
)
def test_a_line_that_does_not_fit_takes_no_longer(line: str) -> None:
    """What the parser would look at for a second is refused by its size, or as soon as it takes more work than it may."""
    assert summarize(line).unclear
    assert effects_of_commands("bash", {"command": line}) == ("read", "write", "delete", "send")


def test_a_command_of_too_many_programs_may_do_everything() -> None:
    """What stands behind the last program that is read is not looked at, so it counts as everything."""
    assert summarize("; ".join(["ls"] * 128)).effects == ("read",)
    assert "publish" in summarize("; ".join(["ls"] * 129)).effects
    assert "publish" in reading.summarize_argv(("sh", "-c", "; ".join(["ls"] * 200))).effects


@pytest.mark.parametrize(
    ("most", "more"),
    [
        ("select " + "a, " * 500 + "a from t", "select " + "a, " * 600 + "a from t"),
        ("select 1;" * 32, "select 1;" * 33),
        ("select '" + "a b, " * 1_000 + "'", "select '" + "a b, " * 2_000 + "'"),
    ],
    ids=["words", "statements", "characters"],
)
def test_sql_is_read_up_to_its_bounds(most: str, more: str) -> None:
    """A long statement is read as long as the parser is sure to end soon; what stands in a text counts once."""
    assert read_sql(most).unclear == ""
    assert read_sql(more).unclear


def test_a_host_that_is_too_long_is_none() -> None:
    """No host has more characters than the name system has room for, however it is written."""
    assert canonical("a" * 63 + ".example.com")
    assert canonical("\u00fc" * hosts.MAX_LABEL + ".example.com") is None
    assert canonical("\u00fc" * 50 + ".example.com")
    assert canonical("u\u0308" * 600) is None
    assert canonical("a" * (hosts.MAX_WRITTEN + 1)) is None


def test_a_large_value_is_named_by_its_size() -> None:
    """Writing a value out for a reason takes no longer than looking at it."""
    assert shown([1, "a"]) == "[1, 'a']"
    assert shown({"a": [1] * 3_000}) == "a map of 1 value"
    assert shown(["a" * 3_000, "b"]) == "a list of 2 values"


LARGE: dict[str, tuple[str, Mapping[str, Any]]] = {
    "a long mail": ("recipients", {"to": "ann@example.com", "body": "Dear Ann, see https://a.example or b@b.de.\n" * 4_600}),
    "a long mail in German": ("recipients", {"to": "ann@example.com", "body": "Sch\u00f6ne Gr\u00fc\u00dfe \u2026 " * 10_000}),
    "500 people": ("recipients", {"to": [f"Ann Example {n} <ann.example{n}@example.com>" for n in range(500)]}),
    "500 people in one text": ("recipients", {"to": ", ".join(f'"Doe, Ann {n}" <ann{n}@example.com>' for n in range(500))}),
    "a command of 5,000 characters": ("shell", {"command": "ls -la /srv/project/a/b " * 208}),
    "a document in a command": ("shell", {"command": "ls <<'E'\n" + "print(f(a), [b])  # it's\n" * 300 + "E\n"}),
    "a script in a command": ("shell", {"command": "ls $a | ls > /dev/null # why\nls 'a b' \"c $d\"\n" * 30}),
    "a text in a command": ("shell", {"command": "ls \"$(ls <<'E'\n" + "words (and) [more], it's\n" * 300 + "E\n)\""}),
    "900 addresses": ("url", {"urls": [f"https://example.com/a/{n}" for n in range(900)]}),
    "200 paths": ("path", {"paths": [f"/srv/project/src/module_{n}/file.py" for n in range(200)]}),
    "a long text beside a path": ("path", {"path": "/srv/a", "content": "x = 1\n" * 40_000}),
    "a long text beside an amount": ("amount", {"amount": "99.50", "note": "a, b. " * 30_000}),
    "a query of 3,000 characters": ("sql", {"sql": wide("column_", 200)}),
}  # fmt: skip


@pytest.mark.parametrize("what", LARGE)
def test_what_people_really_send_is_decided(what: str) -> None:
    """A long mail, a list of 500 people, a long command: large, and decided."""
    name, arguments = LARGE[what]
    decision = verdict(name, arguments)
    assert (decision.verdict, decision.undecided) == ("allow", ()), decision.reasons

"""SQL: what it does is read, or said to be unclear; nothing is appended unseen."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rules.making import EMPTY, NOW, judged, rules

from pinnedrules.rules.predicates.base import BadOption, Cannot, Facts, Fails, Outcome
from pinnedrules.rules.predicates.sql import SQL
from pinnedrules.rules.sql import DIALECTS, KINDS, MAX_SQL, bears_sql, effects_of_sql, read_sql, takes_sql
from pinnedrules.types import EFFECTS


def outcome(arguments: dict[str, Any], **options: object) -> Outcome:
    """Return what the requirement says to these arguments."""
    return SQL.build({"statements_in": ["select"], **options}, "r").check(Facts(arguments, EMPTY, NOW))


@pytest.mark.parametrize(
    ("text", "kinds", "effects"),
    [
        ("select 1", "select", "read"),
        ("values (1)", "select", "read"),
        ("insert into a values (1)", "insert", "write"),
        ("insert into a select * from b", "insert select", "read write"),
        ("insert into a values (1) on conflict (b) do update set c = 1", "insert update", "write"),
        ("update a set b = 1", "update", "write"),
        ("merge into a using b on a.c = b.c when matched then update set d = 1", "merge update", "write"),
        ("merge into a using b on a.c = b.c when matched then delete", "merge delete", "write delete"),
        ("delete from a", "delete", "delete"),
        ("drop table a", "drop", "delete"),
        ("truncate a", "truncate", "delete"),
        ("alter table a drop column b", "alter drop", "write delete"),
        ("create table a (b int references c(d) on delete cascade)", "create", "write"),
        ("select * into a from b", "select create", "read write"),
        ("grant select on a to b", "grant", "write execute"),
        ("begin; select 1; commit", "transaction select", "read"),
        ("explain select 1", "explain select", "read"),
    ],
)
def test_a_text_is_its_statements_and_what_they_do(text: str, kinds: str, effects: str) -> None:
    """Also those inside others."""
    found = read_sql(text)
    assert (set(found.kinds), set(found.effects), found.unclear) == (set(kinds.split()), set(effects.split()), "")


def test_a_server_s_own_words_are_read_in_its_dialect() -> None:
    """What only one server knows, or reads its own way, is unclear to all of them together."""
    assert read_sql("show tables").unclear
    assert read_sql("show tables", "mysql").kinds == ("show",)
    assert read_sql("select a #> '{b}' from c").unclear
    assert read_sql("select a #> '{b}' from c", "postgres").unclear == ""
    assert read_sql("describe a", "mysql").effects == ("read",)
    for dialect in DIALECTS:
        assert read_sql("select a from b where c = 1", dialect) == read_sql("select a from b where c = 1")


@pytest.mark.parametrize(
    "text",
    ["", "-- a", "call f()", "select f(1)", "select 'a", "select 'a\\' from b", "select 1 /* a",
     "select 1 # a", "select $$a$$",
     "select 1 -- a\rb", "select \u200b1", "select 1\uff1b", "select \"a;b\"", "select 1 delete from a",
     "(" * 100, "select 1;" * 60,
     "select 1 " + " " * MAX_SQL, "select * from a" + " join b" * 24, "select " + "1," * 2_500 + "1", "\\d", "do 1"],
    ids=lambda text: text[:30],
)  # fmt: skip
def test_what_cannot_be_read_in_one_way_only_is_said_to_be_unclear(text: str) -> None:
    """Unknown statements and functions, quotes and comments that servers disagree about, and what takes too long."""
    assert read_sql(text).unclear


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        ("select * from A join b.C on true", "a b.c"),
        ('select * from "A"', "A"),
        ('select * from "a.b"', "a..b"),
        ("with t as (select * from a) select * from t", "a"),
        ("with t as (select * from t) select * from t", "t"),
        ("with recursive t as (select 1 union all select * from t) select * from t", ""),
        ("select * from t where 1 in (with t as (select 1) select * from t)", "t"),
        ("with a as (select * from b), b as (select 1) select * from a, b", "b"),
        ('with t as (select 1) select * from "T"', "T"),
        ("select * from generate_series(1, 2)", ""),
        ("drop table a", "a"),
        ("drop schema a", "schema:"),
        ("create database a", "database: a"),
    ],
)
def test_every_table_is_named(text: str, tables: str) -> None:
    """A common table expression hides a table of its name only where it is visible."""
    assert set(read_sql(text).tables) == set(tables.split())


def test_which_arguments_hold_sql_goes_by_their_names() -> None:
    """``sql`` always, ``query`` in the requirement and in a tool that is for a database by its name."""
    assert all(map(bears_sql, ("sql", "rawSql", "sql_query", "query", "statement", "queries")))
    assert not any(map(bears_sql, ("text", "body", "queryable", "mysqlhost")))
    assert effects_of_sql("anything", {"sql": "delete from a", "n": 1}) == ("delete",)
    assert effects_of_sql("run_query", {"query": "delete from a"}) == ("delete",)
    assert effects_of_sql("run_query", {"queries": ["select 1", "update a set b = 1"]}) == ("write",)
    assert effects_of_sql("web_search", {"query": "drop table meaning"}) == ()
    assert effects_of_sql("db_search", {"query": "orders that were deleted"}) == ()
    assert effects_of_sql("anything", {"sql": "select unknown_function(1)"}) == ("write", "delete")
    assert effects_of_sql("anything", {"sql": "from a |> where b"}) == ()
    assert takes_sql("run_query", None)
    assert takes_sql("x", frozenset({"sql"}))
    assert not takes_sql("run_query", frozenset({"n"}))


def test_the_effects_of_a_statement_are_those_of_the_call() -> None:
    """A rule about an effect reaches a statement that has it, and may name the tool."""
    file = rules(
        "  - {id: keep, text: Delete nothing., on: {tool: run_query, effect: delete}, then: deny}\n",
        tools="{run_query: read}",
    )
    assert judged(file, "run_query", {"sql": "select * from a"}).verdict == "allow"
    assert judged(file, "run_query", {"sql": "drop table a"}).rules == ("keep",)
    assert judged(file, "run_query", {"sql": "insert into a values (1)"}).verdict == "ask"


def test_only_statements_and_tables_that_are_named_hold() -> None:
    """Three answers; a known fault outweighs what is unclear."""
    assert outcome({"sql": "select * from a"}, tables_in=["a", "b.*"]) is None
    assert outcome({"sql": "select * from b.c"}, tables_in=["a", "b.*"]) is None
    assert isinstance(outcome({"sql": "select * from c"}, tables_in=["a", "b.*"]), Fails)
    assert isinstance(outcome({"sql": "select * from a; drop table a"}), Fails)
    assert isinstance(outcome({"sql": "drop table a; select f(1)"}), Fails)
    assert isinstance(outcome({"sql": "select f(1)"}), Cannot)
    assert isinstance(outcome({"sql": 7}), Cannot)
    assert isinstance(outcome({"text": "select 1", "sql": None}), Cannot)
    assert outcome({"text": "select 1"}, of="text") is None
    assert outcome({"sql": "show tables"}, statements_in=["show"], dialect="mysql") is None


@pytest.mark.parametrize(
    ("options", "problem"),
    [({"statements_in": ["wipe"]}, "unknown statement"), ({"tables_in": ["a b"]}, "not the name"),
     ({"dialect": "x"}, "unknown dialect"),
     ({"tables": "a"}, "unknown key"), ({"statements_in": []}, "empty")],
    ids=str,
)  # fmt: skip
def test_an_option_that_means_nothing_is_an_error(options: dict[str, object], problem: str) -> None:
    """An error at load, not a rule that never holds."""
    with pytest.raises(BadOption, match=problem):
        SQL.build({"statements_in": ["select"], **options}, "r")


PIECES = st.sampled_from(
    ["select", "from", "where", "join", "with", "as", "a", "b", "1", "'", '"', "`", "--", "/*", "*/", "/*!", "#",
     ";", "(", ")", ",", "*",
     "=", "delete", "drop table", "insert into", "update", "set", "union", "\\", "$$", "[", "]", "{", "}", "\n",
     "case", "when", "then",
     "end", "in", "not", "cast", "::", "f(", "into", "values", "exec", "in (", "'it''s'", "over", "@a", ":b", "?",
     "%", "->", "."]
)  # fmt: skip


@settings(max_examples=300)
@given(st.one_of(st.lists(PIECES, max_size=25).map(" ".join), st.text(max_size=200)), st.sampled_from(["", *DIALECTS]))
def test_no_text_raises(text: str, dialect: str) -> None:
    """Whatever it is, it is read or unclear."""
    found = read_sql(text, dialect)
    assert set(found.effects) <= set(EFFECTS)
    assert set(found.kinds) <= set(KINDS)


SAFE = st.sampled_from(
    [
        "select 1",
        "select * from a",
        "select 'x' from a -- b\n",
        "with t as (select 1) select * from t",
        "select a b from a",
    ]
)
GLUE = st.sampled_from(
    [
        " ",
        ";",
        "\n",
        "; ",
        " -- '\n;",
        " /* ' */ ;",
        "\n/\n",
        "\ngo\n",
        ") ",
        " where ",
        " as ",
        "' ; ",
        "\\'; ",
        "';--\n ",
        "*/ ;",
    ]
)
GONE = st.sampled_from(["delete from a", "drop table a", "truncate table a", "alter table a drop column b",
    "exec wipe", "call wipe()",
                        "merge into a using b on 1 = 1 when matched then delete", "do $$ begin end $$",
                        "select wipe()", "update a set b = 1"])  # fmt: skip
TAIL = st.sampled_from(["", ";", " --", " /*", " select 1", ")", " #"])


@settings(max_examples=300)
@given(SAFE, GLUE, GONE, TAIL, st.sampled_from(["", *DIALECTS]))
def test_nothing_is_appended_unseen(safe: str, glue: str, gone: str, tail: str, dialect: str) -> None:
    """A query with a statement that changes something appended in any way never holds."""
    assert outcome({"sql": safe + glue + gone + tail}, **({"dialect": dialect} if dialect else {})) is not None

"""``sql: {statements_in: [select], tables_in: [orders, shop.*]}``: SQL holds only these statements, on these tables.

Options:

- ``statements_in``: the kinds of all statements, those inside others included (``select``, ``insert``, ``update``, ...).
- ``tables_in``: the tables that they name, as they are written; ``shop.*`` is all of that schema. Names of common table
  expressions do not count.
- ``dialect``: the server's (``postgres``, ``mysql``, ...). When it is left out, the text must mean the same to all.
- ``of``: arguments that hold SQL besides those whose name says that they do or may (``sql``, ``query``, ``statement``).

Three answers: ``select * from orders`` holds, ``select 1; drop table orders`` fails, ``call f()`` cannot be decided.

- holds: SQL was found, all of it was read, and all of it is permitted.
- fails: a statement or a table that is not.
- cannot be decided: no SQL, more than 32 texts of it, more than 8,000 characters or 1,200 words and signs in one or
  2,000 in several, or a statement, a function or a way of quoting that is not known
  (see ``rules/sql.py``).

A view, a trigger or a rule of the database may do more than the text says: permissions belong into the database, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from pinnedrules.rules.bearing import strings
from pinnedrules.rules.predicates.base import BadOption, Built, Cannot, Facts, Fails, Outcome, Predicate, closed, texts
from pinnedrules.rules.printable import shown
from pinnedrules.rules.sql import DIALECTS, KINDS, MAX_TEXTS, MAX_TOGETHER, Sql, bears_sql, heavy, read_sql

__all__ = ["SQL"]

_TABLE = re.compile(r"[A-Za-z_][\w$-]*(?:\.[A-Za-z_][\w$-]*){0,2}(?:\.\*)?")


def _tables(entries: Sequence[str]) -> Callable[[str], bool]:
    whole = {entry for entry in entries if not entry.endswith(".*")}
    below = {entry[:-2] for entry in entries if entry.endswith(".*")}
    # A schema's own tables: in shop.hr.pay, shop is a database and hr the schema.
    return lambda table: table in whole or (table.rpartition(".")[0] in below and ".." not in table)


def _check(sql: Sql, statements: Sequence[str], permitted: Callable[[str], bool] | None) -> Outcome:
    for kind in sql.kinds:
        if kind not in statements:
            return Fails(f"sql: it holds the statement {kind}")
    for table in sql.tables if permitted is not None else ():
        if permitted is not None and not permitted(table):
            return Fails(f"sql: {shown(table, 60)} is not one of the tables")
    return Cannot(f"sql: {sql.unclear}") if sql.unclear else None


def _build(options: Mapping[str, object], _rule: str) -> Built:
    closed(options, required=("statements_in",), optional=("tables_in", "dialect", "of"))
    statements = texts(options, "statements_in")
    for index, kind in enumerate(statements):
        if kind not in KINDS:
            raise BadOption(
                f"unknown statement {shown(kind)!r}", "statements_in", index, hint=f"known: {', '.join(KINDS)}",
                word=kind, known=KINDS,
            )  # fmt: skip
    entries = texts(options, "tables_in")
    for index, entry in enumerate(entries):
        if not _TABLE.fullmatch(entry):
            raise BadOption(
                f"not the name of a table: {shown(entry)!r}",
                "tables_in",
                index,
                hint="write orders, shop.orders or shop.*",
            )
    dialect = str(options.get("dialect", ""))
    if dialect and dialect not in DIALECTS:
        raise BadOption(
            f"unknown dialect {shown(dialect)!r}",
            "dialect",
            hint=f"known: {', '.join(DIALECTS)}",
            word=dialect,
            known=DIALECTS,
        )
    permitted = _tables(entries) if entries else None
    extra = frozenset(texts(options, "of"))

    def check(facts: Facts) -> Outcome:
        unclear: Outcome = None
        found: list[str] = []
        for key, value in strings(facts.arguments):
            if value is None or not (key in extra or bears_sql(key)):
                continue
            if not isinstance(value, str):
                unclear = Cannot(f"sql: {shown(key, 40)} is not a text")
            elif len(found) == MAX_TEXTS:
                return Cannot(f"sql: there are more than {MAX_TEXTS} texts")
            else:
                found.append(value)
        if heavy(found):
            return Cannot(f"sql: the texts have more than {MAX_TOGETHER} words and signs together")
        for text in found:
            outcome = _check(read_sql(text, dialect), statements, permitted)
            if isinstance(outcome, Fails):
                return outcome
            unclear = unclear or outcome
        return unclear or (None if found else Cannot("sql: no SQL was found"))

    return Built(check, dict.fromkeys(extra, ("of",)), bears_sql)


def _say(options: Mapping[str, object]) -> str:
    tables = texts(options, "tables_in")
    where = f" on {' or '.join(tables)}" if tables else ""
    return f"the SQL can be read and is {' or '.join(texts(options, 'statements_in'))}{where}"


SQL = Predicate("sql", _build, _say)

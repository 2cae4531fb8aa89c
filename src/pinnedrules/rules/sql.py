"""SQL, parsed into the statements that it holds, the tables that they name and what they do.

Rules of this file:

1. A statement, a function or a word that is not known is unclear, with the reason. A server knows more of them.
2. Two servers read the same text differently (quotes, backslashes, comments, statements without a semicolon between
   them), so that what they are known to disagree about is unclear, and every word that begins a statement must be one
   that the parser took for that.
3. Time is bounded by the length, the nesting and the steps of the parser, and the last answers are remembered.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pinnedrules.rules.bearing import MAX_NAMES
from pinnedrules.rules.memory import Memory, remembered
from pinnedrules.rules.names import name_keys, plain
from pinnedrules.rules.printable import shown
from pinnedrules.rules.sql_words import HARMLESS, STARTERS, WORDS_OF
from pinnedrules.types import EFFECTS, Effect

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

__all__ = ["DIALECTS", "KINDS", "MAX_TEXTS", "Sql", "bears_sql", "effects_of_sql", "heavy", "read_sql", "takes_sql"]

MAX_SQL = 8_000
"""Longest text that is read, in characters."""

MAX_TEXTS = 32
"""Texts in one call that are read."""

ROOM = 1 << 20
"""Characters of texts whose answers are remembered."""

MAX_STEPS = 1_200
"""Words and signs of one text, and steps of the parser."""

MAX_TOGETHER = 2_000
"""Words and signs of all texts of a call that has several."""

MAX_NESTED = 32
MAX_STATEMENTS = 32

DIALECTS = (
    "postgres",
    "mysql",
    "sqlite",
    "tsql",
    "bigquery",
    "snowflake",
    "duckdb",
    "clickhouse",
    "oracle",
    "redshift",
)

_EFFECTS: Mapping[str, tuple[Effect, ...]] = MappingProxyType(
    {
        "select": ("read",),
        "show": ("read",),
        "describe": ("read",),
        "explain": ("read",),
        "transaction": (),
        "insert": ("write",),
        "update": ("write",),
        "merge": ("write",),
        "create": ("write",),
        "alter": ("write",),
        "delete": ("delete",),
        "drop": ("delete",),
        "truncate": ("delete",),
        "grant": ("write", "execute"),
        "revoke": ("write", "execute"),
    }
)
KINDS = tuple(_EFFECTS)
"""Every kind of statement that is read."""

# Class names of sqlglot's nodes that are, or hold, a statement of a kind.
_NODES: Mapping[str, str] = MappingProxyType(
    {
        "Select": "select", "Union": "select", "Intersect": "select", "Except": "select", "Subquery": "select",
        "Values": "select", "Insert": "insert", "Update": "update", "Delete": "delete", "Merge": "merge", "Create": "create",
        "Alter": "alter", "Drop": "drop", "TruncateTable": "truncate", "Grant": "grant", "Revoke": "revoke", "Show": "show",
        "Describe": "describe", "Transaction": "transaction", "Commit": "transaction", "Rollback": "transaction",
    }
)  # fmt: skip
# Nodes that do what no statement of those kinds does by itself.
_REFUSED = frozenset(
    {
        "Analyze", "Attach", "Cache", "Command", "Comment", "Copy", "Declare", "Detach", "Execute", "Export", "IfBlock",
        "Install", "Kill", "LoadData", "Lock", "NextValueFor", "Pragma", "ReadCSV", "ReadParquet", "Refresh", "Set", "Uncache",
        "Use", "WhileBlock",
    }
)  # fmt: skip

_UNKNOWN: tuple[Effect, ...] = ("write", "delete")

_STRING = re.compile(r"'(?:[^']|'')*'")
_QUOTED = re.compile(r'"[^"]*"|`[^`]*`')
_COMMENT = re.compile(r"--(?=[ \t\n]|\Z)[^\n]*|/\*(?![!+M])(?:(?!/\*|\*/).)*\*/", re.S)
_LEXEMES = re.compile(rf"{_STRING.pattern}|{_QUOTED.pattern}|{_COMMENT.pattern}", re.S)
_EXPLAIN = re.compile(r"\s*explain\s+(?=(?:select|with)\b)", re.I)
_PIECE = re.compile(r"\w+|[^\w\s]")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")
_SQL_NAME = re.compile(
    r"(?:.+_)?sql(?:_?(?:query|text|statements?|commands?|string))?s?|(?:sql|select|ddl|dml)(?:_.+)?", re.I
)
_QUERY_NAME = re.compile(r"(?:.+_)?(?:query|queries|statements?|stmts?)", re.I)
_DATABASE = re.compile(
    r"sql|query|queries|database|postgres|sqlite|bigquery|warehouse|snowflake|redshift|duckdb|clickhouse|oracle|db"
)
_BEGINS = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/|[(;])*(?:alter|attach|begin|bulk|call|copy|create|declare|delete|do|drop|exec|execute|explain"
    r"|grant|handler|if|insert|load|merge|pragma|prepare|rename|replace|revoke|select|set|shutdown|truncate|update|vacuum|with)\b",
    re.I | re.S,
)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class _Unclear(ValueError):
    """A piece of SQL that cannot be read in one way only; the text says why."""


@dataclass(frozen=True, slots=True)
class Sql:
    """What a text of SQL comes to.

    ``kinds`` are those of its statements and of the ones inside them; ``tables`` those that they name, as written but in
    small letters unless quoted. With anything in ``unclear``, the text may do more.
    """

    kinds: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    unclear: str = ""

    @property
    def effects(self) -> tuple[Effect, ...]:
        """What its statements do."""
        found = {effect for kind in self.kinds for effect in _EFFECTS[kind]}
        return tuple(effect for effect in EFFECTS if effect in found)


def read_sql(text: str, dialect: str = "") -> Sql:
    """Return what *text* does when a server of *dialect* runs it (empty: any server). Never raises."""
    return _READ[text, dialect]


def _read(asked: tuple[str, str]) -> Sql:
    text, dialect = asked
    found: list[tuple[str, ...]] = [(), ()]
    try:
        _look(text, dialect)
        explained = _EXPLAIN.match(text)
        statements, words = _parsed(text[explained.end() :] if explained else text, dialect)
        kinds = dict.fromkeys(kind for statement in statements for kind in _kinds(statement))
        found[0] = (*(("explain",) if explained else ()), *kinds)
        found[1] = tuple(dict.fromkeys(table for statement in statements for table in _tables(statement)))
        for statement in statements:
            _check_functions(statement)
        known = {word for kind in kinds for word in WORDS_OF.get(kind, ())}
        stray = next((word for word in words if word in STARTERS and word not in known), "")
        if stray:
            raise _Unclear(f"the word {stray} may begin a statement")
    except _Unclear as problem:
        return Sql(found[0], found[1], str(problem))
    return Sql(found[0], found[1])


_READ = Memory(_read, entries=1_024, room=ROOM, size=lambda asked: len(asked[0]))


def _look(text: str, dialect: str) -> None:
    """Refuse what takes long to parse, and what servers read differently."""
    if len(text) > MAX_SQL:
        raise _Unclear(f"it is longer than {MAX_SQL} characters")
    if not text.isascii() or not text.isprintable():
        for char in text:
            if char not in "\n\t\r" and (
                unicodedata.category(char)[0] in "C" or unicodedata.category(char) in ("Zl", "Zp")
            ):
                raise _Unclear("it holds an invisible character")
    if re.search(r"\r(?!\n)", text):
        raise _Unclear("it holds a line break that only some servers take for one")
    if re.search(r"\\['\"`]", text):
        raise _Unclear("a backslash stands before a quote")
    for lexeme in _LEXEMES.findall(text):
        quoted = lexeme if lexeme[0] in '"`' else ""
        if re.search(r"['\"`;]|--|/\*|#", quoted[1:-1]):
            raise _Unclear("a quoted name holds what may be more than a name")
    bare, quoted_texts = _LEXEMES.subn(" ", text)
    if quoted_texts + len(_PIECE.findall(bare)) > MAX_STEPS:
        raise _Unclear("it takes too long to read")
    if bare.count(";") > MAX_STATEMENTS:
        raise _Unclear(f"it holds more than {MAX_STATEMENTS} statements")
    for sign, why in (
        ("/*", "it has a comment that some servers run, or one in another"),
        ("$$", "it has quotes of dollars"),
        ("'", "its quotes cannot be told apart"),
        ('"', "its quotes cannot be told apart"),
        ("`", "its quotes cannot be told apart"),
        ("\\", "it has a backslash outside of a text"),
        ("--", "it has a comment that some servers do not take for one"),
    ):
        if sign in bare:
            raise _Unclear(why)
    if "#" in bare and dialect != "postgres":
        raise _Unclear("it has a sign that begins a comment for some servers")
    if re.search(r"\$[A-Za-z_]\w*\$|\[[^\[\]]*['\";]", text):
        raise _Unclear("it has quotes that only some servers know")
    if not bare.isascii() and unicodedata.normalize("NFKC", bare) != unicodedata.normalize("NFC", bare):
        raise _Unclear("it holds look-alike characters")
    depth = deepest = 0
    for char in bare:
        depth += (char in "([{") - (char in ")]}")
        deepest = max(deepest, depth)
    if deepest > MAX_NESTED:
        raise _Unclear(f"it is nested deeper than {MAX_NESTED} levels")


@lru_cache(maxsize=16)
def _parser_of(dialect: str) -> tuple[Any, Any]:
    """Return sqlglot's dialect and its parser, which stops after so many steps and takes nothing for a bare command."""
    # Imported here: whoever has no SQL shall not wait for it.
    from sqlglot.dialects.dialect import Dialect

    found = Dialect.get_or_raise(dialect or None)

    class Bounded(found.parser_class):  # type: ignore[name-defined, misc]
        steps = 0

        def _advance(self, times: int = 1) -> None:
            self.steps += 1
            if self.steps > MAX_STEPS:
                raise _Unclear("it takes too long to read")
            super()._advance(times)

        def _warn_unsupported(self) -> None:
            raise _Unclear("it holds a statement that is not read")

    return found, Bounded


def _parsed(text: str, dialect: str) -> tuple[list[Expr], list[str]]:
    """Return the statements of *text*, and its bare words in small letters."""
    from sqlglot.errors import ErrorLevel, SqlglotError

    rules, bounded = _parser_of(dialect)
    try:
        tokens = rules.tokenize(text)
        parsed = bounded(dialect=rules, error_level=ErrorLevel.IMMEDIATE).parse(tokens, text)
    except _Unclear:
        raise
    except (SqlglotError, RecursionError) as problem:
        raise _Unclear("it cannot be parsed") from problem
    except Exception as problem:
        raise _Unclear("it breaks the parser") from problem
    statements = [one for one in parsed if one is not None and type(one).__name__ != "Semicolon"]
    if not statements or len(statements) > MAX_STATEMENTS:
        raise _Unclear("it holds no statement" if not statements else f"it holds more than {MAX_STATEMENTS} statements")
    bare = [
        token.text.lower()
        for at, token in enumerate(tokens)
        if token.token_type.name not in ("STRING", "IDENTIFIER", "NUMBER")
        # replace(a, b, c) is a function; REPLACE INTO is a statement.
        and not (token.text.lower() == "replace" and at + 1 < len(tokens) and tokens[at + 1].text == "(")
    ]
    return statements, [word for text in bare for word in _WORD.findall(text)]


def _kinds(statement: Expr) -> Iterator[str]:
    """Yield the kind of a statement and of all that are in it."""
    if type(statement).__name__ not in _NODES:
        raise _Unclear(f"it holds a statement that is not read ({type(statement).__name__.lower()})")
    for node in statement.walk():
        name = type(node).__name__
        if name in _REFUSED:
            raise _Unclear(f"it holds what is not read ({name.lower()})")
        if name in _NODES and (name != "Values" or node is statement):
            yield _NODES[name]
        elif name == "When" and str(node.args.get("then")).upper() == "DELETE":
            yield "delete"
        elif name == "OnConflict" and node.args.get("expressions"):
            yield "update"
        elif name == "Into":
            yield "create"


def _check_functions(statement: Expr) -> None:
    """Every function is one that the parser knows by its meaning, or a well-known one that only computes."""
    for node in statement.walk():
        kind = type(node).__name__
        if kind in ("Anonymous", "AnonymousAggFunc", "CombinedAggFunc", "ParameterizedAgg"):
            name = str(node.this).lower()
            if name not in HARMLESS or type(node.parent).__name__ == "Dot":
                raise _Unclear(f"what the function {shown(name, 40)} does is not known")


def _tables(statement: Expr) -> Iterator[str]:
    for node in statement.walk():
        if type(node).__name__ == "TableFromRows":
            _check_source(node.this)
        if type(node).__name__ != "Table":
            continue
        if type(node.this).__name__ != "Identifier":
            if node.this:
                _check_source(node.this)
            continue
        if str(node.args.get("alias") or "").startswith("@"):
            raise _Unclear("for some servers it names a table of another one")
        parts = [node.args.get("catalog"), node.args.get("db"), node.this]
        names = [_name(part) for part in parts if part is not None]
        if len(names) > 1 or not _is_common(node, names[0]):
            yield ".".join(names)
    if type(statement).__name__ in ("Create", "Drop", "Alter"):
        kind = str(statement.args.get("kind") or "").upper()
        if kind not in ("TABLE", "VIEW", "INDEX", "MATERIALIZED VIEW"):
            yield f"{kind.lower() or 'something'}:"


def _check_source(source: Expr) -> None:
    """What stands in the place of a table is a function, and none that a text or a setting tells which table to read."""
    computes = any(base.__name__ == "Func" for base in type(source).__mro__)
    lists_files = str(source.this).lower() == "glob"
    if not computes or lists_files or type(source).__name__ == "DynamicIdentifier":
        raise _Unclear("which table it reads is not known")


def _name(part: Expr | str) -> str:
    """Return a name in small letters unless it is quoted; a dot in it is doubled, so that no two names look alike.

    A part that is left out (``shop..orders``) is an empty text.
    """
    if isinstance(part, str):
        return part
    text = str(part.this).replace(".", "..")
    return text if part.args.get("quoted") else text.lower()


def _is_common(table: Expr, name: str) -> bool:
    """True when *table* means a common table expression that is visible where it stands."""
    inner: Expr = table
    outer = table.parent
    while outer is not None:
        clause = outer.args.get("with_") or outer.args.get("with")
        if clause is not None:
            entries = clause.expressions
            within = next(
                (at for at, entry in enumerate(entries) if inner is clause and _holds(entry, table)), len(entries)
            )
            seen = within + 1 if clause.args.get("recursive") else within
            if any(_name(entry.args["alias"].this) == name for entry in entries[:seen]):
                return True
        inner, outer = outer, outer.parent
    return False


def _holds(entry: Expr, node: Expr) -> bool:
    above: Expr | None = node
    while above is not None and above is not entry:
        above = above.parent
    return above is entry


# -- which arguments hold SQL, and what that adds to a call -----------------------------------------------------------


@remembered()
def bears_sql(name: str) -> bool:
    """True for arguments that hold SQL by their name, or may: ``sql``, ``query``, ``statement``."""
    return _surely(name) or _QUERY_NAME.fullmatch(_HUMP.sub("_", name[:128])) is not None


@remembered()
def _surely(name: str) -> bool:
    return _SQL_NAME.fullmatch(_HUMP.sub("_", name[:128])) is not None


@remembered()
def _on_database(tool: str) -> bool:
    return any(_DATABASE.search(key) for key in name_keys(plain(tool) or ""))


def takes_sql(tool: str, args: frozenset[str] | None) -> bool:
    """True when a call of *tool* may hold SQL: one of its arguments is called so, or it is open and for a database."""
    return _on_database(tool) if args is None else any(map(bears_sql, args))


def effects_of_sql(tool: str, arguments: Mapping[str, object]) -> tuple[Effect, ...]:
    """Return what SQL in *arguments* does besides reading. Where it is unclear and names a change: write and delete.

    So does a call with more arguments than are looked at.
    """
    if len(arguments) > MAX_NAMES:
        return _UNKNOWN
    texts: list[str] | None = None
    for key in arguments:
        if bears_sql(key) and (_surely(key) or _on_database(tool)):
            value = arguments[key]
            if isinstance(value, list) and len(value) > MAX_TEXTS:
                return _UNKNOWN
            held = [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]
            texts = (texts or []) + [text for text in held if _surely(key) or _BEGINS.match(text[:2_000])]
    if not texts:
        return ()
    if heavy(texts):
        return _UNKNOWN
    found = frozenset[Effect]().union(*map(_changes, texts))
    return tuple(effect for effect in EFFECTS if effect in found)


def heavy(texts: Collection[str]) -> bool:
    """True for several texts of SQL that take longer to read than one may."""
    several = set(texts)
    if len(several) < 2:
        return False
    return len(several) > MAX_TEXTS or sum(len(_PIECE.findall(text[:MAX_SQL])) for text in several) > MAX_TOGETHER


@remembered(entries=1_024, room=ROOM)
def _changes(text: str) -> frozenset[Effect]:
    read = read_sql(text)
    found: set[Effect] = set(read.effects)
    if read.unclear:
        # What cannot be read and holds no word that changes anything is a query that this parser does not know.
        words = {word.lower() for word in _WORD.findall(text[:MAX_SQL])}
        function = any(f"function {word} does" in read.unclear for word in words)
        if len(text) > MAX_SQL or function or not words.isdisjoint(STARTERS):
            found.update(("write", "delete"))
    return frozenset(found - {"read"})

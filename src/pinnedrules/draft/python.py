"""The tools that a Python program defines, read from its source. Nothing of the program is run or imported.

Found are definitions written out as dicts (see ``definitions``), functions under a decorator that makes a tool of them
(``@tool``, ``@beta_tool``, ``@function_tool``, ``@guard.tool``, ``@mcp.tool()``, ...), constructed ones (``Tool(name=...)``,
``pydantic_function_tool(Model)``), classes that are one, and functions handed over in a list called ``tools``.
What can only be known when the program runs is said, not guessed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from pinnedrules.draft.definitions import UNKNOWN, definitions
from pinnedrules.draft.found import Found, FoundTool, Unread

__all__ = ["from_source"]

_DECORATORS = frozenset(
    {
        "ai_function",
        "beta_async_tool",
        "beta_tool",
        "function_tool",
        "kernel_function",
        "register_tool",
        "tool",
        "tool_plain",
    }
)
_MAKERS = frozenset({"BaseTool", "FunctionTool", "StructuredTool", "Tool", "from_defaults", "from_function"})
_NAMES = ("name", "name_override", "name_or_callable")
_GIVEN_BY_THE_FRAMEWORK = frozenset({"Context", "RunContext", "RunContextWrapper", "ToolContext", "ToolRuntime"})
_MOST_ITEMS = 500
_DEEPEST = 20

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Scope = Mapping[str, object]


def from_source(text: str, *, name: str) -> Found:
    """Return the tools in the source *text*; *name* is only told. Raises what ``ast.parse`` does."""
    tree = ast.parse(text, filename=name)
    return _Reader(tree, name).read()


class _Reader:
    """Reads one module."""

    def __init__(self, tree: ast.Module, name: str) -> None:
        self._tree = tree
        self._name = name
        self._found = Found()
        self._functions: dict[str, _Function] = {}
        self._classes: dict[str, ast.ClassDef] = {}
        for node in ast.walk(tree):
            if isinstance(node, _Function):
                self._functions.setdefault(node.name, node)
            elif isinstance(node, ast.ClassDef):
                self._classes.setdefault(node.name, node)

    def read(self) -> Found:
        """Return what there is."""
        self._visit(self._tree, _constants(self._tree))
        return self._found

    def _where(self, node: ast.AST) -> str:
        return f"{self._name}:{getattr(node, 'lineno', 0)}"

    def _visit(self, node: ast.AST, scope: _Scope) -> None:
        if isinstance(node, ast.Dict) or (isinstance(node, ast.Call) and _called(node.func) == "dict"):
            found = definitions(_value(node, scope), self._where(node))
            if found is not None:
                self._found.add(found)
                return
        if isinstance(node, (ast.ListComp, ast.GeneratorExp)) and (scopes := _unrolled(node, scope)):
            for inner in scopes:
                self._visit(node.elt, inner)
            return
        if isinstance(node, _Function):
            self._decorated(node, scope)
        elif isinstance(node, ast.ClassDef):
            self._class(node, scope)
        elif isinstance(node, ast.Call):
            self._made(node, scope)
            for keyword in node.keywords:
                if keyword.arg == "tools":
                    self._listed(keyword.value)
        elif isinstance(node, ast.Assign) and any(_is_tools(target) for target in node.targets):
            self._listed(node.value)
        for child in ast.iter_child_nodes(node):
            self._visit(child, scope)

    def _decorated(self, node: _Function, scope: _Scope) -> None:
        for decorator in node.decorator_list:
            call = decorator if isinstance(decorator, ast.Call) else None
            if _called(call.func if call else decorator) in _DECORATORS:
                self._function(node, call, scope)
                return

    def _function(self, node: _Function, call: ast.Call | None, scope: _Scope) -> None:
        name: object = node.name
        said: object = ast.get_docstring(node) or ""
        left_out: object = ()
        for key, value in _named(call):
            if key in _NAMES:
                name = _value(value, scope)
            elif key == "leave_out":
                left_out = _value(value, scope)
            elif key in ("description", "description_override"):
                said = f"{_text(_value(value, scope))}\n{said}"
        if call is not None and call.args and isinstance(first := _value(call.args[0], scope), str):
            name = first
        skipped = left_out if isinstance(left_out, list) else ()
        arguments = tuple(argument for argument in _arguments(node) if argument not in skipped)
        self._add(name, _text(said), arguments, node)

    def _class(self, node: ast.ClassDef, scope: _Scope) -> None:
        if not any(_called(base) in _MAKERS or _called(base).endswith("Tool") for base in node.bases):
            return
        fields = _fields(node, scope)
        if "name" in fields:
            said = f"{_text(fields.get('description'))}\n{ast.get_docstring(node) or ''}"
            run = next((item for item in node.body if isinstance(item, _Function) and item.name in _RUN), None)
            self._add(fields["name"], said, _arguments(run) if run else (), node)

    def _made(self, node: ast.Call, scope: _Scope) -> None:
        called = _called(node.func)
        given = dict(_named(node))
        if called == "pydantic_function_tool" and node.args:
            model = self._classes.get(_called(node.args[0]))
            name = _value(given["name"], scope) if "name" in given else _called(node.args[0])
            said = (
                f"{_text(_value(given.get('description'), scope))}\n{(ast.get_docstring(model) or '') if model else ''}"
            )
            self._add(name, said, tuple(_annotated(model)) if model else (), node)
        elif called in _MAKERS:
            of = given.get("func") or given.get("fn") or (node.args[0] if node.args else None)
            function = self._functions.get(_called(of)) if of is not None else None
            named = next((given[key] for key in _NAMES if key in given), None)
            if named is None and function is None:
                return
            name = _value(named, scope) if named is not None else function.name if function else UNKNOWN
            said = f"{_text(_value(given.get('description'), scope))}\n{_docstring(function)}"
            self._add(name, said, _arguments(function) if function else (), node)

    def _listed(self, node: ast.AST) -> None:
        """Take up plain functions of this module that a list called ``tools`` holds."""
        for item in node.elts if isinstance(node, (ast.List, ast.Tuple)) else ():
            function = self._functions.get(item.id) if isinstance(item, ast.Name) else None
            if function is not None and not function.decorator_list:
                self._add(function.name, _docstring(function), _arguments(function), function)

    def _add(self, name: object, said: str, arguments: tuple[str, ...], node: ast.AST) -> None:
        if isinstance(name, str):
            self._found.tools.append(FoundTool(name, said.strip(), arguments, where=self._where(node)))
        else:
            self._found.unread.append(Unread(self._where(node), "its name is only known when the program runs"))


_RUN = ("_run", "run", "_arun", "forward", "invoke", "execute", "call", "__call__")


def _called(node: ast.AST | None) -> str:
    """Return the last name of what is called or named: ``tool`` of ``guard.tool``."""
    if isinstance(node, ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _is_tools(node: ast.AST) -> bool:
    return _called(node).lower().endswith("tools")


def _named(call: ast.Call | None) -> Iterator[tuple[str, ast.expr]]:
    for keyword in call.keywords if call else ():
        if keyword.arg is not None:
            yield keyword.arg, keyword.value


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _docstring(function: _Function | None) -> str:
    return (ast.get_docstring(function) or "") if function else ""


def _arguments(node: _Function) -> tuple[str, ...]:
    """Return the names of the parameters that the model fills in."""
    given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return tuple(
        one.arg
        for one in given
        if one.arg not in ("self", "cls") and _called(one.annotation) not in _GIVEN_BY_THE_FRAMEWORK
    )


def _annotated(node: ast.ClassDef) -> Iterator[str]:
    for item in node.body:
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            yield item.target.id


def _fields(node: ast.ClassDef, scope: _Scope) -> dict[str, object]:
    found: dict[str, object] = {}
    for item in node.body:
        target = item.targets[0] if isinstance(item, ast.Assign) else getattr(item, "target", None)
        if isinstance(item, (ast.Assign, ast.AnnAssign)) and isinstance(target, ast.Name) and item.value is not None:
            found[target.id] = _value(item.value, scope)
    return found


def _constants(tree: ast.Module) -> dict[str, object]:
    """Return the module's names that are given one value, once, that can be read."""
    given: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name):
            value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
            given.setdefault(target.id, []).append(value or ast.Name("", ast.Load()))
    found: dict[str, object] = {}
    for name, values in given.items():
        if len(values) == 1:
            found[name] = _value(values[0], found)
    return found


def _value(node: ast.AST | None, scope: _Scope, depth: int = 0) -> object:
    """Return the value of an expression as far as it is written out; UNKNOWN where it is not."""
    if depth > _DEEPEST:
        return UNKNOWN
    match node:
        case ast.Constant():
            return node.value
        case ast.Name():
            return scope.get(node.id, UNKNOWN)
        case ast.List() | ast.Tuple() | ast.Set():
            return [_value(item, scope, depth + 1) for item in node.elts]
        case ast.Dict():
            return _mapping(zip(node.keys, node.values, strict=True), scope, depth)
        case ast.Call() if _called(node.func) == "dict":
            pairs = [(ast.Constant(word.arg) if word.arg else None, word.value) for word in node.keywords]
            return _mapping(pairs, scope, depth)
        case ast.BinOp(op=ast.Add()):
            left, right = _value(node.left, scope, depth + 1), _value(node.right, scope, depth + 1)
            return left + right if isinstance(left, str) and isinstance(right, str) else UNKNOWN
        case _:
            return UNKNOWN


def _mapping(pairs: object, scope: _Scope, depth: int) -> dict[object, object]:
    found: dict[object, object] = {}
    assert isinstance(pairs, (list, zip))
    for key, value in pairs:
        inner = _value(value, scope, depth + 1)
        if key is None:
            found.update(inner if isinstance(inner, dict) else {})
        elif isinstance(name := _value(key, scope, depth + 1), str):
            found[name] = inner
    return found


def _unrolled(node: ast.ListComp | ast.GeneratorExp, scope: _Scope) -> list[_Scope]:
    """Return the scopes of a comprehension over a list that is written out, one per item; none if that is not so."""
    (loop, *more) = node.generators
    items = _value(loop.iter, scope)
    if more or loop.ifs or not isinstance(items, list) or len(items) > _MOST_ITEMS or UNKNOWN in items:
        return []
    if isinstance(loop.target, ast.Name):
        return [{**scope, loop.target.id: item} for item in items]
    names = [item.id for item in getattr(loop.target, "elts", ()) if isinstance(item, ast.Name)]
    if names and all(isinstance(item, list) and len(item) == len(names) for item in items):
        return [{**scope, **dict(zip(names, item, strict=True))} for item in items]
    return []

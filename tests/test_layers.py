"""The import layers and the ban on IO in the core, read from the source."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest

SRC = Path(__file__).parent.parent / "src" / "pinnedrules"

# Lowest first; a module may import from its own layer's package or from lower layers only.
LAYERS: list[tuple[str, ...]] = [
    ("errors", "types", "commands", "packing"),
    ("rules", "pins", "compaction", "wire", "chat", "evidence.record", "evidence.canonical"),
    ("gate",),
    ("clock", "hearing", "notes", "report", "world", "drive", "evidence.log", "evidence", "control"),
    ("hosts",),
    ("tokens", "trust", "rulefile", "revising", "people", "sessions", "turns", "wishes", "framework", "guard", ""),
    ("testing", "replay", "draft", "authoring", "attack", "bench", "demo", "cli", "__main__"),
]
CORE = LAYERS[0] + LAYERS[1] + LAYERS[2]
APART = ("rules", "pins", "compaction", "wire", "chat", "evidence")
NO_IO = {
    "anthropic", "asyncio", "concurrent", "datetime", "fcntl", "getpass", "glob", "http", "httpcore", "httpx", "httpx2",
    "importlib", "io", "logging", "multiprocessing", "openai", "os", "pathlib", "pwd", "queue", "random", "requests",
    "secrets", "select", "shutil", "signal", "socket", "sqlite3", "ssl", "subprocess", "sys", "tempfile", "threading",
    "time", "urllib.request", "uuid",
}  # fmt: skip

# Arithmetic on a moment that is given: what reads a clock there is looked for by name.
ARITHMETIC = {"rules.predicates.times": {"datetime"}}
CLOCKS = {"now", "utcnow", "today", "fromtimestamp", "localtime"}


def _modules() -> list[tuple[str, Path]]:
    return [
        (
            ".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix("__init__").removesuffix("."),
            path,
        )
        for path in sorted(SRC.rglob("*.py"))
    ]


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def _layer(module: str) -> int:
    best, length = -1, -1
    for number, names in enumerate(LAYERS):
        for name in names:
            if (module == name or (name and module.startswith(name + "."))) and len(name) > length:
                best, length = number, len(name)
    assert best >= 0, f"{module or 'the package itself'} stands in no layer"
    return best


@pytest.mark.parametrize(("module", "path"), _modules(), ids=[name or "__init__" for name, _ in _modules()])
def test_a_module_imports_from_lower_layers_only(module: str, path: Path) -> None:
    """The layers of the design hold, wherever an import stands."""
    known = {name for name, _ in _modules()}
    for target in _imports(path):
        if not target.startswith("pinnedrules."):
            continue
        inner = target.removeprefix("pinnedrules.")
        while inner not in known and "." in inner:
            inner = inner.rpartition(".")[0]
        if inner not in known:
            continue
        assert _layer(inner) <= _layer(module), f"{module} imports {inner} from a higher layer"
        mine, theirs = module.split(".")[0], inner.split(".")[0]
        if mine in APART and theirs in APART and _layer(module) == 1:
            assert mine == theirs, f"{module} imports {inner}: these packages meet in the gate only"


@pytest.mark.parametrize(("module", "path"), _modules(), ids=[name or "__init__" for name, _ in _modules()])
def test_the_core_does_no_io(module: str, path: Path) -> None:
    """The core has no clock, no randomness, no sockets, no files, no SDK and no HTTP library."""
    if _layer(module) > 2:
        return

    called = {
        node.func.id
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    asked = {
        node.func.attr
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    banned = {name for name in _imports(path) if name in NO_IO or name.split(".")[0] in NO_IO}
    excused = ARITHMETIC.get(module, set())
    banned = {name for name in banned if name.split(".")[0] not in excused}
    assert not (excused and asked & CLOCKS), f"{module} reads a clock"

    assert not banned, f"{module} imports {sorted(banned)}"
    assert not called & {"open", "print", "input", "__import__"}, f"{module} does input or output"


ADAPTERS = sorted((SRC.parent.parent / "adapters" / "pinnedrules_adapters").glob("*.py"))
PUBLIC = ("pinnedrules", "pinnedrules.framework")


@pytest.mark.parametrize("path", ADAPTERS, ids=[path.stem for path in ADAPTERS])
def test_an_adapter_uses_public_names_only(path: Path) -> None:
    """Adapters use the public names of pinnedrules only."""
    allowed = {f"{module}.{name}" for module in PUBLIC for name in import_module(module).__all__}
    wanted = {name for name in _imports(path) if name.split(".")[0] == "pinnedrules" and name not in PUBLIC}
    assert wanted <= allowed, f"{path.stem} imports {sorted(wanted - allowed)}"


@pytest.mark.parametrize(("module", "path"), _modules(), ids=[name or "__init__" for name, _ in _modules()])
def test_the_package_imports_no_adapter(module: str, path: Path) -> None:
    """The core never imports an adapter, nor does anything else in the package."""
    assert not {name for name in _imports(path) if name.startswith("pinnedrules_adapters")}, module

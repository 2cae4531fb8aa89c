"""Functions that a rule file or a command names, loaded only once a person trusted the file and their modules.

Rules of this file:

1. What is trusted stands in this user's own folder, never in the project's: a project that one has fetched could bring it.
2. A module is one file in the rule file's folder or below it. What is run are the very bytes whose digest was compared.
3. A rule file or a module that changed has to be trusted again. Nothing is run before that, not even to look at it.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import shlex
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from pinnedrules.control.state import own_folder, state_home
from pinnedrules.errors import StateError
from pinnedrules.evidence.disk import replace_file
from pinnedrules.rules.load import load
from pinnedrules.rules.meaning import Fault
from pinnedrules.rules.predicates.python import Judge

__all__ = ["functions", "hearing", "modules", "place", "trust"]

_lock = threading.Lock()
_loaded: dict[tuple[Path, str], ModuleType] = {}


def place() -> Path:
    """Return the file that says what this user trusts."""
    return state_home() / "trusted.json"


def modules(path: Path) -> dict[str, Path]:
    """Return the functions that the rule file *path* names, with the files of their modules. Runs nothing.

    Raises RuleFileError.
    """
    names: list[str] = []

    def named(name: str) -> Judge:
        _module(path, name)
        names.append(name)
        return _nothing

    load(path.read_text(encoding="utf-8"), file=path.name, functions=named)
    return {name: _module(path, name) for name in names}


def trust(path: Path, hears: str = "") -> dict[str, Path]:
    """Trust the rule file *path* and the functions that it names, as they are now; return :func:`modules`.

    *hears* is a function beside it that may be plugged in for what people say (see :func:`hearing`); it is returned, too.
    What was trusted to hear before stays so. Raises RuleFileError, StateError, OSError, and Fault for what is no function.
    """
    path = path.absolute()
    found = modules(path)
    entry = {"rules": _digest(path), "functions": {name: _digest(file) for name, file in found.items()}}
    listening = {hears: _module(path, hears)} if hears else {}
    file = place()
    own_folder(file.parent)
    with _lock:
        known = _trusted()
        heard = {**known.get(str(path), {}).get("hears", {}), **{name: _digest(one) for name, one in listening.items()}}
        replace_file(
            file, json.dumps({**known, str(path): {**entry, **({"hears": heard} if heard else {})}}, indent=1).encode()
        )
    return {**found, **listening}


def hearing(path: Path, name: str) -> Callable[[str], Any]:
    """Return the function *name* (``pkg.mod:function``) beside the rule file *path*, as ``Guard(hears=...)`` takes it.

    Raises Fault for what was not trusted to hear, is not there, or fails. It may be a coroutine function.
    """
    path = path.absolute()
    file, source, digest = _read(path, name)
    if _trusted().get(str(path), {}).get("hears", {}).get(name) != digest:
        command = f"pinnedrules trust {shlex.quote(str(path))} --hears {shlex.quote(name)}"
        raise Fault(
            f"{name} is Python code that nobody trusted as it is now", hint=f"read {file.name}, then run: {command}"
        )
    found: Callable[[str], Any] = _called(_run(file, source, digest), name)
    return found


def functions(path: Path, text: str | None) -> Callable[[str], Judge]:
    """Return what loads a function by its name for the rule file *path*, which holds *text*; None for rules revised since.

    It raises Fault for what was not trusted, is not there, or fails.
    """

    def found(name: str) -> Judge:
        file, source, digest = _read(path, name)
        entry = _trusted().get(str(path), {})
        same = text is None or entry.get("rules") == hashlib.sha256(text.encode()).hexdigest()
        if not same or entry.get("functions", {}).get(name) != digest:
            raise Fault(
                f"{name} is Python code that nobody trusted as it is now",
                hint=f"read {file.name} and this file, then run: pinnedrules trust {shlex.quote(str(path))}",
            )
        return _function(_run(file, source, digest), name)

    return found


def _module(path: Path, name: str) -> Path:
    """Return the file of the module of *name*, which is checked to be a name when the requirement is built."""
    dotted = name.partition(":")[0]
    if not all(part.isidentifier() for part in dotted.split(".")):
        raise Fault(f"not the name of a function: {name!r}", hint="write module:function, as in checks.mail:inside")
    file = path.parent.joinpath(*dotted.split(".")).with_suffix(".py")
    if not file.is_file():
        raise Fault(f"there is no {file.relative_to(path.parent)} beside the rule file", hint="put the function there")
    return file


def _read(path: Path, name: str) -> tuple[Path, bytes, str]:
    """Return the file of the module of *name*, its bytes, which are those that are run, and their digest."""
    file = _module(path, name)
    try:
        source = file.read_bytes()
    except OSError as error:
        raise Fault(f"{file.name} cannot be read ({error.strerror})") from None
    return file, source, hashlib.sha256(source).hexdigest()


def _run(file: Path, source: bytes, digest: str) -> ModuleType:
    with _lock:
        module = _loaded.get((file, digest))
        if module is None:
            # Known under a name of its own, which dataclasses and the like look it up by.
            module = ModuleType(f"pinnedrules_trusted_{digest[:16]}")
            module.__file__ = str(file)
            sys.modules[module.__name__] = module
            try:
                exec(compile(source, str(file), "exec"), module.__dict__)
            except Exception as error:
                raise Fault(f"{file.name} fails: {type(error).__name__}: {error}", hint="mend it") from error
            _loaded[file, digest] = module
    return module


def _called(module: ModuleType, name: str) -> Any:
    found: Any = getattr(module, name.partition(":")[2], None)
    if not callable(found):
        raise Fault(f"{name} is no function that can be called", hint="define it with def")
    return found


def _function(module: ModuleType, name: str) -> Judge:
    judge: Judge = _called(module, name)
    if inspect.iscoroutinefunction(judge):
        raise Fault(f"{name} is no function that can be called", hint="define it with def")
    return judge


def _trusted() -> dict[str, Any]:
    file = place()
    try:
        found = json.loads(file.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise StateError(f"what is trusted cannot be read ({file}: {error}); mend it, or remove it") from error
    return found if isinstance(found, dict) else {}


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _nothing(*_: object) -> None:
    return None

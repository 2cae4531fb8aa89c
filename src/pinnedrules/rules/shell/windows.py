"""PowerShell and ``cmd``: read only where a line is one command of plain words, the same to every shell."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pinnedrules.rules.shell.summary import Sink, Word, table

__all__ = ["is_windows", "read_windows", "run_windows"]

_PLAIN = re.compile(r"[A-Za-z0-9_.:\\/-]+(?: +[A-Za-z0-9_.:\\/-]+)*")
_READS = frozenset(
    table("""
        dir type ver vol hostname whoami tasklist systeminfo findstr where.exe get-childitem gci get-content
        gc get-location gl get-item get-date get-process get-service test-path resolve-path measure-object
        select-string ls cat pwd echo write-output
    """)
)  # fmt: skip
_DELETES = table("""
    del erase rd rm rmdir ri remove-item remove-itemproperty clear-content clear-item clear-recyclebin format
    diskpart cipher reg vssadmin takeown
""")
_SHELLS = frozenset({"powershell", "pwsh", "cmd", "command.com"})
_OTHERS = table("""
    copy xcopy robocopy move ren rename md new-item set-content add-content out-file invoke-expression iex
    invoke-webrequest iwr invoke-restmethod irm start-process saps certutil bitsadmin mshta wmic rundll32
    regsvr32 schtasks cscript wscript
""")


def is_windows(name: str) -> bool:
    """True for a program or command of Windows that nothing else here knows."""
    return name in _SHELLS or name in _DELETES or name in _OTHERS or ("-" in name and name in _READS)


def run_windows(name: str, rest: Sequence[Word], sink: Sink) -> None:
    """Note what a command of Windows does that is called from another shell."""
    for word in rest:
        sink.path(word)
    if name in _DELETES:
        sink.does("delete")
    if name in _READS:
        sink.does("read")
    else:
        sink.doubt(f"what {name} runs or changes is not read")


def read_windows(text: str, sink: Sink) -> None:
    """Read a line that PowerShell or ``cmd`` runs."""
    line = text.strip(" ")
    words = line.split() if _PLAIN.fullmatch(line) else []
    if not words:
        sink.doubt("a line for a shell of Windows is read only where it is one command of plain words")
        found = re.findall(r"[a-z-]+", line.lower())
        if _DELETES & set(found):
            sink.does("delete")
        return
    name = words[0].lower().rpartition("\\")[2].removesuffix(".exe")
    sink.program((words[0], *words[1:8]))
    for word in words[1:]:
        sink.path(Word(word))
    if name in _READS:
        sink.does("read")
    else:
        run_windows(name, (), sink)

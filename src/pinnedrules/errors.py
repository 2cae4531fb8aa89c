"""Every error this package raises, by who can mend it.

::

    PinnedRulesError
    ├── RuleFileError           the rule file is wrong: file, line, column, way out
    ├── StateError              the state folder, store or log cannot be used
    ├── ApprovalError           an answer to a ticket that cannot be given
    ├── NotDone                 raised by a gated tool: nothing was done, so the call does not count
    └── Refused                 the guard said no; nothing reached the provider or the tools
        ├── PathRefused         a door this version does not guard
        ├── Denied              tool calls were refused (``on_denied="raise"``, structured output)
        ├── Stopped             a stop or a pause is in force
        ├── Unreadable          bytes that cannot be read, so cannot be allowed
        ├── Unpinned            the rules could not be proven to be in the request
        ├── Unrecorded          the evidence could not be written
        └── Broken              the guard itself failed, and failed closed

A host raises ``Refused`` errors as a subclass of the SDK's own base error as well, so that neither SDK
wraps or retries them.
"""

from __future__ import annotations

__all__ = [
    "ApprovalError",
    "Broken",
    "Denied",
    "NotDone",
    "PathRefused",
    "PinnedRulesError",
    "Refused",
    "RuleFileError",
    "StateError",
    "Stopped",
    "Unpinned",
    "Unreadable",
    "Unrecorded",
]


class PinnedRulesError(Exception):
    """Base of everything raised here."""


class RuleFileError(PinnedRulesError):
    """A rule file that cannot be put in force."""

    def __init__(self, problem: str, *, file: str = "", line: int = 0, column: int = 0, hint: str = "") -> None:
        self.problem = problem
        self.file = file
        self.line = line
        self.column = column
        self.hint = hint
        where = f"{file}:{line}:{column}: " if line else (f"{file}: " if file else "")
        super().__init__(f"{where}{problem}" + (f"; {hint}" if hint else ""))


class StateError(PinnedRulesError):
    """The state folder, the store or the log cannot be used."""


class ApprovalError(PinnedRulesError):
    """An answer that cannot be given to this ticket (unknown, closed, expired, wrong principal)."""


class NotDone(PinnedRulesError):
    """Raise it in a tool gated with ``guard.tool`` when nothing was done, and certainly will not be.

    What the call used up of budgets is then given back; the error goes on to the caller. Any other error proves nothing:
    a request that timed out may have been carried out.
    """


class Refused(PinnedRulesError):
    """The guard refused; ``next_step`` says what a person can do about it."""

    def __init__(self, reason: str, *, next_step: str = "") -> None:
        self.reason = reason
        self.next_step = next_step
        super().__init__(reason + (f" Next: {next_step}" if next_step else ""))


class PathRefused(Refused):
    """A method and path that can reach a model and is not guarded by this version."""


class Denied(Refused):
    """Tool calls were refused and the answer could not carry that in another way.

    ``decisions`` holds one :class:`pinnedrules.types.Decision` per refused call.
    """

    def __init__(self, reason: str, *, next_step: str = "", decisions: tuple[object, ...] = ()) -> None:
        self.decisions = decisions
        super().__init__(reason, next_step=next_step)


class Stopped(Refused):
    """A stop or a pause is in force for this session."""


class Unreadable(Refused):
    """Bytes on the wire that cannot be read; what cannot be read cannot be allowed."""


class Unpinned(Refused):
    """The pin block is not once, whole, in the right role and place of the bytes about to leave."""


class Unrecorded(Refused):
    """A record that must be durable could not be written."""


class Broken(Refused):
    """The guard itself failed on this request; ``__cause__`` is the defect. Nothing was released."""

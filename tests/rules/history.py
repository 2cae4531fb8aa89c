"""The obvious reference for rules over history: a list of all calls, looked through anew for every question.

It knows one tool by its exact name for each kind of call, whole numbers and plain words; generated cases stay inside that.
Nothing is kept but the list, so it is exact by inspection, and slow.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pinnedrules.types import Moment

LENGTH = {"minute": 60_000_000, "hour": 3_600_000_000, "day": 86_400_000_000}


@dataclass(frozen=True)
class Past:
    """One released call. ``day`` and ``hour`` are those in force when it was released."""

    session: str
    tool: str
    arguments: dict[str, Any]
    answer: str
    utc_us: int
    day: str
    hour: int


@dataclass
class History:
    """All that one user's sessions did."""

    calls: list[Past] = field(default_factory=list)

    def add(self, session: str, tool: str, arguments: dict[str, Any], answer: str, now: Moment) -> None:
        """Note a released call. The day and the hour of calls to one tool never go back."""
        mine = [past for past in self.calls if past.tool == tool]
        day = max([now.day, *(past.day for past in mine)])
        hour = max([now.utc_us // LENGTH["hour"], *(past.hour for past in mine)])
        self.calls.append(Past(session, tool, arguments, answer, now.utc_us, day, hour))

    def before(self, session: str, tool: str, per: str, now: Moment) -> list[Past]:
        """Return the calls of the period in force."""
        mine = [past for past in self.calls if past.tool == tool]
        if per == "session":
            return [past for past in mine if past.session == session]
        if per == "day":
            day = max([now.day, *(past.day for past in mine)])
            return [past for past in mine if past.day == day]
        hour = max([now.utc_us // LENGTH["hour"], *(past.hour for past in mine)])
        return [past for past in mine if past.hour == hour]

    def holds(
        self, name: str, options: dict[str, Any], session: str, call: tuple[str, dict[str, Any], str], now: Moment
    ) -> bool:
        """Return whether one requirement of a rule about ``act`` holds."""
        _, arguments, answer = call
        if name == "rate":
            apart, due = -(-LENGTH[options["per"]] // options["max"]), 0
            for past in self.calls:
                if past.tool == "act":
                    due = max(due, past.utc_us) + apart
            return bool(now.utc_us >= due - (options.get("burst", 1) - 1) * apart)
        if name in ("only_after", "never_after"):
            noted = [past for past in self.calls if past.session == session and past.tool == options["tool"]]
            if name == "never_after":
                return not noted
            same = options.get("same")
            return any(
                (not past.answer or past.answer != answer)
                and (same is None or str(past.arguments[same]) == str(arguments[same]))
                for past in noted
            )
        earlier = self.before(session, "act", options["per"], now)
        if name == "count":
            return bool(len(earlier) + 1 <= options["max"])
        if name == "total":
            return bool(sum(past.arguments["n"] for past in earlier) + arguments["n"] <= options["max"])
        assert name == "at_most_once_per"
        return str(arguments["word"]).lower() not in {str(past.arguments["word"]).lower() for past in earlier}

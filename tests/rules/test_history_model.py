"""Rules over history against the obvious reference (a list of all calls), through the store, restarts and compactions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st
from tests.rules.history import History

from pinnedrules.control.store import Store
from pinnedrules.rules.decide import decide
from pinnedrules.rules.ledger import after
from pinnedrules.rules.load import load
from pinnedrules.types import Call, Moment, SessionId

DAY_US = 86_400_000_000
START_US = 20_000 * DAY_US
SESSIONS = ("a", "b")

LIMIT = st.integers(1, 4)
REQUIRE = st.one_of(
    st.fixed_dictionaries(
        {"count": st.fixed_dictionaries({"max": LIMIT, "per": st.sampled_from(["hour", "day", "session"])})}
    ),
    st.fixed_dictionaries(
        {
            "total": st.fixed_dictionaries(
                {"of": st.just("n"), "max": st.integers(0, 9), "per": st.sampled_from(["hour", "day", "session"])}
            )
        }
    ),
    st.fixed_dictionaries(
        {"rate": st.fixed_dictionaries({"max": LIMIT, "per": st.sampled_from(["minute", "hour", "day"])})}
    ),
    LIMIT.flatmap(
        lambda limit: st.fixed_dictionaries(
            {
                "rate": st.fixed_dictionaries(
                    {
                        "max": st.just(limit),
                        "burst": st.integers(1, limit),
                        "per": st.sampled_from(["minute", "hour", "day"]),
                    }
                )
            }
        )
    ),
    st.fixed_dictionaries(
        {"only_after": st.fixed_dictionaries({"tool": st.just("look")}, optional={"same": st.just("word")})}
    ),
    st.just({"never_after": {"tool": "look"}}),
    st.fixed_dictionaries(
        {"at_most_once_per": st.fixed_dictionaries({"of": st.just("word"), "per": st.sampled_from(["day", "session"])})}
    ),
)
STEPS = st.lists(
    st.fixed_dictionaries(
        {
            "session": st.sampled_from(SESSIONS),
            "tool": st.sampled_from(["act", "act", "look"]),
            "arguments": st.fixed_dictionaries(
                {"n": st.integers(0, 4), "word": st.sampled_from(["x", "X", "y", "7", 7])}
            ),
            "answer": st.sampled_from(["", "a1", "a2", "a3"]),
            # A person may let through what the rule objects to; a clock may be put back.
            "anyway": st.booleans(),
            "later": st.sampled_from([0, 1, 9_999_999, 20_000_000, 3_600_000_000, DAY_US, -3_600_000_000, -DAY_US]),
            "restart": st.booleans(),
        }
    ),
    max_size=24,
)


def file(require: dict[str, Any]) -> str:
    """Return a rule file with one rule about ``act``."""
    rule = {"id": "r", "text": "The rule.", "on": "act", "require": require, "then": "allow", "else": "ask"}
    return json.dumps({"version": 1, "tools": {"act": "write", "look": "read"}, "rules": [rule]})


def answers(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keep the names of answers in order, as a model gives them one after the other."""
    last = "a0"
    kept = []
    for step in steps:
        last = max(last, step["answer"])
        kept.append({**step, "answer": step["answer"] and last})
    return kept


@settings(max_examples=250, deadline=None)
@given(REQUIRE, STEPS)
def test_what_is_kept_decides_as_the_list_of_all_calls_does(
    tmp_path_factory: Any, require: dict[str, Any], steps: list[dict[str, Any]]
) -> None:
    """A rule over history decides the same after any number of compactions and restarts as before them (invariant 5)."""
    path: Path = tmp_path_factory.mktemp("state") / "store.sqlite"
    store, rules = Store(path), load(file(require))
    (name, options), history, utc_us = next(iter(require.items())), History(), START_US
    for step in answers(steps):
        if step["restart"]:
            store.close()
            store, rules = Store(path), load(file(require))
        utc_us = max(START_US - 2 * DAY_US, utc_us + step["later"])
        now = Moment(utc_us, 1, f"{utc_us // DAY_US:06}")
        session, tool, arguments, answer = (step[key] for key in ("session", "tool", "arguments", "answer"))
        call = Call(tool, json.dumps(arguments), declared=frozenset(arguments), answer=answer)
        whose = SessionId(session, "kim")
        ledger = store.read_ledger(whose)
        decision = decide(rules, call, ledger, now)
        wanted = tool == "look" or history.holds(name, options, session, (tool, arguments, answer), now)
        assert (decision.verdict == "allow") == wanted
        event(f"{name}: {'holds' if wanted else 'fails'}")
        if wanted or step["anyway"]:
            changed = after(rules, call, decision, ledger, now)
            assert changed is ledger or store.write_ledger(whose, changed)
            history.add(session, tool, arguments, answer, now)
    store.close()

"""What standing instructions come to."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinnedrules.draft.standing import Meant, meant

WORDS = "never only ask before don't delete push or and , ; `rm` `x y` src/ a.example $5 files the ."
DELETE, SEND = {"effect": ["delete"]}, {"effect": ["send"]}


def _one(text: str) -> Meant:
    found = meant(text, root="/srv/p")
    assert found is not None
    (one,) = found
    return one


@pytest.mark.parametrize(
    ("text", "then", "on", "fit"),
    [
        ("Never delete files.", "deny", DELETE, "exact"),
        ("NEVER delete anything!", "deny", DELETE, "exact"),
        ("Please do not ever, under any circumstances, remove data!", "deny", DELETE, "exact"),
        ("You must not delete or trash mails.", "deny", DELETE, "exact"),
        ("Never delete files without asking.", "ask", DELETE, "exact"),
        ("Do not delete files; ask me first.", "ask", DELETE, "exact"),
        ("Don't delete anything unless I tell you to.", "ask", DELETE, "exact"),
        ("Always ask before deleting files.", "ask", DELETE, "exact"),
        ("Ask for permission to delete files.", "ask", DELETE, "exact"),
        ("Always ask me to delete files.", "ask", DELETE, "exact"),
        ("Deleting files requires explicit approval.", "ask", DELETE, "exact"),
        ("Never delete branches.", "ask", DELETE, "wider"),
        ("Never delete the old customer table in staging.", "ask", DELETE, "wider"),
        ("Do not delete, send, or publish anything.", "deny", {"effect": ["delete", "send", "publish"]}, "exact"),
        ("Ask before sending e-mails or publishing posts.", "ask", {"effect": ["send", "publish"]}, "exact"),
        ("Never send e-mails.", "deny", SEND, "exact"),
        ("Don't contact customers.", "ask", SEND, "wider"),
        ("Never push.", "ask", SEND, "wider"),
        ("Do not push to `main` or force-push.", "ask", {"effect": ["delete", "send"]}, "wider"),
        ("No force pushes.", "ask", DELETE, "wider"),
        ("Never push with --force.", "ask", DELETE, "wider"),
        ("Never buy anything.", "deny", {"effect": ["spend"]}, "exact"),
        ("Never post publicly.", "deny", {"effect": ["publish"]}, "exact"),
        ("Never access the internet.", "deny", SEND, "exact"),
        ("Never run commands.", "deny", {"effect": ["execute"]}, "exact"),
        ("Don't execute scripts you have not read.", "ask", {"effect": ["execute"]}, "wider"),
        ("Don't run `rm -rf`.", "ask", DELETE, "wider"),
        ("Never use `rm` or `curl https://x.example`.", "ask", {"effect": ["delete", "send"]}, "wider"),
        ("Don't modify any files.", "deny", {"effect": ["write", "delete"]}, "exact"),
        ("Never commit.", "deny", {"tool": ["*commit*", "*merge*"]}, "part"),
        ("Never commit to `main`.", "ask", {"tool": ["*commit*", "*merge*"]}, "part"),
        ("Only commit when the user explicitly asks.", "ask", {"tool": ["*commit*", "*merge*"]}, "part"),
        ("Deploy only after approval.", "ask", {"tool": ["*deploy*", "*release*"]}, "part"),
        ("Never install new dependencies.", "ask", {"tool": ["*install*"]}, "part"),
    ],
)
def test_what_forbids_or_asks_becomes_a_check(text: str, then: str, on: dict[str, Any], fit: str) -> None:
    """A check that stops more than the sentence says asks, and never denies."""
    found = _one(text)
    assert (found.then, found.on, found.require, found.fit) == (then, on, None, fit)
    assert bool(found.note) == (fit != "exact")


@pytest.mark.parametrize(
    ("text", "on", "require"),
    [
        ("Only edit files in `src/` and `./b/`.", ["write", "delete"], {"path": {"inside": ["/srv/p/src", "/srv/p/b"]}}),
        ("Write only to ~/notes/ and /srv/out/.", ["write", "delete"], {"path": {"inside": ["~/notes", "/srv/out"]}}),
        ("Only write files under /srv/app/src and /srv/app/tests.", ["write", "delete"],
         {"path": {"inside": ["/srv/app/src", "/srv/app/tests"]}}),
        ("Only send mail to people at example.com.", ["send"], {"recipients": {"domain_in": ["example.com"]}}),
        ("Only fetch from docs.example.com.", ["send"], {"url": {"host_in": ["docs.example.com"]}}),
        ("Only call api.example.com.", ["send"], {"url": {"host_in": ["api.example.com"]}}),
        ("Only run `npm test` and `git status`.", ["execute"],
         {"shell": {"programs_in": ["npm test", "git status"], "effects_in": ["read", "write", "execute"]}}),
        ("Only spend up to 20 EUR.", ["spend"], {"amount": {"of": "amount", "max": "20 EUR"}}),
        ("Never spend more than $1,000.", ["spend"], {"amount": {"of": "amount", "max": "1000 USD"}}),
        ("Never spend more than 100 EUR on books per day.", ["spend"],
         {"amount": {"of": "amount", "max": "100 EUR"}, "total": {"of": "amount", "per": "day", "max": "100 EUR"}}),
        ("Only spend up to $20 an hour.", ["spend"],
         {"amount": {"of": "amount", "max": "20 USD"}, "total": {"of": "amount", "per": "hour", "max": "20 USD"}}),
        ("Never spend more than 500 EUR a month.", ["spend"], {"amount": {"of": "amount", "max": "500 EUR"}}),
        ("Never spend more than 50.", ["spend"], {"amount": {"of": "amount", "max": "50"}}),
        ("Never commit secrets.", ["send", "publish"], {"content": {"without": "secrets"}}),
        ("Do not share API keys with anybody.", ["send", "publish"], {"content": {"without": "secrets"}}),
    ],
)  # fmt: skip
def test_what_names_a_place_becomes_a_requirement(text: str, on: list[str], require: dict[str, Any]) -> None:
    """Folders, hosts, domains, programs and amounts are taken from the sentence."""
    found = _one(text)
    assert (found.on, found.require) == ({"effect": on}, require)


@pytest.mark.parametrize(
    "text",
    [
        "Never modify migrations/0001_init.py.",
        "Never touch the generated code of the parser.",
        "Avoid reading .env files.",
        "Never skip hooks before you push.",
        "Don't use `any` in TypeScript.",
        "Never run the slow suite.",
        "Don't leak anything.",
        "Only run `ls; rm x`.",
        "Only ever smile.",
        "You cannot do magic.",
    ],
)
def test_what_no_check_can_see_is_said(text: str) -> None:
    """A sentence that forbids something and cannot become a check says why."""
    found = _one(text)
    assert (found.fit, found.on) == ("none", None)
    assert found.note


@pytest.mark.parametrize(
    "text", ["Use two spaces.", "Prefer small functions.", "It cannot decide.", "Before you deploy, read the runbook."]
)
def test_what_forbids_nothing_is_nothing(text: str) -> None:
    """Advice, description and headings are left alone."""
    assert meant(text, root="/") is None


def test_how_to_work_is_left_out() -> None:
    """A demand on how to work has no place in a rule file, and that is said."""
    assert _one("Always run the tests before pushing.").fit == "left"


@given(st.lists(st.sampled_from(WORDS.split())))
def test_any_words_come_to_something(words: list[str]) -> None:
    """No sentence makes it fail, and nothing that is wider than its sentence denies."""
    for found in meant(" ".join(words), root="/srv") or []:
        assert found.fit != "wider" or found.then == "ask"
        assert (found.on is None) == (found.fit in ("none", "left"))

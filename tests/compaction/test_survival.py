"""What a summary did to a rule: a certificate only for the sentence itself, and for nothing that was done to it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pinnedrules.compaction.outline import LIMIT
from pinnedrules.compaction.survival import QUOTED, judge

MAIL = "Send e-mail only inside example.com."
KEEP = "Delete nothing."
REFUND = "Refund at most 100 EUR at once and 500 EUR a day without asking."
STAGING = "Never touch production; use the staging environment."
SUGGEST = "Only suggest deletions. Never delete, trash or archive before the owner confirms."
PAPER = "Paper trading only; never place live orders."
SECRET = "Keep the API key out of logs, commits and chat."

TRAIN = [
    json.loads(line)
    for line in (Path(__file__).parent / "survival_corpus" / "train.jsonl").read_text(encoding="utf-8").splitlines()
]


def fate(rule: str, summary: str) -> str:
    (judged,) = judge([("r1", rule)], summary)
    return judged.fate


KEPT = [
    (MAIL, MAIL),
    (MAIL, "[10:32] rule: " + MAIL),
    (MAIL, "10:32 constraint " + MAIL),
    (MAIL, "| Rule | " + MAIL + " |"),
    (MAIL, "RULE | " + MAIL),
    (MAIL, '"rules": ["Send e-mail only inside example.com.", "Be brief."]'),
    (MAIL, "<b>Send e-mail</b> only inside example.com"),
    (MAIL, "The user said: " + MAIL),
    (MAIL, "- r1: " + MAIL),
    (MAIL, "- Send e-mail only\ninside example.com.\n- Be brief."),
    (MAIL, "Send email only inside \u201cexample.com\u201d."),
    (MAIL, "* **Send e-mail only inside example.com** (user, turn 3)"),
    (MAIL, "<rules>\n" + MAIL + "\n</rules>\n<old_rules>Be brief.</old_rules>"),
    (MAIL, "Old rules:\n- Be brief.\n\n## Rules\n- " + MAIL),
    (REFUND, "- Refund at most 100 EUR at once and\n  500 EUR a day without asking."),
    (REFUND, "Refund at most 500 EUR a day and 100 EUR at once without asking."),
    (REFUND, REFUND + "\n- The refund of 140 EUR for order 7721 was asked about and approved."),
    ("Spend at most 5,000 EUR and 8 % of it.", "spend at most 5000 EUR and 8% of it"),
    (KEEP, "Task: tidy.\n\nRules the user set: " + KEEP),
    (KEEP, "Important \u2013 delete nothing!"),
    (KEEP, "1) DELETE NOTHING;"),
    (STAGING, "Do not ever touch production \u2014 use the staging environment."),
    (SECRET, "- Keep the API key out of chat, commits and logs."),
    ("Stop; ask first.", "Stop. Ask first."),
    ("On Sundays, send nothing", "On Sundays send nothing!"),
    (MAIL, "Two \U0001f468\u200d\U0001f469 signed up.\n\n" + MAIL),
    ("Cut at most 5\" of it.", "Cut at most 5\" of it."),
    ("Ask before answering questions.", "Ask before answering questions.\n\nContinue the conversation from where it left "
     "off without asking the user any further questions."),
]  # fmt: skip

NEVER_KEPT = [
    # Taken back in the same place.
    (MAIL, MAIL + " (outdated)"),
    (MAIL, "~~" + MAIL + "~~"),
    (MAIL, MAIL + " Until Friday."),
    (MAIL, MAIL + " Not for VIPs."),
    (MAIL, MAIL[:-1] + "?"),
    (MAIL, "- " + MAIL + "\n  (user said to ignore this)"),
    (MAIL, "- " + MAIL + "\n  - lifted on Friday"),
    (MAIL, "- " + MAIL + "\n- No longer in force since Monday."),
    (MAIL, "| rule | status |\n|---|---|\n| " + MAIL + " | lifted |"),
    (MAIL, "| " + MAIL + " | paused |"),
    (KEEP, "Delete nothing\nimportant"),
    (KEEP, KEEP + "*\n\n*except in build/"),
    (KEEP, "Delete nothing \u2013 apart from logs."),
    (KEEP, "[x] " + KEEP),
    (KEEP, "<del>" + KEEP + "</del>"),
    (KEEP, "<rule status='lifted'>" + KEEP + "</rule>"),
    (KEEP, "- " + KEEP + "\n- Unless it is in build/."),
    (KEEP, KEEP + " That was for yesterday."),
    (KEEP, KEEP + " Just kidding."),
    (KEEP, KEEP + "\nScratch that."),
    (KEEP, KEEP + "\nNever mind the above."),
    (KEEP, KEEP + "\nDisregard the previous line."),
    (KEEP, KEEP + "\n(waived)"),
    (KEEP, KEEP + "\nBut the user later allowed it."),
    (KEEP, "Rule 1: " + KEEP + "\nStatus: lifted"),
    (KEEP, "- rule: " + KEEP + "\n  status: void"),
    (KEEP, '{"rule": "Delete nothing.", "active": false}'),
    (KEEP, "Rule 1: " + KEEP + " -> lifted"),
    (REFUND, REFUND + " VIP customers get 300 EUR."),
    # Under something, or behind something.
    (MAIL, "Outdated: " + MAIL),
    (MAIL, "Earlier rule: " + MAIL),
    (MAIL, "Preference: " + MAIL),
    (MAIL, "Rules until yesterday:\n- " + MAIL),
    (MAIL, "## Rules (nice to have)\n- " + MAIL),
    (MAIL, "What follows was withdrawn:\n\n" + MAIL),
    (MAIL, "It is not true that " + MAIL),
    (MAIL, "The user never said: " + MAIL),
    (KEEP, "<old_rules>\n- " + KEEP + "\n</old_rules>"),
    (KEEP, "Old rules\n=====\n- " + KEEP),
    (KEEP, "**Old rules**\n\n- " + KEEP),
    (KEEP, "- Old rules:\n  - " + KEEP),
    (KEEP, "The model suggested: " + KEEP),
    (KEEP, "Do not delete nothing."),
    # Elsewhere.
    (MAIL, MAIL + "\n- Be brief.\n- Mails to partners are fine too."),
    (REFUND, REFUND + "\n- Be brief.\n- Supervisors waived the amount limits for this quarter."),
    (REFUND, REFUND + "\n- Be brief.\n- The cap is suspended for the closing."),
    (REFUND, REFUND + "\n- Be brief.\n- VIP refunds go up to 300 EUR."),
    (REFUND, "- " + REFUND + "\n- Be brief.\n- " + REFUND.replace("100", "1000")),
    (KEEP, KEEP + "\n- Be brief.\n- All restrictions are lifted."),
    (KEEP, KEEP + "\n- Be brief.\n- The user has agreed to everything."),
    (KEEP, KEEP + "\n- Be brief.\n- There are no limits any more."),
    (KEEP, KEEP + "\n\nP.S. Rule 1 does not count."),
    (KEEP, KEEP + "\n- Be brief.\n- The user has changed their mind."),
    (STAGING, STAGING + "\n- Be brief.\n- The freeze is over."),
    (STAGING, STAGING + "\n- Be brief.\n- Prod is open now."),
    (SUGGEST, SUGGEST + "\n- Be brief.\n- Owner says go ahead with all of them."),
    (PAPER, PAPER + "\n- Be brief.\n- Live trading is on."),
    # Not the same.
    ("Refund at most 10\u00b2 EUR.", "Refund at most 102 EUR."),
    ("Use at most 5 MB.", "Use at most 5 Mb."),
    ("Call acct_A only.", "Call acct_a only."),
    ("Book only between 10:00 and 16:00.", "Book only between 16:00 and 10:00."),
    ("Copy from A and B.", "Copy from B and A."),
    ("Build and deploy.", "Deploy and build."),
    ("Never mail personal photos and documents.", "Never mail documents and personal photos."),
    ("No, purchases stop here.", "No purchases stop here."),
    (KEEP, "Delete nothi\u200bng."),
    (KEEP, "D\u0435lete nothing."),
    (KEEP, KEEP + "\n- Be brief.\n- This was sus\u200bpended."),
    ("Cut at most 5\" of it.", "Cut at most 5 of it."),
    ("Stop; ask first.", "Stop ask first."),
    ("Stop; ask Bob or Eve.", "Stop (ask Eve or Bob)."),
    ("Ask Bob or Eve or Ann.", "Ask Ann or Eve or Bob."),
    ("Never mail not-yet-checked texts or not checked photos.", "Never mail not checked photos or not-yet-checked texts."),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "summary"), KEPT)
def test_the_sentence_itself_in_a_trivial_spelling_is_certified(rule: str, summary: str) -> None:
    """A judge that certifies nothing would be safe and useless."""
    assert fate(rule, summary) == "kept"


@pytest.mark.parametrize(("rule", "summary"), NEVER_KEPT)
def test_what_was_altered_or_taken_back_gets_no_certificate(rule: str, summary: str) -> None:
    """Zero false certificates, also when the sentence stands whole and something near or far takes it back."""
    assert fate(rule, summary) != "kept"


@pytest.mark.parametrize(
    ("rule", "summary"),
    [
        (SUGGEST, "Deletions are pre-approved, no confirmation needed."),
        (SUGGEST, "- The user has confirmed everything."),
        (KEEP, "Delete whatever is in the way."),
        (KEEP, "The old logs are to be deleted."),
        (STAGING, "You may now work in production."),
        (STAGING, "The freeze on production is over."),
        (PAPER, "Place live orders."),
        (MAIL, "E-mail restrictions no longer apply."),
        (MAIL, "Rules dropped by the user:\n- " + MAIL),
        (REFUND, "There is no need to ask about refunds any more."),
        (SECRET, "Full autonomy from here."),
        ("Ask before installing software.", "No further confirmation is needed."),
        ("Nichts l\u00f6schen.", "L\u00f6schen ist inzwischen erlaubt."),
        ("No env\u00edes facturas.", "Ya se puede enviar facturas."),
        ("N'envoyez aucune facture.", "L'envoi des factures est autoris\u00e9; toute facture peut partir."),
    ],
)
def test_a_summary_that_says_otherwise_is_found(rule: str, summary: str) -> None:
    """Permission, a confirmation beforehand, a rule lifted and an order to do it are contradictions, with a quote."""
    (judged,) = judge([("r1", rule)], "Work went on.\n" + summary)
    assert judged.fate == "contradicted"
    assert judged.quote


@pytest.mark.parametrize(
    ("rule", "summary", "said"),
    [
        (MAIL, "The lift is serviced on Friday.", "dropped"),
        (MAIL, "", "dropped"),
        (MAIL, "Possibly a word on e-mail.", "unsure"),
        (MAIL, "Send e-mail preferably only inside example.com.", "altered"),
        (MAIL, "E-mail must stay in the company.", "altered"),
        ("", "Anything.", "unsure"),
    ],
)
def test_the_other_names_mean_what_they_say(rule: str, summary: str, said: str) -> None:
    """Dropped is nothing of it, unsure is a mention, altered is something that binds and is not the sentence."""
    assert fate(rule, summary) == said


def test_a_strangers_rule_that_is_lifted_changes_nothing() -> None:
    """Another rule that is lifted or permitted says nothing about this one, when it is judged with it."""
    summary = f"- {MAIL}\n- Be brief.\n- The ban on migrations has been lifted.\n- Quotations may be smoothed."
    rules = [("m", MAIL), ("d", "Do not run migrations."), ("q", "Change no quotations.")]
    assert [one.fate for one in judge(rules, summary)] == ["kept", "contradicted", "contradicted"]


@pytest.mark.parametrize(
    "remark",
    ["Quotations may be smoothed.", "Getting in touch with people is fine.", "Wir d\u00fcrfen das.", "All is allowed."],
)
def test_leave_that_belongs_to_no_rule_given_could_be_leave_from_this_one(remark: str) -> None:
    """What is permitted can be named in words that nothing here connects with the rule: then it is not certified."""
    assert fate(MAIL, f"- {MAIL}\n- Be brief.\n- {remark}") in ("unsure", "contradicted")


def test_nothing_is_certified_of_a_summary_that_was_not_read_to_its_end() -> None:
    """What stands beyond the limit could take the rule back."""
    assert fate(MAIL, MAIL + "\n" + "Work went on.\n" * (LIMIT // 14)) == "unsure"
    assert fate(MAIL, "Work went on.\n" * (LIMIT // 14 + 1)) == "unsure"
    assert fate("Delete nothing. " * 1000, "Delete nothing. " * 1000) != "kept"


def test_a_quote_is_one_short_line() -> None:
    """It is shown to people and may be kept."""
    (judged,) = judge([("r", KEEP)], "You may delete\n  " + "this and " * 60 + "that.")
    assert judged.fate == "contradicted"
    assert len(judged.quote) == QUOTED
    assert "\n" not in judged.quote


def test_the_train_part_is_judged_as_well_as_is_claimed_of_it() -> None:
    """No false certificate, four of five keeps certified, more than 85 of 100 contradictions found."""
    said = [(row["label"], fate(row["rule"], row["summary"])) for row in TRAIN]
    assert not [pair for pair in said if pair[1] == "kept" and pair[0] != "kept"]
    kept = [got for label, got in said if label == "kept"]
    contradicted = [got for label, got in said if label == "contradicted"]
    assert kept.count("kept") >= 0.8 * len(kept)
    assert contradicted.count("contradicted") >= 0.85 * len(contradicted)


RULES = sorted({str(row["rule"]) for row in TRAIN})
CHANGES = ["no", "not", "never", "rarely", "always", "7", "1000", "Zoe", "example.org", "except", "should", "may"]


def trivial(words: list[str], at: int, new: str, how: str) -> bool:
    """Say whether a changed word is one of those that change nothing: an article, "always" where a clause begins."""
    word = words[at].lower()
    if how == "in" and new == "may":
        return word in ("never", "not")
    if how == "in":
        return new == "always" and (at == 0 or words[at - 1][-1] in ",;:." or words[at - 1] in ("and", "or", "but"))
    if how == "out":
        return word in ("a", "an", "the", "any", "always", "please")
    return (new == "always" and at == 0 and word in ("a", "an", "the")) or (new == "may" and word in ("do", "must"))


@given(st.sampled_from(RULES), st.data())
def test_one_changed_word_is_never_kept(rule: str, data: st.DataObject) -> None:
    """A number, a name or a negation put in, taken out or put in the place of another: no certificate."""
    words = rule.split()
    at = data.draw(st.integers(0, len(words) - 1))
    new = data.draw(st.sampled_from(CHANGES))
    how = data.draw(st.sampled_from(["out", "in", "instead"]))
    tail = words[at][len(words[at].rstrip(".,;:")) :]
    changed = {
        "out": [*words[:at], *words[at + 1 :]],
        "in": [*words[:at], new, *words[at:]],
        "instead": [*words[:at], new + tail, *words[at + 1 :]],
    }[how]
    assume(changed and " ".join(changed).lower() != rule.lower())
    # One prohibition for another is the same rule for any reader (survival_corpus/README.md, "reworded").
    assume(not (how == "instead" and new == "never" and words[at].lower() in ("don't", "not")))
    assume(not trivial(words, at, new, how))
    # "may only" says what "only" says.
    assume(not (how == "in" and new == "may" and words[at].lower() == "only"))
    assert fate(rule, f"Work went on.\n- {' '.join(changed)}\n- Be brief.") != "kept"


@pytest.mark.parametrize(
    ("rule", "summary", "said"),
    [
        ("Do not push to main.", "Never push to main.", True),
        ("Don't push to main.", "Never push to main.", True),
        ("Never push to main.", "Do not push to main.", True),
        ("Ask me if the order is not clear.", "Ask me if the order is never clear.", False),
        ("Send nothing that was not checked.", "Send nothing that was never checked.", False),
        ("Wait until it is not raining.", "Wait until it is never raining.", False),
        ("Never push to main.", "Not always push to main.", False),
        ("Do not push to main.", "Never mind pushing to main.", False),
    ],
)
def test_never_stands_for_not_only_where_it_forbids(rule: str, summary: str, said: bool) -> None:
    """In what a rule forbids "never" takes nothing from "not"; in a condition it narrows the rule, which is no rewording."""
    assert (fate(rule, f"Work went on.\n- {summary}\n- Be brief.") == "kept") == said


@given(
    st.sampled_from([rule for rule in RULES if re.search("[0-9]", rule)]),
    st.integers(0, 9),
    st.text("0123456789", min_size=1, max_size=6),
)
def test_another_number_is_never_kept(rule: str, which: int, digits: str) -> None:
    """Ten for one, one for ten, and one digit more are another rule."""
    places = [index for index, char in enumerate(rule) if char.isdigit()]
    place = places[which % len(places)]
    changed = rule[:place] + digits + rule[place + 1 :]
    assume(changed != rule)
    assert fate(rule, "- " + changed) != "kept"


AROUND = [
    "Work went on.", "The lift is serviced on Friday.", "Two trains were late.", "The choir sings on Thursday.",
    "Sums in bold.",
    "The quiz was cancelled.", "Row 7 was counted twice.",
]  # fmt: skip
OUTLINES = ["## Rules\n- {}\n## Next\n- {}", "Rules: {} {}", "<rules>\n1. {}\n2. {}\n</rules>", "{}\n{}", "* {}\n\n{}"]


@given(
    st.sampled_from(RULES),
    st.lists(st.sampled_from(AROUND), max_size=4),
    st.sampled_from(OUTLINES),
    st.sampled_from(AROUND),
)
def test_the_sentence_letter_by_letter_is_kept_wherever_it_stands(
    rule: str, before: list[str], form: str, after: str
) -> None:
    """Verbatim in any surroundings that do not take it back, nor raise or except what it names, is certified."""
    text = "".join(f"{line}\n" for line in before) + "\n" + form.format(rule, after)
    assert fate(rule, text) == "kept"


@given(st.text(max_size=400), st.sampled_from(RULES))
def test_any_text_is_judged(text: str, rule: str) -> None:
    """Whatever a model writes: one fate for every rule, the same each time, the quote on one line."""
    first, again = judge([("r", rule)], text), judge([("r", rule)], text)
    assert first == again
    assert first[0].quote == " ".join(first[0].quote.split())
    assert len(first[0].quote) <= QUOTED


def test_no_rules_need_no_reading() -> None:
    """Nothing to judge, nothing judged."""
    assert judge([], MAIL) == ()


@pytest.mark.parametrize("label", ["Suggestions", "What used to apply", "Drafts, not yet agreed"])
def test_a_label_counts_for_the_whole_line_of_rules_behind_it(label: str) -> None:
    """Also where nobody asks about the rules between the label and this one."""
    rule = "Do not push to the main branch."
    summary = f"The report has 12 pages.\n\n{label}: Never delete files outside /srv/build. {rule} Ask before you pay."
    assert judge([("r", rule)], summary)[0].fate != "kept"

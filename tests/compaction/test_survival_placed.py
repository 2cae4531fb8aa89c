"""A rule's own sentence is found in its trivial rewordings, word by word, and in nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinnedrules.compaction.alike import alike
from pinnedrules.compaction.outline import outline
from pinnedrules.compaction.placed import placed
from pinnedrules.compaction.wording import words

ASK = "Ask me before you send any mail to a customer."
FILES = "Never delete files."
MONEY = "Do not spend more than $200 a week."
TESTS = "Always run the tests before you commit."


def stands(rule: str, text: str) -> bool:
    (place,) = placed([("r1", words(rule))], outline(f"Work went on.\n\n{text}"))
    return place is not None


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (ASK, "Ask the user before you send a mail to a customer"),
        (ASK, "Always ask me before you send any mails to customers."),
        (ASK, "Ask you before I send any mail to a customer."),
        (ASK, "Please, ask me before you send any mail to a customer."),
        ("Never tell anyone my address.", "Never tell anyone your address."),
        ("The user must approve every payment.", "I must approve every payment."),
        ("The user must approve every payment.", "User has to approve all payments."),
        (FILES, "You must not delete files."),
        (FILES, "The agent must not delete files."),
        (FILES, "I must never delete files"),
        (FILES, "Never ever delete files!"),
        (FILES, "Don't delete any files."),
        ("Drafts must not contain names.", "Drafts may never contain any names"),
        (TESTS, "Run the tests before you commit."),
        (TESTS, "You must always run the tests before you commit."),
        ("Payments must be shown to the agent's owner.", "Payments need to be shown to the agent's owner."),
        ("Do not change the colour scheme.", "Don't change the color scheme."),
        ("Organise and analyse files by date.", "Organize and analyze files by date."),
        ("Do not force-push.", "Do not force push."),
        ("Keep at least three backups.", "keep at least 3 backups"),
        ("Keep the copies in the boxes of the agencies.", "Keep a copy in the box of the agency."),
        (MONEY, "Do not spend more than 200 USD a week"),
        (MONEY, "Do not spend more than USD 200 a week"),
        (MONEY, "Do not spend more than 200$ a week"),
        ("Discounts stay under 10 %.", "Discounts stay under 10 per cent."),
        ("Stop after 8 pm.", "3. Stop after 8pm"),
        ("Send mail only between 9:00 and 17:30.", "Send mail only between 09:00 and 17:30."),
        ("Use it if it's dry.", "Use it if it is dry."),
        ("Stop; ask first, always politely.", "Stop, ask first (always politely)."),
        ("Only write to /srv/out.", "- [ ] **Only write to `/srv/out`.**"),
        (FILES, "[G2] Never delete files."),
        (FILES, "07 Never delete files."),
        (FILES, "iii. Never delete files."),
        (FILES, "1 Be brief.\n2 Never delete files.\n3 Work."),
        (FILES, "1 Never delete files.\n2 Be brief."),
        (FILES, "deletion: 'Never delete files.'\nmail: 'Be brief.'"),
        (FILES, "deletions: Never delete files."),
        (FILES, "09:12 Never delete files.\n09:14 Lunch."),
        (FILES, "Summary of the limits: Never delete files."),
        ("Send drafts to Ann, Bob and Eve.", "Send drafts to Eve, Ann and Bob."),
        ("Names, postcodes and dates must be left out.", "Dates, names and postcodes must be left out."),
        ("Refund at most 100 EUR at once and 500 EUR a day.", "Refund at most 500 EUR a day and 100 EUR at once."),
    ],
)
def test_a_trivial_rewording_is_the_sentence(rule: str, text: str) -> None:
    """Same words in the same order, but for spelling, person, prohibition, articles, number and figures."""
    assert stands(rule, text)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (ASK, "Ask him before you send any mail to a customer."),
        (ASK, "Before you send any mail to a customer, ask me."),
        (FILES, "Files must not be deleted."),
        (FILES, "Never delete a few files."),
        (FILES, "Never delete files outside /tmp."),
        (FILES, "Work; never delete files or so."),
        (MONEY, "Do not spend more than 200 EUR a week."),
        ("Do not open mails from senders you do not know.", "Do not open mails from senders you never know."),
        ("Ask the user before you deploy.", "Ask a user before you deploy."),
        ("You must not reply.", "You must reply."),
        ("Never push to branch release.", "Never push to branch releases."),
        ("Talk to any member.", "Talk to the member."),
        ("Write only to Ann, Bob and Eve.", "Write only to Ann, Bob or Eve."),
        ("Copy to Ann; and to Bob and Eve.", "Copy to Bob; and to Ann and Eve."),
        ("Keep Ann, and Bob, and Eve.", "Keep Eve, and Ann, and Bob."),
        ("Stop (ask Bob or Eve).", "Stop, ask Eve or Bob."),
    ],
)
def test_another_sentence_is_not_the_sentence(rule: str, text: str) -> None:
    """Another clause order, the passive, another person, currency, name or scope: none is trivially the same."""
    assert not stands(rule, text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Never delete files; ask me before you send mail; keep answers short.", [True, True, True]),
        ("Rules: do not delete any files and ask the user before you send mail.", [True, True, False]),
        ("Never delete files, and keep answers short, or so.", [False, False, False]),
        ("It is not true that never delete files; keep answers short.", [False, False, False]),
        ("Never delete files? Keep answers short.", [False, False, True]),
    ],
)
def test_rules_that_make_up_one_sentence_stand_there(text: str, found: list[bool]) -> None:
    """Two rules joined by a semicolon or "and" are both kept, where nothing else is in the sentence."""
    rules = [("a", words(FILES)), ("b", words("Ask me before you send mail.")), ("c", words("Keep answers short."))]
    assert [place is not None for place in placed(rules, outline(text))] == found


@given(st.text(max_size=60))
def test_any_text_is_folded_to_words_that_stood_there(text: str) -> None:
    """Each folded word has its gap, its spelling and its place, in the order of the text."""
    found = words(text)
    folded = alike(found)
    assert len(folded.folded) == len(folded.raw) == len(folded.at) == len(folded.gaps) - 1
    assert list(folded.at) == sorted(folded.at)
    assert alike(found, told=True).gaps[-1] >= found.gaps[-1]

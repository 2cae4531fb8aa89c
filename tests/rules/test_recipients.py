"""Mail rules against everything that lenient mail programs make of an address. Bad inputs are kept for ever."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.making import EMPTY, NOW, judged, rules

from pinnedrules.rules.decide import decide
from pinnedrules.rules.predicates.base import BadOption, Built, Cannot, Facts, Fails
from pinnedrules.rules.predicates.recipients import RECIPIENTS
from pinnedrules.rules.predicates.registry import PREDICATES
from pinnedrules.types import Call

MAIL = rules(
    "  - {id: mail, text: Inside only., on: send_email, require: {recipients: {domain_in: [example.com]}},"
    " else: deny, then: allow}\n",
    tools='{send_email: send, "*delete*": delete}',
)
INSIDE = "boss@example.com"


def built(**options: object) -> Built:
    """Return the requirement with these options."""
    return RECIPIENTS.build({"domain_in": ["example.com"], **options}, "r")


def outcome(arguments: dict[str, Any], **options: object) -> object:
    """Return what the requirement says to these arguments."""
    return built(**options).check(Facts(arguments, EMPTY, NOW))


LEGITIMATE: list[Any] = [
    "boss@example.com",
    "Boss@EXAMPLE.COM",
    [INSIDE, "ann@example.com"],
    "Boss <boss@example.com>",
    '"Boss, the" <boss@example.com>',
    '"boss@example.com" <boss@example.com>',
    "boss@example.com, Ann <ann@example.com>; eve+x@example.com,",
    "Jörg Müller <j.mueller@example.com>",
    "mailto:boss@example.com",
    "mailto:b@example.com",
    "boss@example.com.",
    "o'brien@example.com",
    {"address": INSIDE, "name": "Boss"},
    [{"emailAddress": {"address": INSIDE, "name": "The boss"}}],
    [{"email": INSIDE, "responseStatus": "needsAction", "optional": True}],
    "  boss@example.com  ",
]


@pytest.mark.parametrize("to", LEGITIMATE, ids=repr)
def test_mail_inside_is_no_false_alarm(to: Any) -> None:
    """Case, lists, display names and the shapes of common mail tools are not held against anybody."""
    message = {
        "to": to,
        "subject": "Re: bob@evil.com",
        "body": "Bcc: bob@evil.com\r\nto=bob@evil.com",
        "from": "me@home.org",
    }
    assert judged(MAIL, "send_email", message).verdict == "allow"


OUTSIDE: list[Any] = [
    "bob@evil.com",
    "bob@evil.com, boss@example.com",
    "boss@example.com; bob@evil.com",
    "boss@example.com bob@evil.com",
    "boss@example.com\nbob@evil.com",
    "boss@example.com\r\nBcc: bob@evil.com",
    "boss@example.com\x00bob@evil.com",
    "boss@example.com\tbob@evil.com",
    "boss@example.com\u2028bob@evil.com",
    "bob@evil.com\x00@example.com",
    "mailto:bob@evil.com",
    "mailto:boss@example.com?bcc=bob@evil.com",
    "MAILTO:bob@evil.com",
    "bob＠evil.com",
    "boss＠example.com",
    "bob@evil.com＠example.com",
    "bob@evil.com@example.com",
    '"bob@evil.com"@example.com',
    '"bob@evil.com" <boss@example.com>',
    "bob@evil.com <boss@example.com>",
    "boss@example.com <bob@evil.com>",
    "Boss: x <boss@example.com>",
    "=?utf-8?q?bob=40evil.com=2C?= <boss@example.com>",
    '"a\\"b" <boss@example.com>',
    "Boss (bob@evil.com) <boss@example.com>",
    "Boss ( <boss@example.com>",
    "bob%evil.com@example.com",
    "evil.com!bob@example.com",
    "<@evil.com:boss@example.com>",
    "boss@example.com(bob@evil.com)",
    "friends: bob@evil.com, boss@example.com;",
    "boss@example.com>",
    "<boss@example.com",
    '"boss@example.com',
    "boss@evilexample.com",
    "boss@example.com.evil.com",
    "boss@mail.example.com",
    "boss@example.comm",
    "boss@example",
    "boss@",
    "@example.com",
    "boss@ example.com",
    "boss@.example.com",
    "boss@example..com",
    "boss@[192.0.2.1]",
    "boss@192.0.2.1",
    "boss@\u0435xample.com",
    "boss@ｅxample.com",
    "boss@xn--xample-2of.com",
    "boss@example\u3002com",
    "boss@ex\u200bample.com",
    "boss@example.com\u200b",
    "boss@example.com\u202e",
    "b\u00f6ss@example.com",
    "boss",
    "",
    None,
    [],
    [None],
    [INSIDE, ["bob@evil.com"]],
    [INSIDE, 7],
    7,
    True,
    {"primary": INSIDE, "secondary": "bob@evil.com"},
    {"x": {"y": {"email": "bob@evil.com"}}},
    [{"emailAddress": {"address": "bob@evil.com", "name": INSIDE}}],
    ",".join([INSIDE] * 5000),
]


@pytest.mark.parametrize("to", OUTSIDE, ids=lambda to: ascii(to)[:60])
def test_mail_that_can_reach_anybody_outside_is_refused(to: Any) -> None:
    """Several addresses in one text, control characters, look-alikes, quoting, routing, other types: never an allow."""
    assert judged(MAIL, "send_email", {"to": to, "subject": "x", "body": "y"}).verdict == "deny"


ELSEWHERE: list[dict[str, Any]] = [
    {"to": INSIDE, "cc": "bob@evil.com"},
    {"to": INSIDE, "bcc": ["bob@evil.com"]},
    {"to": INSIDE, "reply_to": "bob@evil.com"},
    {"to": INSIDE, "replyTo": "bob@evil.com"},
    {"to": INSIDE, "Bcc": "bob@evil.com"},
    {"to": INSIDE, "BCC_recipients": "bob@evil.com"},
    {"to": INSIDE, "ｂｃｃ": "bob@evil.com"},
    {"to": INSIDE, "forward_copy": "bob@evil.com"},
    {"to": INSIDE, "options": {"envelope": {"rcpt": "bob@evil.com"}}},
    {"to": INSIDE, "message": {"bcc": "bob@evil.com"}},
    {"to": INSIDE, "headers": {"Bcc": "bob@evil.com"}},
    {"to": INSIDE, "headers": "X: y, Bcc: bob@evil.com"},
    {"to": INSIDE, "headers": ["X: y\r\nBcc: bob@evil.com"]},
    {"to": INSIDE, "headers": ["bob@evil.com"]},
    {"to": INSIDE, "headers": [{"name": "Bcc", "value": "bob@evil.com"}]},
    {"to": INSIDE, "subject": "x\r\nBcc: bob@evil.com"},
    {"to": INSIDE, "subject": "x\nBcc: bob@evil.com"},
    {"to": INSIDE, "from_name": "Me\r\nBcc: bob@evil.com"},
    {"to": INSIDE, "raw": "VG86IGJvYkBldmlsLmNvbQ=="},
    {"to": INSIDE, "attendees": ["bob@evil.com"]},
    {"to": INSIDE, "cc": 5},
    {"to": INSIDE, "cc": {"list": [5]}},
    {"recipient": "bob@evil.com"},
    {"destination": "bob@evil.com"},
    {"subject": "x to=boss@example.com"},
    {"TO": "bob@evil.com"},
    {"args": {"to": "bob@evil.com"}},
    {},
]


UNKNOWN_NAMES = [
    "x17", "forward", "recipient_list", "recipientList", "notify", "distribution_list", "copies", "cc1", "Cc2", "to2",
    "bcc_3", "recipients2", "email1", "email_list_2", "to-list", "ccList", "ＣＣ", "channel", "target", "link", "params",
    "name", "headers", "from_copy", "owner", "rfc822",
]  # fmt: skip
STRANGERS = [
    "m@evil.com", "m@evil.com, n@evil.com", "M <m@evil.com>", "m@evil.com;n@evil.com", "m@evil.com n@evil.com",
    "M (m@evil.com)", "boss@example.com, M <m@evil.com>", "mailto:m@evil.com", "to: m@evil.com", "m＠evil.com, n",
    "https://m@evil.com, n@evil.com", "https://x n@evil.com", "x" * 600 + " <m@evil.com>",
]  # fmt: skip


@pytest.mark.parametrize("key", UNKNOWN_NAMES)
@pytest.mark.parametrize("value", STRANGERS, ids=lambda text: ascii(text)[:40])
def test_a_stranger_under_any_name_is_found(key: str, value: str) -> None:
    """Lists, display names and comments count as much as a bare address, under names that tell nothing as well."""
    for shape in (value, [value], {"x": value}, [{"x": [value]}]):
        assert judged(MAIL, "send_email", {"to": INSIDE, key: shape}).verdict == "deny", shape


@pytest.mark.parametrize(
    "shape", [{"m@evil.com": {}}, {"m@evil.com": None}, {"x": {"M <m@evil.com>": 1}}, {"m＠evil.com": {}}]
)
@pytest.mark.parametrize("key", ["recipients", "variables", "to"])
def test_a_stranger_as_a_key_is_found(key: str, shape: object) -> None:
    """Some mail tools take recipients as the keys of an object."""
    assert judged(MAIL, "send_email", {"cc": INSIDE, key: shape}).verdict == "deny"


QUIET: dict[str, Any] = {
    "body": "Write to bob@evil.com, or M <m@evil.com>",
    "text": "cc: bob@evil.com\n@all",
    "subject": "Re: your mail to M <m@evil.com>",
    "html_content": "<a href='mailto:bob@evil.com'>bob</a>",
    "messageBody": "bob@evil.com, ann@evil.com",
    "from": "Me <me@home.org>",
    "from_name": "Me @ home",
    "sender": "Me <me@home.org>, You <you@home.org>",
    "references": "<a@evil.com> <b@evil.com>",
    "message_id": "<a@evil.com>",
    "signature": "Me, me@home.org",
    "footer_text": "Sent by me@home.org",
    "reason": "bob@evil.com asked for it",
    "link": "https://example.org/@bob",
    "website_url": "https://bob@example.org/x",
    "recipients2": [INSIDE, "Ann <ann@example.com>"],
    "notify": "Boss <boss@example.com>, ann@example.com",
    "variables": {INSIDE: {"first": "Boss"}},
    "priority": "high",
    "mailing": "weekly",
    "count1": 3,
}


@pytest.mark.parametrize("key", QUIET)
def test_what_mentions_an_address_or_stays_inside_is_no_false_alarm(key: str) -> None:
    """Prose, senders, message ids, links and remarks address nobody; insiders may stand anywhere."""
    assert judged(MAIL, "send_email", {"to": INSIDE, key: QUIET[key]}).verdict == "allow"


@pytest.mark.parametrize("key", ["signature", "reason", "footer", "link"])
def test_an_address_as_a_whole_is_no_remark(key: str) -> None:
    """Where nothing but an address stands, somebody may get mail."""
    assert judged(MAIL, "send_email", {"to": INSIDE, key: "bob@evil.com"}).verdict == "deny"


@pytest.mark.parametrize("arguments", ELSEWHERE, ids=repr)
def test_every_argument_that_addresses_somebody_counts(arguments: dict[str, Any]) -> None:
    """cc, bcc, reply-to, other keys, other case, nested, among header lines: one outside is enough, and none is not."""
    assert judged(MAIL, "send_email", arguments).verdict == "deny"


@pytest.mark.parametrize(
    "text",
    ['{"to":"bob@evil.com","to":"boss@example.com"}', '{"to":"boss@example.com","to":"bob@evil.com"}',
     '{"to":"boss@example.com"}{"to":"bob@evil.com"}', '\ufeff{"to":"boss@example.com"}', '{"to":NaN}',
     '["boss@example.com"]', '"boss@example.com"', '{"to":"boss@example.com"', "to=boss@example.com",
     '{"to":"boss@example.com\\ud800"}', '{"x":{"a":1,"a":2},"to":"boss@example.com"}'],
)  # fmt: skip
def test_arguments_that_two_parsers_read_differently_are_refused(text: str) -> None:
    """What cannot be read cannot be allowed (invariant 2)."""
    assert decide(MAIL, Call("send_email", text, declared=frozenset({"to", "x"})), EMPTY, NOW).verdict == "deny"


def test_an_argument_that_nobody_declared_is_asked_about_even_if_all_recipients_are_inside() -> None:
    """Closed arguments: what the schema does not know may do anything."""
    made = Call("send_email", '{"to":"boss@example.com","also":"the press"}', declared=frozenset({"to"}))
    assert decide(MAIL, made, EMPTY, NOW).verdict == "ask"


OTHER_NAMES = [
    "delete_email", "Delete_Email", "deleteEmail", "mcp__gmail__delete_email", "gmail.batch_delete", "DELETE",
    "ｄｅｌｅｔｅ_email", "d\u0435lete_email", "trash_email", "run_shell", "execute_sql", "http_request", "purge",
    "archive_email", "delete\u200b_email", "undelete",
]  # fmt: skip


@pytest.mark.parametrize("name", OTHER_NAMES, ids=ascii)
def test_a_deletion_under_any_name_is_never_allowed(name: str) -> None:
    """Aliases, synonyms, namespaces, look-alikes, shells and SQL: unknown tools count as writes and are asked about."""
    assert judged(MAIL, name, {"id": 1, "command": "rm -rf /", "sql": "DELETE FROM m"}).verdict != "allow"


def test_subdomains_belong_only_when_the_rule_says_so() -> None:
    """``*.example.com`` is everything below it and not the domain itself."""
    below = {"domain_in": ["*.example.com"]}
    check = RECIPIENTS.build(below, "r").check
    assert check(Facts({"to": "a@x.example.com"}, EMPTY, NOW)) is None
    assert check(Facts({"to": "a@y.x.example.com"}, EMPTY, NOW)) is None
    assert isinstance(check(Facts({"to": "a@example.com"}, EMPTY, NOW)), Fails)
    assert isinstance(check(Facts({"to": "a@badexample.com"}, EMPTY, NOW)), Fails)


def test_international_domains_are_compared_in_one_form() -> None:
    """U-label and A-label are one domain; what compatibility normalisation changes is another."""
    check = RECIPIENTS.build({"domain_in": ["bücher.example"]}, "r").check
    for to in ("a@bücher.example", "a@BÜCHER.example", "a@bu\u0308cher.example", "a@xn--bcher-kva.example"):
        assert check(Facts({"to": to}, EMPTY, NOW)) is None, to
    for to in ("a@bücher．example", "a@bücher.ｅxample", "a@bucher.example", "a@b\u200bücher.example"):
        assert isinstance(check(Facts({"to": to}, EMPTY, NOW)), Fails), to


def test_a_letter_that_two_standards_read_differently_is_in_no_set() -> None:
    """A sharp s is one letter to some programs and two to others, so it is neither domain; the A-label says which."""
    for rule in ("straße.example", "faß.de", "βόλος.example"):
        with pytest.raises(BadOption):
            RECIPIENTS.build({"domain_in": [rule]}, "r")
    for rule in ("strasse.example", "xn--strae-oqa.example"):
        check = RECIPIENTS.build({"domain_in": [rule]}, "r").check
        assert check(Facts({"to": f"a@{rule}"}, EMPTY, NOW)) is None
        assert isinstance(check(Facts({"to": "a@straße.example"}, EMPTY, NOW)), Fails)


def test_an_address_may_be_permitted_beside_the_domains() -> None:
    """``address_in`` is exactly these addresses, in whatever case, without tags."""
    both: dict[str, object] = {"domain_in": ["example.com"], "address_in": ["tax@bücher.example"]}
    assert (
        outcome({"to": ["boss@example.com", "Tax@xn--bcher-kva.example", "TAX <tax@BÜCHER.example>"]}, **both) is None
    )
    for to in (
        "tux@bücher.example",
        "tax+x@bücher.example",
        "tax@sub.bücher.example",
        "tax@example.org",
        "a@bücher.example",
    ):
        assert isinstance(outcome({"to": to}, **both), Fails), to
    alone = RECIPIENTS.build({"address_in": "boss@example.com"}, "r").check
    assert alone(Facts({"to": "mailto:boss@example.com"}, EMPTY, NOW)) is None
    assert isinstance(alone(Facts({"to": "ann@example.com"}, EMPTY, NOW)), Fails)


def test_a_mailing_list_inside_counts_as_outside() -> None:
    """``not_in`` takes addresses out of the domains, with any tag and in any case."""
    partners: dict[str, object] = {"not_in": ["partners@example.com"]}
    assert outcome({"to": "boss@example.com"}, **partners) is None
    assert outcome({"to": "partners2@example.com"}, **partners) is None
    for to in ("partners@example.com", "Partners@Example.com.", "partners+x@example.com", "X <PARTNERS@example.com>"):
        assert isinstance(outcome({"to": ["boss@example.com", to]}, **partners), Fails), to


@pytest.mark.parametrize(
    "options",
    [{}, {"of": "to"}, {"not_in": ["a@example.com"]}, {"address_in": ["ada"]}, {"address_in": ["ada@"]},
     {"address_in": ["*@example.com"]}, {"address_in": ['"a b"@example.com']}, {"address_in": ["a@192.0.2.1"]},
     {"domain_in": ["example.com"], "not_in": ["a@example.org"]},
     {"domain_in": ["example.com"], "not_in": ["a+b@example.com"]},
     {"domain_in": ["ada@example.com"]}],
)  # fmt: skip
def test_an_address_that_is_none_is_an_error(options: dict[str, object]) -> None:
    """What no mail could have, or what changes nothing, is not loaded."""
    with pytest.raises(BadOption):
        RECIPIENTS.build(options, "r")


def test_it_reads_aloud() -> None:
    """A person reads who is permitted."""
    options = {"domain_in": ["a.example"], "address_in": ["b@c.example"], "not_in": ["list@a.example"]}
    assert RECIPIENTS.say(options) == "every recipient is in a.example or is b@c.example but not list@a.example"


def test_of_adds_arguments_and_takes_none_away() -> None:
    """``of`` names further arguments; those found by name stay looked at."""
    assert outcome({"who": INSIDE}, of="who") is None
    assert isinstance(outcome({"who": "not an address"}), Cannot)
    assert isinstance(outcome({"who": "not an address"}, of="who"), Cannot)
    assert isinstance(outcome({"who": INSIDE, "bcc": "bob@evil.com"}, of=["who"]), Fails)
    assert isinstance(outcome({"who": 5, "to": INSIDE}, of="who"), Cannot)
    assert isinstance(outcome({"who": {"n": 5}, "to": INSIDE}, of="who"), Cannot)
    assert dict(built(of=["who"]).arguments) == {"who": ("of",)}


@pytest.mark.parametrize(
    ("arguments", "kind", "why"),
    [
        ({"to": "bob@evil.com"}, Fails, "recipients: bob@evil.com is not in example.com"),
        ({"to": "a\nb"}, Fails, "recipients: to holds a line break or another control character"),
        ({"cc": 1}, Cannot, "recipients: cc is not a text"),
        ({"n": 1}, Cannot, "recipients: no recipient was found"),
        ({"to": "Bob"}, Cannot, "recipients: to: not an address: Bob"),
    ],
)
def test_a_refusal_says_what_failed(arguments: dict[str, Any], kind: type, why: str) -> None:
    """A failure and an undecidable case are told apart and say why."""
    found = outcome(arguments)
    assert isinstance(found, kind)
    assert found.why == why  # type: ignore[attr-defined]


def test_a_failure_counts_more_than_doubt() -> None:
    """A recipient outside is reported even if another one cannot be read."""
    assert isinstance(outcome({"to": "nobody", "cc": "bob@evil.com"}), Fails)


def test_replies_and_prose_are_not_recipients() -> None:
    """A message id, a sender and a body that is an address are no place where anything goes."""
    quiet = {"to": INSIDE, "in_reply_to": "<x.1@mail.evil.com>", "thread_id": "t@evil.com", "body": "bob@evil.com"}
    assert outcome(quiet) is None
    assert outcome({"to": INSIDE, "headers": {"X-Priority": "1"}, "header": "Hello"}) is None
    assert outcome({"to": INSIDE, "n": 3, "flag": True, "nothing": None, "tags": ["a", 1]}) is None


LOCAL = st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True)


@given(st.lists(LOCAL, min_size=1, max_size=4), LOCAL, st.integers(0, 4), st.sampled_from([", ", ",", "; ", ";"]))
def test_one_stranger_in_any_list_is_found(inside: list[str], stranger: str, at: int, comma: str) -> None:
    """However many insiders are named, one outside among them fails; without it the same list holds."""
    people = [f"{name}@example.com" for name in inside]
    assert outcome({"to": comma.join(people)}) is None
    assert outcome({"cc": people}) is None
    people.insert(at % (len(people) + 1), f"{stranger}@evil.com")
    assert isinstance(outcome({"to": comma.join(people)}), Fails)
    assert isinstance(outcome({"cc": people}), Fails)


@given(st.text(max_size=40))
def test_nothing_holds_that_does_not_end_inside(text: str) -> None:
    """Whatever text is given, it holds only when every @ in it is followed by the domain."""
    if outcome({"to": text}) is None:
        rest = text.lower().split("@")[1:]
        assert rest
        assert all(part.startswith("example.com") for part in rest)


def test_the_registry_knows_every_requirement_by_its_name() -> None:
    """A new kind of requirement is one more entry."""
    assert {name: entry.name for name, entry in PREDICATES.items()} == {name: name for name in PREDICATES}
    assert PREDICATES["recipients"] is RECIPIENTS

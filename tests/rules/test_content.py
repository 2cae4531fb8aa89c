"""What stands in a text: secrets, personal data, links and images, in every form in which somebody may read it."""

from __future__ import annotations

import base64
import html
import sys
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from tests.rules.making import EMPTY, NOW

from pinnedrules.rules.content.forms import MAX_CODED, MAX_FORMS, forms
from pinnedrules.rules.content.links import Address, links
from pinnedrules.rules.content.personal import addresses, personal
from pinnedrules.rules.content.secrets import secrets
from pinnedrules.rules.predicates.base import BadOption, Built, Cannot, Facts, Fails, Outcome
from pinnedrules.rules.predicates.content import CONTENT, MAX_ADDRESSES, MAX_MARKED, MAX_TEXT, MAX_TEXTS

EVERYTHING = ["secrets", "personal", "links", "images"]
KEY = "AKIAIOSFODNN7EXAMPLE"


def built(*without: str, **options: object) -> Built:
    return CONTENT.build({"without": list(without or EVERYTHING), **options}, "r")


ALL = built()


def outcome(arguments: dict[str, Any], requirement: Built = ALL) -> Outcome:
    """Return what the requirement says to these arguments."""
    return requirement.check(Facts(arguments, EMPTY, NOW))


def test_the_kinds_are_looked_for_one_by_one() -> None:
    """A rule against one kind has nothing against the others."""
    texts = {
        "secrets": f"key {KEY}",
        "personal": "DE89 3704 0044 0532 0130 00",
        "links": "see https://evil.example",
        "images": "![](//evil.example/x.png)",
    }
    for kind in EVERYTHING:
        for other, text in texts.items():
            found = outcome({"body": text}, built(kind))
            expected = kind == other or (kind, other) == ("links", "images")
            assert isinstance(found, Fails) == expected, (kind, other)


def test_a_reason_says_what_kind_of_secret_and_never_which() -> None:
    """What must not be sent must not stand in a record or a refusal either."""
    for text in (KEY, "DE89 3704 0044 0532 0130 00", "password = 'correct-horse-1'", "bob@evil.example"):
        found = outcome({"body": text})
        assert isinstance(found, Fails)
        assert not any(part in found.why for part in (KEY, "3704", "horse", "bob"))


def test_of_chooses_the_arguments_and_without_it_every_one_counts() -> None:
    """At any depth, with numbers and keys; an argument that is not there decides nothing."""
    body = built(of=["body", "html"])
    assert outcome({"body": "hello", "title": KEY}, body) is None
    assert isinstance(outcome({"html": KEY, "title": "x"}, body), Fails)
    assert isinstance(outcome({"title": "hello"}, body), Cannot)
    assert isinstance(outcome({}, ALL), Cannot)
    assert isinstance(outcome({"a": {"b": [{"c": KEY}]}}), Fails)
    assert isinstance(outcome({"a": {KEY: None}}), Fails)
    assert isinstance(outcome({"n": 4111111111111111}), Fails)
    assert outcome({"a": True, "b": None, "c": "", "d": [1, 2.5]}) is None


def test_an_address_where_something_goes_is_no_personal_data() -> None:
    """Whom it is for and whom it is from are not what is told; a secret there is one all the same."""
    assert outcome({"to": ["bob@evil.example"], "from": "ann@home.example", "body": "hello"}) is None
    assert isinstance(outcome({"to": KEY}), Fails)
    assert isinstance(outcome({"to": "bob@evil.example"}, built(of="to")), Fails)


def test_hosts_that_a_rule_names_are_permitted() -> None:
    """For links, images and e-mail addresses; with what a URL rule would say of each."""
    ours = built(hosts_in=["example.com", "*.example.org"])
    for text in (
        "https://example.com/x.",
        "![](https://a.example.org/x.png)",
        "press@example.com",
        "[a](//example.com)",
        "a.example.org/x is ours",
        "mailto:press@example.com",
        "(https://example.com/x)",
        "www.example.org",
    ):
        assert outcome({"body": text}, ours) is None, text
    for text in ("https://example.com.evil.example", "https://example.com@evil.example", "https://example.com/?u=//evil.example",
                 "ftp://example.com/x", "bob@example.org", "data:text/html,x", "[a](mailto:bob@evil.example)"):  # fmt: skip
        assert isinstance(outcome({"body": text}, ours), Fails), text


@pytest.mark.parametrize(
    "options",
    [{}, {"without": []}, {"without": ["passwords"]}, {"without": "secrets", "hosts_in": ["example.com"]},
     {"without": "links", "hosts_in": ["https://example.com"]}, {"without": "links", "of": []},
     {"without": "links", "in": "x"}],
)  # fmt: skip
def test_a_content_that_nobody_knows_is_an_error(options: dict[str, object]) -> None:
    """What would silently look for nothing is not loaded."""
    with pytest.raises(BadOption):
        CONTENT.build(options, "r")


@pytest.mark.parametrize(
    ("kind", "library"), [("secrets", "detect_secrets"), ("personal", "stdnum"), ("personal", "phonenumbers")]
)
def test_a_library_that_is_missing_is_an_error_with_a_way_out(
    kind: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule that cannot be enforced is not loaded, and says what to install."""
    for name in [name for name in sys.modules if name.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(BadOption) as caught:
        CONTENT.build({"without": [kind]}, "r")
    assert caught.value.hint == 'pip install "pinnedrules[content]"'
    assert outcome({"body": "hello"}, CONTENT.build({"without": ["links"]}, "r")) is None


def test_a_library_without_a_number_that_is_promised_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A later release that drops a country does not silently look for less."""
    monkeypatch.setattr("stdnum.util.get_cc_module", lambda country, name: None)
    with pytest.raises(BadOption, match=r"us\.ssn"):
        CONTENT.build({"without": ["personal"]}, "r")


def test_it_reads_aloud() -> None:
    """A person reads what must not be there."""
    assert CONTENT.say({"without": ["secrets", "links"], "of": "body", "hosts_in": ["a.example"]}) == (
        "there are no secrets or links in body but those on a.example"
    )


# -- bounds --------------------------------------------------------------------------------------------------------


def test_more_than_anybody_reads_cannot_be_decided() -> None:
    """Bounded work: characters, texts, texts with markup, addresses, encoded data."""
    assert outcome({"body": "a " * (MAX_TEXT // 2)}) is None
    assert isinstance(outcome({"body": "a " * (MAX_TEXT // 2) + "a"}), Cannot)
    assert outcome({"body": "a " * MAX_TEXT}, built("secrets")) is None
    assert isinstance(outcome({"body": ["a"] * (MAX_TEXTS + 1)}), Cannot)
    assert outcome({"body": ["<b>"] * MAX_MARKED}) is None
    assert isinstance(outcome({"body": ["<b>"] * (MAX_MARKED + 1)}), Cannot)
    ours = built("links", hosts_in=["a.example"])
    assert outcome({"body": "https://a.example/x " * MAX_ADDRESSES}, ours) is None
    assert isinstance(outcome({"body": "https://a.example/x " * (MAX_ADDRESSES + 1)}, ours), Cannot)
    for many in ("[a](b)" * 1501, "<b c>" * 751, f"<b{' c' * 1600}>"):
        assert isinstance(outcome({"body": many}, ours), Cannot)
    assert outcome({"body": "[a](b)" * 1500}, ours) is None


def test_encoded_data_counts_by_its_size() -> None:
    """A digest or a short token is none of our business, a file is not decided, and a text is read."""
    noise = base64.b64encode(bytes(range(256)) * 4).decode()
    assert outcome({"body": noise[: MAX_CODED - 2]}) is None
    assert isinstance(outcome({"body": noise}), Cannot)
    assert isinstance(outcome({"body": (bytes(range(128, 256)) * 5).hex()}), Cannot)
    lines = base64.encodebytes(f"{'harmless words ' * 9}{KEY}".encode()).decode()
    assert isinstance(outcome({"body": lines}), Fails)
    assert outcome({"body": base64.b64encode(b"harmless words " * 99).decode()}) is None
    assert isinstance(outcome({"body": f"{'QUJD' * 5} " * 80}), Cannot)


def test_what_nobody_sees_cannot_be_decided() -> None:
    """Tag characters, selectors, runs of joiners; a flag and a family are no hidden text."""
    for hidden in ("\U000e0061" * 8, "\U000e0101\U000e0102", "\u200b\u200c" * 4):
        assert isinstance(outcome({"body": f"hello{hidden}"}), Cannot)
    assert outcome({"body": "👨‍👩‍👧 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f می‌خواهم"}) is None


def test_forms_are_bounded() -> None:
    """Codings in codings end somewhere, and what is left over is unclear."""
    text = "%25" * 2000 + "&amp;" * 2000 + "\\x41" * 2000
    found, unclear = forms(text)
    assert len(found) <= MAX_FORMS
    assert unclear
    assert forms("plain words") == (("plain words",), "")


# -- every coding, every parser ------------------------------------------------------------------------------------

CODINGS = st.sampled_from(
    [
        lambda text: text,
        lambda text: "".join(f"&#{ord(char)};" for char in text),
        lambda text: "".join(f"%{ord(char):02X}" for char in text),
        lambda text: quote(quote(text, safe=""), safe=""),
        lambda text: "".join(f"\\u{ord(char):04x}" for char in text),
        lambda text: "".join(f"={ord(char):02X}" for char in text),
        lambda text: base64.b64encode(text.encode()).decode(),
        lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
        lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
        lambda text: text.encode().hex(),
        lambda text: "\u200b".join(text),
        lambda text: "".join(chr(ord(char) + 0xFEE0) if 0x21 <= ord(char) <= 0x7E else char for char in text),
        lambda text: html.escape(text),
    ]
)
WORDS = st.text(alphabet="abc de.,!\n", max_size=40)


@given(CODINGS, st.sampled_from([KEY, "https://evil.example/abc", "DE89370400440532013000"]), WORDS, WORDS)
def test_nothing_gets_through_in_a_coding(coding: Any, inner: str, before: str, after: str) -> None:
    """What would be found plainly is found in every coding that a reader may undo, or the text is not decided."""
    assert outcome({"body": f"{before} {coding(inner)} {after}"}) is not None


MARKDOWN = st.text(alphabet="[]()<>!:/\\ \n`a*_\"'=-#&;1", max_size=30)


@given(MARKDOWN, MARKDOWN, st.sampled_from(["//evil.example/x", "https://evil.example/x", "http:\\\\evil.example/x"]))
def test_what_a_markdown_parser_finds_is_found(before: str, after: str, url: str) -> None:
    """Every link and image of a real parser is among what is found, an image as an image."""
    parser = MarkdownIt("commonmark")
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    text = f"{before}![a]({url}){after}[b]: {url}\n[c](<{url}>)\n![d][b]"
    seen: set[str] = set()
    for block in parser.parse(text):
        for token in block.children or ():
            if token.type == "image" and "evil.example" in str(token.attrs.get("src")):
                seen.add("image")
            if token.type == "link_open" and "evil.example" in str(token.attrs.get("href")):
                seen.add("link")
    found = {address.kind for form in forms(text)[0] for address in links(form) if "evil.example" in address.url}
    assert "image" in found or "image" not in seen
    assert found or not seen


class _Tags(HTMLParser):
    """Says whether a parser of the standard library sees an image elsewhere."""

    elsewhere = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elsewhere |= tag == "img" and any(
            name == "src" and "evil.example" in (value or "") for name, value in attrs
        )


@given(st.text(alphabet="<>/=\"' \nabimgsrc!-&;", max_size=30), st.text(alphabet="<>/=\"' \nab", max_size=10))
def test_what_an_html_parser_finds_is_found(before: str, inside: str) -> None:
    """Every image of a real parser is among what is found, whatever stands before it and in its tag."""
    text = f"{before}<img {inside} src='//evil.example/x'>"
    parser = _Tags()
    parser.feed(text)
    parser.close()
    if parser.elsewhere:
        assert isinstance(outcome({"body": text}, built("images")), Fails)


@given(st.text(max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    """Any text is read without an exception."""
    assert outcome({"body": text}) is None or True


@pytest.mark.parametrize(
    "piece",
    ["<", "<a ", "<img src='", "<!--", "[", "![", "](", "]:", "[a](b)", "`", "a@", "a.", "1", "4 ", "DE89", "+4 ", "%25",
     "&amp;",      "QUFB", "ab12", "=41", "key = '", "password is ",
     "\u00e9\u200b", "a:/", "www.", "a.bc/", "\\u0041", "url(", "[img ",
     "!//",      "{{//", "<p x=1>", "=\n", "//", "www.a.b", "<a href=\"", "\U000e0041"],
)  # fmt: skip
def test_repetition_does_not_hang(piece: str) -> None:
    """Any piece repeated to the limit is answered (the times are in the benchmarks)."""
    outcome({"body": (piece * MAX_TEXT)[:MAX_TEXT]})


# -- what is found, by kind ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["378282246310005", "5555 5555 5555 4444", "2223003122003222", "6011-1111-1111-1117", "3530111333300000",
     "30569309025904", "6200000000000005", "GB29 NWBK 6016 1331 9268 19 BIC NWBKGB2L", "nl91abna0417164300",
     "+1 (212) 736-5000", "0044 20 7946 0018", "536-90-4399", "RCCMNL83S18D969H", "X-2482300W", "44051401359",
     "8803200016 is 880320-0016", "131052-308T", "211062-5629", "756.9217.0769.85", "390.533.447-05", "2341 2341 2346",
     "11010519491231002X", "971013-9019902", "85.07.30-033.28", "00000000 0 ZZ4"],
)  # fmt: skip
def test_personal_data_with_a_form_is_found(text: str) -> None:
    """Cards, accounts, phones and identity numbers with right check digits, as people write them."""
    assert personal()(text), text


@pytest.mark.parametrize(
    "text",
    ["4111111111111112", "1234567890123456", "9999 9999 9999 9995", "DE88 3704 0044 0532 0130 00", "000-12-3456",
     "+49 1", "+0 123", "+999 123456789", "order 4711-0815", "2026-11-22 10:30", "192.168.100.200", "978-3-16-148410-0",
     "v10.20.30-40", "1e10", "ABCDEF12G34H567I"],
)  # fmt: skip
def test_numbers_without_check_digits_are_no_false_alarm(text: str) -> None:
    """Orders, dates, versions, books and broken numbers are nobody's."""
    assert not personal()(text), text


def test_e_mail_addresses_are_found_where_they_are_plain() -> None:
    """An at sign alone, a mention, and a decorator are none."""
    assert list(addresses("a.b+c@d.example, <x@y.z.example>")) == [("a.b+c", "d.example"), ("x", "y.z.example")]
    assert list(addresses("@ann @ 5, @property a@b x@1.2")) == []


def test_secrets_are_named_by_their_kind() -> None:
    """The library's name of what was found."""
    kind = secrets()
    assert kind(KEY) == "AWS Access Key"
    assert kind("passwort: geheim123") == "password"
    assert kind("glpat-0123456789abcdefghij") == "GitLab Token"
    for harmless in (
        "the password reset page",
        "token: none",
        "secret garden",
        "password: ********"[:12],
        "key = value",
        "",
    ):
        assert kind(harmless) == "", harmless


@pytest.mark.parametrize(
    ("text", "found"),
    [("[a](notes.md) ![b](img/x.png) <a href='#top'> <img src='cid:1'>", set()),
     ("a.example/x", {Address("link", "https://a.example/x")}),
     ("[a](a.example/x)", {Address("link", "https://a.example/x")}),
     ("<b src=//a/b", {Address("image", "//a/b")}), ("<b <='>' src='//a/b'>", {Address("image", "//a/b")}),
     ("192.0.2.1:80/x", {Address("link", "https://192.0.2.1:80/x")}),
     ("<img alt='//a' src=b.png>", set()),
     ("<a title='x' href=\"//a/b\">", {Address("link", "//a/b")}),
     ("<meta content='5;URL=//a/b'>", {Address("link", "//a/b")}),
     ("<p style='x:url(//a/b)'>", {Address("image", "//a/b")}),
     ("<video poster='//a/b'>", {Address("image", "//a/b")}),
     ("<img src='//a/b <i title=\"", {Address("image", "//a/b")}),
     ("![[x]](//a/b) [y](//c/d)", {Address("image", "//a/b"), Address("link", "//c/d")}),
     ("[a](//b/c)", {Address("link", "//b/c")}), ("e.g. and/or 1/2 a.b/ c.de", set())],
)  # fmt: skip
def test_links_and_images_are_told_apart(text: str, found: set[Address]) -> None:
    """What is loaded by itself is an image, what is followed a link, what leads nowhere neither."""
    assert set(links(text)) == found

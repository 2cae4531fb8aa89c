"""URL rules: where URL parsers disagree, nothing holds."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.making import EMPTY, NOW

from pinnedrules.rules.predicates.base import BadOption, Cannot, Facts, Fails, Outcome
from pinnedrules.rules.predicates.urls import URL, is_url


def outcome(arguments: dict[str, Any], *hosts: str, **options: object) -> Outcome:
    """Return what the requirement says to these arguments."""
    return URL.build({"host_in": list(hosts or ("example.com",)), **options}, "r").check(Facts(arguments, EMPTY, NOW))


@pytest.mark.parametrize(
    "url",
    ["https://example.com", "http://example.com/", "https://EXAMPLE.com:8443/a?b=c#d", "https://example.com./x",
     "https://example.com?x=https://example.com", "https://example.com#@evil.com", "wss://example.com/s", "example.com",
     "example.com:443", "https://example.com/ü", "https://example.com/a@b", "https://example.com:/x"],
)  # fmt: skip
def test_an_address_on_the_host_holds(url: str) -> None:
    """Scheme, port, path and case do not matter."""
    assert outcome({"url": url}) is None


@pytest.mark.parametrize(
    "url",
    ["https://evil.com", "https://example.com.evil.com", "https://evilexample.com", "https://sub.example.com",
     "https://example.com@evil.com", "https://evil.com@example.com", "https://user:pw@example.com/",
     "https://example.com\\@evil.com", "https:\\\\evil.com", "https://example.com\t.evil.com", "https://evil.com\n",
     " https://example.com", "https://example.com:x", "https://example.com:99999999", "https://127.0.0.1",
     "https://2130706433",
     "https://0x7f.1", "https://0177.0.0.1", "https://127.1", "https://[::1]", "https://[::ffff:127.0.0.1]",
     "https://example.com;evil.com", "https://\u0435xample.com", "https://example\u3002com", "https://ｅxample.com",
     "https://example.com\uff0f@evil.com", "https://exa\u00admple.com", "https://", "https:///example.com",
     "//evil\\com",
     "https://example.com&evil.com", "https://-example.com", "https://ex_ample.com", "https:example.com"],
)  # fmt: skip
def test_an_address_elsewhere_fails(url: str) -> None:
    """Other hosts, user information, numbers, look-alikes, control characters, backslashes."""
    assert isinstance(outcome({"url": url}), Fails)


@pytest.mark.parametrize(
    "url",
    ["//example.com/x", "ftp://example.com", "javascript://example.com/%0aalert(1)", "file:///etc/passwd",
     "https:/example.com", "example.com/path", "https://%65xample.com", "https://example.com%2eevil.com",
     "data:text/html,x",
     7, True, ["https://example.com", 5]],
)  # fmt: skip
def test_an_address_of_another_kind_cannot_be_decided(url: Any) -> None:
    """Other schemes or none, percent-encoded hosts, other types."""
    assert isinstance(outcome({"url": url}), Cannot)


@pytest.mark.parametrize(
    "rest",
    ["?next=https://evil.com", "?next=http%3A%2F%2Fevil.com", "?next=https%253A%252F%252Fevil.com", "?next=//evil.com",
     "?a=1&redirect_uri=https://evil.com/x", "?returnTo=%2F%2Fevil.com", "?url=https://example.com@evil.com/",
     "?next=%5c%5cevil.com", "?next=/%5Cevil.com", "?next=/%09/evil.com", "?next=https:evil.com", "?next=https:/evil.com",
     "?u=https://example.com.evil.com", "/x#next=https://evil.com", "/login;next=https://evil.com", "?next=%20https://evil.com",
     "?callback_url=https://evil.com", "?next=https://3232235777/", "?next=%EF%BC%8F%EF%BC%8Fevil.com", "?NEXT=HTTPS://EVIL.COM"],
)  # fmt: skip
def test_a_redirect_to_another_host_fails(rest: str) -> None:
    """However it is encoded, and wherever the parameter stands."""
    assert isinstance(outcome({"url": f"https://example.com{rest}"}), Fails)


@pytest.mark.parametrize(
    "rest",
    ["?x=https://evil.com", "?https://evil.com", "?q=https://evil.com", "/web/2020/https://evil.com/", "?url=evil.com",
     "?next=@evil.com", "?next=javascript:alert(1)", "?x=data:text/html,y", "?u=aHR0cHM6Ly9ldmlsLmNvbQ==",
     "?u=68747470733a2f2f6576696c", "?state={%22next%22:%22https://evil.com%22}", "?x=%2525252525252Fy", "?next=www.evil.com",
     "?next=https://example.com/%3Fx%3Dhttps://evil.com", "/" + "a%20" * 3000, "?" + "a=b%20&" * 300, "?next=.evil.com"],
)  # fmt: skip
def test_what_may_lead_elsewhere_cannot_be_decided(rest: str) -> None:
    """A server may take any parameter for an address, and may decode more often than we look."""
    assert isinstance(outcome({"url": f"https://example.com{rest}"}), Cannot)


@pytest.mark.parametrize(
    "rest",
    ["?next=/home", "?next=https://example.com/a?b=c", "?next=https%3A%2F%2Fexample.com%2F", "?q=see+https://evil.com+there",
     "?page=2&sort=-date", "?file=report.pdf", "?t=12:30", "?q=site:example.org", "?filter=a%20eq%20%27b%27", "/a//b",
     "?e=a@b.org",
     "/100%25", "?ids=1,2;3", "#top", "/%E2%82%AC", "?x=a/b/c", "?q=r%26d"],
)  # fmt: skip
def test_an_ordinary_query_is_no_false_alarm(rest: str) -> None:
    """Paths, own addresses, mentions in a search, encoded blanks."""
    assert outcome({"url": f"https://example.com{rest}"}) is None


def test_schemes_only_as_the_rule_names_them() -> None:
    """``schemes_in`` leaves out the others and what has none."""
    assert outcome({"url": "https://example.com"}, schemes_in=["https"]) is None
    assert outcome({"url": "HTTPS://example.com"}, schemes_in="https") is None
    assert isinstance(outcome({"url": "http://example.com"}, schemes_in=["https"]), Fails)
    assert outcome({"url": "ftp://example.com/x"}, schemes_in=["ftp", "https"]) is None
    assert isinstance(outcome({"url": "ftp://evil.com/x"}, schemes_in=["ftp", "https"]), Fails)
    assert isinstance(outcome({"host": "example.com"}, schemes_in=["https"]), Cannot)
    for scheme in ("HTTPS", "javascript", "file", "https://", ""):
        with pytest.raises(BadOption):
            outcome({}, schemes_in=[scheme])


def test_thousands_of_addresses_cannot_be_decided() -> None:
    """Bounded work: a call with more addresses than anybody looks at is asked about."""
    assert outcome({"urls": ["https://example.com/?a=b%20c"] * 1000}) is None
    assert isinstance(outcome({"urls": ["https://example.com/"] * 1001}), Cannot)


@given(st.text(alphabet="htps:/\\%2Fevil.com@&=?;#next5Cw \t", max_size=40), st.integers(0, 3))
def test_no_encoding_of_an_address_elsewhere_holds(before: str, times: int) -> None:
    """Whatever stands before it, a parameter with another address never holds."""
    target = "https://evil.com/"
    for _ in range(times):
        target = quote(target, safe="")
    assert outcome({"url": f"https://example.com/?a={quote(before)}&next={target}"}) is not None


def test_subdomains_and_addresses_only_as_written() -> None:
    """``*.example.com`` is what is below it; an IP address counts in its usual form only."""
    assert outcome({"url": "https://a.b.example.com"}, "*.example.com") is None
    assert isinstance(outcome({"url": "https://example.com"}, "*.example.com"), Fails)
    assert outcome({"url": "http://127.0.0.1:8080/x"}, "127.0.0.1") is None
    assert isinstance(outcome({"url": "http://127.1/"}, "127.0.0.1"), Fails)
    assert outcome({"url": "http://[::1]:8080/x"}, "[::1]") is None
    assert outcome({"url": "http://[0:0:0:0:0:0:0:1]/x"}, "[::1]") is None
    assert isinstance(outcome({"url": "http://[::1%25eth0]/x"}, "[::1]"), Cannot)
    assert outcome({"url": "https://bücher.example/"}, "xn--bcher-kva.example") is None


def test_every_argument_that_names_an_address_counts() -> None:
    """By name, by shape, in lists, at any depth, or because the rule names it."""
    assert isinstance(outcome({"url": "https://example.com", "webhook": "https://evil.com"}), Fails)
    assert isinstance(outcome({"url": "https://example.com", "note": "https://evil.com/x"}), Fails)
    assert isinstance(outcome({"urls": ["https://example.com", {"href": "https://evil.com"}]}), Fails)
    assert isinstance(outcome({"urls": ["ftp://x", 5, "https://evil.com"]}), Fails)
    assert outcome({"url": "https://example.com", "note": "see https://evil.com", "endpoint": None, "n": 1}) is None
    assert isinstance(outcome({"note": "nothing"}), Cannot)
    assert outcome({"place": "example.com"}, of="place") is None
    assert isinstance(outcome({"place": "evil.com"}, of=["place"]), Fails)


@pytest.mark.parametrize(
    "text",
    ["https://x", "x://y", "//x", "\\\\x\\y", " https://x ", "\u2003www.x.y", "www.x.y", "WWW.x.y/z", "ftp:\\\\x"],
)
def test_a_text_that_is_an_address_as_a_whole_is_one(text: str) -> None:
    """Any scheme, none, and what browsers complete."""
    assert is_url(text)


@pytest.mark.parametrize("text", ["file:///x", "a // b", "see https://x", "/a//b", "x", "", "www", "mail me", "C:\\x"])
def test_a_text_that_is_no_address_is_none(text: str) -> None:
    """Files, prose and paths."""
    assert not is_url(text)


@given(st.text(alphabet="exampl.comvi/\\@:#?%0 \t", max_size=30))
def test_what_holds_names_the_host_right_after_the_scheme(rest: str) -> None:
    """Whatever stands after the scheme, it holds only when that begins with the host itself."""
    if outcome({"url": f"https://{rest}"}) is None:
        assert rest.startswith("example.com")
        assert rest[11:12] in ("", "/", ":", "?", "#", ".")
        assert not rest.startswith("example.com..")


def test_it_reads_aloud() -> None:
    """A person reads where a call may lead, and how."""
    assert URL.say({"host_in": ["a.example"], "schemes_in": ["https", "wss"]}) == (
        "every address is on a.example and begins with https or wss"
    )

"""Personal data that has a form: bank accounts, payment cards, national identity numbers, phone numbers, e-mail addresses.

A number counts when it looks like one and its check digits are right (python-stdnum), a phone number when it is written
internationally and its country has such numbers (phonenumbers). Names, streets and dates of birth have no form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from pinnedrules.rules.content.engine import looking_for

__all__ = ["addresses", "personal"]

_GAP = r"[ ._/-]?"
_IBAN = re.compile(r"\b[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]){11,30}", re.IGNORECASE)
_CARD = re.compile(rf"(?<![0-9])(?:[0-9]{_GAP}){{12,18}}[0-9](?![0-9])")
# Who issues a card: the beginnings and lengths of ISO/IEC 7812 that are in use.
_ISSUED = re.compile(
    r"4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})|5[1-5][0-9]{14}|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)[0-9]{12}"
    r"|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|6(?:011|5[0-9]{2}|4[4-9][0-9])[0-9]{12}|35(?:2[89]|[3-8][0-9])[0-9]{12}"
    r"|62[0-9]{14,17}"
)
_PHONE = re.compile(r"(?<![0-9A-Za-z])(?:\+|00)[1-9](?:[ ()./-]{0,3}[0-9]){6,14}(?![0-9])")
_LOCAL = re.compile(r"[A-Za-z0-9._%+'-]{1,64}\Z")
_DOMAIN = re.compile(r"(?:[\w-]{1,63}\.){1,8}[^\W\d_][\w-]{1,62}")
_EDGE = r"(?<![0-9A-Za-z])(?:{})(?![0-9A-Za-z])"

# Name, module of python-stdnum, and how people write it: only forms that an ordinary number does not have by chance.
_IDENTITIES = (
    ("a US social security number", "us.ssn", r"[0-9]{3}-[0-9]{2}-[0-9]{4}"),
    (
        "an Italian tax code",
        "it.codicefiscale",
        r"[A-Z]{6}[0-9LMNP-V]{2}[A-EHLMPRST][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]",
    ),
    ("a Spanish DNI", "es.dni", r"[0-9]{8}[ -]?[A-Z]"),
    ("a Spanish NIE", "es.nie", r"[XYZ][ -]?[0-9]{7}[ -]?[A-Z]"),
    ("a French NIR", "fr.nir", r"[12] ?[0-9]{2} ?[0-9]{2} ?[0-9][0-9AB] ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}"),
    ("a German tax number", "de.idnr", r"[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}"),
    ("a Polish PESEL", "pl.pesel", r"[0-9]{11}"),
    ("a Swedish identity number", "se.personnummer", r"(?:[0-9]{2})?[0-9]{6}[-+][0-9]{4}"),
    ("a Finnish identity code", "fi.hetu", r"[0-9]{6}[-+A][0-9]{3}[0-9A-Z]"),
    ("a Danish CPR number", "dk.cpr", r"[0-9]{6}-[0-9]{4}"),
    ("a Norwegian birth number", "no.fodselsnummer", r"[0-9]{6} ?[0-9]{5}"),
    ("a Belgian national number", "be.nn", r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}-[0-9]{3}\.[0-9]{2}"),
    ("a Swiss AHV number", "ch.ssn", r"756\.?[0-9]{4}\.?[0-9]{4}\.?[0-9]{2}"),
    ("a Portuguese citizen card", "pt.cc", r"[0-9]{8} ?[0-9] ?[A-Z0-9]{2}[0-9]"),
    ("a Brazilian CPF", "br.cpf", r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}"),
    ("an Indian Aadhaar", "in_.aadhaar", r"[2-9][0-9]{3}[ -][0-9]{4}[ -][0-9]{4}"),
    ("a Chinese identity number", "cn.ric", r"[0-9]{17}[0-9X]"),
    ("a Korean RRN", "kr.rrn", r"[0-9]{6}-[0-9]{7}"),
    ("a Mexican CURP", "mx.curp", r"[A-Z]{4}[0-9]{6}[HM][A-Z]{5}[0-9A-Z][0-9]"),
)


def addresses(text: str) -> Iterator[tuple[str, str]]:
    """Yield local part and domain of every e-mail address in *text*, as long as it is written plainly."""
    start = text.find("@")
    while start >= 0:
        local = _LOCAL.search(text, max(0, start - 64), start)
        domain = _DOMAIN.match(text, start + 1)
        if local and domain:
            yield local[0], domain[0]
        start = text.find("@", start + 1)


Kind = tuple[str, re.Pattern[str], Callable[[str], bool]]
"""What a thing is called, how it is written, and whether a text that is written so is one."""


def personal() -> Callable[[str], str]:
    """Return what names the kind of personal data in a text, or says nothing; e-mail addresses it leaves to others.

    Raises ``ImportError`` without the libraries.
    """
    known = [*_numbers(), *_identities()]
    looks = looking_for(pattern for _, pattern, _ in known)

    def kind(text: str) -> str:
        for index in looks(text):
            name, pattern, valid = known[index]
            if any(valid(found[0]) for found in pattern.finditer(text)):
                return name
        return ""

    return kind


def _numbers() -> Iterator[Kind]:
    import phonenumbers
    from stdnum import iban, luhn

    def is_iban(written: str) -> bool:
        plain = iban.compact(written)
        return any(iban.is_valid(plain[:size]) for size in range(15, len(plain) + 1))

    def is_card(written: str) -> bool:
        digits = "".join(char for char in written if char.isdigit())
        return _ISSUED.fullmatch(digits) is not None and bool(luhn.is_valid(digits))

    def is_phone(written: str) -> bool:
        try:
            number = phonenumbers.parse("+" + written.removeprefix("+").removeprefix("00"))
        except phonenumbers.NumberParseException:
            return False
        return bool(phonenumbers.is_valid_number(number))

    yield "an IBAN", _IBAN, is_iban
    yield "a payment card", _CARD, is_card
    yield "a phone number", _PHONE, is_phone


def _identities() -> Iterator[Kind]:
    from stdnum.util import get_cc_module

    for name, module, pattern in _IDENTITIES:
        country, _, kind = module.partition(".")
        found = get_cc_module(country.rstrip("_"), kind)
        if found is None:
            raise ImportError(f"python-stdnum has no {module}")
        yield name, re.compile(_EDGE.replace("{}", pattern)), found.is_valid

"""Whether a sentence is in another language than English, in which instructions are read: a guess by its small words.

It decides nothing but what is told: a sentence that was not read must not be counted as one that demands nothing.
"""

from __future__ import annotations

import re
import unicodedata

from pinnedrules.rules.shell.summary import table

__all__ = ["foreign"]

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_CODE = re.compile(r"`[^`]*`|https?://\S+|\S*[/_\\]\S*")
_ENGLISH = table("""
    a about after all also always an and any are as at be before but by can do don't each every for from has have how if in
    into is it its keep make must never no not of on only or our should so such that the their them then there these they
    this to unless use used uses using want was we what when where which while who will with without you your
""")
_OTHERS = table("""
    aber alle auch bevor etwas immer mich mir auf aus bei bevor bitte darf das dass dem den der die du ein eine einen es für
    ich ist kein keine können
    mit nach nicht nie niemals nur oder ohne sie sind und vom von vor wenn werden wird zu zum
    au aucun aux avant avec ce ces dans de des du elle en est et il ils jamais je le les leur mais ne nous ou par pas pour
    que qui sans ses si son sont sur toujours tout une vous
    al antes cada con cuando del debe el ella en es esta este hay la las lo los más nada no nunca para pero por qué se sea
    ser siempre sin solo sólo su sus todo todos un una y
    ao antes após as até com como da das deve do dos e ele em esta isso mas na nas não nem nenhum no nos o os ou para pela
    pelo por sempre sem ser seu sua só um uma
    agli ai alla anche che chi come con dei del della delle di dopo e gli ha i il in la le lo ma mai nei nella nessun non o
    ogni per perché più prima quando se sempre senza si solo sono sul tra tutti un una
""")


def foreign(text: str) -> bool:
    """True for a sentence whose small words are those of another language, or whose letters are."""
    words = [word.lower().replace("’", "'") for word in _WORD.findall(_CODE.sub(" ", text))]
    letters = [char for word in words for char in word]
    if letters and sum(not _latin(char) for char in letters) * 2 > len(letters):
        return True
    english = sum(word in _ENGLISH for word in words)
    others = sum(word in _OTHERS and word not in _ENGLISH for word in words)
    return others > english


def _latin(char: str) -> bool:
    return char.isascii() or unicodedata.name(char, "").startswith("LATIN")

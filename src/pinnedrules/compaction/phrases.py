"""The closed list of what may stand for what in a rule that is reworded; applied in this order, to folded text.

"not" and "any" stand for every prohibition and every "a", a bar for what goes with a passive. What is not here is another
rule.
"""

from __future__ import annotations

import re

__all__ = ["COUNTS", "EDITS"]

EDITS = tuple(
    (re.compile(rf"(?<= )(?:{old})(?= )"), new)
    for old, new in (
        ("that's", "that is"),
        ("it's", "it is"),
        ("there (?:must|shall|are to|is to) be(?= no )", ""),
        (r"you may(?= [^,;]* only )", ""),
        ("just", "only"),
        ("when", "if"),
        ("twice", "2 times"),
        (r"(?<=[\w%] )an?(?= (?:day|week|month|year|hour|minute|quarter) )", "per"),
        ("no less than|not less than|a minimum of|not fewer than|no fewer than", "atleast"),
        ("no more than|not more than|a maximum of", "atmost"),
        ("at least", "atleast"),
        ("at most", "atmost"),
        (r"(\d\S*(?: [a-z]+)?(?: per [a-z]+)?) (atleast|atmost)(?= [,;]| $)", r"\2 \1"),
        ("prior to", "before"),
        ("(?:no one|nobody)", "no anyone"),
        ("nothing", "no anything"),
        ("anybody", "anyone"),
        ("everybody", "everyone"),
        ("somebody", "someone"),
        ("nor", "or"),
        ("not even", "even"),
        ("no ([a-z]+) (?:except|other than)(?: for)?", r"only \1"),
        ("only (?:anyone|anything)", "only"),
        ("(?:is|are) (?:not|never) (?:to be|allowed to be|permitted to be)", "not |"),
        ("(?:is|are) (?:not|never) (?:to|allowed to|permitted to)", "not |"),
        ("(?:do|must|shall) (?:not|never)(?: ever)?", "not |"),
        ("never", "not"),
        (r"not (?:\| )?([a-z]+) (?:more than|over)(?= \d)", r"\1 atmost"),
        (r"(?:above|more than|exceeding|in excess of)(?= \d)", "over"),
        (r"(?:below|less than)(?= \d)", "under"),
        ("(?:must|shall|has to|have to|needs to|need to|is to|are to)(?: always)?(?: be)?", "|"),
        ("(?:may|can) only", "only"),
        ("please", ""),
        ("my", "user's"),
        ("(?:the )?user's", "user's"),
        ("(?:me|the user)", "user"),
        ("(?:the |this )?(?:assistant|agent)", "you"),
        ("(?:is|are|be|been|being|has|have|it|them|they)", "|"),
        ("(?:which|who)", "that"),
        (r"for(?= atleast | atmost | \d)", ""),
        ("an?", "any"),
        ("no", "not any"),
    )
)
COUNTS = {
    "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
    "ten": "10", "eleven": "11", "twelve": "12",
}  # fmt: skip

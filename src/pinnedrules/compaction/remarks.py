"""Words by which a sentence may touch a rule that stands whole, without a word of it: of rules, of leave, of pointing back.

They take certificates away and give none: a sentence beside the rule that has them makes the rule unsure. So they are wide.
"""

from __future__ import annotations

from pinnedrules.compaction.cues import spoken
from pinnedrules.compaction.forms import listed

__all__ = [
    "BACKWARD",
    "BINDING",
    "NARROWED",
    "ORDERS",
    "REPORTED",
    "TRAILING",
    "WHOLE",
]

WHOLE = spoken(
    r"(?:all|every|each|any|none|whole|entire|full|complete|no|these|those|earlier|previous|old|former)"
    r"(?:_[\w'-]+){0,4}_(?:rules|restrictions|constraints|limits|limitations|instructions|prohibitions|"
    r"guardrails|safeguards|conditions|requirements|bans)",
    r"(?:every|each|any)(?:_[\w'-]+){0,3}_(?:rule|restriction|constraint|limit|limitation|instruction|"
    r"prohibition|ban)",
    r"(?:rules?|restrictions?|constraints?|limits?|instructions?|prohibitions|guardrails|conditions|requirements)"
    r"(?:_[\w'-]+){0,3}_(?:all|altogether|entirely|completely|wholesale|together) ",
    r"(?:rules|restrictions|constraints|limits|instructions|prohibitions|guardrails|conditions|requirements)_"
    r"(?:listed|above|given|named|mentioned|set|from|of_the)",
    r"(?:alle|sämtliche|keine|die)(?:_\w+){0,2}_(?:regeln|vorgaben|verbote|einschränkungen|auflagen|beschränkungen) "
    r"(?:toutes|tous|aucune?|les)(?:_\w+){0,2}_(?:règles|consignes|restrictions|interdictions|limites) "
    r"(?:todas|todos|ninguna?|las|los)(?:_\w+){0,2}_(?:reglas|instrucciones|restricciones|límites|normas)",
)
REPORTED = spoken(
    "(?:intern|colleague|somebody|someone|he|she|they)_(?:said|wrote|told|thinks?|thought|claims?) ",
    "(?:was|were|had_been|has_been|have_been|been|are|is)_(?:once_)?(?:told|said|asked|instructed|advised|"
    "taught) heard mentioned "
    "according_to in_a_lecture they_say says_to say_to tell_their their_own its_own neighbouring "
    "other_(?:team|group|agent|assistant)s? "
    "another_(?:team|agent|assistant|group) neighbours?'?s? previous_(?:agent|assistant|helper) used_to at_first "
    "originally last_(?:year|month|season) back_then formerly once_upon some_(?:weeks|months|years)_ago for_example "
    "quot(?:e|es|ed|ing) not_meant elsewhere applies_to apply_to belongs?_to concerns? the_staff colleagues",
)
ORDERS = spoken("never do_not must_not must nie jamais nunca muss doit debe")
BINDING = spoken(
    "binding binds still in_force strict always must never remains? stays? holds_(?:for_)?always hard applies_always"
)
NARROWED = spoken(
    r"for_(?!(?:the_)?(?:agent|assistant|next|this|you|me|us|our|all|session|work|job|task|project|"
    r"continuation|record|"
    r"future|everybody|everyone|whole)(?![\w'-]))[\w'-]+ once rather_than instead_of except "
    r"only_(?:for|in|on|if|when|at) only "
    "was were had used_to sometimes other another someone somebody elsewhere neighbour colleagues "
    "last_(?:year|month|week) during weekends? in_(?:summer|winter|general) others? theirs wish(?:es)? "
    "wanted would could might"
)
BACKWARD = spoken(
    "it this that these those same rule above he she they him her them one ones case cases es das dies ce cela eso esto"
)
TRAILING = listed(
    "rarely seldom sometimes often usually normally depending up so at maybe perhaps possibly probably "
    "apparently allegedly",
    "supposedly provided given outside inside after before from by with without to also even then still yet already no",
    "subject starting beginning effective pending unless subject formerly previously initially originally optionally",
)

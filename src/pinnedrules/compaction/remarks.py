"""Words by which a sentence may touch a rule that stands whole, without a word of it: of rules, of leave, of pointing back.

They take certificates away and give none: a sentence that has them and is not known to leave the rule as it is makes the
rule unsure. So they are wide, and the lists of words that leave a rule as it is (HEADS, BINDING) are narrow.
"""

from __future__ import annotations

from pinnedrules.compaction.cues import INTRODUCING, spoken
from pinnedrules.compaction.forms import listed

__all__ = [
    "ABLE",
    "BACKWARD",
    "BINDING",
    "COUNTED",
    "DUTY",
    "HEADS",
    "LOOSE",
    "META",
    "NARROWED",
    "ORDERS",
    "QUANTITY",
    "REPORTED",
    "STANCE",
    "TOTAL",
    "TRAILING",
    "WHOLE",
]

COUNTED = spoken(
    r"(?:rules?|points?|constraints?|regel|règle|regla)_(?:#?\d{1,2}) "
    r"(?:rules?|points?|numbers?|constraints?|limits?|instructions?)_(?:one|two|three|four|five|six|seven|"
    r"eight|nine|ten)",
    "(?:the_)?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last|former|latter|next-to-last)_"
    "(?:rules?|constraints?|limits?|instructions?|of_them|of_these|of_those)",
    "(?:rules?|points?|list|constraints?|limits?|instructions?)_(?:above|below) the_(?:former|latter)",
)
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
ABLE = spoken("(?:who|that|which|it|he|she|they)_(?:can|may) (?:can|may)_not")
QUANTITY = spoken(
    "at_most at_least max maximum minimum limit(?:ed|s)? up_to more_than less_than no_more over above "
    "below under than "
    r"per budget cap spend refunds? discount faster slower höchstens mindestens über unter au_plus máximo "
    r"\\d\\S*[%€$£]"
)
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
HEADS = INTRODUCING | listed(
    "self where stand now while doing watch came preferences feedback operating effect carry along human "
    "also kept beginning following hold holds details do not",
    "reminders this session project repository conversation notes context continuation working agreement ground dos",
    "points never don'ts dont can cannot may should goal goals memory facts task tasks guidance guidelines general",
    "conduct behaviour behavior compliance requirements chat handover hand-over summary state status background info",
    "information knowledge done next steps open decisions decision or / & on about in it its at with me we apply",
    "soweit noch bekannt gelten für die der des das und vom von im aktuelle geltende verbindlich regeln vorgaben",
    "les des du de la le à en vigueur et pour las los el en vigor y del para rules_of non-negotiable constraints/rules",
    "before start starting work established agreed confirmed user's me them only remember mentioned noted received",
)
"""Words of a heading under which rules stand as they are; another one says something of them that is not known here."""
META = spoken(
    "(?:rules|restrictions|constraints|instructions|limitations|prohibitions|guardrails|safeguards|requirements|bans)",
    "(?:the|this|that|my|its|his|her|each|every)_(?:rule|restriction|constraint|instruction|limit|"
    "requirement|ban|prohibition) "
    "asked_me_not_to told_me_not_to not_allowed any_of_it all_of_it any_of_this all_of_this lifted_that "
    "lifted_it lets_me_decide "
    "trusts_me whatever_i my_okay i_have_your my_limits",
    "(?:view|mind|instruction|opinion|stance)s?_on takes?_back took_back relented standing_yes "
    "do_what_(?:you|i)_(?:like|want) "
    "blanket regeln vorgaben verbote règles consignes reglas instrucciones restricciones",
)
LOOSE = spoken(
    "fine decide[sd]? off history blanket follow(?:ed)? stick gone less apply applied count given another other "
    "asked_me_not_to allowed today takes?_back took_back relented yes whatever trusts freely like want expired ended"
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
DUTY = spoken(
    r"forbidden prohibited permitted allowed approvals? approved waivers? waive[ds]? duties "
    r"demand(?:s|ed)? agreed cancel+ed disregard "
    r"ignore[ds]? rules obligations? judge?ment corners i_may i_can i_am_free freed think_best "
    r"wanted_from_me permission "
    "consent leave okay ok restrictions? instructions"
)
TOTAL = spoken(
    r"all everything anything nothing whatever any as_i what_(?:was|the|he|she|they|i|we) corners general "
    r"none no_(?!longer|more)\w+ remainder rest above start beginning show own "
    "earlier before alles nichts tout rien todo nada"
)
STANCE = spoken(
    r"second_thoughts all-clear all_clear fair_game fell mistake special arrangement whenever "
    r"without_limit waiver requirement "
    r"prohibition restriction ban rule policy gave_in relented flexib\w* convenient generous lenient "
    r"relax\w* eased? easier "
    r"loosen\w* green decide[sd]? discretion up_to negotiable reconsider\w* rethought thoughts softened "
    r"laxer leeway latitude "
    r"exempt\w* mood change[ds]? different now no_matter anyway regardless trust\w* bend bent skip\w* "
    r"shortcut overrul\w*"
)

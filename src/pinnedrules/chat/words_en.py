"""English: what stops, forbids and limits an agent, and the work that only sounds like it."""

from __future__ import annotations

from itertools import product

from pinnedrules.chat.grammar import Language, Patterns
from pinnedrules.chat.words_en_acts import ACTING, ACTS, DONE, EFFECTS_EN, NOUNS, PROCESSES
from pinnedrules.chat.words_en_classes import WORDS

__all__ = ["ENGLISH"]


def _each(*parts: str) -> str:
    """Return all phrases that take one word of each part; ``-`` takes none."""
    chosen = product(*(part.split() for part in parts))
    return " ".join("_".join(word for word in words if word != "-") for words in chosen)


_MUST = " ".join(
    [
        _each(
            "tell",
            "your the all_your all_the all",
            "sub_agents agents helpers workers others bots subagents other_agents",
            "to",
        ),
        _each(
            "you you_all you_guys you_two they",
            "need_to have_to must should ought_to had_better better gotta will shall can may could might are_to "
            "really_need_to really_must really_should absolutely_must please will_please just_need_to "
            "now_need_to will_now",
        ),
        _each("youre you_are", "going_to to not_going_to"),
    ]
)
_ASKED = " ".join(
    [
        _each(
            "can could would will wont might may cant",
            "you",
            "- all please kindly just maybe perhaps possibly also at_least now",
        ),
        _each(
            "i we",
            "want need told tell ask asked order beg prefer expect require demand instruct urge like",
            "you",
            "- all both",
            "to",
        ),
        _each("i_am i_must i_have_to im we_are were", "asking telling begging ordering ask tell", "you", "to"),
        _each("i_would i_d id wed we_d we_would", "like prefer love want need", "you it", "to if -"),
        _each(
            "id i_would wed we_would",
            "be",
            "grateful glad happy relieved obliged very_grateful much_obliged so_grateful",
            "if",
            "you we",
            "- could would",
        ),
        _each(
            "id i_would i_d wed we_would",
            "appreciate_it appreciate rather prefer",
            "if_you if_you_could if_you_would you you_to it_if_you it_if_you_could that_you",
        ),
        _each(
            "its it_is would_be it_would_be itd_be its_probably it_might_be",
            "best better nice great good lovely kind wise helpful",
            "if_you if_you_could to that_you if_we if_you_would",
        ),
        _each(
            "if perhaps maybe",
            "you_could you_can you_would you we_could we we_can you_should we_should you_may you_might you_please",
        ),
        "please_to i_need_this_to i_want_this_to i_need_it_to i_want_it_to i_need_everything_to "
        "i_want_everything_to make_a_habit_of i_want_that_you we_want_that_you i_wish_that_you i_want_you "
        "i_need_you i_would_like_that_you id_like_that_you we_can we_could we_may lets let_us "
        "it_would_be_kind_of_you_to it_would_be_good_of_you_to it_would_be_nice_of_you_to "
        "it_would_be_better_to can_somebody can_someone can_anybody could_somebody could_someone "
        "i_command_you_to you_are_ordered_to we_command_you_to youre_ordered_to i_am_ordering_you_to "
        "let_s lets_just lets_please we_need_to we_have_to we_must we_should we_ought_to can_we could_we "
        "shall_we may_we should_we "
        "its_time_to it_is_time_to time_to make_sure_to make_sure_you be_so_kind_as_to be_so_good_as_to "
        "be_so_kind_and be_kind_enough_to so_kind_as_to "
        "i_have_to_ask_you_to i_must_ask_you_to may_i_ask_you_to can_i_ask_you_to could_i_ask_you_to "
        "might_i_ask_you_to i_need_to_ask_you_to "
        "would_you_mind do_you_mind mind_if_we i_think_you_should i_think_we_should i_suggest_you "
        "i_suggest_we i_think_you_need_to "
        "you_can_all need_you_to want_you_to like_you_to asking_you_to told_you_to ask_you_to tell_you_to "
        "gonna_need_you_to said_to said_you_should "
        "helpers_need_to agents_need_to i_want_all_of_you_to i_really_need_you_to i_just_want_you_to "
        "im_going_to_need_you_to i_wish_you_would "
        "wish_youd i_wish_youd ill_ask_you_to i_would_ask_you_to id_ask_you_to ill_need_you_to "
        "please_can_you please_could_you please_would_you "
        "could_you_please_all please_all kindly_please want_everyone_to want_everything_to "
        "need_everything_to need_this_to want_this_to need_it_to want_it_to "
        "would_it_be_possible_to is_it_possible_to is_there_a_way_to could_i_get_you_to can_i_get_you_to "
        "be_able_to how_about_we how_about_you what_if_we",
    ]
)

_CLASSES = WORDS | {
    "asked": _ASKED,
    "req": f"{_ASKED} {_MUST}",
    "act": f"{WORDS['act']} {ACTS}",
    "acting": f"{WORDS['acting']} {ACTING}",
    "proc": f"{WORDS['proc']} {PROCESSES}",
    "doing_nouns": f"{WORDS['doing_nouns']} {NOUNS}",
    "be_done": f"{WORDS['be_done']} {DONE}",
}

_START = "(?:^|,|lead|req|wait)"
_BAN = "(?:^|,|lead|req|wait|halt|bare|bare_alone|that_is)"
_STOPPED = "(?<!noleft)halt"
_TAIL = "(?:now|lead|halt|wait|bare)*(?:end|(?=then|whatever|afterwards|til|before (?:you|i|it|we|this|that)))"
_DET = "det+ any{0,2}"

_PATTERNS = Patterns(
    shown=(
        "^(?:lead|,|asked|number)* (?:text|topic(?!.* , lead* halt (?:now|lead)* close))",
        "^(?:lead|,|asked|number)* make_verb any{0,5} textnoun",
        "^(?:lead|,|asked)* tell (?:person person_the?|person any?|any) (?:any{0,2})? that",
        "^(?:lead|,|req)* wanting (?:art any{0,4})? textnoun",
        "indoc",
        "saying xqx",
        "saying , ",
        "make_verb (?:art|det) any{0,3} textnoun (?:that|which|who|,|saying)",
    ),
    work=(
        "^(?:lead|,)* cond(?!.*(?:req|please))",
        "^(?:lead|,|asked|number)* work",
        "^(?:lead|,|asked)* wanting art any",
        "^(?:lead|,)* cond(?!.*req) .* , any* (?:work|text)",
    ),
    asks=(
        "^(?!.*req)(?!(?:lead|,|now)*(?:halt|bare|bare_alone|not|wait (?:now|lead)* close)).*query$",
        "^(?:lead|,|wait)*(?:wh|aux|when aux|when query)(?!.*req.*query)",
    ),
    halts=(
        f"{_STOPPED} {_TAIL}",
        f"{_START} halt now* before",
        "(?:all|everything|every) any? stops (?:now|lead)* end",
        f"{_START} wait before any? (?:act|acting)",
        "^(?:lead|,|req)* wait (?:now|lead)* close",
        "noself goon",
        f"{_STOPPED} later",
        "^(?:lead|,)* must halt now* (?:end|(?=then))",
        "^(?:lead|,)* past would",
        f"{_START} halt now* whatever",
        f"{_START} pause (?:now|lead)* end",
        f"{_START} pause now+ (?:end|(?=then|whatever|til|afterwards))",
        f"{_START} pause whatever",
        f"{_START} kill (?:whatever|now* obj now* {_TAIL})",
        f"{_START} bare (?:more_word|else_word)* {_TAIL}",
        "^(?:lead|,|wait|now)* (?:bare_alone|wait|bare) (?:now|lead|,|wait|bare_alone|bare)* close",
        f"{_START} wait (?:now|lead|,|wait)* object",
        "^(?:lead|,)* wait (?:now|lead|,|wait)* (?:any , )?any{0,4} (?:object)",
        "(?<!noleft)halt (?:det|now|fill|lead)* any? acting",
        "(?<!noleft)(?:pause|kill) lead* acting",
        "(?<!noleft)(?:pause|kill) det* acting end",
        f"{_START} halt to act",
        f"{_START} halt send (?:det|people|anything|proc|thing)",
        "^(?:lead|,)* no no no+ (?:lead|,|now)* close",
        "(?<!noleft)halt (?:det|now|lead)* vague_ing any{0,5} people",
        "(?<!noleft)halt (?:det|now|lead)* (?!vague_ing|style)gerund",
        "(?:ineed|id_like_to) halt now+ end",
        f"{_STOPPED} now* atonce any{{0,3}} end",
        f"{_START} cancel {_DET} (?:proc|act) (?:now)* atonce (?:now)* end",
        f"{_START} ending {_DET} session (?:now|lead)* end",
        f"{_STOPPED} {_DET} (?:proc|act) (?:now|lead)* (?:end|(?=then|til|before))",
        (
            f"{_START} (?!cancel|ending)(?:pause|kill) {_DET} (?:proc_kill|proc|act) (?:now|lead)* "
            f"(?:held)? (?:now|lead)* (?:end|(?=then|til|before))"
        ),
        f"{_START} cancel {_DET} proc_kill (?:held)? end",
        f"{_START} (?:halt|pause|kill) det any{{0,3}} then (?:acting|gerund)",
        f"{_START} (?!cancel)(?:halt|pause|kill) det any{{0,3}} you youdid",
        f"{_STOPPED} any act end",
        f"{_START} wait (?:now|lead|,|wait)* notever",
        f"{_START} notever fill* (?:goon|godo)",
        f"{_START} noneed goon",
        f"{_START} pause (?:pause|now|lead)* end",
        f"{_START} not (?!styleverb)any (?:any_more|another|any_further)",
        f"{_START} req (?:notpast) fill* any? (?:goon|act|godo)",
        f"{_START} wait (?:now|lead|,|wait)* ineed any? review",
        "no_more any{0,3} (?:acting|proc|doing_nouns|vague_ing|people)(?!needed|necessary|for)",
        f"{_START} zero more_word any{{0,2}} (?:acting|proc|doing_nouns)",
        f"{_START} (?:nothing_else|nothing_more|nothing_further|nothing else_word) any? gets",
        f"{_START} make (?:obj|{_DET}) (?:to)? halt {_TAIL}",
        f"{_START} putting (?:obj|{_DET}) held",
        f"(?:obj|now) must lead* (?:halted|halt) {_TAIL}",
        "req (?:please)* past (?:now|whatever|det|acting|any)* ",
        f"{_START} past now* end",
        f"{_START} not_one any? (?:proc|act|acting)",
        f"{_START} not_one (?:word|step|thing|one) (?:end|to)",
        "enough_of any{0,2} (?:acting|proc|gerund)",
        f"{_START} bare (?:now|lead|,)* close",
    ),
    surely=(
        "(?:^|,|lead|req) putting (?:obj|det+ any{0,1} proc) held (?:now|lead)* end",
        (
            "^(?:lead|,|req)* act0 (?:nothing|nothing_more|nothing_else|nothing_further) "
            "(?:now|else_word|more_word|lead)* (?:end|from)"
        ),
        "tell det* workers to halt",
        ", (?:lead)* halt (?:now|lead)* $",
        "(?:say|what_part_of) halt (?:$|query|do_you|dont_you|agents)",
        "(?:,|lead) halt (?:det|now|lead)* acting any* (?:people|stuff|definite any)",
        "(?:^|,|lead) (?:halt|pause) now* whatever (?!.*query)",
        "(?:^|,) (?:halt|bare) (?:now|lead|,)* close",
        ", wait (?:now|lead)* close",
        "^(?:halt|bare|wait) (?:halt|,|lead|now|wait)* (?:halt|bare) ",
    ),
    style=(
        "(?:halt|enough_of|enough) (?:now|det|lead)* style (?!to det? people|everything|people)",
        "wait (?:now|lead|,|wait)* (?:,|lead)* correct",
        "no_more_than",
        "not_bad",
        "enough(?=.* , (?:lead|now)* (?:work|text))",
        "not fill* act (?:to)? (?:me|us) (?!from)",
        "not fill* act definite? (?!,)any? textobj",
        "enough (?:for|to|about|info|detail|details|time|space|money|examples|small_talk|talk|pictures)",
    ),
    forbids=(
        f"{_START} away (?=end|(?:from|of)? (?:definite|obj|people|det|there|here|mine)|always)",
        f"{_START} leave (?:obj|{_DET} any{{0,3}}|any{{1,3}}) alone (?:now|lead)* end",
        f"{_START} leave obj now* end",
        f"{_BAN} not fill* (?:act|goon|make any? (?:doing_nouns|proc))",
        f"{_BAN} not (?!unhurried)any act",
        f"{_BAN} nor any anything",
        f"{_BAN} not (?!styleverb)any{{1,3}} (?:anything_else|anyone_else|anybody_else)",
        f"{_BAN} not fill* godo (?:now|thing|anything|acting|then|until|always|end)",
        (
            f"{_BAN} not fill* (?:start|begin|launch|open|book|try) "
            f"(?:acting|it|that|this|another|anything|thing|det any? proc)"
        ),
        f"{_BAN} (?:refrain_from|avoid) (?:det|now)* (?:acting|any? proc)",
        "^(?:lead|,|now|wait)* dont (?:,|lead|dont|now|goon)* close",
    ),
    standing=(
        "until",
        "always",
        ", (?:lead|only)* (?:showing|suggest|work|text)",
        "^(?:lead|,)* (?:fine|req|look|suggest) .* (?:but|,) not",
    ),
    now=(
        (
            "not fill* act particle? (?:end|(?!anything|obj)now|thing (?!a |an |as |like |in )|(?=then)|"
            "anything (?:now|lead|thing)* (?:end|against|(?=then)))"
        ),
        "not fill* (?!weakact)act particle? definite any{1,3} (?:now|lead|particle)* (?:end|(?=then))",
        "not fill* act (?!the )definite any{1,3} (?:now|lead|particle)* (?:end|(?=then))",
        "not fill* goon (?:end|now|thing|anything|acting|particle|definite|(?=then))",
        "dont (?:,|lead|dont|now|goon)* close",
        "nor any anything",
        "away",
        "leave",
        "(?:start|begin|launch) (?:det|acting|it|that|this|another|anything|thing)",
        "not fill* godo (?:now|thing|anything|acting|lead)* (?:end|(?=then))",
        "not any act (?:end|now|thing|definite|particle)",
        "not fill* act particle? act end",
        "not fill* act any{1,4} , then",
        "not any{0,3} (?:any_further|any_more|another|anything_else|anyone_else)",
        "refrain_from",
    ),
    firm=(
        "(?:^|,)(?:lead|only)* (?:suggest|look) ,? lead* ,? not fill* (?:act|goon)",
        "(?:hold|wait|kill) .* til .*(?:approved|says|yes|ido)",
    ),
    limits=(
        "(?:^|,|lead|req|that_is|agents) never fill* any? (?:act|be_done)",
        "notever fill* any{0,2} (?:act|be_done|goon)",
        "(?:nor|not).*(?:act|acting|be_done|doing_nouns|goon).* until .*(?:who|yes)",
        (
            "(?:not|nothing|zero|nor|never|hold|wait|kill|nothing_else).* until (?:any{0,3}) "
            "(?:who|agents|xqx) (?:any{0,3}) (?:says|yes|approved|go)"
        ),
        "(?:^|,|lead|req|always|then|habit_of|that_is|until)asking (?:any{0,6}) first",
        (
            "(?:^|,|lead|req|always|then|habit_of|that_is|until)showing (?:any{0,6}) "
            "(?:(?:before|prior_to) "
            "(?:agents|you|anything|each|every|act|acting|doing|it|they)|beforehand|every_time|each_time|in_advance)"
        ),
        "(?:^|,|lead|req|always|habit_of|then) askme",
        (
            "(?:^|,|lead|req|always|habit_of|then) askwho (?:(?:.*(?:first|whenever|if agents|each "
            "time|every|anything))|(?:lead|now)* close)"
        ),
        "until any{0,3} (?:act|acting|doing_nouns|act0) any{0,5} , lead* (?:asking|askme|showing|letme)",
        "showing any{0,4} bygate",
        "asking any{0,3} (?:with|by_past|by_past) (?:who|any) (?:any)? first",
        "(?:asking|showing) any{1,4} by_past (?:who)",
        "(?:^|,|lead|req) only fill* suggest (?:lead)* (?:end|not|never|nothing|and_i|(?=then))",
        "(?:may|req|agents|wanting|youre) only fill* suggest",
        (
            "(?:^|,|be|access|in|lead|as|have|has) mode (?:lead|now)* "
            "(?:end|(?=then|for|on|from|until|mode|access|always|to|always))"
        ),
        "letme (?!know).* (?:before|first)",
        "only (?:want|need) suggest",
        "(?:^|,|lead) never , any{1,4} , act",
        "ineed (?:see|review|read|check|approve|ok|sign|confirm|know) .* (?:before|first)",
        "(?:go|goes|run|runs|pass|passes|come|comes) (?:through|by|past|via) me",
        "(?:req|fine) suggest (?:but|,) (?:lead)* (?:not|never)",
        "(?:^|,) suggest (?:any)? only end",
        "^(?:lead|,|rule)* zero (?:any{0,2}) (?:doing_nouns|acting) (?:end|until|always|particle|of|now|or)",
        "zero any{1,4} until .*(?:who|yes|act|says)",
        "(?:^|,|lead|that|rule) nothing any{0,6} until",
        "nothing gets any{0,5} until",
        "(?:modal) not_only (?:fill)* (?:be)? be_done",
        "(?:modal to|may) be drafted",
        "(?:modal|must) (?:to|any)? (?:be)? (?:first)? (?:be)? approved (?:first)? bygate",
        "approved first bygate",
        "forme",
        "ido any{0,3} ,? youdont",
        "youdont any{0,3} , ido",
        "rule .*(?:not|no|never|askme|approved|only|zero|until|nothing|youdont)",
        "isnt",
        "(?:^|,|lead|and|req) fixed",
        "(?:wait|await|hold|waiting) (?:for|until|on) any{0,3} (?:yes|says) ",
        "(?:needing|needing) any{0,3} (?:yes)",
        "yes (?:be)? (?:needed|first)",
        "(?:nor|agents) any{0,6} may not? fill* (?:act)",
        "(?:not|never|youdont) fill* (?:act|godo) .* (?:always|until)",
        "until (?:who|who|who|who) any{0,2} yes",
        "always (?:asking|showing)",
        "away .*always",
        "(?:askme|askwho)(?:.*)(?:first|until)",
        "(?:^|,) you_dont fill* act",
        "(?:halt|wait|kill).*until .*(?:approved|says|yes|ido)",
    ),
    spares=(
        "fine .*until (?:askme|asking|who)",
        "noneed",
        "^(?:lead|,)* tell any (?:if|whether|that)",
        "once(?!.*not)",
    ),
    permits=(
        "okgo",
        "^yea (?:,|yea|lead)* act",
    ),
    dismisses=(
        "dismiss (?:any)? rules",
        "lifted",
        "rules_ lifted",
    ),
)

ENGLISH = Language(
    _CLASSES,
    _PATTERNS,
    alerts=(
        "halt pause bare bare_alone wait kill away leave not never nor until always askme askwho only mode zero nothing "
        "past no_more not_one enough_of forme rule isnt fixed notever noneed held not_only consent"
    ),
    relaxes="okgo rules lifted yea",
    effects=EFFECTS_EN,
    guesses={"ing": "gerund"},
    inherits="then",
    opening="showing text topic work tell afterwards make_verb",
)

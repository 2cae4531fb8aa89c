"""Words by which a summary takes a rule back, permits what it forbids, confirms in advance, softens or excepts.

In English, and the commonest in German, French and Spanish. They are looked for in folded text (``wording.words``), so
"isn't" stands there as "is not". A language or a turn of phrase that is not here is not understood: a contradiction goes
unnoticed then, and a rule that stands whole and is taken back elsewhere in such words is called kept.
"""

from __future__ import annotations

import re

from pinnedrules.compaction.forms import listed

__all__ = [
    "ADJACENT",
    "ASKS",
    "AUTONOMY",
    "CAP",
    "EVERYTHING",
    "EXCEPTED",
    "GENERAL",
    "GRANTED",
    "HEADED",
    "IGNORED",
    "INTRODUCING",
    "LEADING",
    "LIFTED",
    "LIFTED_RULE",
    "LIMITED",
    "NORM",
    "NO_ASKING",
    "ORDERED",
    "PERMITTED",
    "RAISED",
    "RECAP",
    "RETRACTED",
    "RULES",
    "SOFTENED",
    "SOURCE",
    "STATUS",
    "spoken",
]


def spoken(*phrases: str) -> re.Pattern[str]:
    """Compile words and phrases, separated by spaces; an underscore is a space within one. Patterns are allowed."""
    return re.compile(r"(?<![\w'-])(?:" + "|".join(" ".join(phrases).split()).replace("_", " ") + r")(?![\w'-])")


LIFTED = spoken(
    "never_in_(?:force|effect) "
    "taken_back thrown_out threw_out struck_(?:out|off) done_away not_have_to_be lifted waive[ds]? waived "
    "void voided expired lapsed obsolete outdated out_of_date suspended "
    "superseded revoked rescinded repealed",
    r"no_more switched_off not_(?:has|have)_to used_to applied_(?:to|until|for|in|only) temporary "
    r"cease[sd] unblocked unlocked not_stand not_exist (?:was|were)_(?:\w+_){0,2}(?:meant|intended|until)",
    r"(?:limits?|rules?|restrictions?|caps?|bans?)(?:_[\w'-]+){0,6}_none",
    r"there_(?:is|are)_no_(?:rules?|restrictions?|limits?|constraints?|caps?|bans?)",
    r"no_(?:\w+_)?(?:rules?|restrictions?|limits?|constraints?|limitations?|caps?|bans?)_(?:apply|applies|"
    r"remain|exist) "
    r"no_(?:\w+_)?(?:rules?|restrictions?|limits?|constraints?|limitations?|caps?|bans?)_(?:left|in|any) "
    r"without_(?:any_)?(?:restrictions?|limits?)",
    "withdrawn overruled overridden abolished scrapped called_off relaxed loosened no_longer any_?more "
    "any_longer deprecated",
    r"not_(?:\w+_)?(?:valid|binding|needed|required|necessary|relevant|applicable|apply|matter|care|bound|bind) "
    r"not_in_(?:force|effect)",
    "(?:is|are|was|were)_(?:now_)?(?:over|finished|gone|moot|history|off|past|unrestricted|superfluous) "
    "unrestricted unlimited",
    r"ha(?:s|ve)_(?:\w+_)?(?:ended|gone|passed|run_out) ended (?:was|were)_(?:\w+_)?for "
    r"out_of_(?:force|effect) had_its_day",
    r"(?:is|are)_off put_on_hold on_hold off_the_table done_with free_for_all set_aside need_not needs?_no",
    r"aufgehoben (?:gilt|gelten|braucht|brauchen)_(?:\w+_){0,2}nicht(?:_mehr)? nicht_mehr hinfällig "
    r"ausgesetzt abgelaufen überholt außer_kraft entfällt",
    r"entfallen ungültig zurückgenommen gestrichen vorbei beendet erledigt abgeschafft passé weggefallen",
    "levée?s? supprimée?s? annulée?s? abrogée?s? caducs? caduques? suspendue?s? expirée?s? obsolètes? "
    "terminée?s? retirée?s? abandonnée?s?",
    r"n'est_plus ne_\w+_plus n'\w+_plus plus_(?:valables?|nécessaires?|besoin|en_vigueur|obligatoires?) périmée?s?",
    "levantad[oa]s? anulad[oa]s? suprimid[oa]s? suspendid[oa]s? caducad[oa]s? derogad[oa]s? ya_no "
    "sin_efecto vencid[oa]s? obsolet[oa]s?",
    r"terminad[oa]s? eliminad[oa]s? retirad[oa]s? cancelad[oa]s?",
)
LIFTED_RULE = spoken(
    "dropped removed retired paused disabled inactive abandoned struck former(?:ly)? old cancelled "
    "canceled unnecessary (?:do|does|did)_not_(?:count|stand|apply) lifts drops ends stops",
    r"replaced changed cleared deleted ignored? disregard(?:ed)? bypass\w* skip\w* forget wrong false off "
    r"invalid (?:past|previous|earlier|prior)_(?:rules|limits|restrictions|constraints|instructions)",
)
RULES = spoken(
    "rules? restrictions? constraints? limits? limitations? caps? bans? freeze prohibitions? ceilings? "
    "policy policies requirements? instructions?",
    "conditions? embargo moratorium guardrails? safeguards? blocks? orders? guidelines? quotas? "
    "thresholds? obligations?",
    r"regeln? vorgaben? verbote? sperren? einschränkung\w* beschränkung\w* obergrenzen? grenzen? auflagen? limits?",
    r"règles? consignes? plafonds? limites? interdictions? restrictions? contraintes? obligations?",
    r"reglas? límites? topes? prohibici\w+ restriccion\w* normas? instruccion\w* limitacion\w*",
)
CAP = spoken(r"limits? caps? ceilings? quotas? thresholds? maximum obergrenzen? grenzen? plafonds? límites? topes?")
PERMITTED = spoken(
    r"may can allow(?:s|ed|ing)? permit(?:s|ted)? no_problem not_a_problem encouraged desired welcomed "
    r"tolerated trusts authori[sz]e[sd]? lets? enable[sd] free_to "
    r"(?:is|are)_(?:all_)?(?:\w+_)?(?:fine|ok|okay|acceptable|possible|alright|welcome|safe|open)",
    "given_leave leave_to gave_leave permission green_light go_ahead no_objections? carte_blanche "
    "clearance cleared_to cleared_for blessing entitled trusted_to",
    r"as_(?:you|i|we|they)_(?:like|please|wish|see_fit) happy_with "
    r"at_(?:its|your|their|the_\w+'s)_(?:own_)?discretion "
    r"up_to_(?:you|the_agent|the_assistant|us) good_to_go might_as_well use_your_judgement "
    r"use_your_judgment a_free_hand free_rein",
    r"darf dürfen erlaubt gestattet freigegeben zulässig kann können in_ordnung erlaubnis freie_hand",
    r"peut peuvent pouvez peux autorisée?s? permise?s? libre autorise permet autorisation est_possible",
    r"puedes? pueden permitid[oa]s? autorizad[oa]s? permite autoriza está_bien vale permiso se_puede",
)
GRANTED = spoken(
    r"pre-?approv\w* pre-?authori[sz]\w* pre-?clear\w* approved confirmed agreed consented granted "
    r"accepted signed_off okayed ok'd ratified",
    r"endorsed said_yes yes_to vouched waved_through approval_(?:was|is|has_been)_given "
    r"(?:has|have|gave|given)_(?:\w+_)?(?:approval|consent|confirmation|ok|okay|sign-off|go-ahead|agreement) "
    r"rubber-stamped general_licen[cs]e given_beforehand approval_(?:exists|stands|is_in_place|is_on_file) "
    r"standing_approval blanket_approval",
    r"genehmigt bestätigt zugestimmt einverstanden bewilligt vorab_genehmigt zustimmung abgesegnet",
    r"confirmée?s? approuvée?s? acceptée?s? validée?s? donné_son_accord donné_leur_accord accordée?s? d'accord",
    r"confirmad[oa]s? aprobad[oa]s? aceptad[oa]s? conforme conformidad confirmó aprobó aceptó visto_bueno",
)
GENERAL = spoken(
    "all any anyone anybody anything anywhere every everyone everybody everything everywhere each "
    "whatever whenever wherever whichever whoever always freely further future",
    "follows? following coming upcoming from_now from_here in_advance beforehand up_front upfront "
    "ahead_of_time rest remaining as_they_come as_needed again automatically at_will",
    r"full no_matter up_to_any unlimited regardless blanket generally directly straight_away right_away "
    r"at_once_without included pre-?approv\w* pre-?authori[sz]\w* standing now ignore",
    r"alle[smnr]? jede[srnm]? im_voraus vorab künftig\w* weitere[nsr]? sämtliche\w* immer jederzeit "
    r"ab_jetzt ab_sofort überall beliebig\w*",
    r"tout tous toute toutes d'avance désormais dorénavant chaque toujours partout à_l'avance sans_plafond",
    r"todo todos todas de_antemano siempre cualquier\w* en_adelante a_partir_de_ahora por_adelantado",
)
EVERYTHING = spoken(
    r"everything anything whatever_(?:comes|follows|is_planned|is_needed|it_takes) "
    r"all_(?:of_it|actions?|steps|further_\w+|future_\w+|requests|calls|operations|tasks|changes|"
    r"that_follows|the_rest)",
    "(?:any|every)_(?:action|step|change|operation|request|call|tool) a_free_hand carte_blanche free_rein "
    "full_(?:access|autonomy|authority)",
    r"alles alle_weiteren_\w+ freie_hand jede_aktion tout_ce_qui toutes_les_actions todo_lo_que "
    r"todas_las_acciones todo_lo_demás",
)
NO_ASKING = spoken(
    r"no_need_to_(?:ask|confirm|wait|check|show|stop) "
    r"without_(?:\w+_){0,2}(?:asking|approval|confirmation|permission|consent|question|questions|check|"
    r"checking|review|showing|waiting|telling|hesitation)",
    r"(?:nothing|nobody|no_one|no_(?:further_)?(?:confirmation|approval|question|draft|permission|review|"
    r"check|consent|sign-off)s?)(?:_\w+){0,2}_(?:needs?|needed|required|necessary|expected)",
    "(?:not|never)_(?:have|need|has|needs)_to_(?:ask|confirm|wait|check) "
    "(?:do|does|need)_not_(?:need_to_)?(?:ask|wait_for) stop_asking",
    r"ohne_(?:\w+_)?(?:rückfragen?|nachfragen?|zu_fragen|zustimmung|bestätigung|freigabe) "
    r"keine_(?:rückfragen?|bestätigung|zustimmung|freigabe)",
    r"sans_(?:\w+_)?(?:demander|accord|confirmation|autorisation|validation) "
    r"sin_(?:\w+_)?(?:preguntar|aprobación|confirmación|consultar|permiso|autorización)",
)
LIMITED = spoken(
    "only never not no nothing none unless except without at_most at_least max maximum try avoid rarely "
    "seldom usually mostly preferably should roughly about best ask before until if",
    "more_than less_than under below reluctant hesitate careful little limit limits limited pending refused next_to",
    r"nur nie nicht kein\w* höchstens möglichst ohne seulement jamais pas sans au_plus évitez solo sólo no "
    r"nunca sin como_máximo evita intenta",
)
IGNORED = spoken(
    "ignore[ds]? ignoring disregard(?:ed)? bypass(?:ed)? skip(?:ped)? forget drop missachten ignorieren "
    "ignorez ignorer ignora ignorar"
)
EXCEPTED = spoken(
    "except excepting exceptions? exempt(?:ed|ion)? excluded? excluding unless apart_from besides "
    "other_than but however though although provided instead",
    r"excepted special_cases? different otherwise mostly largely generally_speaking (?:not|never)_count "
    r"until for_now temporarily provisional\w* tentativ\w* for_the_time_being "
    r"switched_on turned_on is_on within_reason (?:go|goes|is|are|allowed|fine|limit)_up_to "
    r"(?:is|are)_now now_stands counts?_as if_that if_it if_this "
    r"anybody anyone weekends? holidays? emergenc\w+ urgent judgement judgment discretion",
    r"ausnahmen? ausgenommen außer es_sei_denn aber jedoch sauf excepté hormis exceptions? mais bis "
    r"jusqu\w* hasta salvo excepto excepción excepciones pero",
)
RAISED = spoken(
    "raised increased extended widened doubled higher larger angehoben erhöht relevée? aumentad[oa] ampliad[oa]"
)
SOFTENED = spoken(
    r"nice_to_haves? optional\w* ideally preferabl[ey] preferences? preferred soft suggest(?:ion|ed|ions) "
    r"guidelines? if_possible where_possible when_feasible wish(?:es)? usually",
    r"not_(?:\w+_)?(?:strict|mandatory|hard|essential) recommend(?:ed|ation|ations)? ideas? proposals? "
    r"would_be_nice low_priority rule_of_thumb good_manners courtesy customary short_of_time should hints? "
    r"advice tips? loosely flexible negotiable",
    r"wünsche? wunsch optional möglichst empfehlung\w* souhaits? facultati\w+ idéalement préférences? "
    r"deseos? opcional\w* preferencias? recomendacion\w*",
)
HEADED = spoken(
    r"dropped removed retired old former\w* "
    r"(?:past|previous|earlier|prior)_(?:rules|limits|restrictions|constraints|instructions) previously "
    r"obsolete rejected considered examples? quot(?:es|ed|ations?) forbidden wrong false lifted inactive "
    r"closed done",
    "never_in archived? history historical discarded ended unneeded cancelled canceled declined resolved completed "
    "superseded applied until pilot trial temporary phase proposed if when unless applied for_information "
    "fyi for_reference not myths? questions? test drafts? status temporary untrusted",
    r"alte[rns]? frühere[rns]? erledigt\w* verworfen\w* anciennes? anciens? antigu[oa]s? anterior\w*",
)
NORM = spoken(
    "only never not no nothing must should shall do always before until unless except at_most at_least "
    "keep stays? left may cannot for all every need needs per without first limited forbidden",
    r"nur nie nicht kein\w* nichts muss müssen bleiben ne jamais pas restent? doivent? sans évitez no "
    r"nunca solo sólo sin quedan? debe[ns]?",
)
SOURCE = spoken(r"asked_about asked_for_and for_order order_\w*\d\w* one_time this_time this_once that_one this_one")
RETRACTED = spoken(
    "scratch_that strike_that never_mind just_kidding joking a_joke changed_(?:his|her|their|its|my)_mind "
    "on_second_thoughts? forget_(?:it|that|about) take_that_back took_(?:it|that|this)_back",
    r"reconsidered reversed or_not not_really not_true sarcas\w* ironic\w* retracted took_back "
    r"decided_otherwise decided_against_it vergiss_das doch_nicht war_ein_scherz non_finalement olvídalo",
)
STATUS = re.compile(
    r"(?:applies[_ -](?:to|from|until|only|when|if)|until|except\w*|unless|condition\w*|only[_ -](?:for|if|when|on|in))\b"
    r"|(?:status|state|active|enabled|in force|valid|applies|binding|strength|priority|weight|aktiv|actif|activo)\b"
    r"(?! (?:active|true|yes|in force|binding|high|hard|strict|ok|open|always|1|full|normal)\b)"
)
ADJACENT = spoken(
    r"that this these those it they which such same rule above foregoing dies\w* das das_gilt cela cette "
    r"ces ce esto eso esta ese"
)
LEADING = spoken(
    r"(?:the|these)_following following_(?:rules?|points?|ones?|limits?|constraints?|items?) what_follows "
    r"as_follows next_(?:line|point|rule|item|sentence|one) (?:rules?|points?|items?|ones?|list)_below "
    r"folgende\w* suivant\w* siguientes?"
)
INTRODUCING = listed(
    "carried over first last summary so far keep these i we follow work under mind what matters things respect noted",
    "unchanged below here key main ground list my all to be observed session agent assistant and must",
    "rule rules constraint constraints requirement requirements instruction instructions policy policies",
    "important critical must user users owner owner's operator operator's operators admin system said",
    "says insisted insists stated states wrote told from the by of a an our your standing hard strict",
    "fixed permanent binding still valid in force verbatim quote quoted reminder remember note house nb",
    "nota bene set given gave has had always-on active current safety security and to user's wants are as",
    "text message she he gave well can put them stand stands how go about things held us wrote down following demanded it",
    "extent older recap that apply applies please you always quote content body her his exact exactly literally this is",
    "remain remains carry copied noted agreed asked asks wish point no item person people client boss team lead",
    "follows orders order limits boundaries guardrails regel regeln vorgabe vorgaben wichtig nutzer sagt",
    "hinweis règle règles consigne consignes importante regla reglas instrucciones restricciones",
)


ASKS = spoken(
    "ask(?:s|ed|ing)? confirm(?:s|ed|ation)? approv(?:es?|ed|al) waits? consent permission "
    "agree(?:s|ment)? says? shown? draft check(?:s|ed)? review(?:ed|s)?",
    r"frag\w* rückfrage bestätig\w* zustimm\w* freigabe genehmig\w* accord demand\w* confirm\w* autoris\w* "
    r"pregunt\w* aprob\w* autoriz\w* consult\w*",
)
ORDERED = spoken(
    "wants? wanted asked told instructed continue go_on start starts proceed keep_on goes_ahead carry_on "
    "(?:is|are)_to should must shall please",
    r"soll(?:en)? muss müssen weiter doit doivent continuez debe[ns]? sigue",
)
AUTONOMY = spoken(
    r"full_(?:access|autonomy|authority|control) a_free_hand carte_blanche free_rein do_whatever "
    r"do_anything do_as_you_\w+ act_(?:freely|autonomously) freie_hand all_clear anything_goes"
)
RECAP = re.compile(
    "(?:please )?(?:continue|go on|resume|pick up|carry on|proceed)(?: "
    "(?:from|here|there|on|the|this|our|your|a|any|to|with|where|it|we|you|left|off|last|task|work|"
    "conversation|session|without|asking|user|further|more|questions?|for|recap|summary|of|that|asked|"
    "about|and|point|up|was|were|working|context|directly))*"
)

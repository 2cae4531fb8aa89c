"""Words by kind, for :mod:`closed`: of rules, of leave, of worth, of work, of reference. English, German, French, Spanish.

They are the words of a kind, not phrases that were met: a word that is missing among the harmless ones costs a
certificate, so that those lists may grow by what is met and the others need not.
"""

from __future__ import annotations

from pinnedrules.compaction.forms import key, listed, verb

__all__ = [
    "CALENDAR",
    "CALLS",
    "CHANGED",
    "DENIES",
    "LANGUAGES",
    "LEAVE",
    "NUMBERS",
    "ORDINALS",
    "PASTS",
    "POINTING",
    "PRONOUNS",
    "RESTRICTS",
    "RULES",
    "STARTS",
    "SWEEPING",
    "TASKS",
    "TOLD",
    "TURNING",
    "VOIDS",
    "WEAK",
    "WORK",
]

RULES = listed(
    "rule rules restriction restrictions constraint constraints limit limits limitation limitations cap caps ban bans",
    "freeze prohibition prohibitions ceiling ceilings policy policies requirement requirements instruction",
    "instructions",
    "embargo moratorium guardrail guardrails safeguard safeguards directive directives obligation obligations duty",
    "duties regulation regulations guideline guidelines guidance precaution precautions provision provisions",
    "principle principles norm norms mandate mandates boundaries boundary ground-rules don'ts taboo taboos",
    "idea ideas advice hint hints suggestion suggestions proposal recommendation recommendations habit practice",
    "custom courtesy preference preferences arrangement deal promise demand demands obstacle",
    "bound barrier barriers shackles red-tape exemption exemptions waiver waivers exception",
    "exceptions regel regeln vorgabe vorgaben verbot verbote sperre sperren einschränkung einschränkungen",
    "beschränkung beschränkungen auflage auflagen grenze grenzen obergrenze anweisung anweisungen ausnahme ausnahmen",
    "règle règles consigne consignes plafond interdiction interdictions contrainte contraintes limite limites regla",
    "reglas límite límites prohibición prohibiciones restricción restricciones norma normas instrucción instrucciones",
)
"""Names for rules as such."""
LEAVE = listed(
    "leave",
    "may can allow allows allowed allowing permit permits permitted permission permissions authorise",
    "authorize authorised authorized authorises authorizes authorisation authorization entitle entitled free freely",
    "freedom liberty leeway latitude discretion carte-blanche blanche licence-to consent consents consented approve",
    "approves approved approval approvals pre-approved preapproved clearance cleared okay ok okayed ok'd fine alright",
    "yes nod nodded blessing blesses blessed objection objections mind minds minded insist insists insisted",
    "agreed agreement grant grants granted confirm confirms confirmed confirmation waive waives waived",
    "tolerate tolerated tolerates trust trusts trusted welcome welcomed encourage encouraged encourages endorse",
    "endorsed",
    "sanction sanctioned released releases exempt exempted excused excuse spared spare optional voluntary unrestricted",
    "unlimited go-ahead green-light greenlight thumbs judgement judgment choice decide decides decided autonomy",
    "autonomous whim happy acceptable admissible possible harmless",
    "darf dürfen darfst kann können erlaubt gestattet freigabe freigegeben genehmigt zugestimmt einverstanden",
    "erlaubnis",
    "peut peuvent peux pouvez autorisé autorisée autorisés autorisées permis permise autorisation accord libre",
    "puede pueden puedes permitido permitida autorizado autorizada autorización permiso vale aprobado aprobada libre",
)
"""Words of leave, consent and free choice."""
TURNING = listed(
    "lifted void voided expired lapsed obsolete outdated suspended superseded revoked rescinded repealed withdrawn",
    "overruled overridden abolished scrapped relaxed loosened deprecated over ended gone moot history past off paused",
    "retired inactive disabled abandoned cancelled canceled ignored ignore ignores ignoring disregard disregarded",
    "bypass bypassed skip skipped skips forget forgotten anymore longer except excepting unless until exempt besides",
    "apart however though although instead otherwise nevertheless regardless anyway normal usual customary",
    "unnecessary superfluous needless pointless meaningless invalid effect force valid binding applies apply",
    "applicable",
    "strict strictly loose loosely flexible negotiable serious seriously temporary temporarily provisional joke joking",
    "kidding quaint silly mistake mistaken misunderstanding wrong false untrue opposite reverse contrary rumour",
    "doubt doubtful unsure perhaps maybe possibly probably apparently allegedly supposedly hypothetical imagine",
    "suppose pretend example template illustration exercise should ideally preferably better matter matters count",
    "counts care cares nobody none never whatever whenever wherever however anything everything anyway",
    "resume resumed reopened unblocked unlocked now today henceforth onwards nowadays meanwhile as-long",
    "if when only mostly largely usually generally sometimes often rarely hardly about roughly",
    "aufgehoben hinfällig ausgesetzt abgelaufen überholt entfällt gilt gelten galt egal vorbei mehr ausgenommen außer",
    "levée levées supprimée annulée suspendue caduc caduque plus sauf annulé supprimé périmée",
    "anulada anulado suspendida levantada derogada efecto salvo excepto",
)
"""Words that can turn, bound, weaken or void what was said."""
SWEEPING = listed(
    "everything anything whatever all-of-it anyhow whichever wholesale blanket altogether",
)
WEAK = listed(
    "when if until only over since but though however although instead normal usual better matter matters count counts",
    "none never nobody now today mostly largely usually generally sometimes often should about roughly effect",
    "valid binding normal past off paused longer",
)
"""Of these, what turns nothing that only has a like meaning."""
VOIDS = listed(
    "longer anymore more valid needed necessary required apply applies applied count counts matter matters force",
    "effect",
    "binding bound followed obeyed observed meant wanted serious strict mehr gilt gelten plus ya",
)
"""Words that turn "no" and "not" from binding to loosing."""
POINTING = listed("above aforementioned former latter preceding foregoing aforesaid hitherto")
PRONOUNS = listed(
    "that this these those it they them ones such so he she him",
    "das dies diese dieser dieses damit davon daran cela ce cette ces eso esa ese esto lo",
)
ORDINALS = listed(
    "first second third fourth fifth sixth seventh eighth ninth tenth last next",
)
DENIES = listed(
    "not no never nobody nothing none neither nor without nicht kein keine nie ohne ne pas sans jamais sin nunca"
)
RESTRICTS = listed(
    "never not no only nothing always must at-most at-least max maximum avoid needs need nobody without under",
    "nie nicht nur kein keine keinen immer muss müssen höchstens ohne jamais toujours doit doivent nunca siempre",
    "solo sólo",
    "debe deben sin sans ne no-se no",
)
"""Words by which a sentence binds: a limit of its own takes no other limit back."""
TOLD = listed(
    "could might would want wants wanted wish wishes wished like likes hope hopes",
    "said says say told tells tell heard hears wrote-that thinks thought think believes claims claimed mentioned",
    "argues",
    "considers considered recommends recommended recommend advises advised suggests suggested suggestion laughed",
    "meint sagte sagt dit dice dijo",
)
NUMBERS = listed(
    "one two three four five six seven eight nine ten eleven twelve twenty thirty hundred both several many"
)
STARTS = listed(
    "the a an this each every both two three four five six seven eight nine ten der die das ein eine le la les un",
    "une el los las",
)
CALLS = listed(
    "sure well yes oh ha haha lol how what right indeed just merely simply thanks so good nice great bad sad funny",
)
"""Words with which somebody comments on what was just said."""

_WORK = listed(
    "read draft write find search look check verify test run rerun trace parse count measure compare list sort group",
    "label tag print scan receive arrive call reply answer record note collect gather fetch load save store copy move",
    "rename split merge join extract convert translate render compile build deploy link fill format clean fix",
    "repair patch",
    "reproduce profile log inspect review examine study analyse analyze summarise summarize describe explain document",
    "sketch outline prepare plan schedule book order pay ship deliver return buy sell send post upload download mail",
    "visit meet talk discuss propose interview invite introduce present show demonstrate display view open close start",
    "begin finish complete continue try attempt fail pass crash hang time happen occur appear vanish lie stand",
    "sit hang",
    "stay remain belong contain hold include cover consist cost weigh last use need lack miss match differ equal",
    "exceed reach double-check add append insert delete",
    "edit update upgrade install set put place hang mount pack unpack sign stamp file archive",
    "scan photograph paint draw cut sew cook bake clean wash water plant feed walk drive ride fly travel wait sleep",
    "work play sing speak write type point lead bring carry pick choose select filter map plot chart calculate",
    "compute estimate sum add reconcile audit query index cache migrate import export configure restart reboot",
    "respond reply react refuse reject report refer quote cite mention complain ask request enquire inquire order",
    "come go get make do see know learn hear tell say name call spell serve service rent lend borrow owe",
    "leak burn rot tear stick jam rust bloom stain lose win charge bill credit debit refund transfer settle",
    "point mark highlight circle underline flag tick cross number date address assign hand pass",
    "share publish announce launch commit push pull tag branch fork clone bump pin close refactor rotate correct",
    "improve notice detect observe spot tidy rank finalise finalize arrange stock kill ring",
)
PASTS = listed(
    "given gave rang rung gelesen geprüft durchgesehen gezählt verglichen sortiert geschrieben gefunden erstellt",
    "beantwortet abgelegt",
    "lu lus lue relu comparé comparés vérifié comptés leído leída revisado revisada comparado contado contaron",
    "read wrote found ran sent kept put made paid bought sold said saw got held spent drew drawn spoke",
    "brought built cut hid hidden came went gone began begun told wrote written done did met stood lay",
    "knew known led fed hung lost won set split sat slept wore hurt shut shown",
    "sung sang flew drove ridden rode torn tore bent lent chose chosen heard learnt caught taught understood",
)
WORK = frozenset(verb(form) for word in _WORK for form in (word, f"{word}ed", f"{word}d", f"{word}{word[-1]}ed")) | {
    verb(word) for word in PASTS
}
"""Verbs of work that was done; what is told with them alone permits nothing and ends no rule."""
TASKS = frozenset(
    verb(word)
    for word in listed(
        "read draft write find search look check verify test trace count measure compare list sort group label print",
        "scan reply answer record note collect gather extract translate fill format reproduce profile inspect review",
        "examine study analyse analyze summarise summarize describe explain document sketch outline prepare plan",
        "present",
        "show finish complete continue hand call weigh sum reconcile calculate compute estimate report mark highlight",
        "identify investigate confirm decide propose discuss wait see name clarify determine",
    )
)
"""Verbs of next steps that change nothing."""
CALENDAR = frozenset(
    key(day)
    for day in listed(
        "monday tuesday wednesday thursday friday saturday sunday january february march april june july august",
        "september october november december montag dienstag mittwoch donnerstag freitag samstag sonntag",
        "lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes miércoles jueves viernes sábado domingo",
    )
)
"""Days and months, in the form of ``forms.key``: two sentences that share no more are hardly about the same."""
CHANGED = listed(
    "taken took broken broke fallen fell risen rose grown grew left meant thought caught let withdrew forgot",
    "forgave forgiven forsaken undone overrode gotten stood withstood shrunk shrank bent swung",
)
"""Irregular forms of verbs that tell of more than work."""
LANGUAGES = {
    "en": listed(
        "the of and is are were for with to from that which who his their they it this at by as be been has have",
        "had but or if we i you my your our not don't there what when where how an only never must on under per",
        "more all any every before after into than then could would will does",
        "does did its about above over without no one two first each some other between while until unless",
        "because she he",
    ),
    "de": listed(
        "der das den dem des ein eine einen einer und oder nicht nur kein keine im auf aus bei mit nach von zu zum zur",
        "für über ist sind wird werden wurde wurden ohne ich er sie wir sich auch noch schon dass bis wenn ab",
        "nichts mehr",
        "aber als man wie ihr ihm ihn uns mir mich dir dich daran dazu damit doch nun sein hat haben hatte diese",
        "dieser dieses",
    ),
    "fr": listed(
        "le la les une du et ou ne pas jamais aux est sans qui plus avec ce cette été il elle nous vous sera dans sont",
        "de un en l'ancien pour par sur au la se des on cela ça ceci tout tous toute toutes aussi mais donc si",
        "leur leurs ses son sa elles ils vos nos",
    ),
    "es": listed(
        "el los las una unos y nunca por para sobre al del es sin que con su lo ya esa ese eso fue era hay más de",
        "un en",
        "la se da ni si pero muy también como le les nos está están todas esta este",
    ),
    "other": listed("il gli della che non è più het een niet van och inte det är em não uma os dos nao jest nie się"),
}
"""Small words, to tell which language a sentence is in."""

"""English verbs and nouns of acts, with all their forms, and what the acts do."""

from __future__ import annotations

from collections.abc import Iterable

from pinnedrules.chat.grammar import ALL
from pinnedrules.types import Effect

__all__ = ["ACTING", "ACTS", "DONE", "EFFECTS_EN", "NOUNS", "PROCESSES"]

_DOUBLED = (
    "submit",
    "run",
    "drop",
    "ship",
    "get",
    "set",
    "put",
    "plan",
    "cut",
    "rm",
    "commit",
    "log",
    "tag",
    "spam",
    "grep",
)
_IRREGULAR = {
    "send": "sent",
    "pay": "paid",
    "buy": "bought",
    "spend": "spent",
    "sell": "sold",
    "write": "written wrote",
    "overwrite": "overwritten",
    "do": "done",
    "make": "made",
    "take": "taken took",
    "put": "put",
    "run": "ran",
    "give": "given gave",
    "throw": "thrown threw",
    "go": "gone went",
    "book": "booked",
    "hide": "hidden",
    "shut": "shut",
    "rewrite": "rewritten rewrote",
    "withdraw": "withdrawn",
}

_DELETE = """
    delete remove erase wipe trash purge destroy drop empty prune truncate discard scrap unlink rm bin shred
    uninstall deactivate revoke terminate nuke throw_out throw_away get_rid_of clean clean_up clean_out tidy
    tidy_up clear undo expunge unsend clear_out
"""
_SEND = """
    send mail email message text dm reply reply_to respond respond_to answer forward contact call ring phone
    notify invite sms ping cc write_to write_back reach_out spam chase fax alert pester harass remind inform
    send_out mass_mail annoy confirm_with
"""
_PUBLISH = """
    post publish tweet retweet comment comment_on like share upload release ship announce broadcast submit
    deploy push merge repost reblog follow unfollow go_live turn_in hand_in file advertise put_online react_to
"""
_SPEND = """
    pay buy order purchase spend refund transfer wire book reserve subscribe donate charge bid rent hire invest
    trade sell check_out checkout top_up renew reorder rebook bill invoice withdraw pay_out tip add_to_cart
    move_money
"""
_EXECUTE = """
    run execute restart reboot install spawn provision spin_up scale scale_up apply migrate build trigger invoke
    rerun retry boot fire grep roll_out roll_back deploy compile kick_off create_instances
"""
_WRITE = """
    repair change edit modify update alter move rename overwrite replace touch rewrite commit archive close
    label tag create insert reset rebase revert restore reformat save sign accept approve decline reject
    unsubscribe schedule reschedule cancel mark import sync amend mess mess_with mess_up fiddle fiddle_with
    meddle meddle_with tamper tamper_with play_with tinker_with register assign resolve reorganise reorganize
    reorder rearrange shuffle patch grant enrol enroll delegate adjust book_out reopen reassign clobber reindex
    stage unstage stash check_in convert copy swap log_in fix switch add format set export configure
"""
_LOOSE = "add fix switch copy convert set format log_in export put"
"""Acts that are as often about the look of a text: not an act unless the object says so."""
_ANY = """
    act carry_out do take_action take_any_action take_actions help interact perform process finish complete
    handle press click hit execute proceed go_ahead experiment interfere intervene
"""


def _ing(verb: str) -> str:
    head, gap, tail = verb.partition("_")
    if head in _DOUBLED:
        head += head[-1]
    elif head.endswith("e"):
        head = head[:-1]
    return f"{head}ing{gap}{tail}"


def _ed(verb: str) -> list[str]:
    head, gap, tail = verb.partition("_")
    if head in _IRREGULAR:
        return [f"{form}{gap}{tail}" for form in _IRREGULAR[head].split()]
    if head in _DOUBLED:
        head += head[-1]
    ending = "d" if head.endswith("e") else "ed"
    if head.endswith("y") and head[-2:-1] not in tuple("aeo"):
        head, ending = head[:-1], "ied"
    return [f"{head}{ending}{gap}{tail}"]


def _s(verb: str) -> str:
    head, gap, tail = verb.partition("_")
    if head.endswith("y") and head[-2:-1] not in tuple("aeou"):
        return f"{head[:-1]}ies{gap}{tail}"
    return f"{head}{'es' if head.endswith(('sh', 'ch', 'ss', 'x')) else 's'}{gap}{tail}"


def _joined(words: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(words))


_PURE = [
    verb
    for verb in f"{_DELETE} {_SEND} {_PUBLISH} {_SPEND} {_EXECUTE} {_WRITE} {_ANY}".split()
    if verb not in _LOOSE.split()
]
ACTS = _joined(_PURE)
ACTING = _joined(
    _ing(verb) for verb in _PURE if verb not in ("like", "do", "help", "answer", "comment", "reply", "respond")
)
DONE = _joined(form for verb in _PURE for form in _ed(verb) if verb not in ("do", "like"))
PROCESSES = """
    clean_up cleanup clean_ups clean_out tidy_up batch batches run runs job jobs process processes processing
    task tasks script scripts loop loops deletion deletions deletes mailing mailings mail_out mail_merge email
    emails mail mails message messages texts blast blasts posts post tweets tweet replies responses comments
    outreach upload uploads imports import export exports sync syncs migration migrations deploy deploys
    deployment deployments roll_out rollout rollouts release push pushes merge merges rebase transfer transfers
    payment payments payout payouts payment_run refunds refund purchase purchases checkout check_out booking
    bookings provisioning scaling training training_runs agents agent sub_agents sub_agent workers worker
    helpers helper automations automation invites invitations calls api_calls dialing changes edits operation
    operations action actions activity thing madness nonsense scrape crawler install installation update updates
    refactor rewrite purge wipe wiping print_run print_order print_job procedure plan sends send send_out
    archiving moves submissions submission commits writes inserts restarts reminders follow_ups wire withdrawals
    trades trading bids bidding scheduling publication reset sequence rest spree autopilot orders ordering
    newsletter campaign pipeline whole_thing thread threads bulk_action mass_mailing
"""
NOUNS = """
    deletes deletion deletions purchases purchase payment payments posts tweets messages emails mails mail email
    edits edit changes change commits deploys deployment deployments pushes writes transfers bookings orders
    refunds replies calls uploads merges api_calls network_calls network subscriptions spending interaction
    interactions actions action side_effects sends dms installs migrations restarts contact transactions trades
    releases file_operations money requests step steps tool_calls operations sql modifications removals commands
    invitations appointments signatures
"""
_NAMED: tuple[tuple[str, str, tuple[Effect, ...]], ...] = (
    (_DELETE, "deletion deletions removal removals", ("delete",)),
    (_SEND, "sending messages emails mails replies responses dms calls contact interaction outgoing", ("send",)),
    (_PUBLISH, "public live posts releases release uploads deployments", ("send", "publish")),
    (
        _SPEND,
        "purchases purchase payments payment money costs bookings transfers refunds discount discounts subscriptions invoice",
        ("spend",),
    ),
    (
        _EXECUTE,
        "commands command scripts network installs restarts shell deploys deployment deployments ran",
        ("execute",),
    ),
    (_WRITE, "edits changes calendar documents tickets commits merges records branches", ("write", "delete")),
)
_VAGUE = "act action actions suggest suggestions propose recommend advise advisory proceed plan anything_until"


def _effects() -> list[tuple[str, tuple[Effect, ...]]]:
    found: list[tuple[str, tuple[Effect, ...]]] = [(_VAGUE, ALL)]
    for verbs, nouns, does in _NAMED:
        forms = [form for verb in verbs.split() if "_" not in verb for form in (verb, _ing(verb), _s(verb), *_ed(verb))]
        found.append((_joined([*forms, *nouns.split()]), does))
    return found


EFFECTS_EN = _effects()
"""What the words for acts do, word by word."""

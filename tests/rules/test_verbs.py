"""What a tool's name says that it does: aliases and namespaces fall under the same effect, reads stay reads."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.making import EMPTY, NOW

from pinnedrules.rules import words
from pinnedrules.rules.decide import decide
from pinnedrules.rules.load import load
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.verbs import added_by_description, added_by_verbs
from pinnedrules.types import EFFECTS, Call, Decision


def file(tools: str = "{}", rule: str = "{id: it, text: Be careful.}", default: str = "ask") -> RuleSet:
    return load(f"version: 1\ndefault: {default}\ntools: {tools}\nrules: [{rule}]\n")


def decided(rules: RuleSet, name: str, **arguments: object) -> Decision:
    return decide(rules, Call(name, json.dumps(arguments), declared=frozenset(arguments)), EMPTY, NOW)


SAID = {
    "delete": """
        trash_email mcp__gmail__trash_email trashMessages purgeInbox batch_remove wipe erase_disk destroy_cluster drop_table
        delEmail mail_delete unlink_file rm bulkDelete empty_trash move_to_trash expunge_folder clear_all nuke deletefile
        delete-event API-delete-a-block kubectl_delete uninstall_helm_chart delete_workflow_run_logs remove_user_from_slack
        RemoveFromCart RevokeGuestAccess confluence_delete_page get_and_delete_mail mcp.store.wipeAll
        """,
    "send": """
        send reply_all forward mcp__gmail__forward_email Send_Email sendEmail SENDEMAIL sendemail emailSend send-mail fwd_email
        gmailForward forwardmail share_document notify_all sms_send blast_newsletter slack_reply_to_thread respond-to-event
        send_direct_message invite_user_to_slack ReplyToTweet escalate_to_human message find_and_forward
        """,
    "publish": """
        post_tweet tweet tweetOut publish_article postMessage createPost slack_post_message create_comment add_issue_comment
        jira_add_comment deploy_app deploy_edge_function PostReview Retweet post_webpage share_file DeploySmartContract
        """,
    "spend": """
        pay_invoice transfer_funds refund issue_refund buy_stock place_order order_pizza make_payment checkout_cart purchase
        wire_transfer send_money MakeTransaction schedule_transaction get_refund create_refund Withdraw book_test_drive
        """,
    "execute": """
        run_script exec eval_js python_repl execute_code run_tests browser_run_code browser_evaluate exec_in_pod launch_job
        invoke_lambda execute_sql runQuery spawn_agent kill_process install_extension CompileSolidity
        """,
}


@pytest.mark.parametrize(
    ("effect", "name"), [(effect, name) for effect, names in SAID.items() for name in names.split()]
)
def test_an_alias_falls_under_the_same_effect(effect: str, name: str) -> None:
    """A rule by effect reaches a tool that nobody declared, by what its name says, in any spelling and namespace."""
    rules = file(rule=f"{{id: never, text: Never., on: {{effect: {effect}}}, then: deny}}")
    found = decided(rules, name, id="m1")

    assert (found.verdict, found.rules) == ("deny", ("never",))
    assert {"write", effect} <= set(found.effects)


PLAIN = """
    list_deleted_items get_orders get_order_status check_payment_status list_sent_mail get_shared_files view_archived_messages
    search_trash list_trash get_purchase_history find_forwarding_rules show_sharing_settings is_published has_replied get_post
    ReadTweet SearchTweets GetPost SearchPosts get_post_comments GetSmsPricing get_thread_replies slack_get_thread_replies
    get_email_body get_message read_email search_emails list_releases get_latest_release get_payment_methods list_refunds
    list_payment_intents list_workflow_runs get_workflow_run_usage browser_console_messages list_deployments list_transfers
    SearchTriggers get_scheduled_transactions read_channel_messages get_sent_emails GetTradeHistory list_commits
    API-post-search
    transfer_to_human_agents transfer_to_billing_agent git_checkout port_forward fork_repository text_editor
    str_replace_based_edit_tool apply_patch memory update_post edit_comment DeletedItems archive_thread draft_email move_file
    create_file update_issue merge_pull_request cancel_order add_to_cart workflow_run order_status email_search
    """


@pytest.mark.parametrize("name", PLAIN.split())
def test_a_name_that_says_nothing_of_the_kind_is_no_false_alarm(name: str) -> None:
    """A thing behind a verb that reads, or behind one that writes, is a thing: ``list_deleted_items`` deletes nothing."""
    assert set(added_by_verbs(name)) <= {"write"}


def test_what_the_file_says_of_a_tool_stands() -> None:
    """A tool that is declared by its very name does what the file says, whatever it is called."""
    rules = file("{trash_mail: write, getMail: read}", "{id: no, text: No., on: {effect: delete}, then: deny}")

    assert decided(rules, "trash_mail").effects == ("write",)
    assert decided(rules, "getMail").effects == ("read",)
    assert decided(rules, "mcp__gmail__trash_mail").effects == ("write", "delete")


@pytest.mark.parametrize("written", ["*", "gmail*", "gmail.*", "*mail*"])
def test_a_pattern_is_no_word_on_each_tool_that_it_matches(written: str) -> None:
    """A glob declares many tools at once; what the name of one of them says is added."""
    rules = file(f"{{'{written}': read}}", "{id: no, text: No., on: {effect: delete}, then: deny}", "allow")

    assert decided(rules, "gmail.search").verdict == "allow"
    assert decided(rules, "gmail.trash").rules == ("no",)
    assert decided(rules, "gmail.list_deleted").verdict == "allow"


def test_what_a_name_says_does_not_lift_what_the_default_refuses() -> None:
    """A rule that asks, reached only because of a verb, leaves the refusal of what is not declared as it is."""
    asks = "{id: it, text: Ask., on: {effect: delete}, then: ask}"

    assert decided(file(rule=asks, default="deny"), "trash_email").verdict == "deny"
    assert decided(file("{'*': write}", asks, "deny"), "trash_email").verdict == "deny"
    assert decided(file("{'*': delete}", asks, "deny"), "trash_email").verdict == "ask"


def test_a_permission_by_effect_covers_what_the_name_says() -> None:
    """A permission to write is none for a tool of a pattern that by its name sends."""
    rules = file("{'crm.*': write}", "{id: it, text: Write., on: {effect: write}, then: allow}")

    assert decided(rules, "crm.note").verdict == "allow"
    found = decided(rules, "crm.forward")
    assert found.verdict == "ask"
    assert found.reasons == ("its name or definition says send; no rule permits it: ask (write, send)",)


NAMES = st.lists(
    st.sampled_from(sorted(words.READS | words.SERVICES | words.JOINS | set(words.ACTING) | {"x", "item", "id"})),
    min_size=1,
    max_size=5,
)


@given(NAMES, st.sampled_from(["_", "-", ".", "__", ""]))
def test_a_name_only_ever_adds(parts: list[str], mark: str) -> None:
    """Never less than what an unknown tool does: verbs make a call stricter, in whatever way they are written."""
    name = mark.join(part.title() if not mark else part for part in parts)
    effects = decided(file(), name).effects

    assert "write" in effects
    assert set(added_by_verbs(name)) <= set(effects) <= set(EFFECTS) - {"read"}


@given(st.text(max_size=400))
def test_any_name_can_be_read(name: str) -> None:
    """Names are the model's and strangers' choice: none of them breaks anything."""
    assert set(added_by_verbs(name)) <= set(EFFECTS)
    assert set(added_by_description(name)) <= set(EFFECTS)


def test_a_long_name_takes_no_long_time() -> None:
    """A name of the greatest length, full of verbs, is read once and in one go."""
    assert added_by_verbs("send_" * 51) == ("send",)
    assert added_by_verbs("send_" * 60_000) == ()
    assert added_by_verbs("x" * 256) == ()


@pytest.mark.parametrize(
    ("text", "effects"),
    [
        ("Deletes the file and all its versions.", ("delete",)),
        ("Look up a customer. Also sends them a mail.", ("send",)),
        ("Reads a file. Does not delete it.", ()),
        ("Searches orders that were refunded.", ()),
        ("", ()),
        ("x" * 100_000 + ". Deletes everything.", ()),
    ],
)
def test_a_description_says_what_its_sentences_begin_with(text: str, effects: tuple[str, ...]) -> None:
    """The deeds that a description tells of, where it does not say that they are not done."""
    assert added_by_description(text) == effects

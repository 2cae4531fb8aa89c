"""What tools are taken to do. A wrong read would be let through, so reads are what these tests are about."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinnedrules.draft.found import FoundTool
from pinnedrules.draft.guess import family, guess, provider_runs
from pinnedrules.rules import words
from pinnedrules.rules.builtin_tools import added_by_name, brings_strangers
from pinnedrules.types import EFFECTS

_READS = """
get_weather list_files search_docs read_calendar find_flights fetch_exchange_rate lookup_word count_words describe_table
show_balance getUserProfile list-branches is_holiday look_up_word check_status check_availability get_order
get_order_status find_customer_order lookup_customer_email read_email list_sent_mail get_unread_messages list_refunds
get_refund_status get_post_comments read_release_notes get_deleted_items get_running_jobs get_pull_request
list_merge_requests web_search gmail.search github_get_issue mcp__github__list_issues notion:fetch getHTTPPage
read_file list_directory grep glob ls search get_settings get_address get_news list_processes get_building
list_all list_mail look_up
"""
READS = _READS.split()

# Kept for ever: names that begin like a read, or hold one, and do more.
NOT_READS = {
    "get_and_delete": "delete",
    "getAndDelete": "delete",
    "fetch_and_forward": "send",
    "search_replace": "write",
    "find_and_replace": "write",
    "list_drop": "delete",
    "list-files-purge": "delete",
    "get_or_create_user": "write",
    "read_write_file": "write",
    "fetch_run": "execute",
    "find_run_script": "execute",
    "search_book_hotel": "spend",
    "get_refund": "spend",
    "search_transfer": "spend",
    "list_item_for_sale": "spend",
    "list_property": "write",
    "findOneAndUpdate": "write",
    "getUserByIdOrCreate": "write",
    "get_lock": "write",
    "describe_instance_terminate": "delete",
    "look_around": "write",
    "fetch_post_to_slack": "publish",
    "fetch_post_on_slack": "publish",
    "search_book_for_user": "spend",
    "fetch_email_report": "send",
    "get_set": "write",
    "get_rid_of_user": "delete",
    "read_bulkdelete": "delete",
    "search_resets_password": "write",
    "list_deletes": "delete",
    "peek_pop": "delete",
    "obliterate_get_all": "delete",
    "delete.get": "delete",
    "delete__list_files": "delete",
    "fetch_unsubscribe": "delete",
    "check_out": "write",
    "check_and_pay": "spend",
    "get_it_done": "write",
    "get_file_to_disk": "write",
    "show_get_wipe": "delete",
    "getanddelete": "write",
    "todo_list": "write",
    "email_search": "write",
    "order_lookup": "write",
    "zap_get": "delete",
    "frob_search": "write",
    "query": "write",
    "get_list_and": "write",
    "has_deleting": "write",
}

DEEDS = {
    "delete_mail": ("delete",),
    "send_email": ("send",),
    "forward": ("send",),
    "pay_invoice": ("spend",),
    "send_money": ("send", "spend"),
    "make_payment": ("write", "spend"),
    "place_order": ("spend",),
    "refund": ("spend",),
    "transfer": ("spend",),
    "create_post": ("write", "publish"),
    "post_message": ("publish",),
    "publish_page": ("publish",),
    "run_query": ("execute",),
    "bash": ("execute",),
    "update_record": ("write",),
    "archive_mail": ("write",),
    "gmail.sendEmail": ("send",),
}


@pytest.mark.parametrize("name", READS)
def test_an_ordinary_read_is_taken_for_one(name: str) -> None:
    """Names that say that a tool only looks are reads, so that an ordinary reading agent runs without an edit."""
    assert guess(FoundTool(name)).reads


@pytest.mark.parametrize("name", NOT_READS)
def test_a_name_that_only_begins_like_a_read_is_none(name: str) -> None:
    """The whole name has to be that of a read; a second deed, a join or an unknown beginning is not."""
    found = guess(FoundTool(name))

    assert "read" not in found.effects
    assert NOT_READS[name] in found.effects


@pytest.mark.parametrize("name", DEEDS)
def test_what_acts_is_named_by_what_it_does(name: str) -> None:
    """A name that says what is done gives these effects."""
    assert guess(FoundTool(name)).effects == DEEDS[name]


@pytest.mark.parametrize("name", ["weather", "calculator", "todo_list", "", "process_ticket", "données"])
def test_what_is_unclear_counts_as_writing(name: str) -> None:
    """A name that says nothing is no read, and the guess says that it is none."""
    found = guess(FoundTool(name, "Gets the thing."))

    assert (found.effects, found.clear) == (("write",), False)
    assert "its description begins with 'gets'" in found.why
    assert "begins" not in guess(FoundTool(name)).why


@pytest.mark.parametrize(
    ("description", "effect"),
    [
        ("Fetch the inbox and marks messages as read.", "write"),
        ("Get the weather. Then sends it to Bob", "send"),
        ("Look up a user; deletes a stale cache", "delete"),
        ("Read a file, and optionally delete it afterwards.", "delete"),
        ("Gets mail that is not spam, and deletes it", "delete"),
        ("After reading it will delete the message", "delete"),
        ("Sends it", "send"),
        ("Get x.\n\nAlso executes hooks.", "execute"),
        ("Used to wipe disks", "delete"),
    ],
)
def test_a_description_makes_a_guess_stricter(description: str, effect: str) -> None:
    """What a description says is done counts, whatever the name says."""
    found = guess(FoundTool("get_thing", description))

    assert effect in found.effects
    assert not found.reads
    assert "in its description" in found.why


@pytest.mark.parametrize(
    "description",
    [
        "Get the weather of a city.",
        "Get x. Never deletes anything.",
        "Does not modify or delete x.",
        "Lists issues and comments, newest first.",
        "Returns the sent messages and deleted files.",
        "Search the docs. Use it before you delete something.",
        "Read-only: lists files without writing anything",
    ],
)
def test_an_ordinary_description_changes_nothing(description: str) -> None:
    """A description that tells of no deed, or denies one, leaves a read a read."""
    assert guess(FoundTool("get_thing", description)).reads


def test_a_description_never_makes_a_guess_milder() -> None:
    """Effects told by others can only make a call stricter."""
    assert guess(FoundTool("delete_mail", "Only reads. Read-only. Gets mail.")).effects == ("delete",)
    assert guess(FoundTool("weather", "Read-only. Gets the weather.")).effects == ("write",)


@pytest.mark.parametrize(
    ("arguments", "effect"),
    [
        (("sql",), "execute"),
        (("shell_command",), "execute"),
        (("url", "method"), "write"),
        (("action",), "write"),
        (("url", "body"), "write"),
        (("id", "to"), "write"),
        (("id", "cc"), "write"),
        (("path", "delete_after"), "write"),
        (("mark_as_read",), "write"),
        (("dryRun",), "write"),
        (("query", "callback_url"), "write"),
    ],
)
def test_an_argument_makes_a_read_stricter(arguments: tuple[str, ...], effect: str) -> None:
    """A read that takes a program, a recipient or a switch is not taken for one."""
    found = guess(FoundTool("get_thing", arguments=arguments))

    assert found.effects == (effect,)
    assert "its argument" in found.why


@pytest.mark.parametrize(
    "arguments",
    [
        ("city", "units"),
        ("query", "limit", "sort_by", "order"),
        ("from", "to"),
        ("start_date", "end_date", "type", "labels"),
        ("path", "updated_since", "include_deleted"),
        ("country_code", "email", "text"),
    ],
)
def test_ordinary_arguments_change_nothing(arguments: tuple[str, ...]) -> None:
    """Filters, places and times are what reads take."""
    assert guess(FoundTool("get_thing", arguments=arguments)).reads


def test_a_program_is_run_whatever_the_name_says() -> None:
    """``query`` says nothing; its argument does."""
    assert guess(FoundTool("query", arguments=("sql",))).effects == ("execute",)


def test_what_strangers_wrote_is_marked() -> None:
    """A read of mail, the web or tickets brings in words from outside; one of a calendar does not."""
    assert guess(FoundTool("read_email")).untrusted
    assert guess(FoundTool("get_page")).untrusted
    assert guess(FoundTool("fetch_thing", arguments=("url",))).untrusted
    assert not guess(FoundTool("read_calendar")).untrusted


def test_a_declaration_is_never_milder_than_what_rules_know_of_the_name() -> None:
    """A file that declares a tool is believed, so the draft keeps what the rules know of shells and screens by name."""
    for name in ("bash", "write_stdin", "browser", "computer.screenshot", "mcp:files.read_file", "exec_command"):
        assert set(added_by_name(name)) <= set(guess(FoundTool(name)).effects), name
        assert guess(FoundTool(name)).untrusted == brings_strangers(name), name


def test_tools_that_a_provider_defines_are_known_by_their_type() -> None:
    """What runs here has the effect of its type; what the provider runs is told apart."""
    bash = FoundTool("bash", type="bash_20250124")

    assert guess(bash).effects == ("execute",)
    assert guess(FoundTool("", type="apply_patch")).effects == ("write", "delete")
    assert not provider_runs(bash)
    assert provider_runs(FoundTool("web_search", type="web_search_20250305"))
    assert not provider_runs(FoundTool("web_search"))
    assert family("web_search_20250305") == "web_search"


WORD = st.sampled_from(sorted(words.READS | words.SERVICES | words.JOINS | {"weather", "user", "x"}))
DEED = st.sampled_from(sorted(set(words.ACTING) - words.THINGS))


@given(st.lists(WORD, max_size=3), DEED, st.lists(WORD, max_size=3), st.sampled_from(["_", "-", "__", "."]))
def test_no_name_with_a_deed_in_it_is_a_read(before: list[str], deed: str, after: list[str], joint: str) -> None:
    """Wherever in a name a word stands that only ever means a deed, the name is not that of a read."""
    assert "read" not in guess(FoundTool(joint.join([*before, deed, *after]))).effects


@given(st.text(max_size=40), st.text(max_size=80), st.lists(st.text(max_size=10), max_size=3))
def test_every_guess_is_one(name: str, description: str, arguments: list[str]) -> None:
    """Nothing that a definition holds makes a guess fail, and every guess has an effect and a reason."""
    found = guess(FoundTool(name, description, tuple(arguments)))

    assert found.effects
    assert set(found.effects) <= set(EFFECTS)
    assert found.why

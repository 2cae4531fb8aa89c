"""What the provider keeps, under signatures: the cases of ``test_responses.py`` and ``test_threads.py`` that edit requests.

A signed request leaves only if the gate, which looks at it after it was signed, finds nothing left to edit. So each of these
shows too that what is put back into a request is put back once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest
from tests.hosts.test_responses import (
    test_a_call_of_the_answer_after_the_gates_own_can_be_answered,
    test_a_permission_for_a_server_is_none_for_a_tool_that_a_rule_denies,
    test_a_question_that_is_allowed_can_be_answered_with_yes,
    test_a_remote_server_is_made_to_ask,
    test_a_rule_can_let_a_remote_server_run_unasked,
    test_a_stateless_program_that_repeats_the_output_gives_the_provider_its_own_calls_back,
    test_the_gate_answers_the_model_within_history_that_the_provider_keeps,
    test_the_result_of_a_refused_call_reaches_history_that_the_provider_keeps,
    test_tools_that_come_in_among_the_items_are_decided_too,
)
from tests.hosts.test_threads import (
    THREADS,
    test_a_refusal_that_the_program_itself_goes_on_from_is_told_to_the_thread,
    test_a_thread_goes_on_after_a_restart,
    test_an_unknown_thread_is_sent_anew_with_the_rules,
    test_the_async_tool_runner_too,
    test_the_gate_answers_the_model_within_the_thread,
    test_the_tool_runner_with_a_thread_never_runs_a_refused_call,
)
from tests.hosts.ways import Signed, Way

from pinnedrules import Guard

__all__ = [
    "test_a_call_of_the_answer_after_the_gates_own_can_be_answered",
    "test_a_permission_for_a_server_is_none_for_a_tool_that_a_rule_denies",
    "test_a_question_that_is_allowed_can_be_answered_with_yes",
    "test_a_refusal_that_the_program_itself_goes_on_from_is_told_to_the_thread",
    "test_a_remote_server_is_made_to_ask",
    "test_a_rule_can_let_a_remote_server_run_unasked",
    "test_a_stateless_program_that_repeats_the_output_gives_the_provider_its_own_calls_back",
    "test_a_thread_goes_on_after_a_restart",
    "test_an_unknown_thread_is_sent_anew_with_the_rules",
    "test_the_async_tool_runner_too",
    "test_the_gate_answers_the_model_within_history_that_the_provider_keeps",
    "test_the_gate_answers_the_model_within_the_thread",
    "test_the_result_of_a_refused_call_reaches_history_that_the_provider_keeps",
    "test_the_tool_runner_with_a_thread_never_runs_a_refused_call",
    "test_tools_that_come_in_among_the_items_are_decided_too",
]

for _case in (
    test_a_refusal_that_the_program_itself_goes_on_from_is_told_to_the_thread,
    test_a_thread_goes_on_after_a_restart,
    test_an_unknown_thread_is_sent_anew_with_the_rules,
    test_the_async_tool_runner_too,
    test_the_gate_answers_the_model_within_the_thread,
    test_the_tool_runner_with_a_thread_never_runs_a_refused_call,
):
    THREADS(_case)


@pytest.fixture
def way() -> Iterator[Way]:
    """Wrapped in the program, by a client that signs."""
    with contextlib.ExitStack() as open_all:
        yield Signed(open_all)


@pytest.fixture
def ending(make_guard: Callable[..., Guard]) -> Guard:
    return make_guard(on_denied="end")

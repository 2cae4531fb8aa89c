"""The table of doors against both SDKs, and what the owner's settings can change of it."""

from __future__ import annotations

from importlib.metadata import version

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.sdk_doors import DOORS
from tests.wire.test_paths import GATED, KINDS, PASSED, REFUSED, TRICKS

from pinnedrules.wire.path_table import DOORS as TABLE
from pinnedrules.wire.path_table import FAMILIES, check_families
from pinnedrules.wire.paths import Route, route

# What is gated of the SDKs, and what passes; every other door of theirs must be refused, under a family of its own.
GATED_DOORS = {
    "POST /v1/chat/completions": "openai-chat request",
    "POST /v1/messages": "anthropic-messages request",
    "POST /v1/responses": "openai-responses request",
    "GET /v1/responses/x1": "openai-responses poll",
    "POST /v1/responses/x1/cancel": "openai-responses poll",
    "POST /v1/responses/compact": "openai-responses compact",
    "POST /v1/conversations": "openai-responses items",
    "POST /v1/conversations/x1": "openai-responses items",
    "POST /v1/conversations/x1/items": "openai-responses items",
}
PASSED_DOORS = set("""
    POST /v1/audio/speech, POST /v1/audio/transcriptions, POST /v1/audio/translations,
    GET /v1/audio/voice_consents, POST /v1/audio/voice_consents, GET /v1/audio/voice_consents/x1,
    POST /v1/audio/voice_consents/x1, DELETE /v1/audio/voice_consents/x1, POST /v1/audio/voices, DELETE /v1/audio/voices/x1,
    POST /v1/content_provenance_checks, POST /v1/embeddings, POST /v1/moderations,
    POST /v1/images/edits, POST /v1/images/generations, POST /v1/images/variations,
    GET /v1/files, POST /v1/files, GET /v1/files/x1, DELETE /v1/files/x1, GET /v1/files/x1/content,
    POST /v1/uploads, POST /v1/uploads/x1/cancel, POST /v1/uploads/x1/complete, POST /v1/uploads/x1/parts,
    GET /v1/vector_stores, POST /v1/vector_stores, GET /v1/vector_stores/x1, POST /v1/vector_stores/x1,
    DELETE /v1/vector_stores/x1, POST /v1/vector_stores/x1/search, GET /v1/vector_stores/x1/files,
    POST /v1/vector_stores/x1/files, GET /v1/vector_stores/x1/files/x1, POST /v1/vector_stores/x1/files/x1,
    DELETE /v1/vector_stores/x1/files/x1, GET /v1/vector_stores/x1/files/x1/content,
    POST /v1/vector_stores/x1/file_batches, GET /v1/vector_stores/x1/file_batches/x1,
    POST /v1/vector_stores/x1/file_batches/x1/cancel, GET /v1/vector_stores/x1/file_batches/x1/files,
    GET /v1/models, GET /v1/models/x1, POST /v1/messages/count_tokens, POST /v1/responses/input_tokens,
    DELETE /v1/responses/x1, GET /v1/conversations/x1, DELETE /v1/conversations/x1, DELETE /v1/conversations/x1/items/x1
""".replace("\n", " ").strip().split(", "))  # fmt: skip
PASSED_DOORS = {" ".join(door.split()) for door in PASSED_DOORS}
# Websockets of the SDKs: their paths are put together from bytes, where the walk does not see them.
SOCKETS = (("GET", "/v1/responses"), ("GET", "/v1/realtime"), ("GET", "/v1/live/sessions/x1/attach"))
ALL = (*DOORS, *SOCKETS)

SETTINGS = st.frozensets(st.sampled_from(list(FAMILIES)))


# The lists are those of the newest SDKs; `make sdk-matrix` walks the older ones too, which have fewer doors.
NEWEST = pytest.mark.skipif(
    (int(version("openai").split(".")[0]), int(version("anthropic").split(".")[0])) < (3, 2), reason="an older SDK"
)


def name_of(door: tuple[str, str]) -> str:
    return f"{door[0]} {door[1].split('?')[0]}"


@NEWEST
def test_the_walk_reads_the_sdks() -> None:
    """The walk below is over hundreds of doors, of both SDKs."""
    assert len(DOORS) > 500
    assert {method for method, _ in DOORS} == {"GET", "POST", "DELETE"}
    assert {"POST /v1/responses", "POST /v1/messages"} <= {name_of(door) for door in DOORS}


@pytest.mark.parametrize("door", ALL, ids=name_of)
def test_every_door_of_both_sdks_has_the_verdict_it_should_have(door: tuple[str, str]) -> None:
    """No door of an installed SDK is gated or passes that is not on the lists above, and none is without a verdict."""
    found, name = route(*door), name_of(door)

    if name in GATED_DOORS:
        assert (found.verdict, f"{found.dialect} {found.kind}") == ("gate", GATED_DOORS[name])
    elif name in PASSED_DOORS:
        assert found.verdict == "pass"
        assert found.reason
    else:
        assert found.verdict == "refuse"
        assert found.family not in ("", "unknown"), f"{name} has no verdict of its own: put it into the table"


@NEWEST
def test_the_lists_above_are_doors_of_the_sdks() -> None:
    """A door that an SDK has lost does not stay on a list for ever."""
    names = {name_of(door) for door in DOORS}
    assert GATED_DOORS.keys() <= names
    assert names >= PASSED_DOORS


@pytest.mark.parametrize("door", ALL, ids=name_of)
def test_every_refusal_names_a_setting_that_changes_it(door: tuple[str, str]) -> None:
    """Whoever is refused reads which one setting lets this door pass, and it does."""
    found = route(*door)

    if found.verdict == "refuse":
        assert f'Guard(paths={{"{found.family}": "pass"}})' in found.next_step
        assert f"pinnedrules serve --pass {found.family}" in found.next_step
        opened = route(*door, frozenset({found.family}))
        assert (opened.verdict, opened.family) == ("pass", found.family)
        assert found.family in opened.reason
        assert "ungated" in opened.reason


@given(door=st.sampled_from(ALL), passed=SETTINGS)
def test_a_setting_opens_its_own_doors_only(door: tuple[str, str], passed: frozenset[str]) -> None:
    """What is gated stays gated, and what is refused stays so, unless its own family passes."""
    found, then = route(*door), route(*door, passed)

    if found.verdict == "refuse" and found.family in passed:
        assert then.verdict == "pass"
    else:
        assert then == found


EVERY = [("POST", path) for path in GATED] + list(KINDS)
EVERY += [(method, path) for method, paths in PASSED.items() for path in paths] + REFUSED
EVERY += [(method, path) for path in TRICKS for method in ("GET", "POST", "PUT", "DELETE")]


@given(door=st.sampled_from(EVERY), passed=SETTINGS)
def test_no_setting_turns_off_a_gate(door: tuple[str, str], passed: frozenset[str]) -> None:
    """A gated door stays gated under every combination of settings, however it is mounted and written."""
    found = route(*door)

    if found.verdict == "gate":
        assert route(*door, passed) == found


@given(door=st.sampled_from(EVERY))
def test_refusals_that_name_a_setting_end(door: tuple[str, str]) -> None:
    """Whoever makes each setting that is named gets through, or learns that none will do."""
    passed: frozenset[str] = frozenset()
    for _ in FAMILIES:
        found = route(*door, passed)
        if found.verdict != "refuse" or not found.family:
            break
        assert found.family not in passed
        passed |= {found.family}
    assert found.verdict in ("gate", "pass") or "Guard(paths" not in found.next_step


@pytest.mark.parametrize("path", ["/v1/agents/x/messages", "/agents/messages", "/api/v2/agents/v1/messages"])
def test_a_mounted_api_is_gated_once_its_path_can_be_told_apart(path: str) -> None:
    """Where the owner says that a family's doors may pass, what ends as a gated API is still gated."""
    assert route("POST", path, frozenset({"managed-agents"})).verdict == "gate"


def test_messages_of_a_thread_are_not_taken_for_the_messages_api() -> None:
    """The one door of a shut family that ends as a gated one passes, where that family may."""
    assert route("POST", "/v1/threads/t/messages", frozenset({"assistants"})).verdict == "pass"
    assert route("POST", "/threads/v1/messages", frozenset({"assistants"})).verdict == "gate"


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/v1/chat/completions"), ("PATCH", "/v1/responses"), ("PUT", "/v1/messages")]
)
def test_another_method_of_a_gated_door_passes_under_no_setting(method: str, path: str) -> None:
    """A lenient server may take it for the gated one."""
    found = route(method, path, frozenset(FAMILIES))

    assert found.verdict == "refuse"
    assert found.next_step == "use POST"
    assert not found.family


@pytest.mark.parametrize("path", ["/v1/x/../responses", "/v1//files", "/v1/models/%ff"])
def test_a_path_that_can_be_read_in_two_ways_passes_under_no_setting(path: str) -> None:
    """Invariant 2: what cannot be read cannot be allowed, whatever the owner lets pass."""
    assert route("GET", path, frozenset(FAMILIES)) == Route(
        "refuse", reason="The path is written in a way that can be read as another one.", next_step="use the plain path"
    )


def test_a_wrong_name_in_a_setting_is_a_clear_error() -> None:
    """A misspelt setting does not silently do nothing."""
    check_families([])
    check_families(list(FAMILIES))
    with pytest.raises(ValueError, match=r"no paths called 'batch'; did you mean 'batches'\? known: batches, realtime"):
        check_families(["realtime", "batch"])
    with pytest.raises(ValueError, match="no paths called '/v1/x'; known: "):
        check_families(["/v1/x"])


@NEWEST
def test_every_family_and_every_refused_door_belong_together() -> None:
    """No setting is without a door, and no refusal without a setting."""
    assert {door.family for door in TABLE if door.verdict == "refuse"} <= FAMILIES.keys()
    found = {route(*door).family for door in ALL} | {"bedrock", "vertex", "gemini", "unknown"}
    assert found >= FAMILIES.keys()
    for family in FAMILIES.values():
        assert family.reason.endswith(".")
        assert not family.instead.endswith(".")


@pytest.mark.parametrize(
    ("path", "family"),
    [
        ("/model/amazon.nova-pro-v1:0/invoke", "bedrock"),
        ("/model/x/converse-stream", "bedrock"),
        ("/v1/workspaces/x/invoke", "bedrock"),
        ("/v1/projects/p/locations/l/publishers/google/models/gemini:rawPredict", "vertex"),
        ("/v1beta/models/gemini-3:generateContent", "gemini"),
        ("/v1beta/models/gemini-3:streamGenerateContent", "gemini"),
        ("/v1/unheard_of", "unknown"),
        ("/v2/chat", "unknown"),
    ],
)
def test_doors_of_other_providers_have_their_settings(path: str, family: str) -> None:
    """A door of a cloud is refused under a name of its own, and its setting opens it."""
    assert (route("POST", path).verdict, route("POST", path).family) == ("refuse", family)
    assert route("POST", path, frozenset({family})).verdict == "pass"


def test_the_words_of_a_cloud_s_base_url_shut_nothing() -> None:
    """Where a cloud mounts a provider's own API, its doors are what they are at the provider."""
    base = "/v1/projects/p/locations/l/workspaces/w/invoke"
    assert route("POST", f"{base}/v1/messages").dialect == "anthropic-messages"
    assert route("GET", f"{base}/v1/models").verdict == "pass"
    assert route("POST", f"{base}/v1/messages/batches").verdict == "refuse"
    assert route("POST", f"{base}/v1/sessions").verdict == "refuse"

"""The provider's doors that propose no call, so that what passes a guard can be tested."""

from __future__ import annotations

from typing import Any

from tests.testing.conftest import Connect

HI: Any = [{"role": "user", "content": "hi"}]


def test_doors_without_a_model_are_answered_and_recorded(connect: Connect) -> None:
    """Models, embeddings, moderations and token counts give both SDKs what they expect; no model is asked."""
    line = connect()

    assert [model.id for model in line.openai.models.list()] == ["scripted"]
    assert line.openai.models.retrieve("m").id == "m"
    coded = line.openai.embeddings.create(model="e", input=["a", "b"])
    plain = line.openai.embeddings.create(model="e", input="a", encoding_format="float")
    assert [each.embedding for each in (*coded.data, *plain.data)] == [[0.25, 0.5, -0.75, 1.0]] * 3
    assert [each.flagged for each in line.openai.moderations.create(input=["a", "b"]).results] == [False, False]
    assert line.openai.responses.input_tokens.count(model="m", input="hello there").input_tokens > 1
    assert [model.id for model in line.anthropic.models.list()] == ["scripted"]
    assert line.anthropic.models.retrieve("c").display_name == "c"
    assert line.anthropic.messages.count_tokens(model="c", messages=HI).input_tokens > 1

    assert line.provider.seen == ()
    assert [exchange.status for exchange in line.provider.requests] == [200] * 9

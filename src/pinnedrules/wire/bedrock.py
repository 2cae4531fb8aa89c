"""The dialect of Amazon Bedrock's ``/model/ID/invoke``: Anthropic's messages, with model and ``stream`` in the path.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pinnedrules.errors import Unreadable
from pinnedrules.wire.anthropic_messages import AnthropicMessages
from pinnedrules.wire.aws_eventstream import EVENTSTREAM
from pinnedrules.wire.base import RequestFacts
from pinnedrules.wire.request import read_messages

__all__ = ["BedrockMessages"]


class BedrockMessages(AnthropicMessages):
    """The Messages API as Bedrock carries it; ``stream`` says at which of its two doors.

    The path may name a model by an ARN, which does not tell whose model it is. So the body must say that it is Anthropic's,
    as Bedrock asks of it.
    """

    framing = EVENTSTREAM

    def __init__(self, *, stream: bool) -> None:
        self._stream = stream

    def read_request(self, body: bytes) -> RequestFacts:
        """Read a request body. Raises Unreadable."""
        _check(body)
        return replace(super().read_request(body), stream=self._stream)

    def place(self, body: bytes, block: str) -> tuple[bytes, tuple[Mapping[str, object], ...]]:
        """Put *block* first into the top-level ``system``. Raises Unreadable."""
        _check(body)
        return super().place(body, block)


def _check(body: bytes) -> None:
    if not isinstance(read_messages(body)[0].value("anthropic_version"), str):
        raise Unreadable("a request to Bedrock that does not say it is for a model of Anthropic's")

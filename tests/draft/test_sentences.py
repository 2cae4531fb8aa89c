"""The sentences of a page of instructions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pinnedrules.draft.sentences import sentences

PAGE = """\
# Rules for agents

Be kind. Never delete
anything! See [the page](https://a.example/x).

- **Never** push.
  * Ask *before* sending.
1. [ ] Do not `rm -rf`.
> Only read.

```sh
# never mind
rm -rf /
```
<!-- never
shown -->
Last line
"""


def test_every_sentence_has_its_line() -> None:
    """Items, headings and paragraphs, with the line on which each sentence begins; code and comments are none."""
    assert [(found.line, found.text) for found in sentences(PAGE)] == [
        (1, "Rules for agents"),
        (3, "Be kind."),
        (3, "Never delete anything!"),
        (4, "See the page."),
        (6, "Never push."),
        (7, "Ask before sending."),
        (8, "Do not `rm -rf`."),
        (9, "Only read."),
        (17, "Last line"),
    ]


@given(st.text(max_size=300))
def test_any_page_is_read(page: str) -> None:
    """No page makes it fail, and no sentence has a line break."""
    for found in sentences(page):
        assert "\n" not in found.text
        assert 1 <= found.line <= page.count("\n") + len(page.splitlines()) + 1

"""The token that is kept between starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from pinnedrules.errors import StateError
from pinnedrules.hosts.sidecar import token as module
from pinnedrules.hosts.sidecar.token import kept_token


def test_it_is_made_up_once(tmp_path: Path) -> None:
    """And nothing else is left in the folder."""
    first = kept_token(tmp_path)

    assert kept_token(tmp_path) == first
    assert len(first) >= 43  # 256 bits
    assert [path.name for path in tmp_path.iterdir()] == ["sidecar-token"]


def test_two_that_start_at_the_same_time_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one's token counts."""
    write = module._write
    theirs: list[str] = []

    def second(path: Path) -> str:
        theirs.append(write(path))
        return write(path)

    monkeypatch.setattr(module, "_write", second)

    assert kept_token(tmp_path) == theirs[0]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_one_that_others_can_read_is_not_used(mode: int, tmp_path: Path) -> None:
    """Whoever can read it can use the sidecar."""
    kept_token(tmp_path)
    (tmp_path / "sidecar-token").chmod(mode)

    with pytest.raises(StateError, match="others could read"):
        kept_token(tmp_path)


def test_an_empty_one_is_not_used(tmp_path: Path) -> None:
    """It would let everybody in, or nobody."""
    path = tmp_path / "sidecar-token"
    path.touch(mode=0o600)

    with pytest.raises(StateError, match="empty"):
        kept_token(tmp_path)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """Somebody else's file is not our token."""
    (tmp_path / "sidecar-token").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(StateError, match="cannot be read"):
        kept_token(tmp_path)


def test_a_folder_that_cannot_be_written_is_an_error_of_the_state(tmp_path: Path) -> None:
    """Not a traceback."""
    with pytest.raises(StateError, match="cannot be written"):
        kept_token(tmp_path / "gone")

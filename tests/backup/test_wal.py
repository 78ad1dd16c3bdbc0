# SPDX-License-Identifier: EUPL-1.2
"""A piece of the database's log is kept whole or not at all, once, and told to be damaged where it is."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "deploy/timescaledb/wal.sh"


def wal(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", SCRIPT, *arguments], capture_output=True, text=True, check=False)


@pytest.fixture
def piece(tmp_path: Path) -> Path:
    (tmp_path / "kept").mkdir()
    piece = tmp_path / "piece"
    piece.write_bytes(bytes(range(256)) * 100)
    return piece


def test_piece_comes_back_as_it_was_and_is_taken_a_second_time(piece: Path) -> None:
    kept, back = piece.parent / "kept/A", piece.parent / "back"
    # what a crash left
    kept.with_suffix(".part").write_bytes(b"half")
    for _ in range(2):
        assert wal("keep", piece, kept).returncode == 0
    assert [one.name for one in kept.parent.iterdir()] == ["A.gz"]
    assert wal("fetch", kept, back).returncode == 0
    assert back.read_bytes() == piece.read_bytes()


@pytest.mark.parametrize("other", [b"another", b""])
def test_another_piece_of_the_same_name_is_refused(piece: Path, other: bytes) -> None:
    kept = piece.parent / "kept/A"
    wal("keep", piece, kept)
    before = kept.with_suffix(".gz").read_bytes()
    piece.write_bytes(other)
    refused = wal("keep", piece, kept)
    assert (refused.returncode, "is another piece" in refused.stderr) == (1, True)
    assert kept.with_suffix(".gz").read_bytes() == before


def test_piece_that_cannot_be_written_is_not_told_as_kept(piece: Path) -> None:
    assert wal("keep", piece, piece.parent / "nowhere/A").returncode != 0
    assert wal("keep", piece.parent / "nothing", piece.parent / "kept/A").returncode != 0
    assert not (piece.parent / "kept/A.gz").exists()


def test_damaged_piece_stops_the_server_where_a_missing_one_ends_the_replay(piece: Path) -> None:
    kept, back = piece.parent / "kept/A", piece.parent / "back"
    assert wal("fetch", kept, back).returncode == 1
    assert not back.exists()
    wal("keep", piece, kept)
    whole = kept.with_suffix(".gz").read_bytes()
    kept.with_suffix(".gz").write_bytes(whole[: len(whole) // 2])
    # PostgreSQL, RestoreArchivedFile: beyond 125 the recovery is given up
    assert wal("fetch", kept, back).returncode > 125

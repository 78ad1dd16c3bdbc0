# SPDX-License-Identifier: EUPL-1.2
"""Another policy in the city's folder is noticed; one that is wrong is refused and the old one holds."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from open_data_publisher import metrics
from open_data_publisher.domain.policy import CLOSED, Policy
from open_data_publisher.policy_file import POLICY_FILE, read_policy
from open_data_publisher.policy_watch import PolicyWatch
from support.open_data import OPEN_POLICY

WRONG = OPEN_POLICY.replace("capacity, free,", "capacity, freee,")
LINE_OF_THE_FAULT = 4


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / POLICY_FILE
    file.parent.mkdir()
    file.write_text(OPEN_POLICY)
    return file


def watch(file: Path) -> PolicyWatch:
    city = file.parents[1]
    return PolicyWatch(city, read_policy(city))


def another(watching: PolicyWatch) -> Policy | None:
    """Return another policy if two looks at the same file find one."""
    first, second = watching.look(), watching.look()
    assert first is None
    return second


def refused() -> float:
    return metrics.POLICY_REFUSED._value.get()


def test_the_policy_in_force_is_no_other_one(file: Path) -> None:
    watching = watch(file)
    assert another(watching) is None
    file.write_text(f"# said otherwise\n{OPEN_POLICY}")
    assert another(watching) is None


def test_what_is_written_anew_holds(file: Path) -> None:
    watching = watch(file)
    file.write_text(OPEN_POLICY.replace("capacity, free, free_min", "capacity, free_min"))
    found = another(watching)
    assert found == read_policy(file.parents[1])
    assert found is not None
    assert "free" not in found.states["lot"].fields


def test_a_wrong_policy_is_refused_with_file_and_line_until_it_is_mended(file: Path) -> None:
    watching = watch(file)
    file.write_text(WRONG)
    with capture_logs() as logs:
        assert another(watching) is None
    (said,) = [each for each in logs if each["event"] == "policy_refused"]
    assert (said["file"], said["line"]) == (str(file), LINE_OF_THE_FAULT)
    assert "freee" in said["why"]
    assert refused() == 1
    file.write_text(OPEN_POLICY)
    assert another(watching) is None
    assert refused() == 0


def test_a_policy_that_is_emptied_closes_everything(file: Path) -> None:
    watching = watch(file)
    file.write_text("")
    assert another(watching) == read_policy(file.parents[1]) == CLOSED


def test_a_policy_that_could_not_be_read_for_a_while_is_told_once_and_holds_again(
    file: Path,
) -> None:
    watching = watch(file)
    assert another(watching) is None
    kept = file.rename(file.with_suffix(".kept"))
    file.mkdir()
    with capture_logs() as logs:
        assert [watching.look() for _ in range(4)] == [None] * 4
    assert len(logs) == 1
    assert refused() == 1
    file.rmdir()
    kept.rename(file)
    assert another(watching) is None
    assert refused() == 0


def test_a_policy_that_cannot_be_read_is_refused(file: Path) -> None:
    watching = watch(file)
    file.unlink()
    file.mkdir()
    assert another(watching) is None
    assert refused() == 1
    file.rmdir()
    assert another(watching) == CLOSED
    assert refused() == 0


def test_a_file_that_is_being_written_is_not_read(file: Path) -> None:
    watching = watch(file)
    for text in ("", "states: []", WRONG, OPEN_POLICY):
        file.write_text(text)
        assert watching.look() is None
    assert watching.look() is None
    assert refused() == 0

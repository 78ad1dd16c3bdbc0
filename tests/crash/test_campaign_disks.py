# SPDX-License-Identifier: EUPL-1.2
"""A disk stays full until something met it, nothing else passes for a full one, and a witness does not see it where there is room."""

from __future__ import annotations

import resource
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from crash.campaign import disks, refusals
from crash.campaign.acknowledged import forgetful, spans_unkept
from stadttakt_simulators.clock import EpochNs
from support.stack import Stack


def test_disk_stays_full_until_something_met_it() -> None:
    filled: list[int] = []
    looks = iter([0, 0, 3])
    lasted, times = disks.stay_full(lambda: filled.append(1), lambda: next(looks), 0.001, 60)
    assert times == 3
    assert len(filled) == 3
    assert lasted > 0.001


def test_disk_that_nothing_meets_is_full_no_longer_than_its_limit_and_says_so() -> None:
    lasted, times = disks.stay_full(lambda: None, lambda: 0, 0.001, 0.2)
    assert times == 0
    assert lasted >= 0.2


def test_error_that_is_no_full_disk_does_not_pass_for_one(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            disks.fill(SimpleNamespace(data_dir=tmp_path))  # type: ignore[arg-type]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_witness_sees_nothing_refused_by_a_broker_that_has_room(servers: Stack) -> None:
    if not servers.mosquitto.durable:
        pytest.skip("this broker writes snapshots only")
    with refusals.of_broker(servers.mosquitto) as seen:
        assert seen() == 0
        time.sleep(refusals.SURE_AFTER_S)
        assert seen() == 0
        assert _kept(servers)
    # It acknowledges before it commits.
    while _kept(servers):
        time.sleep(0.05)


def test_witness_of_a_broker_counts_what_was_acknowledged_and_is_not_in_its_file(
    servers: Stack, tmp_path: Path
) -> None:
    if not servers.mosquitto.durable:
        pytest.skip("this broker writes snapshots only")
    elsewhere = SimpleNamespace(workdir=tmp_path, port=servers.mosquitto.port)
    with refusals.of_broker(servers.mosquitto) as kept_here:
        kept_here()
        with refusals._reader(servers.mosquitto.workdir / "mosquitto.sqlite3") as reader:
            reader.execute("vacuum into ?", [str(tmp_path / "mosquitto.sqlite3")])
        with refusals.of_broker(elsewhere) as seen:  # type: ignore[arg-type]
            seen()
            time.sleep(refusals.SURE_AFTER_S)
            assert seen() == 1
        assert kept_here() == 0


def _kept(servers: Stack) -> set[str]:
    return refusals.kept(servers.mosquitto.workdir / "mosquitto.sqlite3", "witness/")


def test_database_is_seen_to_be_refused_by_what_its_log_tells_from_then_on(tmp_path: Path) -> None:
    log = tmp_path / "postgres.log"
    line = "ERROR:  could not extend file: No space left on device\n"
    log.write_text(line)
    with refusals.of_database(SimpleNamespace(log_file=log)) as seen:  # type: ignore[arg-type]
        assert seen() == 0
        with log.open("a") as file:
            file.write(line + line)
        assert seen() == 2


def test_what_a_broker_with_a_full_disk_acknowledged_is_doubtful_only_if_it_died_later() -> None:
    full = [(EpochNs(10), EpochNs(20)), (EpochNs(30), EpochNs(40))]
    assert spans_unkept(full, []) == []
    assert spans_unkept(full, [EpochNs(5)]) == []
    assert spans_unkept(full, [EpochNs(25)]) == [(10, 20)]
    assert spans_unkept(full, [EpochNs(15), EpochNs(50)]) == full


def test_broker_that_forgot_more_than_its_deaths_excuse_is_an_offence() -> None:
    assert forgetful(4, 1) == []
    (offence,) = forgetful(5, 1)
    assert offence == "5 acknowledged messages are gone after 1 deaths of the broker"

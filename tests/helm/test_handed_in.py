# SPDX-License-Identifier: EUPL-1.2
"""Secrets that the city folder names: whoever reads them has them as files, and nobody else."""

import pytest

from helm.test_chart import SECRETS, WORKLOADS, container, of_kind
from helm.test_encryption import mounted
from support.helm import rendered

READERS = {"sources": {"uplink-decoder"}, "signing": {"parking-occupancy"}}


@pytest.mark.parametrize("name", READERS)
def test_secrets_of_the_city_folder_are_with_who_reads_them_alone(name: str) -> None:
    workloads = of_kind(rendered("production.yaml"), *WORKLOADS)
    holders = {
        each for each, one in workloads.items() if mounted(one).get(f"/run/{name}") is not None
    }
    assert holders == READERS[name]
    (holder,) = holders
    assert mounted(workloads[holder])[f"/run/{name}"] == f"stadttakt-{name}"
    env = {one["name"]: one.get("value") for one in container(workloads[holder])["env"]}
    assert env["STADTTAKT_SECRET_FILES"] == f"{SECRETS}:/run/{name}"


def test_replica_that_is_drained_reaches_the_brokers_of_its_sources() -> None:
    workloads = of_kind(rendered("shrunk.yaml"), "Job")
    for number in ("2", "3"):
        job = workloads[f"uplink-decoder-leaving-{number}"]
        assert mounted(job)["/run/sources"] == "stadttakt-sources"
        env = {one["name"]: one.get("value") for one in container(job)["env"]}
        assert env["STADTTAKT_SECRET_FILES"] == f"{SECRETS}:/run/sources"


def test_without_values_nothing_more_is_mounted() -> None:
    workloads = of_kind(rendered("small.yaml"), *WORKLOADS)
    assert not any(f"/run/{name}" in mounted(one) for one in workloads.values() for name in READERS)
    env = {one["name"]: one.get("value") for one in container(workloads["uplink-decoder"])["env"]}
    assert env["STADTTAKT_SECRET_FILES"] == SECRETS

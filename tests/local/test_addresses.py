# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from kpi_aggregator.settings import Settings
from stadttakt_local.programs import services
from stadttakt_local.settings import Ports


def test_pages_of_the_local_stack_know_where_browsers_reach_them() -> None:
    kpi = next(each for each in services(Ports(kpi=9104)) if each.name == "kpi-aggregator")
    told = kpi.environment["STADTTAKT_KPI_PUBLIC_URL"]
    assert Settings(public_url=told).public_url == "http://127.0.0.1:9104"

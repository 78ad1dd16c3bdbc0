# SPDX-License-Identifier: EUPL-1.2
"""Every setting has a reader, and stands in its service's README."""

import re
from pathlib import Path

import pytest

from kpi_aggregator.settings import Settings as KpiSettings
from measure_registry.settings import Settings as RegistrySettings
from open_data_publisher.settings import Settings as PublisherSettings
from parking_occupancy.settings import ParkingSettings
from stadttakt_runtime.settings import ServiceSettings
from uplink_decoder.settings import UplinkSettings
from vehicle_occupancy.settings import Settings as TransitSettings

ROOT = Path(__file__).parents[2]
SERVICES: dict[str, type[ServiceSettings]] = {
    "kpi-aggregator": KpiSettings,
    "measure-registry": RegistrySettings,
    "open-data-publisher": PublisherSettings,
    "parking-occupancy": ParkingSettings,
    "uplink-decoder": UplinkSettings,
    "vehicle-occupancy": TransitSettings,
}
each_service = pytest.mark.parametrize("service", SERVICES)


def source(folder: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))


def read_in(name: str, code: str) -> bool:
    return re.search(rf"settings\.{name}\b", code) is not None


def test_every_shared_setting_has_a_reader() -> None:
    everywhere = source(ROOT / "libs/runtime/src") + source(ROOT / "services")
    unread = [name for name in ServiceSettings.model_fields if not read_in(name, everywhere)]
    assert not unread


@each_service
def test_every_setting_of_a_service_has_a_reader(service: str) -> None:
    own = SERVICES[service].model_fields.keys() - ServiceSettings.model_fields.keys()
    code = source(ROOT / "services" / service / "src")
    assert not [name for name in own if not read_in(name, code)]


@each_service
def test_every_setting_of_a_service_stands_in_its_readme(service: str) -> None:
    text = (ROOT / "services" / service / "README.md").read_text(encoding="utf-8")
    own = SERVICES[service].__annotations__.keys() & SERVICES[service].model_fields.keys()
    assert not [name for name in own if not re.search(rf"\b{name.upper()}\b", text)]

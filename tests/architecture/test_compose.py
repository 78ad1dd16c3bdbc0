import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from stadttakt_local.mosquitto import _CONFIGURATION

PROJECT = Path(__file__).resolve().parents[2]
SERVICES = {
    "uplink-decoder": 8101,
    "parking-occupancy": 8102,
    "vehicle-occupancy": 8103,
    "kpi-aggregator": 8104,
    "open-data-publisher": 8105,
    "measure-registry": 8106,
}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((PROJECT / "deploy/compose.yaml").read_text())
    return loaded["services"]


def test_compose_runs_every_service_on_its_port(compose: dict[str, Any]) -> None:
    assert {path.name for path in (PROJECT / "services").iterdir() if path.is_dir()} == set(
        SERVICES
    )
    for name, port in SERVICES.items():
        service = compose[name]
        assert service["ports"] == [f"127.0.0.1:{port}:{port}"]
        assert service["build"]["args"] == {"SERVICE": name}
        assert service["depends_on"]["prepare"]["condition"] == "service_completed_successfully"


def test_what_compose_names_is_there(compose: dict[str, Any]) -> None:
    folder = PROJECT / "deploy"
    for service in compose.values():
        if build := service.get("build"):
            assert (folder / build["context"] / build["dockerfile"]).is_file()
            lock = {"all": "run"}.get(build["args"]["SERVICE"], build["args"]["SERVICE"])
            assert (PROJECT / "requirements" / f"{lock}.lock").is_file()
        for volume in service.get("volumes", ()):
            source = re.sub(r"\$\{\w+:-(\w+)\}", r"\1", volume.split(":/")[0])
            assert not source.startswith(".") or (folder / source).exists()


def test_the_container_broker_keeps_as_much_as_the_local_one() -> None:
    def limits(text: str) -> set[str]:
        names = ("max_", "plugin_opt", "persistent_client", "set_tcp")
        return {line for line in text.splitlines() if line.startswith(names)}

    container = limits((PROJECT / "deploy/mosquitto/mosquitto.conf").read_text())
    assert limits(_CONFIGURATION) < container
    assert "plugin_opt_flush_period 0" in container

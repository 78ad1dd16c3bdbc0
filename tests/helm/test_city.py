# SPDX-License-Identifier: EUPL-1.2
"""A whole city folder for the chart, by one command."""

import json
from base64 import b64decode
from pathlib import Path

import yaml
from typer.testing import CliRunner

from architecture.test_compose import SERVICES
from helm.test_chart import of_kind
from stadttakt_runtime.cli import build
from support.helm import CHART, helm, schema_faults

HALLE = CHART.parents[1] / "deploy/cities/halle"


def test_pods_see_the_folder_as_it_is(tmp_path: Path) -> None:
    outcome = CliRunner().invoke(build(), ["city", "chart", str(HALLE), "--into", str(tmp_path)])
    assert outcome.exit_code == 0, outcome.output
    config_map = json.loads((tmp_path / "city-config-map.json").read_text())
    assert not schema_faults(config_map)
    told = helm("template", "x", str(CHART), "--values", str(tmp_path / "city-values.json"))
    workload = of_kind([*yaml.safe_load_all(told.stdout)], "StatefulSet")["uplink-decoder"]
    volumes = {one["name"]: one for one in workload["spec"]["template"]["spec"]["volumes"]}
    mounted = volumes["city"]["configMap"]
    assert mounted["name"] == config_map["metadata"]["name"]
    seen = {
        one["path"]: b64decode(config_map["binaryData"][one["key"]]) for one in mounted["items"]
    }
    there = [path for path in HALLE.rglob("*") if path.is_file()]
    assert seen == {path.relative_to(HALLE).as_posix(): path.read_bytes() for path in there}


def test_folder_with_another_content_starts_services_anew(tmp_path: Path) -> None:
    city = tmp_path / "city"
    city.mkdir()

    def checksums() -> set[str]:
        arguments = ["city", "chart", str(city), "--into", str(tmp_path)]
        assert CliRunner().invoke(build(), arguments).exit_code == 0
        told = helm("template", "x", str(CHART), "--values", str(tmp_path / "city-values.json"))
        workloads = of_kind([*yaml.safe_load_all(told.stdout)], "StatefulSet", "Deployment")
        pods = [workloads[name]["spec"]["template"]["metadata"] for name in SERVICES]
        return {pod["annotations"]["checksum/city"] for pod in pods}

    (city / "city.yaml").write_text("city_id: a")
    (before,) = checksums()
    assert checksums() == {before}
    (city / "city.yaml").write_text("city_id: b")
    assert checksums() != {before}


def test_folder_that_no_config_map_holds_is_refused(tmp_path: Path) -> None:
    (tmp_path / "city").mkdir()
    (tmp_path / "city/stop_times.txt").write_bytes(bytes(1_000_000))
    arguments = ["city", "chart", str(tmp_path / "city"), "--into", str(tmp_path / "out")]
    outcome = CliRunner().invoke(build(), arguments)
    assert outcome.exit_code == 1
    assert not (tmp_path / "out").exists()

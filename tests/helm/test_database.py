# SPDX-License-Identifier: EUPL-1.2
"""The bundled database: which images, and how an archive is written and brought back."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from helm.test_chart import of_kind
from support.documents import blocks
from support.helm import CHART, helm

SHOWN = [
    block.text
    for block in blocks()
    if block.document == "docs/how-to/backup.md" and block.language == "yaml"
]


def template(tmp_path: Path, values: dict[str, Any]) -> list[dict[str, Any]]:
    given = {**values, "database": {"bundled": True, **values.get("database", {})}}
    (tmp_path / "values.json").write_text(json.dumps(given))
    told = helm("template", "takt", str(CHART), "--values", str(tmp_path / "values.json"))
    assert told.returncode == 0, told.stderr
    return [one for one in yaml.safe_load_all(told.stdout) if one]


def test_images_are_named_by_version_and_hold_the_apache_edition(tmp_path: Path) -> None:
    spec = of_kind(template(tmp_path, {}), "Cluster")["timescaledb"]["spec"]
    (extension,) = spec["postgresql"]["extensions"]
    image = extension["image"]["reference"]
    assert "timescaledb-oss" in image
    assert all(re.search(r":\d+\.\d+", one) for one in (image, spec["imageName"]))
    own = template(tmp_path, {"database": {"image": "own:1", "timescaleImage": ""}})
    assert "extensions" not in of_kind(own, "Cluster")["timescaledb"]["spec"]["postgresql"]


def test_log_is_archived_as_the_page_shows(tmp_path: Path) -> None:
    shown, _ = SHOWN
    manifests = template(tmp_path, yaml.safe_load(shown))
    spec = of_kind(manifests, "Cluster")["timescaledb"]["spec"]
    assert set(spec["bootstrap"]) == {"initdb"}
    (plugin,) = spec["plugins"]
    backup = of_kind(manifests, "ScheduledBackup")["timescaledb"]["spec"]
    assert backup["cluster"] == {"name": "timescaledb"}
    assert len(backup["schedule"].split()) == 6
    assert backup["pluginConfiguration"]["name"] == plugin["name"]


def test_archive_comes_back_as_the_page_shows(tmp_path: Path) -> None:
    _, shown = SHOWN
    spec = of_kind(template(tmp_path, yaml.safe_load(shown)), "Cluster")["timescaledb"]["spec"]
    recovery = spec["bootstrap"].pop("recovery")
    assert spec["bootstrap"] == {}
    assert (recovery["database"], recovery["owner"]) == ("stadttakt", "stadttakt")
    assert recovery["secret"] == {"name": "stadttakt-database"}
    (origin,) = spec["externalClusters"]
    assert recovery["source"] == origin["name"]
    (plugin,) = spec["plugins"]
    assert origin["plugin"]["parameters"]["serverName"] != plugin["parameters"]["serverName"]


@pytest.mark.parametrize(
    "wrong", [{"scheduledBackup": {"method": "plugin"}}, {"recovery": {"owner": "else"}}]
)
def test_what_the_chart_itself_fills_in_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match=next(iter(wrong))):
        template(tmp_path, {"database": wrong})

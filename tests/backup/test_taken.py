# SPDX-License-Identifier: EUPL-1.2
"""What a copy leaves for Prometheus: the series that the alert compares, whole and readable."""

import os
import subprocess
import time
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

DEPLOY = Path(__file__).parents[2] / "deploy"


def told(folder: Path, **variables: str) -> None:
    script = str(DEPLOY / "backup/taken.sh")
    subprocess.run([script, "copy"], env={**os.environ, **variables}, cwd=folder, check=True)


@pytest.mark.parametrize(("given", "interval_s"), [({}, 86_400), ({"BACKUP_EVERY_H": "6"}, 21_600)])
def test_copy_is_told_by_the_series_that_the_alert_compares(
    tmp_path: Path, given: dict[str, str], interval_s: int
) -> None:
    before = int(time.time())
    told(tmp_path, BACKUP_METRICS=str(tmp_path), **given)
    (file,) = tmp_path.iterdir()
    assert file.name.endswith(".prom")
    assert file.stat().st_mode & 0o777 == 0o644
    families = text_string_to_metric_families(file.read_text())
    values = {sample.name: sample.value for family in families for sample in family.samples}
    taken = values.pop("stadttakt_backup_taken_timestamp_seconds")
    assert before <= taken <= time.time()
    assert values == {"stadttakt_backup_interval_seconds": interval_s}
    groups = yaml.safe_load((DEPLOY / "prometheus/rules/stadttakt.yml").read_text())["groups"]
    rules = {rule.get("alert"): rule for group in groups for rule in group["rules"]}
    for name in ("stadttakt_backup_taken_timestamp_seconds", *values):
        assert name in rules["BackupOld"]["expr"]


def test_who_names_no_folder_is_told_nothing(tmp_path: Path) -> None:
    told(tmp_path, BACKUP_METRICS="")
    assert list(tmp_path.iterdir()) == []

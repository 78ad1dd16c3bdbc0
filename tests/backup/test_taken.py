# SPDX-License-Identifier: EUPL-1.2
"""What a copy leaves for Prometheus: the series that the alert compares, whole and readable."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
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


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that everybody comes into, unlike those of pytest."""
    folder = Path(tempfile.mkdtemp(prefix="stadttakt-taken-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="nobody else can be played")
@pytest.mark.parametrize(("mode", "written"), [(0o775, True), (0o755, False)])
def test_another_user_than_the_folders_owner_tells_or_leaves_nothing(
    reachable: Path, mode: int, *, written: bool
) -> None:
    nobody = 65534
    metrics, script = reachable / "metrics", reachable / "taken.sh"
    metrics.mkdir()
    os.chown(metrics, 0, nobody)
    metrics.chmod(mode)
    shutil.copy(DEPLOY / "backup/taken.sh", script)
    command = [
        "setpriv",
        f"--reuid={nobody}",
        f"--regid={nobody}",
        "--clear-groups",
        script,
        "copy",
    ]
    environment = {**os.environ, "BACKUP_METRICS": str(metrics)}
    outcome = subprocess.run(command, env=environment, cwd="/", capture_output=True, check=False)
    assert (outcome.returncode == 0) is written
    assert [file.name for file in metrics.iterdir()] == ["stadttakt_backup_copy.prom"] * written


def test_who_names_no_folder_is_told_nothing(tmp_path: Path) -> None:
    told(tmp_path, BACKUP_METRICS="")
    assert list(tmp_path.iterdir()) == []

# SPDX-License-Identifier: EUPL-1.2
"""The command line of codecs, and the import of a repository with every odd case."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from stadttakt_runtime.cli import build

LEVEL = "function decodeUplink(i) { return {data: {level: i.bytes[0]}}; }\n"
FILES = {
    "vendor/index.yaml": "vendors:\n  - {id: acme, name: Acme Sensors}\n  - {id: odd, name: Odd}\n",
    "vendor/acme/index.yaml": "endDevices: [one, two]\n",
    "vendor/acme/one.yaml": (
        "name: Level One\nfirmwareVersions:\n"
        "  - {version: '1', profiles: {EU863-870: {id: p, codec: level-codec}}}\n"
    ),
    "vendor/acme/two.yaml": (
        "name: Level Two\nfirmwareVersions:\n"
        "  - {version: '1', profiles: {EU863-870: {id: p, codec: level-codec}}}\n"
    ),
    "vendor/acme/level.js": LEVEL,
    "vendor/acme/level-codec.yaml": (
        "uplinkDecoder:\n  fileName: level.js\n  examples:\n"
        "    - description: seven\n      input: {fPort: 1, bytes: [7]}\n"
        "      output: {data: {level: 7}}\n"
    ),
    "vendor/acme/legacy.js": "function Decoder(bytes, port) { return {state: bytes[0] ? 'on' : 'off'}; }",
    "vendor/acme/legacy-codec.yaml": (
        "uplinkDecoder:\n  fileName: legacy.js\n  examples:\n"
        "    - {description: on, input: {fPort: 1, bytes: [1]}, output: {data: {state: on}}}\n"
        "    - {description: off, input: {fPort: 1, bytes: [0]}, output: {data: {state: off}}}\n"
    ),
    "vendor/odd/wrong-codec.yaml": (
        "uplinkDecoder:\n  fileName: ../acme/level.js\n  examples:\n"
        "    - description: eight\n      input: {fPort: 1, bytes: [7]}\n"
        "      output: {data: {level: 8}}\n"
        "    - description: nine\n      input: {fPort: 1, bytes: [9]}\n"
        "      output: {data: {level: 9}}\n"
    ),
    "vendor/odd/missing-codec.yaml": (
        "uplinkDecoder:\n  fileName: absent.js\n  examples:\n"
        "    - {input: {bytes: [1]}, output: {data: {}}}\n"
    ),
    "vendor/odd/outside-codec.yaml": "uplinkDecoder:\n  fileName: ../../../secret.js\n",
    "vendor/odd/broken-codec.yaml": "uplinkDecoder:\n  fileName: [\n",
    "vendor/odd/syntax.js": "function decodeUplink( {",
    "vendor/odd/syntax-codec.yaml": "uplinkDecoder:\n  fileName: syntax.js\n",
    "vendor/odd/downlink-codec.yaml": "downlinkEncoder:\n  fileName: absent.js\n",
    "secret.js": LEVEL,
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        file = tmp_path / "repository" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return tmp_path / "repository"


@pytest.fixture(autouse=True)
def _database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STADTTAKT_DATABASE_URL", database_url)


def stadttakt(*arguments: str | Path) -> Result:
    words = ["codecs", *(str(each) for each in arguments)]
    return CliRunner().invoke(build(), words)


def report(file: Path) -> dict[str, tuple[str, str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return {
            row["codec_id"]: (row["outcome"], row["passed"], row["failed"])
            for row in csv.DictReader(stream)
            if row["outcome"] != "failed_vector"
        }


def test_import_takes_what_passes_and_tells_of_the_rest(checkout: Path, tmp_path: Path) -> None:
    file = tmp_path / "report.csv"
    done = stadttakt("import", checkout, "--report", file)
    assert done.exit_code == 0, done.output
    assert report(file) == {
        "acme-legacy-codec": ("imported", "2", "0"),
        "acme-level-codec": ("imported", "1", "0"),
        "odd-broken-codec": ("unusable", "0", "0"),
        "odd-missing-codec": ("unusable", "0", "1"),
        "odd-outside-codec": ("unusable", "0", "0"),
        "odd-syntax-codec": ("unusable", "0", "0"),
        "odd-wrong-codec": ("vectors_failed", "1", "1"),
    }
    text = file.read_text(encoding="utf-8")
    assert "outside the repository" in text
    assert "data.level: expected 8, got 7" in text
    assert "4 of 6 vectors passed" in done.output
    listed = {each["codec_id"]: each for each in json.loads(stadttakt("list", "--json").stdout)}
    assert listed["acme-level-codec"]["maker"] == "Acme Sensors"
    assert listed["acme-level-codec"]["model"] == "Level One, Level Two"
    assert "odd-wrong-codec" not in listed
    assert listed["bosch-tps110"]["language"] == "native"


def test_second_import_changes_nothing_and_a_changed_script_is_a_new_version(
    checkout: Path, tmp_path: Path
) -> None:
    file = tmp_path / "report.csv"
    stadttakt("import", checkout, "--vendor", "acme")
    stadttakt("import", checkout, "--vendor", "acme", "--report", file)
    assert {each[0] for each in report(file).values()} == {"unchanged"}
    (checkout / "vendor/acme/level.js").write_text(f"// newer\n{LEVEL}", encoding="utf-8")
    stadttakt("import", checkout, "--vendor", "acme", "--report", file)
    assert report(file)["acme-level-codec"][0] == "new_version"
    listed = {each["codec_id"]: each for each in json.loads(stadttakt("list", "--json").stdout)}
    codec = listed["acme-level-codec"]
    assert (codec["active_version"], codec["newest_version"]) == (1, 2)


def test_dry_run_stores_nothing(checkout: Path) -> None:
    done = stadttakt("import", checkout, "--dry-run")
    assert "dry run: nothing is stored" in done.output
    listed = json.loads(stadttakt("list", "--json").stdout)
    assert {each["language"] for each in listed} == {"native"}


def test_failing_codecs_are_stored_when_accepted(checkout: Path) -> None:
    stadttakt("import", checkout, "--vendor", "odd", "--accept-failures")
    shown = stadttakt("show", "odd-wrong-codec")
    assert shown.exit_code == 0
    assert LEVEL in shown.output


def test_what_is_no_checkout_is_one_line(tmp_path: Path, checkout: Path) -> None:
    nothing = stadttakt("import", tmp_path)
    assert (nothing.exit_code, "no folder `vendor`" in nothing.output) == (1, True)
    nobody = stadttakt("import", checkout, "--vendor", "nobody")
    assert (nobody.exit_code, "there is no maker" in nobody.output) == (1, True)


def test_codec_is_put_activated_tried_and_shown(tmp_path: Path) -> None:
    script, vectors = tmp_path / "a.js", tmp_path / "a.yaml"
    script.write_text(LEVEL, encoding="utf-8")
    vectors.write_text("- {f_port: 1, bytes: '07', expected: {level: 7}}\n", encoding="utf-8")
    assert "1 vectors passed, 0 failed" in stadttakt("test", script, vectors).output
    put = stadttakt("upload", "own-level", script, "--vectors", vectors, "--maker", "Own")
    assert "own-level version 1 stored, 1 vectors passed" in put.output
    script.write_text(LEVEL.replace("bytes[0]", "bytes[0] + 1"), encoding="utf-8")
    refused = stadttakt("upload", "own-level", script, "--vectors", vectors)
    assert (refused.exit_code, "expected 7, got 8" in refused.output) == (1, True)
    put = stadttakt("upload", "own-level", script, "--vectors", vectors, "--accept-failures")
    assert "stadttakt codecs activate own-level 2" in put.output
    assert "decodes with version 2" in stadttakt("activate", "own-level", "2").output
    assert stadttakt("activate", "own-level", "9").exit_code == 1
    decoded = json.loads(stadttakt("try", "own-level", "1", "07").stdout)
    assert (decoded["data"], decoded["codec_version"]) == ({"level": 8}, 2)
    decoded = json.loads(stadttakt("try", "own-level", "1", "07", "--version", "1").stdout)
    assert decoded["data"] == {"level": 7}
    assert stadttakt("upload", "bosch-tps110", script).exit_code == 1
    assert "own-level" in stadttakt("list").output
    listed = json.loads(stadttakt("versions", "own-level", "--json").stdout)
    assert [(each["version"], each["active"]) for each in listed] == [(2, True), (1, False)]
    assert "1 of 1 failed" in stadttakt("versions", "own-level").output
    assert stadttakt("versions", "nobodys").exit_code == 1

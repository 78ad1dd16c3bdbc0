# SPDX-License-Identifier: EUPL-1.2
import os
import stat
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
import typer
from typer.testing import CliRunner, Result

from stadttakt_runtime import plugins
from stadttakt_runtime.cli import build
from stadttakt_runtime.plugins import CityError

FOLDER = Path(sys.executable).parent


class Cli:
    """The command line with plugins of the test's own beside the installed ones."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.app: typer.Typer = build()

    def __call__(self, *arguments: str) -> Result:
        runner = CliRunner(env={"STADTTAKT_DATABASE_URL": self.url, "COLUMNS": "200"})
        return runner.invoke(self.app, list(arguments))

    def json(self, *arguments: str) -> Any:
        result = self(*arguments)
        assert result.exit_code == 0, result.output
        return orjson.loads(result.stdout)


@pytest.fixture
def cli(database_url: str) -> Cli:
    return Cli(database_url)


def test_created_key_is_printed_once_and_listed_without_its_secret(cli: Cli) -> None:
    made = cli.json(
        *("keys", "create", "--label", "Leitstelle", "--scope", "devices:read"),
        *("--scope", "replay", "--days", "30", "--json"),
    )
    listed = cli("keys", "list", "--json")
    (entry,) = orjson.loads(listed.stdout)
    assert entry["key_id"] == made["key_id"]
    assert entry["scopes"] == ["devices:read", "replay"]
    assert (entry["label"], entry["valid"], entry["last_used_at"]) == ("Leitstelle", True, None)
    assert entry["expires_at"] == made["expires_at"]
    assert made["key"].split("_", 2)[2] not in listed.stdout


def test_key_alone_goes_to_standard_output(cli: Cli) -> None:
    result = cli("keys", "create", "--label", "x", "--scope", "replay")
    assert result.stdout.startswith("stk_")
    assert result.stdout.count("\n") == 1


def test_revoked_key_is_listed_as_invalid_and_not_revoked_twice(cli: Cli) -> None:
    made = cli.json("keys", "create", "--label", "x", "--scope", "replay", "--json")
    assert cli("keys", "revoke", made["key_id"]).exit_code == 0
    assert cli.json("keys", "list", "--json")[0]["valid"] is False
    again = cli("keys", "revoke", made["key_id"])
    assert (again.exit_code, again.stderr) == (
        1,
        f"error: no unrevoked key has the id {made['key_id']}\n",
    )


def test_who_made_and_who_revoked_a_key_is_kept(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "operator")
    made = cli.json("keys", "create", "--label", "x", "--scope", "replay", "--json")
    assert cli("keys", "revoke", made["key_id"], "--by", "Leitung").exit_code == 0
    (entry,) = cli.json("keys", "list", "--json")
    assert (entry["created_by"], entry["revoked_by"]) == ("operator", "Leitung")
    assert "invalid by Leitung" in cli("keys", "list").output


def test_every_id_and_day_that_is_listed_is_whole_where_nobody_sees_the_width(cli: Cli) -> None:
    for label in ("control centre of the tramway [x]", "journey planner"):
        scopes = ("--scope", "devices:read", "--scope", "parking:operate", "--days", "400")
        assert cli("keys", "create", "--label", label, *scopes).exit_code == 0
    known = {each["key_id"]: each["expires_at"][:10] for each in cli.json("keys", "list", "--json")}
    piped = CliRunner(env={"STADTTAKT_DATABASE_URL": cli.url, "COLUMNS": "80"})
    printed = piped.invoke(cli.app, ["keys", "list"]).output
    lines = [line for line in printed.splitlines() if line.split(maxsplit=1)[0] in known]
    assert len(lines) == 2
    assert "[x]" in printed
    for line in lines:
        key_id, *_ = line.split()
        assert known[key_id] in line
        assert cli("keys", "revoke", key_id).exit_code == 0


def test_key_is_neither_made_nor_revoked_by_nobody(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SUDO_USER", "LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 54_321)  # a container's user, without a name
    create = ("keys", "create", "--label", "x", "--scope", "replay", "--json")
    refused = cli(*create, "--by", "")
    assert (refused.exit_code, "--by" in refused.stderr) == (1, True)
    made = cli.json(*create, "--by", "operator")
    assert cli("keys", "revoke", made["key_id"]).exit_code == 1
    (entry,) = cli.json("keys", "list", "--json")
    assert (entry["created_by"], entry["valid"]) == ("operator", True)


def test_unknown_scope_is_refused_with_the_list(cli: Cli) -> None:
    result = cli("keys", "create", "--label", "x", "--scope", "devices:raed")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: no such scope: devices:raed; there are admin, ")


def test_admin_key_is_made_once_and_kept_private(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "new" / "admin.key"
    first = cli("keys", "create-admin", "--file", str(file))
    assert (first.exit_code, first.stdout) == (0, file.read_text())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o644)
    assert cli("keys", "create-admin", "--file", str(file)).stdout == first.stdout
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [key["scopes"] for key in cli.json("keys", "list", "--json")] == [["admin"]]
    assert [one.name for one in file.parent.iterdir()] == ["admin.key"]


@pytest.mark.parametrize("content", ["", "nonsense\n", "stk_0123456789ab_" + "A" * 43])
def test_admin_key_that_the_database_does_not_take_is_replaced(
    cli: Cli, tmp_path: Path, content: str
) -> None:
    file = tmp_path / "admin.key"
    file.write_text(content)
    made = cli("keys", "create-admin", "--file", str(file)).stdout
    assert made == file.read_text()
    assert made.strip() != content.strip()


def test_admin_key_that_was_revoked_or_is_none_is_replaced(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "admin.key"
    first = cli("keys", "create-admin", "--file", str(file)).stdout
    cli("keys", "revoke", first.split("_")[1])
    second = cli("keys", "create-admin", "--file", str(file)).stdout
    assert second != first
    lesser = cli.json("keys", "create", "--label", "x", "--scope", "replay", "--json")["key"]
    file.write_text(lesser)
    assert cli("keys", "create-admin", "--file", str(file)).stdout.strip() != lesser


def test_a_key_with_scopes_is_made_once_and_again_where_it_may_less(
    cli: Cli, tmp_path: Path
) -> None:
    file = tmp_path / "second.key"
    asked = ("keys", "keep", "--file", str(file), "--label", "second", "--scope", "kpi:approve")
    first = cli(*asked)
    kept = file.read_text()
    assert (first.exit_code, kept in first.stdout + first.stderr) == (0, False)
    assert cli(*asked).exit_code == 0
    assert file.read_text() == kept
    assert cli(*asked, "--scope", "kpi:write").exit_code == 0
    assert file.read_text() != kept
    listed = cli.json("keys", "list", "--json")
    assert sorted(each["scopes"] for each in listed) == [
        ["kpi:approve"],
        ["kpi:approve", "kpi:write"],
    ]
    assert cli(*asked, "--scope", "kpi:wirte").exit_code == 1


def test_admin_key_whose_file_cannot_be_written_is_not_stored(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = cli("keys", "create-admin", "--file", str(tmp_path / "file" / "admin.key"))
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert cli.json("keys", "list", "--json") == []


def test_keys_before_the_first_migration_name_the_command(empty_database_url: str) -> None:
    result = Cli(empty_database_url)("keys", "list")
    assert (result.exit_code, result.stderr) == (
        1,
        "error: the database has no API keys yet; run: stadttakt migrate\n",
    )


def test_check_tells_what_is_behind_and_changes_nothing(empty_database_url: str) -> None:
    cli = Cli(empty_database_url)
    before = cli("migrate", "--check", "kpi", "--json")
    assert before.exit_code == 1
    assert [(one["schema"], one["current"]) for one in orjson.loads(before.stdout)] == [
        ("platform", None),
        ("kpi", None),
    ]
    with psycopg.connect(empty_database_url) as connection:
        schemas = connection.execute("select 1 from pg_namespace where nspname = 'kpi'").fetchall()
    assert schemas == []
    assert "migrated" in cli("migrate", "kpi").stdout
    assert cli("migrate", "--check", "kpi").exit_code == 0
    assert cli("migrate", "--check").exit_code == 1


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, group: str, **plugin_code: str) -> None:
    """Install plugins for real: a distribution with entry points on the import path."""
    info = folder / "fixture_plugins-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Name: fixture-plugins\nVersion: 1\n")
    lines = [f"{name} = fixture_{name}:plugin" for name in plugin_code]
    (info / "entry_points.txt").write_text(f"[{group}]\n" + "\n".join(lines))
    for name, code in plugin_code.items():
        (folder / f"fixture_{name}.py").write_text(code)
    monkeypatch.syspath_prepend(folder)
    names = {entry.name for entry in entry_points(group=group)}
    assert plugin_code.keys() <= names


GOOD = "def plugin(city, url):\n    return [f'3 lots of {city.name}']\n"
BAD = """
from pathlib import Path
from stadttakt_runtime.plugins import CityError


def plugin(city, url):
    raise CityError(city / "parking" / "bays.csv", "unknown column [bold]", line=7)
"""


def test_city_is_applied_by_every_service_and_errors_name_file_and_line(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "plugins", monkeypatch, plugins.CITY, zz_good=GOOD, zz_bad=BAD)
    city = tmp_path / "halle"
    city.mkdir()
    result = cli("city", "apply", str(city))
    assert result.exit_code == 1
    assert f"error: {city}/parking/bays.csv:7: unknown column [bold]\n" in result.stderr
    assert "zz_good 3 lots of halle" in " ".join(result.stdout.split())
    assert "Traceback" not in result.output


def test_what_a_folder_no_longer_names_is_retired_only_on_demand(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    retiring = "\n\ndef retire(city, url):\n    return ['one is retired']\n"
    folder = tmp_path / "plugins"
    install(folder, monkeypatch, plugins.CITY, zz_fussy=BAD + retiring)
    with (folder / "fixture_plugins-1.dist-info/entry_points.txt").open("a") as points:
        points.write(f"\n[{plugins.CITY_RETIRING}]\nzz_fussy = fixture_zz_fussy:retire")
    city = tmp_path / "halle"
    city.mkdir()
    assert "bays.csv:7: unknown column" in cli("city", "apply", str(city)).stderr
    applied = cli("city", "apply", "--retire", str(city))
    assert "zz_fussy one is retired" in " ".join(applied.stdout.split())


def test_city_error_without_a_line_names_the_file() -> None:
    assert str(CityError(Path("city.yaml"), "no city_id")) == "city.yaml: no city_id"


def test_city_folder_must_exist(cli: Cli) -> None:
    assert cli("city", "apply", "/nowhere").exit_code == 2


def test_openapi_documents_are_written_offline_and_checked(tmp_path: Path) -> None:
    (tmp_path / "gone.json").write_text("{}")
    environment = {"PATH": os.environ["PATH"]}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(FOLDER / "stadttakt"), "openapi", *arguments, str(tmp_path)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert run("--check").returncode == 1
    assert run().returncode == 0
    names = {file.name for file in tmp_path.iterdir()}
    assert {"kpi-aggregator.json", "measure-registry.json"} <= names
    assert "gone.json" not in names
    document = orjson.loads((tmp_path / "kpi-aggregator.json").read_bytes())
    assert document["info"]["title"] == "Stadttakt KPI aggregator"
    assert run("--check").returncode == 0


def test_a_command_that_is_asked_for_is_all_that_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, plugins.COMMANDS, broken="raise ImportError('half installed')")
    assert [each.name for each in build("keys").registered_groups] == ["keys"]
    assert [each.name for each in build("migrate").registered_commands] == ["migrate"]
    for asked in (None, "broken", "kyes"):
        with pytest.raises(plugins.PluginError, match="broken cannot be loaded: half installed"):
            build(asked)


def test_what_is_no_command_is_told_however_it_begins() -> None:
    command = [str(FOLDER / "stadttakt"), "-x", "kyes"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (said.returncode, "No such option: -x" in said.stderr) == (2, True)

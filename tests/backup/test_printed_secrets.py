# SPDX-License-Identifier: EUPL-1.2
"""The commands of docs/how-to/change-secrets.md as they are printed: who held the old secret is told the new one."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import yaml
from sqlalchemy.engine import make_url

from backup.desk import Desk
from support.documents import blocks
from support.stack import Stack, running_stack

LOGIN, DATABASE, OWNER, GRAFANA, PODS, OWNER_OF_PODS = (
    one.text
    for one in blocks()
    if one.document == "docs/how-to/change-secrets.md" and one.language == "sh"
)
SETUP = next(line for line in LOGIN.splitlines() if line.startswith("stadttakt setup"))


@pytest.fixture(scope="module")
def server() -> Iterator[Stack]:
    with running_stack() as own:
        yield own


@pytest.fixture
def desk(tmp_path: Path, server: Stack) -> Desk:
    made = Desk(tmp_path, server)
    for command in (SETUP, SETUP.replace("deploy/setup", "setup")):
        told = made.type(command)
        assert told.returncode == 0, told.stdout + told.stderr
    return made


def change(desk: Desk, commands: str, user: str = "stadttakt") -> tuple[dict[str, str], Path]:
    """Type commands; return what stood in the secrets before, and their folder."""
    folder = desk.folder / ("deploy/setup" if "deploy/setup" in commands else "setup") / "secrets"
    before = {path.name: path.read_text() for path in folder.iterdir()}
    told = desk.type(commands, user)
    assert told.returncode == 0, told.stdout + told.stderr
    return before, folder


def test_logins_are_drawn_anew_and_their_services_start_anew(desk: Desk) -> None:
    before, folder = change(desk, LOGIN + DATABASE)
    changed = {name for name, text in before.items() if (folder / name).read_text() != text}
    assert changed == {
        *("mqtt-password.parking-occupancy", "mqtt-url.parking-occupancy"),
        *("database-password.parking", "database-url.parking", "grafana-database-password"),
    }
    *_, made, anew = desk.typed()
    assert made.endswith("run --rm prepare")
    assert anew.endswith("--force-recreate parking-occupancy grafana")


@pytest.mark.parametrize(("commands", "user"), [(OWNER, "stadttakt"), (OWNER_OF_PODS, "postgres")])
def test_database_takes_the_owners_new_password(
    desk: Desk, server: Stack, commands: str, user: str
) -> None:
    url = make_url(server.postgres.url)
    try:
        _, folder = change(desk, commands, user)
        new = (folder / "database-password").read_text().strip()
        psycopg.connect(url.set(password=new).render_as_string(hide_password=False)).close()
        if user == "stadttakt":
            assert f":{new}@" in (folder / "database-url").read_text()
    finally:
        with psycopg.connect(server.postgres.admin_url) as connection:
            connection.execute(f"alter role stadttakt password '{url.password}'")


def test_grafana_is_told_its_administrators_new_password(desk: Desk) -> None:
    _, folder = change(desk, GRAFANA)
    new = (folder / "grafana-password").read_text().strip()
    assert desk.typed()[-1].endswith(f"reset-admin-password {new}")
    assert (folder.parent / "grafana/admin-password").read_text() == new


def test_pods_get_the_secrets_of_the_folder(desk: Desk) -> None:
    before, folder = change(desk, PODS)
    applied = list(yaml.safe_load_all((desk.folder / "applied.yaml").read_text()))
    secrets = {one["metadata"]["name"]: one["data"] for one in applied if one}
    assert set(secrets) == {"stadttakt", "stadttakt-broker"}
    name = "mqtt-password.parking-occupancy"
    assert b64decode(secrets["stadttakt"][name]).decode() == (folder / name).read_text()
    assert (folder / name).read_text() != before[name]
    # Both ends of a pipe begin at once, in whatever order.
    steps = [step for line in desk.typed() if (step := line.split()[1]) != "create"]
    assert steps[-3:] == ["apply", "upgrade", "rollout"]

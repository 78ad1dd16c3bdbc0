# SPDX-License-Identifier: EUPL-1.2
"""Services' logins at the real database: what each may, and above all what it may not."""

from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from stadttakt_runtime import plugins
from stadttakt_runtime.cli import build
from stadttakt_runtime.migrations.connection import MigrationError
from stadttakt_runtime.migrations.logins import ensure_logins
from stadttakt_runtime.migrations.upgrade import migrate, select_targets
from support.stack import Stack

SCHEMAS = sorted(plugins.load(plugins.MIGRATIONS))
# One of each service that publishes in the database.
PUBLISHED = (
    *("uplink.v1_device_health", "parking.v1_stay_day", "transit.v1_departure_level"),
    *("kpi.v1_indicator_value", "opendata.v1_dataset", "registry.v1_measure"),
)
each_schema = pytest.mark.parametrize("schema", SCHEMAS)


def own(url: str, schema: str, password: str | None = None) -> str:
    login = make_url(url).set(username=f"{schema}_login", password=password or f"of-{schema}")
    return login.render_as_string(hide_password=False)


@pytest.fixture(scope="module")
def url(shared_database_url: str) -> str:
    """A database whose services have logins; later migrations find them there."""
    ensure_logins(shared_database_url, {schema: f"of-{schema}" for schema in SCHEMAS})
    migrate(shared_database_url, select_targets(plugins.load(plugins.MIGRATIONS), []))
    return shared_database_url


@each_schema
def test_login_may_all_in_its_own_schema_and_reads_what_others_publish(
    url: str, schema: str
) -> None:
    with psycopg.connect(own(url, schema)) as connection:
        connection.execute(f"create table {schema}.tried ()")
        connection.rollback()
        for view in PUBLISHED:
            connection.execute(f"select from {view} limit 1")


@each_schema
def test_login_reaches_nothing_else_of_other_services(url: str, schema: str) -> None:
    others = [f"{name}.alembic_version" for name in SCHEMAS if name != schema]
    if schema != "registry":
        others.append("registry.contact")
    with psycopg.connect(own(url, schema), autocommit=True) as connection:
        for table in others:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"select from {table} limit 1")
        for role in {*SCHEMAS, "platform", "stadttakt", "postgres"} - {schema}:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"set role {role}")


@pytest.mark.parametrize(
    "beyond",
    [
        "copy (select 1) to program 'true'",
        "select pg_read_file('postgresql.conf')",
        "create role another login",
        "alter role registry_login password 'known'",
        "grant registry to parking_login",
        "insert into platform.api_key default values",
        "create schema another",
        "create table public.another ()",
    ],
)
def test_login_is_no_administrator(url: str, beyond: str) -> None:
    with psycopg.connect(own(url, "parking")) as connection:
        for role in ("none", "parking"):
            connection.execute(f"set role {role}")
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(beyond)  # type: ignore[arg-type]


def test_citizens_contacts_are_there_to_be_read_by_the_registry_alone(url: str) -> None:
    query = "select count(*) from registry.contact"
    with psycopg.connect(own(url, "registry")) as connection:
        assert connection.execute(query).fetchone() == (0,)
    denied = pytest.raises(psycopg.errors.InsufficientPrivilege, match="contact")
    with psycopg.connect(own(url, "parking")) as connection, denied:
        connection.execute(query)


def test_password_of_one_service_is_changed_by_its_file(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for schema in SCHEMAS:
        (tmp_path / f"database-password.{schema}").write_text(f"of-{schema}\n")
    (tmp_path / "database-password.kpi").write_text("another")
    monkeypatch.setenv("STADTTAKT_DATABASE_URL", url)
    outcome = CliRunner().invoke(build(), ["logins", str(tmp_path)])
    assert outcome.exit_code == 0, outcome.output
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(own(url, "kpi"))
    psycopg.connect(own(url, "kpi", "another")).close()
    psycopg.connect(own(url, "parking")).close()
    (tmp_path / "database-password.kpi").unlink()
    missing = CliRunner().invoke(build(), ["logins", str(tmp_path)])
    assert missing.exit_code == 1
    assert "database-password.kpi" in missing.output
    ensure_logins(url, {"kpi": "of-kpi"})


@pytest.mark.parametrize(
    ("more", "less"),
    [
        ("grant registry to parking_login", "revoke registry from parking_login"),
        ("alter role parking_login createrole", "alter role parking_login nocreaterole"),
    ],
)
def test_login_that_may_more_than_its_service_is_refused(
    url: str, stack: Stack, more: str, less: str
) -> None:
    with psycopg.connect(stack.postgres.admin_url, autocommit=True) as connection:
        connection.execute(more)  # type: ignore[arg-type]
        try:
            with pytest.raises(MigrationError, match="parking_login is a role that may more"):
                ensure_logins(url, {"parking": "of-parking"})
        finally:
            connection.execute(less)  # type: ignore[arg-type]


def test_no_login_without_role_or_password(url: str) -> None:
    with pytest.raises(MigrationError, match="stadttakt migrate"):
        ensure_logins(url, {"not_there": "x"})
    with pytest.raises(MigrationError, match="kpi_login is empty"):
        ensure_logins(url, {"kpi": ""})

# SPDX-License-Identifier: EUPL-1.2
"""The commands of docs/how-to/backup.md for compose, for Kubernetes and for `make run`, as they are printed: rows, roles and a message come back."""

import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import yaml

from backup.desk import ROOT, Desk
from runtime.integration.sessions import options_for, running, take
from stadttakt_runtime.mqtt import Outgoing
from support.documents import blocks
from support.helm import CHART, helm, rendered, schema_faults
from support.stack import Stack, running_stack

PAGE = (ROOT / "docs/how-to/backup.md").read_text()
ROWS = "select array_agg(value order by value) from parking.told"
PREPARED = """
do $$ begin create role parking nologin; exception when duplicate_object then null; end $$;
create schema parking authorization parking;
create table parking.told (at timestamptz not null, value int);
select create_hypertable('parking.told', 'at');
insert into parking.told values ('2026-11-01Z', 1), ('2026-11-20Z', 2);
"""


def printed(section: str) -> tuple[str, str]:
    """Return the commands of a section: those that copy, and those that bring back, by the same variables."""
    line = PAGE[: PAGE.index(f"## {section}\n")].count("\n")
    found = [one for one in blocks() if one.document == "docs/how-to/backup.md" and one.line > line]
    copy, back, *_ = (one.text for one in found if not one.text.startswith("sed "))
    exported = [one for one in copy.splitlines() if one.startswith("export ")]
    return copy, "\n".join([*exported, back])


@pytest.fixture(scope="module")
def server() -> Iterator[Stack]:
    with running_stack(durable=False) as own:
        with psycopg.connect(own.postgres.admin_url) as connection:
            # as compose's image makes it; CloudNativePG's superuser is there anyway
            connection.execute("alter role stadttakt superuser")
            connection.execute(PREPARED)
        yield own


@pytest.fixture
def desk(tmp_path: Path, server: Stack) -> Desk:
    return Desk(tmp_path, server)


@pytest.mark.parametrize(
    ("section", "user"),
    [("With compose", "stadttakt"), ("In Kubernetes", "postgres"), ("With `make run`", "local")],
)
async def test_rows_and_a_message_that_waits_come_back_by_the_printed_commands(
    desk: Desk, server: Stack, section: str, user: str
) -> None:
    copy, back = printed(section)
    broker, topic = server.mosquitto, f"waits/{user}"
    session = options_for(broker.url, f"away-{user}", topic)
    async with running(session):
        pass
    async with running(options_for(broker.url, "sender")) as sender:
        await sender.publish_all([Outgoing(topic, b"kept")])
    taken = desk.type(copy, user)
    assert taken.returncode == 0, taken.stdout + taken.stderr
    assert (desk.metrics / "stadttakt_backup_copy.prom").exists()
    async with running(session) as away:
        (message,) = await take(away, 1)
        away.acknowledge([message])
    with psycopg.connect(server.postgres.admin_url) as connection:
        connection.execute("delete from parking.told")
    refused = desk.type(restoring_alone(back), user)
    assert (refused.returncode, "stop the broker first" in refused.stderr) == (1, True)
    outcome = desk.type(back, user)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    with psycopg.connect(server.postgres.admin_url) as connection:
        assert connection.execute(ROWS).fetchone() == ([1, 2],)
    store, folder = (broker.workdir / "mosquitto.sqlite3").stat(), broker.workdir.stat()
    assert (store.st_uid, store.st_gid, store.st_mode & 0o777) == (
        folder.st_uid,
        folder.st_gid,
        0o600,
    )
    broker.stop()
    broker.start()
    broker.wait_ready()
    async with running(session) as away:
        (again,) = await take(away, 1)
        assert again.payload == b"kept"
        away.acknowledge([again])


async def test_runbook_names_the_session_for_which_most_waits(desk: Desk, server: Stack) -> None:
    page = "docs/runbooks/broker-queue-grows.md"
    (command, *_) = (one.text for one in blocks() if one.document == page)
    # the test before may have stopped it
    server.mosquitto.stop()
    server.mosquitto.start()
    server.mosquitto.wait_ready()
    url = server.mosquitto.url
    async with running(options_for(url, "left", "kept/#")):
        pass
    async with running(options_for(url, "sender")) as sender:
        await sender.publish_all([Outgoing("kept/a", b"1"), Outgoing("kept/b", b"2")])
    told = desk.type(command, "stadttakt")
    assert told.returncode == 0, told.stderr
    assert "('left', 2)" in told.stdout


def test_compose_has_the_store_where_the_broker_has_it_and_as_its_user() -> None:
    services = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())["services"]
    store, broker = services["broker-store"], services["mosquitto"]
    assert set(store["volumes"]) <= set(broker["volumes"])
    assert (store["user"], store["entrypoint"]) == ("1883:1883", ["env"])
    assert services["timescaledb"]["environment"]["POSTGRES_USER"] == "stadttakt"


def test_chart_has_a_pod_with_the_brokers_volume_as_its_user_where_it_is_asked_for() -> None:
    told = helm("template", "takt", str(CHART), "--set", "broker.storePod=true")
    manifests = [one for one in yaml.safe_load_all(told.stdout) if one]
    (pod,) = (one for one in manifests if one["kind"] == "Pod")
    assert not schema_faults(pod)
    (broker,) = (
        one
        for one in manifests
        if (one["kind"], one["metadata"]["name"]) == ("StatefulSet", "mosquitto")
    )
    (claim,) = broker["spec"]["volumeClaimTemplates"]
    claims = [one["persistentVolumeClaim"]["claimName"] for one in pod["spec"]["volumes"]]
    assert claims == [f"{claim['metadata']['name']}-mosquitto-0"]
    assert pod["spec"]["securityContext"] == broker["spec"]["template"]["spec"]["securityContext"]
    assert all(one["kind"] != "Pod" for one in rendered())


def test_copy_of_a_version_that_the_server_lacks_is_refused_before_anything_is_dropped(
    desk: Desk, server: Stack
) -> None:
    copy, back = printed("With compose")
    assert desk.type(copy).returncode == 0
    folder = desk.folder / "copies/2026-11-26"
    (folder / "timescaledb.version").write_text("9.9.9")
    sums = "sha256sum $(cut -c67- SHA256SUMS) > anew && mv anew SHA256SUMS"
    subprocess.run(["sh", "-euc", sums], cwd=folder, check=True)
    refused = desk.type(back)
    assert refused.returncode == 1
    assert "TimescaleDB 9.9.9, this server has" in refused.stderr
    with psycopg.connect(server.postgres.admin_url) as connection:
        assert connection.execute(ROWS).fetchone() == ([1, 2],)


def cron_job(desk: Desk) -> str:
    """Return the shipped line of cron with its variables, as cron would run it at the desk."""
    text = (ROOT / "deploy/backup/crontab").read_text()
    (install,) = (one.text for one in blocks() if one.text.startswith('sed "s|/srv/stadttakt|'))
    assert "deploy/backup/crontab" in install
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    *variables, job = lines
    pairs = [line.split("=", 1) for line in variables]
    set_up = [f"export {name}='{value}'" for name, value in pairs if name != "PATH"]
    *_, user, command = job.split(None, 6)
    assert user == "root"
    script = "\n".join(
        [*set_up, command.replace("\\%", "%").replace("find /backup ", "find /backup/ ")]
    )
    # its tools know the compose file by the path within the checkout
    script = script.replace("-f /srv/stadttakt/", "-f ")
    return script.replace("/srv/stadttakt", str(desk.folder))


def test_copy_of_every_night_removes_old_ones_after_a_new_one_was_taken(desk: Desk) -> None:
    copies = desk.folder / "copies"
    (desk.folder / "deploy/setup/metrics").mkdir(parents=True)
    for name, days in (("2020-01-01", 40), ("2020-01-20", 20), ("before", 40)):
        (copies / name).mkdir(parents=True)
        at = time.time() - days * 86_400
        os.utime(copies / name, (at, at))
    (desk.folder / "bin/docker").rename(desk.folder / "bin/away")
    (desk.folder / "bin/docker").symlink_to("/bin/false")
    assert desk.type(cron_job(desk)).returncode != 0
    assert (copies / "2020-01-01").exists()
    (desk.folder / "bin/away").rename(desk.folder / "bin/docker")
    told = desk.type(cron_job(desk))
    assert told.returncode == 0, told.stderr
    found = {path.name for path in copies.iterdir()}
    (new,) = found - {"2020-01-20", "before"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", new)
    assert (copies / new / "database.dump").exists()
    assert (desk.folder / "deploy/setup/metrics/stadttakt_backup_copy.prom").exists()


def restoring_alone(back: str) -> str:
    """Return the restore without what stops the broker before it."""
    kept = ("export ", "deploy/backup/restore.sh")
    return "\n".join(line for line in back.splitlines() if line.startswith(kept))

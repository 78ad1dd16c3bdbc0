# SPDX-License-Identifier: EUPL-1.2
"""Every command of the documents is run, against all services, in a folder as `make run` leaves it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from textwrap import indent
from typing import Any

import pytest
import yaml
from anyio.from_thread import start_blocking_portal

from architecture.tracked import ROOT
from crash.world import migrate_servers
from stadttakt_local import programs
from stadttakt_local.layout import inside
from stadttakt_local.settings import Ports
from support.debian_program import libraries_of, unpacked
from support.documents import Block, blocks
from support.helm import kubectl_program
from support.service import running_together, wait_for
from support.stack import Stack, free_ports, installed_root, running_stack
from support.tts_storage import KEY, storage_server

pytestmark = pytest.mark.timeout(900)
DOCS = ROOT / "tests/docs"
LISTED: dict[str, dict[str, Any]] = yaml.safe_load((DOCS / "commands.yaml").read_text())
TYPED = [block for block in blocks() if block.language == "sh"]
SAMPLES = [block for block in blocks() if block.language == "yaml"]
# What the documents call 8112 is whatever else is started by hand.
PORTS = ("5442", "1893", "8101", "8102", "8103", "8104", "8105", "8106", "8190", "8112")


@dataclass(frozen=True)
class Desk:
    """Where a reader sits: a folder, what its shell knows, and on which ports of this machine things are."""

    folder: Path
    environment: dict[str, str]
    ports: dict[str, int]

    def moved(self, text: str) -> str:
        """Return a text with the ports of this run in place of the documents'."""
        return re.sub(rf"\b({'|'.join(PORTS)})\b", lambda found: str(self.ports[found[1]]), text)

    def shell(self, text: str) -> subprocess.CompletedProcess[str]:
        """Run commands in a shell."""
        script = self.moved((DOCS / "prelude.sh").read_text() + text)
        return subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=600,
        )


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    with (
        running_stack() as stack,
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(storage_server()) as storage,
    ):
        ports |= {"5442": stack.postgres.port, "1893": stack.mosquitto.port}
        migrate_servers(stack)
        lay_out(folder, storage.url)
        made = Desk(folder, environment(folder, stack), ports)
        prepared = made.shell(PREPARED)
        assert prepared.returncode == 0, prepared.stdout
        key = (folder / ".local/admin.key").read_text().strip()
        with services(made):
            yield Desk(folder, {**made.environment, "KEY": key}, ports)


PREPARED = """
stadttakt city apply deploy/cities/halle
stadttakt keys create-admin --file .local/admin.key
stadttakt registry new-key .local/contact.key
stadttakt setup deploy/cities/halle --into .local/setup --broker mqtt://127.0.0.1:1893 --simulator
stadttakt logins .local/setup/secrets
python -m stadttakt_simulators mobilithek --folder .local/mobilithek --port 8190 --prepare
"""


def lay_out(folder: Path, storage: str) -> None:
    """Copy what commands may write to, and link the rest; two sources are those that the documents show."""
    left_out = shutil.ignore_patterns("musterstadt")
    shutil.copytree(ROOT / "deploy/cities", folder / "deploy/cities", ignore=left_out)
    shutil.copytree(ROOT / "deploy/backup", folder / "deploy/backup")
    for name in ("helm", "deploy/prometheus"):
        (folder / name).symlink_to(ROOT / name)
    (folder / ".venv").symlink_to(Path(sys.prefix))
    (folder / ".local").mkdir()
    (folder / ".local/root").symlink_to(installed_root())
    sources = folder / "deploy/cities/halle/sources.yaml"
    own = sources.read_text().partition("  - source_id: partner-tts")[0]
    shown = "".join(
        indent(block.text, "  ")
        for block in SAMPLES
        if block.document in {"docs/how-to/backfill.md", "docs/how-to/import-readings.md"}
    )
    sources.write_text(
        own + shown.replace("https://partner.eu1.cloud.thethings.industries", storage)
    )


def environment(folder: Path, stack: Stack) -> dict[str, str]:
    """Return what a reader's shell and all services know."""
    found = [str(folder / ".venv/bin"), str(kubectl_program().parent), os.environ["PATH"]]
    libraries = {}
    for name in ("jq", "openssl"):
        if shutil.which(name) is None:
            unpacked_folder = unpacked(name, [name])
            found.append(str(unpacked_folder / "debian/usr/bin"))
            libraries["LD_LIBRARY_PATH"] = libraries_of(unpacked_folder)
    return {
        "PATH": ":".join(found),
        "HOME": str(folder),
        "USER": "reader",
        "PROJECT": str(ROOT),
        "ADMIN_URL": stack.postgres.admin_url,
        "DATA": inside(stack.postgres.root, stack.postgres.data_dir.parent),
        "STADTTAKT_DATABASE_URL": stack.postgres.url,
        "STADTTAKT_MQTT_URL": stack.mosquitto.url,
        "STADTTAKT_CITY": str(folder / "deploy/cities/halle"),
        "STADTTAKT_UPLINK_STORAGE_KEY_PARTNER": KEY,
        "STADTTAKT_UPLINK_SECRET_UMWELTAMT": "of the environment's office",
        programs.KEY_OF_CONTACTS: str(folder / ".local/contact.key"),
        **libraries,
    }


@contextmanager
def services(desk: Desk) -> Iterator[None]:
    """All six and the stand-in for the Mobilithek, as the local stack starts them."""
    local = desk.folder / ".local"
    database = desk.environment["STADTTAKT_DATABASE_URL"]
    own = {
        **desk.environment,
        **programs.own_broker_urls(local / "setup"),
        **programs.own_database_urls(database, local / "setup"),
    }
    programs.write_environment(local / "environment", own)
    deliveries = {
        "STADTTAKT_OPENDATA_TARGETS": str(local / "mobilithek/targets.yaml"),
        "STADTTAKT_OPENDATA_SECRETS": str(local / "mobilithek"),
    }
    started = [
        (each.command[-1], each.port or 0, {**own, **deliveries, **each.environment})
        for each in programs.services(Ports(*(desk.ports[name] for name in PORTS[:8])))
    ]
    desk.environment["STADTTAKT_UPLINK_URL"] = f"http://127.0.0.1:{desk.ports['8101']}"
    stand_in = [sys.executable, "-m", "stadttakt_simulators", "mobilithek"]
    where = ["--folder", str(local / "mobilithek"), "--port", str(desk.ports["8190"])]
    with subprocess.Popen([*stand_in, *where], stdout=subprocess.DEVNULL) as simulated:
        try:
            with running_together(started) as clients:
                for client in clients:
                    wait_for(client, "/ready", 200)
                yield
        finally:
            simulated.terminate()


def script_of(document: str) -> str:
    """Return a document's commands with what a reader fills in and has at hand."""
    listed = LISTED.get(document, {})
    own = [block for block in TYPED if block.document == document and not run_elsewhere(block)]
    text = "\n".join(f": at {block}\n{block.text}" for block in own)
    for shown, filled in listed.get("fill", {}).items():
        assert shown in text, f"{document} no longer says {shown}"
        text = text.replace(shown, filled)
    return f"{listed.get('prepare', '')}\nset -x\n{text}"


def run_elsewhere(block: Block) -> bool:
    return any(block.text.startswith(each) for each in elsewhere(block.document))


def elsewhere(document: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = LISTED.get(document, {}).get("elsewhere", {})
    return found


@pytest.mark.parametrize("document", dict.fromkeys(block.document for block in TYPED))
def test_commands_of_a_document_do_what_they_say(desk: Desk, document: str) -> None:
    outcome = desk.shell(script_of(document))
    assert outcome.returncode == 0, outcome.stdout[-4000:]


@pytest.mark.parametrize("block", [one for one in blocks() if one.language == "sql"], ids=str)
def test_sql_of_a_document_is_answered_by_the_database(desk: Desk, block: Block) -> None:
    outcome = desk.shell(f'psql "$ADMIN_URL" --command {quote(block.text)}')
    assert outcome.returncode == 0, outcome.stdout


def test_list_names_only_what_the_documents_have() -> None:
    assert set(LISTED) <= {block.document for block in TYPED}
    for document in LISTED:
        for begins, by in elsewhere(document).items():
            texts = [block.text for block in TYPED if block.document == document]
            assert any(text.startswith(begins) for text in texts), begins
            assert by["does"] in (ROOT / by["test"]).read_text(), by


def test_command_that_fails_is_told(desk: Desk) -> None:
    assert desk.shell("curl -s 127.0.0.1:8102/v1/signs/no-sign | cat").returncode == 22
    assert desk.shell("stadttakt devices show 0000000000000000").returncode == 1
    assert desk.shell("make no-such-target").returncode == 2

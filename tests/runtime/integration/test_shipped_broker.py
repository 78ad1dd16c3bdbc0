# SPDX-License-Identifier: EUPL-1.2
"""The broker as compose and chart start it: its configuration, its listeners, whom it lets in, what it reads anew."""

import asyncio
import os
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import aiomqtt
import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from runtime.integration.sessions import payloads, running, take
from stadttakt_local.layout import inside
from stadttakt_local.mosquitto import Mosquitto
from stadttakt_messages.topics import Topics
from stadttakt_runtime.cli import build
from stadttakt_runtime.mqtt import MqttOptions, Outgoing, PublishRefusedError
from stadttakt_runtime.settings import ServiceSettings
from support.authority import Authority
from support.stack import free_ports, fresh_broker

SHIPPED = Path(__file__).parents[3] / "deploy/mosquitto"
OLD, NEW = Authority("the old one"), Authority("the new one")
OWN = "listener 1883"


class ShippedMosquitto(Mosquitto):
    """The files of deploy/mosquitto with this machine's folders and ports in place of a container's."""

    plain_port: int

    def prepare(self) -> None:
        """Lay the configuration, the listeners and the script where the broker sees them."""
        super().prepare()
        folder, plugin = inside(self.root, self.workdir), self._plugin()
        assert plugin is not None
        places = {
            "/usr/lib/mosquitto_persist_sqlite.so": inside(self.root, plugin),
            "/mosquitto/data": folder,
            "/mosquitto/access": folder,
            "/mosquitto/listeners": f"{folder}/listeners",
            "listener 8883": f"listener {self.port} 127.0.0.1",
            OWN: f"listener {self.plain_port} 127.0.0.1",
        }
        (self.workdir / "listeners").mkdir(exist_ok=True)
        for name, target in (
            ("mosquitto.conf", self._configuration),
            ("tls/listeners.conf", self.workdir / "listeners/listeners.conf"),
            ("run.sh", self.data_dir / "run.sh"),
        ):
            text = (SHIPPED / name).read_text()
            for said, here in places.items():
                text = text.replace(said, here)
            target.write_text(text)
        self.show(OLD)

    def show(self, authority: Authority) -> None:
        """Lay certificate and key where the broker reads them, and tell it nothing."""
        folder = self.workdir / "tls"
        folder.mkdir(exist_ok=True)
        for name, content in zip(("tls.crt", "tls.key"), authority.issue("broker"), strict=True):
            (folder / name).write_bytes(content)
            self.own(folder / name)

    def command(self) -> list[str]:
        """Return what containers run, looking every second."""
        script, configuration = (
            inside(self.root, path) for path in (self.data_dir / "run.sh", self._configuration)
        )
        folder = inside(self.root, self.workdir)
        return ["/bin/sh", script, configuration, "1", f"{folder}/tls", f"{folder}/passwords"]

    def answers(self) -> bool:
        """Tell whether it listens without TLS."""
        try:
            with socket.create_connection(("127.0.0.1", self.plain_port), timeout=1):
                return bool(self.processes())
        except OSError:
            return False


@pytest.fixture(scope="module")
def setup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    city = tmp_path_factory.mktemp("city")
    (city / "sources.yaml").write_text(
        'sources: [{source_id: fair, dialect: canonical, topics: ["partner/fair/#"], rights: all}]'
    )
    arguments = [
        "setup",
        str(city),
        "--into",
        str(city / "setup"),
        "--broker",
        "mqtt://127.0.0.1:1",
    ]
    assert CliRunner().invoke(build(), arguments).exit_code == 0
    return city / "setup"


@pytest.fixture(scope="module")
def broker(setup: Path) -> Iterator[ShippedMosquitto]:
    with fresh_broker() as plain:
        shipped = ShippedMosquitto(plain.root, plain.data_dir, plain.port, access=setup / "broker")
        (shipped.plain_port,) = free_ports(1)
        with shipped:
            yield shipped


def fair(setup: Path, scheme: str, port: int, authority: Path | None = None) -> MqttOptions:
    password = (setup / "secrets/mqtt-password.fair").read_text()
    url = SecretStr(f"{scheme}://fair:{password}@127.0.0.1:{port}")
    settings = ServiceSettings(mqtt_url=url, mqtt_ca_file=authority)
    return MqttOptions.from_settings(settings, client_id="fair")


async def test_partner_connects_with_tls_and_may_what_its_login_may(
    broker: ShippedMosquitto, setup: Path, tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").write_bytes(OLD.certificate)
    async with running(fair(setup, "mqtts", broker.port, tmp_path / "ca.pem")) as session:
        await session.publish_all([Outgoing("partner/fair/x", b"{}")])
        with pytest.raises(PublishRefusedError):
            await session.publish_all([Outgoing("takt/v1/state/lot/x", b"{}")])


def test_who_speaks_no_tls_is_refused_where_tls_is_asked_for(broker: ShippedMosquitto) -> None:
    assert answered(broker.plain_port)
    assert not answered(broker.port)


@pytest.mark.parametrize("outside", [False, True])
async def test_nobody_without_a_login_is_let_in(
    broker: ShippedMosquitto, tmp_path: Path, *, outside: bool
) -> None:
    (tmp_path / "ca.pem").write_bytes(OLD.certificate)
    context = ssl.create_default_context(cafile=tmp_path / "ca.pem")
    port = broker.port if outside else broker.plain_port
    stranger = aiomqtt.Client("127.0.0.1", port, tls_context=context if outside else None)
    with pytest.raises(aiomqtt.MqttError, match="Not authorized"):
        async with stranger:
            pass


@pytest.mark.parametrize("clean_start", [True, False])
async def test_who_knows_a_services_name_has_nothing_of_its_session(
    broker: ShippedMosquitto, setup: Path, *, clean_start: bool
) -> None:
    name = "stadttakt-parking-0"
    parking = service(broker, setup, "parking-occupancy", name, Topics().bay_occupancy("1"))
    async with running(parking):
        pass
    decoder = service(broker, setup, "uplink-decoder", "stadttakt-uplink-0-out")
    told = [b"%d" % number for number in range(5)]
    async with running(decoder) as session:
        await session.publish_all(Outgoing(Topics().bay_occupancy("1"), each) for each in told)
    partner = fair(setup, "mqtt", broker.plain_port)
    async with aiomqtt.Client(
        "127.0.0.1", broker.plain_port, identifier=name, protocol=aiomqtt.ProtocolVersion.V5,
        username=partner.username, password=partner.password, clean_start=clean_start,
    ):  # fmt: skip
        pass
    async with running(parking) as session:
        messages = await take(session, 5)
        session.acknowledge(messages)
    assert payloads(messages) == told


async def test_renewed_certificate_is_shown_without_a_signal_and_sessions_go_on(
    broker: ShippedMosquitto, setup: Path, tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").write_bytes(OLD.certificate)
    async with running(fair(setup, "mqtts", broker.port, tmp_path / "ca.pem")) as session:
        broker.show(NEW)
        async with asyncio.timeout(60):
            while not await asyncio.to_thread(trusts, broker.port, NEW):  # noqa: ASYNC110 (nobody tells)
                await asyncio.sleep(0.2)
        await session.publish_all([Outgoing("partner/fair/x", b"{}")])
        assert session.epoch == 1


async def test_a_file_that_the_broker_may_not_read_ends_no_session_and_holds_when_it_may(
    broker: ShippedMosquitto, setup: Path
) -> None:
    passwords = broker.workdir / "passwords"
    (line,) = (one for one in passwords.read_text().splitlines() if one.startswith("fair:"))
    async with running(fair(setup, "mqtt", broker.plain_port)) as session:
        os.chown(passwords, 0, 0)
        with passwords.open("a") as file:
            file.write(line.replace("fair:", "late:") + "\n")
        async with asyncio.timeout(60):
            while "may not read" not in broker.log_file.read_text():  # noqa: ASYNC110 (nobody tells)
                await asyncio.sleep(0.2)
        await session.publish_all([Outgoing("partner/fair/x", b"{}")])
        assert not await asyncio.to_thread(lets_late_in, broker, setup)
        broker.own(passwords)
        async with asyncio.timeout(60):
            while not await asyncio.to_thread(lets_late_in, broker, setup):  # noqa: ASYNC110 (nobody tells)
                await asyncio.sleep(0.2)
        assert session.epoch == 1


def lets_late_in(broker: ShippedMosquitto, setup: Path) -> bool:
    """Tell whether the login `late` opens a session with the partner's password (MQTT 3.1.1, 3.1 and 3.2)."""
    parts = (b"", b"late", (setup / "secrets/mqtt-password.fair").read_bytes())
    body = b"\x00\x04MQTT\x04\xc2\x00\x05"
    body += b"".join(len(part).to_bytes(2, "big") + part for part in parts)
    with socket.create_connection(("127.0.0.1", broker.plain_port), timeout=10) as client:
        client.sendall(b"\x10" + bytes([len(body)]) + body)
        return client.recv(4) == b"\x20\x02\x00\x00"


def service(
    broker: ShippedMosquitto, setup: Path, login: str, name: str, *topics: str
) -> MqttOptions:
    url = (setup / f"secrets/mqtt-url.{login}").read_text()
    settings = ServiceSettings(mqtt_url=SecretStr(url.replace(":1?", f":{broker.plain_port}?")))
    return MqttOptions.from_settings(settings, client_id=name, subscriptions=topics)


def answered(port: int) -> bool:
    """Tell whether the broker answers a client that speaks no TLS (MQTT 3.1.1, 3.1 and 3.2)."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x05\x00\x00")
        try:
            return client.recv(4)[:2] == b"\x20\x02"
        except ConnectionResetError:
            return False


def trusts(port: int, authority: Authority) -> bool:
    """Tell whether a client that trusts this authority alone comes through."""
    context = ssl.create_default_context(cadata=authority.certificate.decode())
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as plain:
            context.wrap_socket(plain, server_hostname="127.0.0.1").close()
    except ssl.SSLCertVerificationError:
        return False
    return True

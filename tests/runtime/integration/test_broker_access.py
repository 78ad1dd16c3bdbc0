# SPDX-License-Identifier: EUPL-1.2
"""The rights that `stadttakt setup` writes, at a real broker: each may what it needs, and nothing else."""

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from runtime.integration.sessions import quiet, running, take, until
from stadttakt_local.mosquitto import Mosquitto
from stadttakt_messages.catalogue import DECODER, OPERATORS, PARTNERS, TOPICS
from stadttakt_messages.topics import Topics
from stadttakt_runtime import plugins
from stadttakt_runtime.broker_access.folder import all_grants, write_access
from stadttakt_runtime.broker_access.grants import covers
from stadttakt_runtime.cli import build
from stadttakt_runtime.mqtt import MqttOptions, Outgoing, PublishRefusedError
from stadttakt_runtime.settings import ServiceSettings
from support.stack import fresh_broker

HALLE = Path(__file__).parents[3] / "deploy/cities/halle"
ROOT = Topics()
PARTNERS_OF_A_CITY = """
sources:
  - {source_id: fair, dialect: canonical, topics: ["partner/fair/#"], rights: [{assets: [messe]}]}
  - {source_id: mall, dialect: canonical, topics: ["partner/mall/#"], rights: [{assets: [mall]}]}
  - {source_id: works, dialect: chirpstack, topics: ["application/+/device/+/event/+"]}
"""
USERS = """
users:
  - {user: control-centre, reads: ["restricted/#", "alert/#"], writes: ["input/#"]}
"""


def written(city: Path, folder: Path, *, with_simulator: bool = False) -> dict[str, str]:
    accesses = list(plugins.load(plugins.BROKER_ACCESS).values())
    grants = all_grants(city, accesses, ROOT, with_simulator=with_simulator)
    return write_access(folder, ROOT, grants)


@pytest.fixture(scope="module")
def setup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    city = tmp_path_factory.mktemp("city")
    (city / "sources.yaml").write_text(PARTNERS_OF_A_CITY)
    (city / "broker.yaml").write_text(USERS)
    written(city, city / "setup", with_simulator=True)
    return city / "setup"


@pytest.fixture(scope="module")
def broker(setup: Path) -> Iterator[Mosquitto]:
    with fresh_broker() as plain:
        secured = Mosquitto(plain.root, plain.data_dir, plain.port, access=setup / "broker")
        with secured:
            yield secured


def login(broker: Mosquitto, setup: Path, user: str, *topics: str) -> MqttOptions:
    password = (setup / "secrets" / f"mqtt-password.{user}").read_text()
    settings = ServiceSettings(
        mqtt_url=SecretStr(f"mqtt://{user}:{password}@127.0.0.1:{broker.port}")
    )
    return MqttOptions.from_settings(settings, client_id=f"test-{user}", subscriptions=topics)


async def refused(broker: Mosquitto, setup: Path, user: str, topic: str) -> bool:
    async with running(login(broker, setup, user)) as session:
        try:
            await session.publish_all([Outgoing(topic, b"{}")])
        except PublishRefusedError:
            return True
    return False


@pytest.mark.parametrize(
    "topic",
    [
        "partner/mall/observation/vehicle-count/mall/north",
        ROOT.bay_occupancy("halle-1"),
        ROOT.state("lot", "messe"),
        ROOT.trip_assignment("tram-1"),
        "application/x/device/y/command/down",
    ],
)
async def test_partner_cannot_publish_for_others_assets(
    broker: Mosquitto, setup: Path, topic: str
) -> None:
    assert await refused(broker, setup, "fair", topic)
    assert not await refused(broker, setup, "fair", "partner/fair/observation/x")


async def test_partner_is_heard_by_the_decoder_and_by_nobody_else(
    broker: Mosquitto, setup: Path
) -> None:
    decoder = login(broker, setup, "uplink-decoder", "partner/fair/#", "partner/mall/#")
    other = login(broker, setup, "mall", "partner/fair/#")
    async with running(decoder) as hears, running(other) as hears_nothing:
        async with running(login(broker, setup, "fair")) as fair:
            await fair.publish_all([Outgoing("partner/fair/1", b"count")])
        assert [message.payload for message in await take(hears, 1)] == [b"count"]
        assert await quiet(hears_nothing)


async def test_decoder_alone_hears_what_the_broker_tells_of_itself(
    broker: Mosquitto, setup: Path
) -> None:
    topics = ("$SYS/broker/store/messages/bytes", "$SYS/broker/publish/messages/dropped")
    more = "$SYS/broker/clients/total"
    decoders = replace(login(broker, setup, "uplink-decoder", *topics, more), client_id="load")
    partners = replace(login(broker, setup, "mall", *topics, more), client_id="curious")
    async with running(decoders) as decoder, running(partners) as partner:
        heard: set[str] = set()
        # The broker may tell one of them anew at any moment.
        while not heard >= set(topics):
            heard |= {message.topic for message in await take(decoder, 1)}
        await quiet(decoder)
        heard |= {message.topic for message in await take(decoder, decoder.backlog)}
        assert heard == set(topics)
        assert await quiet(partner)


async def test_service_publishes_what_the_catalogue_says_and_nothing_else(
    broker: Mosquitto, setup: Path
) -> None:
    for entry in TOPICS:
        topic = ROOT.all_of(entry.pattern).replace("+", "x")
        for user in {name for one in TOPICS for name in one.producers} - {PARTNERS}:
            # The decoder passes on what partners say of an asset.
            passes_on = user == DECODER and entry.pattern.startswith("observation/")
            expected = user not in entry.producers and not passes_on
            assert await refused(broker, setup, user, topic) is expected, (user, topic)


async def test_without_login_public_states_are_read_and_nothing_is_written(
    broker: Mosquitto, setup: Path
) -> None:
    stranger = MqttOptions(
        host="127.0.0.1", port=broker.port, client_id="stranger", subscriptions=("takt/v1/#",)
    )
    restricted, public = ROOT.vehicle_load("tram-1"), ROOT.state("vehicle", "tram-1")
    async with running(stranger) as hears:
        async with running(login(broker, setup, "vehicle-occupancy")) as transit:
            await transit.publish_all([Outgoing(restricted, b"62"), Outgoing(public, b"medium")])
        assert [message.topic for message in await take(hears, 1)] == [public]
        assert await quiet(hears)
        with pytest.raises(PublishRefusedError):
            await hears.publish_all([Outgoing(public, b"forged")])


async def test_control_centre_reads_numbers_and_says_where_vehicles_are(
    broker: Mosquitto, setup: Path
) -> None:
    topic = ROOT.vehicle_load("tram-1")
    async with running(login(broker, setup, "control-centre", topic)) as centre:
        async with running(login(broker, setup, "vehicle-occupancy")) as transit:
            await transit.publish_all([Outgoing(topic, b"62")])
        assert [message.payload for message in await take(centre, 1)] == [b"62"]
        await centre.publish_all([Outgoing(ROOT.vehicle_position("tram-1"), b"{}")])
    assert await refused(broker, setup, "control-centre", topic)


async def test_new_password_holds_after_a_reload_that_disconnects_nobody(
    broker: Mosquitto, setup: Path
) -> None:
    old = login(broker, setup, "mall")
    async with running(login(broker, setup, "works")) as kept:
        (setup / "secrets/mqtt-password.mall").unlink()
        written(setup.parent, setup, with_simulator=True)
        broker.reload()
        async with asyncio.timeout(30), running(login(broker, setup, "mall")) as new:
            await until(lambda: new.is_connected)
        async with running(old, wait=False) as refused_now:
            await asyncio.sleep(1)
            assert not refused_now.is_connected
        assert kept.is_connected


def test_halles_partners_hold_no_right_of_another(tmp_path: Path) -> None:
    accesses = list(plugins.load(plugins.BROKER_ACCESS).values())
    grants = {g.user: g for g in all_grants(HALLE, accesses, ROOT, with_simulator=False)}
    assert "simulator" not in grants
    services = {name for one in TOPICS for name in (*one.producers, *one.consumers)}
    services -= {PARTNERS, OPERATORS}
    for user in grants.keys() - services:
        written_below_root = [t for t in grants[user].writes if t.startswith("takt/")]
        allowed = [ROOT.all_of(e.pattern) for e in TOPICS if PARTNERS in e.producers]
        assert all(any(covers(one, topic) for one in allowed) for topic in written_below_root)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{user: a, writes: ['state/#']}", "writes: state/# is nobody's to give"),
        ("{user: a, reads: ['input/#']}", "reads: input/# is nobody's to give"),
        ("{user: a, writes: ['input/#/x']}", "is no MQTT topic filter"),
        ("{user: uplink-decoder}", "broker.yaml:2: user: the login uplink-decoder is a service's"),
        ("{user: simulator}", "the login simulator is a service's or the simulator's"),
        ("{user: fair}", "broker.yaml:2: the login fair is a source's"),
        ("{user: [", "broker.yaml:"),
        ("{user: A}", "user"),
    ],
)
def test_login_that_asks_for_too_much_is_refused_with_its_line(
    tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "broker.yaml").write_text(f"users:\n  - {text}\n")
    (tmp_path / "sources.yaml").write_text(PARTNERS_OF_A_CITY)
    for arguments in (["setup", "--into", str(tmp_path / "out")], ["city", "check"]):
        outcome = CliRunner(env={"COLUMNS": "300"}).invoke(build(), [*arguments, str(tmp_path)])
        assert outcome.exit_code == 1
        assert said in outcome.output
    assert not (tmp_path / "out/broker").exists()


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("sources.yaml", "{source_id: parking-occupancy, dialect: chirpstack, topics: [a/b]}"),
        ("sources.yaml", "{source_id: uplink-decoder, dialect: chirpstack, topics: [a/b]}"),
        (
            "transit/sources.yaml",
            "{source_id: parking-occupancy, dialect: itxpt, topics: ['x/{vehicle}/count']}",
        ),
    ],
)
def test_source_that_bears_the_name_of_a_service_gets_no_login(
    tmp_path: Path, file: str, text: str
) -> None:
    city = shutil.copytree(HALLE.with_name("musterstadt"), tmp_path / "city")
    (city / file).write_text(f"sources:\n  - {text}\n")
    for arguments in (["setup", "--into", str(tmp_path / "out")], ["city", "check"]):
        outcome = CliRunner(env={"COLUMNS": "300"}).invoke(build(), [*arguments, str(city)])
        assert outcome.exit_code == 1
        assert "is a service's or the simulator's" in outcome.output
    assert not (tmp_path / "out/broker").exists()


def test_setup_keeps_secrets_that_are_there_and_shows_none(tmp_path: Path) -> None:
    arguments = ["setup", str(HALLE), "--into", str(tmp_path), "--broker", "mqtts://broker:8883"]
    arguments += ["--database", "postgresql://stadttakt@db:5432/stadttakt"]
    first = CliRunner().invoke(build(), arguments)
    assert first.exit_code == 0, first.output
    secrets = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "secrets").iterdir())
    password = secrets["mqtt-password.parking-occupancy"]
    session = secrets["mqtt-session.parking-occupancy"]
    assert secrets["mqtt-url.parking-occupancy"] == (
        f"mqtts://parking-occupancy:{password}@broker:8883?session={session}"
    )
    assert secrets["mqtt-url.control-centre"].endswith("@broker:8883")
    assert CliRunner().invoke(build(), arguments).exit_code == 0
    assert secrets == {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    told = first.output + (tmp_path / "broker/passwords").read_text()
    # Some are for the city to fill in.
    assert not [name for name, secret in secrets.items() if secret and secret in told]

# SPDX-License-Identifier: EUPL-1.2
"""Which source owns a topic or a secret, and what the topic tells."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stadttakt_runtime.plugins import CityError
from uplink_decoder.domain.readings import Asset
from uplink_decoder.feeds.options import subscriptions
from uplink_decoder.sources import Broker, Origin, Source, SourceTable, Webhook, read_sources
from uplink_decoder.sources.secrets import SecretMissingError
from uplink_decoder.sources.table import OwnTopicsError

EUI = "a840415711866a85"
CHIRPSTACK = Source(
    source_id="cs", dialect="chirpstack", topics=("application/+/device/+/event/+",)
)
TTS = Source(source_id="tts", dialect="tts", topics=("v3/+/devices/+/#",))
SIMULATED = Source(
    source_id="sim",
    dialect="chirpstack",
    topics=("sim/application/+/device/+/event/+",),
    simulated=True,
)
TABLE = SourceTable([CHIRPSTACK, TTS, SIMULATED])


@pytest.mark.parametrize(
    ("topic", "origin"),
    [
        (f"application/a/device/{EUI}/event/up", Origin(CHIRPSTACK, "a", EUI, "up")),
        (f"application/a/device/{EUI}/event/log", Origin(CHIRPSTACK, "a", EUI, "log")),
        (f"sim/application/a/device/{EUI}/event/up", Origin(SIMULATED, "a", EUI, "up")),
        ("v3/app@ttn/devices/bay-07/up", Origin(TTS, "app@ttn", "bay-07", "up")),
        ("v3/app/devices/bay-07/down/ack", Origin(TTS, "app", "bay-07", "down/ack")),
        ("v3/app/devices/bay-07/location/solved", Origin(TTS, "app", "bay-07", "location/solved")),
        ("v3/app/devices/device/up", Origin(TTS, "app", "device", "up")),
    ],
)
def test_topic_tells_source_application_device_and_event(topic: str, origin: Origin) -> None:
    assert TABLE.of_topic(topic) == origin
    assert TABLE.of_topic(topic) == origin


@pytest.mark.parametrize(
    "topic",
    [
        f"application/a/device/{EUI}/event",
        f"application/a/device/{EUI}/event/up/more",
        f"application/a/device/{EUI}/command/down",
        f"other/application/a/device/{EUI}/event/up",
        "takt/v1/observation/bay-occupancy/x",
        "",
    ],
)
def test_topic_of_nobody(topic: str) -> None:
    assert TABLE.of_topic(topic) is None


def test_first_source_that_matches_owns_the_message() -> None:
    everything = Source(source_id="all", dialect="chirpstack", topics=("#",))
    origin = SourceTable([CHIRPSTACK, everything]).of_topic(f"application/a/device/{EUI}/event/up")
    assert origin is not None
    assert origin.source is CHIRPSTACK
    assert SourceTable([everything]).of_topic("any/where") == Origin(everything, None, None, "up")


def test_filter_covered_by_a_wider_one_is_not_subscribed() -> None:
    narrow = Source(source_id="n", dialect="tts", topics=("v3/parking/devices/+/up", "x/y"))
    assert SourceTable([narrow, TTS]).subscriptions == ("x/y", "v3/+/devices/+/#")


def test_filter_of_two_sources_is_subscribed_once() -> None:
    again = Source(source_id="again", dialect="tts", topics=TTS.topics)
    assert SourceTable([TTS, again]).subscriptions == TTS.topics


levels = st.lists(st.sampled_from(["a", "b", "+"]), min_size=1, max_size=4)
filters = levels.map("/".join) | levels.map(lambda parts: "/".join([*parts, "#"]))


@given(st.lists(filters, min_size=1, max_size=5), levels)
def test_what_a_source_matches_is_subscribed(topics: list[str], parts: list[str]) -> None:
    topic = "/".join("c" if part == "+" else part for part in parts)
    sources = [
        Source(source_id=f"s{index}", dialect="chirpstack", topics=(each,))
        for index, each in enumerate(topics)
    ]
    table = SourceTable(sources)
    subscribed = SourceTable(
        [Source(source_id="s", dialect="chirpstack", topics=table.subscriptions)]
    )
    assert (table.of_topic(topic) is None) == (subscribed.of_topic(topic) is None)


def test_decoders_that_share_the_load_subscribe_below_share() -> None:
    assert subscriptions(TABLE, "decoders")[1] == "$share/decoders/v3/+/devices/+/#"
    assert subscriptions(TABLE, None) == TABLE.subscriptions


def test_secret_finds_its_source_of_that_dialect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONE", "secret-one")
    monkeypatch.setenv("TWO", "secret-two")
    one = Source(source_id="one", dialect="chirpstack", webhook_secret="ONE")
    two = Source(source_id="two", dialect="tts", webhook_secret="TWO")
    unset = Source(source_id="unset", dialect="tts", webhook_secret="THREE")
    table = SourceTable([one, two, unset])
    assert table.of_secret("chirpstack", "secret-one") is one
    assert table.of_secret("tts", "secret-two") is two
    assert table.of_secret("tts", "secret-one") is None
    assert table.of_secret("chirpstack", "secret-on\u00e9") is None
    assert table.of_secret("tts", "") is None


def test_sources_are_read_from_the_citys_file(tmp_path: Path) -> None:
    text = "sources:\n  - {source_id: cs, dialect: chirpstack, topics: [a/#], simulated: true}\n"
    (tmp_path / "sources.yaml").write_text(text, encoding="utf-8")
    (source,) = read_sources(tmp_path)
    assert source == Source(source_id="cs", dialect="chirpstack", topics=("a/#",), simulated=True)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("sources: [{source_id: CS, dialect: tts}]", "source_id"),
        ("sources: [{source_id: cs, dialect: helium}]", "dialect"),
        ("sources: [{source_id: cs, dialect: tts, topic: a}]", "topic"),
        ("sources: [{source_id: cs, dialect: tts}, {source_id: cs, dialect: tts}]", "stands twice"),
        ("sources: [{source_id: cs, dialect: tts, topics: ['a/#/b']}]", "topic filter"),
        ("sources: [{source_id: p, dialect: canonical}]", "needs rights"),
        ("sources: [{source_id: p, dialect: tts, broker: {url: 'mqtt://h'}}]", "needs rights"),
        ("sources: [{source_id: p, dialect: tts, rights: [{}]}]", "say kinds or assets"),
        ("sources: [{source_id: p, dialect: tts, rights: [{kinds: [lamp]}]}]", "rights"),
        ("sources: [{source_id: p, dialect: tts, broker: elsewhere}]", "broker"),
        ("sources: [{source_id: p, dialect: tts, broker: {url: 'http://h'}}]", "mqtts://host"),
        ("sources: [{source_id: p, dialect: tts, broker: {url: 'mqtt://a:b@h'}}]", "a login"),
        ("sources: [{source_id: p, dialect: tts, broker: {url: 'mqtt://h:0'}}]", "port"),
        ("sources: [{source_id: p, dialect: tts, broker: {url: 'mqtt://h:x'}}]", "[Pp]ort"),
        ("sources: [{source_id: p, dialect: tts, broker: {url: 'mqtt://h', password: x}}]", "pass"),
        (
            "sources: [{source_id: p, dialect: tts, broker: {url: 'mqtt://h', tls: {}}}]",
            "tls needs mqtts",
        ),
        (
            "sources: [{source_id: p, dialect: tts, broker: {url: 'mqtt://h', protocol: 3.1}}]",
            "protocol",
        ),
        (
            "sources: [{source_id: p, dialect: tts, webhook: {user: x}}]",
            "secret_variable or secret_file",
        ),
        ("sources: {}", "sources"),
        ("other: []", "sources"),
        ("sources: [", "sources.yaml"),
        ("\udc80", "sources.yaml"),
    ],
)
def test_wrong_file_is_told_by_name_and_place(tmp_path: Path, text: str, where: str) -> None:
    (tmp_path / "sources.yaml").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(CityError, match=where):
        read_sources(tmp_path)


def test_absent_file_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(CityError, match=r"sources\.yaml"):
        read_sources(tmp_path)


PARTNER = """
sources:
  - source_id: county
    dialect: tts
    broker:
      url: mqtts://eu1.example.org
      username: parking@county
      password_variable: COUNTY_KEY
      tls: {ca_file: county-ca.pem}
    rights:
      - {kinds: [bay], assets: ["county-*"]}
    limits: {in_hand: 500}
"""


def test_partners_broker_is_read_with_the_usual_topics_and_no_secret(tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text(PARTNER, encoding="utf-8")
    (source,) = read_sources(tmp_path)
    assert isinstance(source.broker, Broker)
    assert source.topics == ("v3/parking@county/devices/+/#",)
    assert source.broker.tls
    assert source.broker.tls.ca_file == tmp_path / "county-ca.pem"
    assert (source.limits.in_hand, source.limits.weight) == (500, 1)
    assert source.may_speak_for(Asset("bay", "county-1"))
    assert not source.may_speak_for(Asset("bay", "city-1"))


def test_usual_topics_of_a_server_stand_below_the_prefix() -> None:
    broker = Broker(url="mqtt://h")
    source = Source(
        source_id="p", dialect="chirpstack", broker=broker, prefix="eu868/", rights="all"
    )
    assert source.topics == ("eu868/application/+/device/+/event/+",)
    at_platform = Source(source_id="p", dialect="canonical", prefix="partner/p", rights="all")
    assert at_platform.topics == ("partner/p/observation/#",)


def test_secrets_that_sources_name_are_found_among_the_secret_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner = Broker(url="mqtt://h", username="u", password_variable="PARTNER_KEY")
    source = Source(source_id="w", dialect="chirpstack", webhook_secret="WEBHOOK_OF_W")
    monkeypatch.setenv("STADTTAKT_SECRET_FILES", str(tmp_path))
    assert source.secret() is None
    (tmp_path / "WEBHOOK_OF_W").write_text("drawn\n")
    (tmp_path / "PARTNER_KEY").write_text("p:w\n")
    assert source.secret() == "drawn"
    assert partner.password() == "p:w"
    (tmp_path / "PARTNER_KEY").write_bytes(b"\xff")
    with pytest.raises(SecretMissingError, match="PARTNER_KEY: not UTF-8"):
        partner.password()


def test_password_comes_from_a_variable_or_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_variable = Broker(url="mqtt://h", username="u", password_variable="PARTNER_KEY")
    with pytest.raises(SecretMissingError, match="PARTNER_KEY is not set"):
        by_variable.password()
    monkeypatch.setenv("PARTNER_KEY", "p:w")
    assert by_variable.password() == "p:w"
    file = tmp_path / "key"
    by_file = Broker(url="mqtt://h", username="u", password_file=file)
    with pytest.raises(SecretMissingError, match="No such file"):
        by_file.password()
    file.write_text("secret\n", encoding="utf-8")
    assert by_file.password() == "secret"
    file.write_text("\n", encoding="utf-8")
    with pytest.raises(SecretMissingError, match="empty"):
        by_file.password()


def test_basic_names_the_user_that_the_source_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", "secret")
    webhook = Webhook(secret_variable="HOOK", user="county")
    source = Source(source_id="p", dialect="tts", webhook=webhook)
    table = SourceTable([source])
    assert table.of_secret("tts", "secret", "county") is source
    assert table.of_secret("tts", "secret") is source
    assert table.of_secret("tts", "secret", "city") is None


def test_stored_message_of_a_partner_stays_the_partners_whatever_its_topic() -> None:
    topic = f"application/a/device/{EUI}/event/up"
    away, other = (
        Source(source_id=name, dialect="chirpstack", broker=Broker(url="mqtt://h"), rights="all")
        for name in ("away", "other")
    )
    table = SourceTable([CHIRPSTACK, away, other])
    assert table.of_stored("other", topic) == Origin(other, "a", EUI, "up")
    assert table.of_stored("other", "x") == Origin(other, None, None, "")
    assert table.of_stored("cs", topic) == Origin(CHIRPSTACK, "a", EUI, "up")
    assert table.of_stored("gone", topic) == Origin(CHIRPSTACK, "a", EUI, "up")
    assert table.of_stored("gone", "x") is None


def test_partners_brokers_are_not_the_platforms() -> None:
    away = Source(source_id="p", dialect="chirpstack", broker=Broker(url="mqtt://h"), rights="all")
    assert SourceTable([CHIRPSTACK, away]).at_platform.sources == (CHIRPSTACK,)


@pytest.mark.parametrize(
    "topic",
    ["#", "takt/#", "takt/v1/observation/bay-occupancy/+", "+/+/observation/#", "takt/v1/+"],
)
def test_source_that_would_take_in_the_platforms_own_events_is_refused(topic: str) -> None:
    source = Source(source_id="p", dialect="canonical", topics=(topic,), rights="all")
    with pytest.raises(OwnTopicsError, match="p: "):
        SourceTable([source]).refuse_own_topics("takt/v1")


@pytest.mark.parametrize(
    "topic", ["partner/p/observation/#", "takt/v1/partner/#", "takt", "+/v2/#"]
)
def test_source_with_a_prefix_of_its_own_is_not_refused(topic: str) -> None:
    source = Source(source_id="p", dialect="canonical", topics=(topic,), rights="all")
    SourceTable([source, CHIRPSTACK]).refuse_own_topics("takt/v1")

# SPDX-License-Identifier: EUPL-1.2
"""Who does the job: how each is started, and what it says about itself."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from bench.peers import installing, target
from bench.script_codecs import USUAL

TOPIC = "application/+/device/+/event/up"
HERE = Path(__file__).parent
RECEIVE_MAXIMUM = 4000
OWN_CODEC = "own codec"
FIELDS_AND_RAW = "fields, raw message"


@dataclass(frozen=True)
class Place:
    """Where they read and write, and a folder for their configuration."""

    database_url: str
    mqtt_url: str
    city: Path
    folder: Path

    @property
    def broker(self) -> tuple[str, int]:
        """Host and port of the broker."""
        parts = urlsplit(self.mqtt_url)
        return parts.hostname or "", parts.port or 1883


@dataclass(frozen=True)
class Peer:
    """One that does the job; its commands are a pipeline, the first of them reads from the broker."""

    name: str
    client_id: str
    commands: Sequence[Sequence[str]]
    decodes: str
    keeps: str
    acknowledges: str
    counted: str = target.THEIRS
    environment: Mapping[str, str] = field(default_factory=dict)
    commits_at_end: bool = False

    @property
    def is_sent_channels(self) -> bool:
        """Whether uplinks come with the frames of formatters: but for our own codec, which decodes its device's."""
        return self.decodes != OWN_CODEC


def decoder(place: Place, http_port: int, *, scripted: bool) -> Peer:
    """Return our decoder, with formatters or with its own codec."""
    environment = {
        "STADTTAKT_DATABASE_URL": place.database_url,
        "STADTTAKT_MQTT_URL": place.mqtt_url,
        "STADTTAKT_CITY": str(place.city),
        "STADTTAKT_HTTP_PORT": str(http_port),
        "STADTTAKT_LOG_LEVEL": "error",
    }
    return Peer(
        f"Stadttakt, {'JavaScript' if scripted else 'native'} codec",
        "stadttakt-uplink-0",
        [[sys.executable, "-m", "uplink_decoder"]],
        "JavaScript" if scripted else OWN_CODEC,
        "fields, raw message, decoded values, identity, observation",
        "after commit and publishing",
        target.OURS,
        environment,
    )


def bare_loop(place: Place, messages: int) -> Peer:
    """Return the bare loop."""
    host, port = place.broker
    address = target.plain(place.database_url)
    script = str(HERE / "bare_copy.py")
    client = "peers-bare"
    command = [sys.executable, script, host, str(port), client, TOPIC, address, target.TABLE]
    return Peer("bare paho + COPY", client, [command], "no", FIELDS_AND_RAW, "after commit")


def pipe(place: Place, messages: int) -> Peer:
    """Return mosquitto_sub into psql, which commits when the last message is through."""
    host, port = place.broker
    client = "peers-pipe"
    subscribe = ["mosquitto_sub", "-V", "mqttv5", "-h", host, "-p", str(port), "-i", client, "-c"]
    subscribe += ["-x", "3600", "-q", "1", "-t", TOPIC, "-F", "%p", "-C", str(messages)]
    copy = ["psql", "-qX", target.plain(place.database_url), "-c"]
    copy += [f"copy {target.TABLE} (raw) from stdin"]
    return Peer(
        "mosquitto_sub | psql COPY",
        client,
        [subscribe, copy],
        "no",
        "raw message alone",
        "at receipt",
        commits_at_end=True,
    )


def node_red(place: Place, messages: int) -> Peer:
    """Return Node-RED with a function node that decodes and writes with `pg`."""
    installed = installing.node_red()
    folder = place.folder / "node-red"
    folder.mkdir(exist_ok=True)
    host, port = place.broker
    pool = {"connectionString": target.plain(place.database_url), "max": 10}
    pg = json.dumps(str(installed / "node_modules/pg"))
    (folder / "settings.js").write_text(
        f"const {{ Pool }} = require({pg});\nmodule.exports = {{ httpAdminRoot: false,"
        " httpNodeRoot: false, flowFile: 'flows.json', credentialSecret: false,"
        " logging: { console: { level: 'error' } }, telemetry: { enabled: false },"
        f" functionGlobalContext: {{ pool: new Pool({json.dumps(pool)}) }} }};\n",
        encoding="utf-8",
    )
    (folder / "flows.json").write_text(json.dumps(_flow(host, port)), encoding="utf-8")
    command = ["node", str(installed / "node_modules/node-red/red.js")]
    command += ["--userDir", str(folder), "--settings", str(folder / "settings.js")]
    name = " + ".join(each.replace("@", " ") for each in installing.NODE_RED)
    keeps = f"{FIELDS_AND_RAW}, decoded values"
    return Peer(
        name.replace("node-red", "Node-RED"),
        "peers-node-red",
        [command],
        "JavaScript",
        keeps,
        "at receipt",
    )


def _flow(host: str, port: int) -> list[dict[str, object]]:
    broker = {
        "id": "broker",
        "type": "mqtt-broker",
        "broker": host,
        "port": str(port),
        "clientid": "peers-node-red",
        "autoConnect": True,
        "usetls": False,
        "protocolVersion": "5",
        "keepalive": "60",
        "cleansession": False,
        "autoUnsubscribe": False,
        "sessionExpiry": "3600",
    }
    receive = {
        "id": "in",
        "type": "mqtt in",
        "z": "tab",
        "topic": TOPIC,
        "qos": "1",
        "datatype": "utf8",
        "broker": "broker",
        "nl": False,
        "rap": True,
        "rh": 0,
        "inputs": 0,
        "wires": [["write"]],
    }
    write = {
        "id": "write",
        "type": "function",
        "z": "tab",
        "outputs": 0,
        "wires": [],
        "initialize": f"{USUAL}\ncontext.set('decode', decodeUplink);",
        "func": (HERE / "node_red_function.js").read_text(encoding="utf-8"),
    }
    return [{"id": "tab", "type": "tab", "label": "peers"}, broker, receive, write]


_FIELDS = {
    "time": "$.time",
    "id": "$.deduplicationId",
    "device": "$.deviceInfo.devEui",
    "count": "$.fCnt",
    "port": "$.fPort",
    "data": "$.data",
}
# Nothing but tokens, or it writes row by row; so the payload stays in base64.
_INSERT = (
    f"insert into {target.TABLE} (observed_at, uplink_id, dev_eui, f_cnt, f_port, payload) values"
    " (${payload:time}, ${payload:id}, ${payload:device}, ${payload:count}, ${payload:port},"
    " ${payload:data})"
)


def mq_bridge(place: Place, messages: int) -> Peer:
    """Return mq-bridge, whose transformations take fields out of the JSON and decode nothing."""
    host, port = place.broker
    mqtt = {
        "url": f"tcp://{host}:{port}",
        "topic": TOPIC,
        "client_id": "peers-mq-bridge",
        "qos": 1,
        "clean_session": False,
        "session_expiry_interval": 3600,
        "max_inflight": RECEIVE_MAXIMUM,
        "queue_capacity": RECEIVE_MAXIMUM,
    }
    rows = {
        "url": target.plain(place.database_url),
        "table": target.TABLE,
        "insert_query": _INSERT,
        "bulk_copy": True,
    }
    route = {
        "input": {"mqtt": mqtt},
        "output": {"sqlx": rows, "middlewares": [{"transform": {"mapping": _FIELDS}}]},
        "batch_size": 1000,
        "required_delivery": "at_least_once",
    }
    configuration = place.folder / "mq-bridge.json"
    configuration.write_text(json.dumps(route), encoding="utf-8")
    command = [str(installing.mq_bridge()), str(HERE / "mq_bridge_route.py"), str(configuration)]
    name = installing.MQ_BRIDGE.replace("==", " ")
    keeps = "fields, payload in base64; no raw message"
    return Peer(name, "peers-mq-bridge", [command], "no", keeps, "after commit")


Maker = Callable[[Place, int], Peer]
MAKERS: Mapping[str, tuple[Maker, Sequence[str]]] = {
    "node-red": (node_red, ("node", "npm")),
    "mq-bridge": (mq_bridge, ()),
    "bare": (bare_loop, ()),
    "pipe": (pipe, ("mosquitto_sub", "psql")),
}
"""The others, and which programs of the machine each needs."""


def missing(name: str) -> list[str]:
    """Return the programs that one of the others needs and this machine has not."""
    return [program for program in MAKERS[name][1] if shutil.which(program) is None]


def environment_of(peer: Peer) -> dict[str, str]:
    """Return the environment to start a peer in."""
    return {**os.environ, **peer.environment}

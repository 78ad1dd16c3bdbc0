# SPDX-License-Identifier: EUPL-1.2
"""Payload formatters for load, and the frames that they decode: one of a usual size, and those that try to hold up everybody else."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace

import orjson

from stadttakt_runtime.database import Database
from stadttakt_simulators.burst import BurstMessage
from uplink_decoder.codec_library.proof import Proof
from uplink_decoder.codec_library.submission import Submission
from uplink_decoder.storage import codecs as storage

MAPPING = {"readings": [{"kind": "bay", "occupied": {"path": "$.occupied", "equals": True}}]}
# As vendors write them: type, length and value, a switch, helpers; 60 lines, 2 kB.
USUAL = """
function readUInt16LE(bytes) { return ((bytes[1] << 8) + bytes[0]) & 0xffff; }
function readInt16LE(bytes) {
  var value = readUInt16LE(bytes);
  return value > 0x7fff ? value - 0x10000 : value;
}
function readUInt32LE(bytes) {
  return ((bytes[3] << 24) + (bytes[2] << 16) + (bytes[1] << 8) + bytes[0]) >>> 0;
}
function readVersion(bytes) {
  return "v" + (bytes[0] & 0xff).toString(16) + "." + (bytes[1] >> 4) + "." + (bytes[1] & 0x0f);
}
function readSerial(bytes) {
  var parts = [];
  for (var i = 0; i < bytes.length; i++) parts.push(("0" + (bytes[i] & 0xff).toString(16)).slice(-2));
  return parts.join("");
}
function decodeChannels(bytes) {
  var decoded = {};
  for (var i = 0; i < bytes.length; ) {
    var channel = bytes[i++];
    var type = bytes[i++];
    if (channel === 0xff && type === 0x16) {
      decoded.serial = readSerial(bytes.slice(i, i + 8));
      i += 8;
    } else if (channel === 0xff && type === 0x0a) {
      decoded.firmware = readVersion(bytes.slice(i, i + 2));
      i += 2;
    } else if (channel === 0x01 && type === 0x75) {
      decoded.battery = bytes[i];
      i += 1;
    } else if (channel === 0x03 && type === 0x67) {
      decoded.temperature = readInt16LE(bytes.slice(i, i + 2)) / 10;
      i += 2;
    } else if (channel === 0x05 && type === 0x7f) {
      decoded.count = readUInt32LE(bytes.slice(i, i + 4));
      i += 4;
    } else if (channel === 0x07 && type === 0x88) {
      decoded.distance = readUInt16LE(bytes.slice(i, i + 2));
      decoded.quality = decoded.distance > 4000 ? "out of range" : "good";
      i += 2;
    } else if (channel === 0x09 && type === 0x00) {
      switch (bytes[i]) {
        case 1: decoded.occupied = true; break;
        case 0: decoded.occupied = false; break;
      }
      i += 1;
    } else {
      break;
    }
  }
  return decoded;
}
function decodeUplink(input) {
  if (input.fPort === 99) return { errors: ["unknown port"] };
  return { data: decodeChannels(input.bytes), warnings: [] };
}
"""
_CHANNELS = "01755c 0367dd00 057f3d0c0000 0788e803 0900"
FRAMES = {occupied: bytes.fromhex(_CHANNELS) + bytes([occupied]) for occupied in (False, True)}
DECODED = {"battery": 92, "temperature": 22.1, "count": 3133, "distance": 1000, "quality": "good"}
"""What the formatter finds in either frame, beside `occupied`."""
FRAMES_TOLD = (
    f"Frames of {len(FRAMES[True])} bytes, of which a formatter of {len(USUAL) / 1000:.1f} kB decodes five channels"
    f" (battery, temperature, count, distance, occupancy): `{FRAMES[True].hex()}`"
)
BOMBS: Mapping[str, str] = {
    "loop": "while (true) {}",
    "memory": "let a; while (true) try { a = [a, new Array(1e6).fill(7)]; } catch { a = 0; }",
    "regex": "/^(a+)+$/.test('a'.repeat(40) + 'b');",
    "search": "'a'.repeat(4e6).indexOf('a'.repeat(2e6) + 'b');",
}


def usual(codec_id: str, *, stateless: bool) -> Submission:
    """Return the formatter of usual size, which says whether a bay is occupied."""
    source = f"// {codec_id}\n{USUAL}"
    return Submission(
        codec_id=codec_id, source=source, vectors=[], mapping=MAPPING, stateless=stateless
    )


def channelled(message: BurstMessage) -> BurstMessage:
    """Return an uplink with a frame of channels instead of what its device sends."""
    body = orjson.loads(message.payload)
    body["data"] = base64.b64encode(FRAMES[message.occupied]).decode()
    return replace(message, payload=orjson.dumps(body))


def bomb(name: str, number: int) -> Submission:
    """Return a formatter that never ends by itself; each number is a codec of its own."""
    source = f"function decodeUplink(input) {{ {BOMBS[name]} }}"
    return Submission(codec_id=f"bomb-{name}-{number}", source=source, vectors=[], stateless=True)


def assign(database_url: str, codecs: Sequence[Submission], devices: Mapping[str, str]) -> None:
    """Store codecs, and give devices (by EUI) those of them that they shall have."""

    async def work() -> None:
        async with (
            Database.open(database_url, schema="uplink") as database,
            database.transaction() as connection,
        ):
            for codec in codecs:
                await storage.add_version(connection, codec.version(Proof(0), by="bench"))
            await connection.executemany(
                "update device set codec_id = $2 where dev_eui = $1", list(devices.items())
            )
            await connection.execute("select nextval('registry_version')")

    asyncio.run(work())

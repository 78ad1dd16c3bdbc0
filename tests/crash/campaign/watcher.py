# SPDX-License-Identifier: EUPL-1.2
"""Watches signs as their controllers do, and feeds as importers do, in a process of its own: every answer goes on record.

`python -m crash.campaign.watcher FILE PARKING_ADDRESS PUBLISHER_ADDRESS MQTT_URL TOPIC_ROOT SIGN…` runs until it is killed.
What cannot be read is on record as well, with what was answered, and that nobody answered; a way that ends otherwise ends all.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any, TextIO

import httpx
import orjson
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from crash.campaign.feeds import READ

POLL_S = 0.05
POLL_FEEDS_S = 0.3
LOOK_AT_RETAINED_S = 0.5
STREAMED_FOR_S, STREAMED_MOST = 2.0, 3
"""How long, and for how many events, one sign is listened to before the next."""

KEPT = ("sign_id", "state", "free", "text", "measured_at", "valid_until")
UNAVAILABLE = 503
EACH_ROUND = ("http", "text", "stream", "retained", *READ)
"""The ways of which every round must have answers."""

Told = Mapping[str, Any]
Note = Callable[[str, float, bytes, Callable[[bytes], Iterable[Told]]], None]
"""Takes a way, when it was asked, what was answered, and who reads it."""


def watch(
    file: TextIO, addresses: Sequence[str], mqtt_url: str, root: str, signs: list[str]
) -> None:
    """Watch in all ways until one of them ends with an error, which ends the process."""
    note = noting(file)
    parking, publisher = addresses
    ways = {
        _poll_signs: (parking, signs, note),
        _listen_to_streams: (parking, signs, note),
        _listen: (mqtt_url, root, note),
        _poll_feeds: (publisher, note),
    }
    threads = [
        threading.Thread(target=_or_end, args=(work, *given), daemon=True)
        for work, given in ways.items()
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()


def noting(file: TextIO) -> Note:
    """Return who writes answers into a file: what each tells, that it is a 503, or that it cannot be read."""
    lock = threading.Lock()

    def note(
        way: str, asked_at: float, body: bytes, read: Callable[[bytes], Iterable[Told]]
    ) -> None:
        told_at = time.time()
        try:
            told = [
                each if "unavailable" in each else {name: each.get(name) for name in KEPT}
                for each in read(body)
            ]
        except Exception as error:  # noqa: BLE001  # whatever nobody can read is for the record
            said = body[:500].decode(errors="replace")
            told = [{"unreadable": repr(error)[:300], "said": said}]
        with lock:
            for each in told:
                line = {"way": way, "asked_at": asked_at, "told_at": told_at, **each}
                file.write(orjson.dumps(line).decode() + "\n")

    return note


def _or_end(work: Callable[..., None], *given: object) -> None:
    try:
        work(*given)
    except BaseException:  # noqa: BLE001  # one way less would not be noticed for a round
        traceback.print_exc()
        os._exit(1)


def _poll_signs(parking: str, signs: Sequence[str], note: Note) -> None:
    """Ask for JSON and for plain text in turn, as two kinds of controllers do."""
    with httpx.Client(base_url=parking, timeout=5) as client:
        for way in cycle(("http", "text")):
            headers = {"accept": "text/plain"} if way == "text" else {}
            for sign_id in signs:
                asked_at = time.time()
                path = f"/v1/signs/{sign_id}"
                if (answer := _answer(client, path, headers, (note, way))) is not None:
                    until = answer.headers.get("valid-until")
                    read = one if way == "http" else as_plain(sign_id, until)
                    note(way, asked_at, answer.content, by_status(answer.status_code, read))
            time.sleep(POLL_S)


def _listen_to_streams(parking: str, signs: Sequence[str], note: Note) -> None:
    """Listen to one sign after the other; what comes first is the present, what follows says itself that it is late."""
    patience = httpx.Timeout(5, read=STREAMED_FOR_S)
    with httpx.Client(base_url=parking, timeout=patience) as client:
        for sign_id in cycle(signs):
            asked_at = time.time()
            try:
                with client.stream("GET", f"/v1/signs/{sign_id}/stream") as answer:
                    if answer.status_code != 200:
                        note("stream", asked_at, answer.read(), by_status(answer.status_code, one))
                    else:
                        for number, data in enumerate(streamed(answer.iter_lines()), 1):
                            way = "stream" if number == 1 else "streamed"
                            note(way, asked_at, data, one)
                            if number == STREAMED_MOST:
                                break
            except httpx.ReadTimeout:
                # Nothing has changed for so long.
                pass
            except httpx.TransportError as error:
                note("stream", asked_at, b"", nobody(error))
                time.sleep(POLL_S)
            time.sleep(POLL_S)


def streamed(lines: Iterable[str]) -> Iterator[bytes]:
    """Yield the data of server-sent events; comments, ids and names are left out (HTML, 9.2.6)."""
    for line in lines:
        if line.startswith("data:"):
            yield line.removeprefix("data:").strip().encode()


def by_status(
    status: int, read: Callable[[bytes], Iterable[Told]]
) -> Callable[[bytes], Iterable[Told]]:
    """Return who reads an answer of this status: of 503 the words, and of any other but 200 nobody."""
    if status == 200:
        return read

    def refused(body: bytes) -> list[Told]:
        if status != UNAVAILABLE:
            raise ValueError(f"answered with {status}")
        return [{"unavailable": body[:300].decode(errors="replace")}]

    return refused


def nobody(error: httpx.TransportError) -> Callable[[bytes], list[Told]]:
    """Return who reads that nobody answered: it is as if that had been said."""
    return lambda _: [{"unavailable": f"nobody answered: {error!r}"[:300]}]


def one(body: bytes) -> list[Told]:
    """Read a sign's JSON."""
    told = orjson.loads(body)
    if not isinstance(told, dict) or "sign_id" not in told:
        raise ValueError("this is no sign")
    return [told]


def as_plain(sign_id: str, valid_until: str | None) -> Callable[[bytes], list[Told]]:
    """Return who reads a sign's text: a number where it is nothing but digits."""

    def read(body: bytes) -> list[Told]:
        text = body.decode().removesuffix("\n")
        if valid_until is None or not text:
            raise ValueError("no text, or no word of until when it holds")
        free = int(text) if text.isdigit() else None
        return [{"sign_id": sign_id, "free": free, "text": text, "valid_until": valid_until}]

    return read


def _poll_feeds(publisher: str, note: Note) -> None:
    with httpx.Client(base_url=publisher, timeout=5) as client:
        while True:
            for path, read in READ.items():
                asked_at = time.time()
                if (answer := _answer(client, path, {}, (note, path))) is not None:
                    note(
                        path, asked_at, answer.content, by_status(answer.status_code, _places(read))
                    )
            time.sleep(POLL_FEEDS_S)


def _places(read: Callable[[bytes], Iterable[Any]]) -> Callable[[bytes], list[Told]]:
    return lambda body: [{**each._asdict(), "sign_id": each.lot_id} for each in read(body)]


def _answer(
    client: httpx.Client, path: str, headers: Mapping[str, str], noted: tuple[Note, str]
) -> httpx.Response | None:
    """Return an answer; nothing where nobody answers, which is noted by its way."""
    note, way = noted
    asked_at = time.time()
    try:
        return client.get(path, headers=headers)
    except httpx.TransportError as error:
        note(way, asked_at, b"", nobody(error))
        time.sleep(POLL_S)
        return None


def _listen(mqtt_url: str, root: str, note: Note) -> None:
    host, _, port = mqtt_url.removeprefix("mqtt://").partition(":")
    topic = f"{root}/state/sign/+"

    def data(body: bytes) -> list[Told]:
        return one(orjson.dumps(orjson.loads(body)["data"]))

    def told(_client: object, _data: object, message: paho.MQTTMessage) -> None:
        if message.payload:
            note(
                "retained" if message.retain else "live", time.time(), bytes(message.payload), data
            )

    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.on_message = told
    client.reconnect_delay_set(1, 1)
    client.connect_async(host, int(port))
    client.loop_start()
    while True:
        if client.is_connected():
            client.subscribe(topic, qos=1)
        time.sleep(LOOK_AT_RETAINED_S)


if __name__ == "__main__":
    with Path(sys.argv[1]).open("a", buffering=1) as record:
        watch(record, sys.argv[2:4], sys.argv[4], sys.argv[5], sys.argv[6:])

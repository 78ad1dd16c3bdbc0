# SPDX-License-Identifier: EUPL-1.2
"""Codecs over HTTP: upload with proof, versions, activation, trying, and what is refused."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from stadttakt_runtime.auth import storage
from stadttakt_runtime.auth.api_key import mint
from stadttakt_runtime.auth.scopes import Scope
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from uplink_decoder.settings import UplinkSettings

SOURCE = """
function decodeUplink(input) {
  if (input.bytes.length < 2) return { errors: ['too short'] };
  return { data: { level: input.bytes[1], occupied: input.bytes[0] === 1, port: input.fPort } };
}
"""
LEGACY = "function Decoder(bytes, port) { return { level: bytes[1] + 100 }; }"
VECTORS = [
    {
        "f_port": 3,
        "bytes": "0107",
        "expected": {"level": 7, "occupied": True, "port": 3},
    },
    {"f_port": 3, "bytes": [0], "expected": {"errors": ["too short"]}},
]
MAPPING = {
    "readings": [{"kind": "bay", "occupied": {"path": "$.occupied", "truthy": True}}],
    "battery_percent": "$.level",
}
PUBLIC_FILE = """
uplinkDecoder:
  fileName: switch.js
  examples:
    - description: on is a text in YAML 1.2
      input: {fPort: 1, bytes: [0x01]}
      output: {data: {state: on, valve: no, time: 2023-05-01T00:00:00Z}}
    - description: off too
      input: {fPort: 1, bytes: [0]}
      output: {data: {state: off, valve: yes, time: 2023-05-01T00:00:00Z}}
downlinkEncoder:
  fileName: switch.js
"""
SWITCH = """
function decodeUplink(input) {
  var on = input.bytes[0] === 1;
  return { data: { state: on ? 'on' : 'off', valve: on ? 'no' : 'yes',
                   time: new Date(Date.UTC(2023, 4, 1)) } };
}
"""
Call = Callable[..., Awaitable[Any]]


@pytest.fixture
async def call(running: Any, settings: UplinkSettings) -> Call:
    """Ask as somebody with one scope."""
    keys: dict[str, str] = {}

    async def ask(method: str, path: str, scope: Scope = "codecs:write", **request: Any) -> Any:
        if scope not in keys:
            key = mint()
            url = settings.database_url.get_secret_value()
            async with (
                Database.open(url, schema="platform") as platform,
                platform.transaction() as connection,
            ):
                await storage.insert_key(
                    connection,
                    key,
                    scopes=[scope],
                    label="x",
                    created_at=utc_now(),
                    expires_at=None,
                )
            keys[scope] = str(key)
        headers = {"authorization": f"Bearer {keys[scope]}", **request.pop("headers", {})}
        return await running.http.request(method, f"/v1/codecs{path}", headers=headers, **request)

    return ask


def upload(**fields: Any) -> dict[str, Any]:
    return {"language": "javascript", "source": SOURCE, "vectors": VECTORS, **fields}


async def test_new_codec_is_created_and_decodes(call: Call) -> None:
    created = await call("PUT", "/maker-level", json=upload(maker="Maker", model="Level 1"))
    assert (created.status_code, created.json()) == (
        201,
        {
            "codec_id": "maker-level",
            "version": 1,
            "active": True,
            "vectors_passed": 2,
            "vectors_failed": 0,
            "failures": [],
        },
    )
    shown = (await call("GET", "/maker-level", "devices:read")).json()
    assert (shown["maker"], shown["model"], shown["language"]) == ("Maker", "Level 1", "javascript")
    assert (shown["active_version"], shown["newest_version"]) == (1, 1)
    assert shown["activated_by"].startswith("api_key:")
    decoded = await call("POST", "/maker-level/decode", json={"f_port": 3, "bytes": "0107"})
    assert decoded.status_code == 200
    assert decoded.json()["data"] == {"level": 7, "occupied": True, "port": 3}
    assert (decoded.json()["errors"], decoded.json()["codec_version"]) == ([], 1)


async def test_same_content_is_the_same_version_whatever_came_between(call: Call) -> None:
    await call("PUT", "/maker-level", json=upload())
    again = await call("PUT", "/maker-level", json=upload(maker="Named later"))
    assert (again.status_code, again.json()["version"]) == (200, 1)
    changed = await call("PUT", "/maker-level", json=upload(mapping=MAPPING))
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert changed.json()["active"] is False
    first = await call("PUT", "/maker-level", json=upload())
    assert (first.json()["version"], first.json()["active"]) == (1, True)
    shown = (await call("GET", "/maker-level")).json()
    assert (shown["maker"], shown["active_version"], shown["newest_version"]) == (
        "Named later",
        1,
        2,
    )


async def test_failing_vectors_are_refused_with_what_differs(call: Call) -> None:
    wrong = [{"f_port": 3, "bytes": "0107", "expected": {"level": 8, "occupied": True, "port": 3}}]
    refused = await call("PUT", "/maker-level", json=upload(vectors=[*VECTORS, *wrong]))
    body = refused.json()
    assert (refused.status_code, body["code"]) == (422, "vectors_failed")
    assert (body["vectors_passed"], body["vectors_failed"]) == (2, 1)
    (failure,) = body["failures"]
    assert failure["expected"]["data"]["level"] == 8
    assert failure["got"]["data"]["level"] == 7
    assert failure["difference"] == ["data.level: expected 8, got 7"]
    assert failure["index"] == 2
    assert (await call("GET", "/maker-level")).status_code == 404
    path = "/maker-level?accept_failures=true"
    accepted = await call("PUT", path, json=upload(vectors=[*VECTORS, *wrong]))
    assert (accepted.status_code, accepted.json()["vectors_failed"]) == (201, 1)


async def test_throwing_and_endless_codecs_fail_their_vectors(call: Call) -> None:
    for source, message in {
        "function decodeUplink(i) { throw new Error('broken'); }": "broken",
        "function decodeUplink(i) { while (true) {} }": "stopped after",
        "function decodeUplink(i) { return 5; }": "object",
    }.items():
        refused = await call("PUT", "/maker-bad", json=upload(source=source))
        assert refused.status_code == 422
        failure = refused.json()["failures"][0]
        assert failure["got"] is None
        assert message in failure["difference"][0]


async def test_script_that_does_not_load_is_refused(call: Call) -> None:
    for source in ("function (", "var a = 1;"):
        refused = await call("PUT", "/x?accept_failures=true", json=upload(source=source))
        assert (refused.status_code, refused.json()["code"]) == (422, "codec_refused")


async def test_public_codec_file_is_taken_as_it_is_with_yaml_1_2_words(call: Call) -> None:
    body = f"source: |\n{_indented(SWITCH)}\nmaker: Maker\n{PUBLIC_FILE}"
    as_yaml = await call(
        "PUT", "/maker-switch", content=body, headers={"content-type": "application/yaml"}
    )
    assert (as_yaml.status_code, as_yaml.json()["vectors_passed"]) == (201, 2), as_yaml.text
    as_text = await call("PUT", "/other", json={"source": SWITCH, "vectors": PUBLIC_FILE})
    assert (as_text.status_code, as_text.json()["vectors_passed"]) == (201, 2)
    stored = (await call("GET", "/other/versions/1")).json()
    assert stored["vectors"][0]["expected"]["data"]["state"] == "on"
    assert stored["vectors"][0]["expected"]["data"]["valve"] == "no"


async def test_versions_are_kept_with_their_source_and_rolled_back(call: Call) -> None:
    await call("PUT", "/maker-level", json=upload())
    await call("PUT", "/maker-level", json=upload(source=LEGACY, vectors=[]))
    listed = (await call("GET", "/maker-level/versions", "devices:read")).json()["items"]
    assert [(each["version"], each["active"]) for each in listed] == [(2, False), (1, True)]
    assert (await call("GET", "/maker-level/versions/2")).json()["source"] == LEGACY
    activated = await call("POST", "/maker-level:activate", json={"version": 2})
    assert (activated.status_code, activated.json()["active_version"]) == (200, 2)
    back = await call("POST", "/maker-level:activate", json={"version": 1})
    assert back.json()["active_version"] == 1
    assert (await call("GET", "/maker-level/versions/1")).json()["source"] == SOURCE
    missing = await call("POST", "/maker-level:activate", json={"version": 3})
    assert missing.status_code == 404
    page = (await call("GET", "/maker-level/versions?limit=1")).json()
    rest = (await call("GET", f"/maker-level/versions?cursor={page['next_cursor']}")).json()
    assert [each["version"] for each in page["items"] + rest["items"]] == [2, 1]


async def test_stored_version_refuses_every_change(running: Any, call: Call) -> None:
    await call("PUT", "/maker-level", json=upload())
    with pytest.raises(Exception, match="never changes"):
        await running.connection.execute("update codec_version set source = 'other'")


async def test_decode_takes_the_newest_version_unless_one_is_named(call: Call) -> None:
    await call("PUT", "/maker-level", json=upload())
    await call("PUT", "/maker-level", json=upload(source=LEGACY, vectors=[]))
    payload = base64.b64encode(b"\x01\x07").decode()
    newest = await call("POST", "/maker-level/decode", json={"f_port": 1, "bytes": payload})
    assert (newest.json()["codec_version"], newest.json()["data"]) == (2, {"level": 107})
    body = {"f_port": 1, "bytes": payload, "version": 1}
    named = await call("POST", "/maker-level/decode", json=body)
    assert (named.json()["codec_version"], named.json()["data"]["level"]) == (1, 7)
    absent = await call("POST", "/maker-level/decode", json={**body, "version": 9})
    assert absent.status_code == 404


async def test_decode_shows_what_the_mapping_makes_of_it(call: Call) -> None:
    await call("PUT", "/maker-level", json=upload(mapping=MAPPING))
    decoded = await call("POST", "/maker-level/decode", json={"f_port": 3, "bytes": "0107"})
    body = decoded.json()
    assert [(each["kind"], each["occupied"]) for each in body["readings"]] == [("bay", True)]
    assert body["battery_percent"] == 7


async def test_decode_tells_the_errors_of_the_codec(call: Call) -> None:
    await call("PUT", "/maker-level", json=upload())
    decoded = await call("POST", "/maker-level/decode", json={"f_port": 3, "bytes": "01"})
    assert (decoded.status_code, decoded.json()["errors"]) == (200, ["too short"])
    assert decoded.json()["readings"] == []


async def test_script_is_given_reception_time_and_variables(call: Call) -> None:
    source = (
        "function decodeUplink(i) {"
        " return {data: {at: i.recvTime.toISOString(), site: i.variables.site}}; }"
    )
    await call("PUT", "/maker-time", json={"source": source})
    body = {
        "f_port": 1,
        "bytes": "00",
        "recv_time": "2024-02-29T12:00:00+01:00",
        "variables": {"site": "A"},
    }
    decoded = await call("POST", "/maker-time/decode", json=body)
    assert decoded.json()["data"] == {"at": "2024-02-29T11:00:00.000Z", "site": "A"}


async def test_native_codecs_are_listed_tried_and_never_overwritten(call: Call) -> None:
    await call("PUT", "/a-first", json=upload())
    found: list[dict[str, Any]] = []
    cursor = ""
    while cursor is not None:
        page = (await call("GET", f"?limit=3{cursor and f'&cursor={cursor}'}")).json()
        found += page["items"]
        cursor = page["next_cursor"]
    ids = [each["codec_id"] for each in found]
    assert ids == sorted(set(ids))
    assert ids[0] == "a-first"
    assert {each["language"] for each in found[1:]} == {"native"}
    assert "bosch-tps110" in ids
    refused = await call("PUT", "/bosch-tps110", json=upload())
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    activated = await call("POST", "/bosch-tps110:activate", json={"version": 1})
    assert activated.status_code == 409
    decoded = await call("POST", "/bosch-tps110/decode", json={"f_port": 1, "bytes": "01"})
    assert decoded.json()["data"]["occupied"] is True
    assert decoded.json()["readings"][0]["kind"] == "bay"
    wrong = await call("POST", "/bosch-tps110/decode", json={"f_port": 9, "bytes": "01"})
    assert wrong.json()["errors"] == ["byte 0: no frame is known on port 9"]
    versions = (await call("GET", "/bosch-tps110/versions")).json()["items"]
    assert [each["language"] for each in versions] == ["native"]
    assert (await call("GET", "/bosch-tps110/versions/1")).json()["source"] is None


async def test_only_who_may_write_codecs_does(running: Any, call: Call) -> None:
    await call("PUT", "/maker-level", json=upload())
    payload = {"f_port": 1, "bytes": "00"}
    for method, path, body in (
        ("PUT", "/maker-level", upload()),
        ("POST", "/maker-level:activate", {"version": 1}),
        ("POST", "/maker-level/decode", payload),
    ):
        anonymous = await running.http.request(method, f"/v1/codecs{path}", json=body)
        reader = await call(method, path, "devices:read", json=body)
        assert (anonymous.status_code, reader.status_code) == (401, 403)
    for path in ("", "/maker-level", "/maker-level/versions", "/maker-level/versions/1"):
        assert (await running.http.get(f"/v1/codecs{path}")).status_code == 401
        assert (await call("GET", path, "kpi:write")).status_code == 403
        assert (await call("GET", path, "devices:read")).status_code == 200


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


WRONG_UPLOADS: dict[str, dict[str, Any]] = {
    "no source": {"language": "javascript"},
    "empty source": upload(source=""),
    "source that is too long": upload(source="x" * 1_000_001),
    "NUL in the source": upload(source="a\x00b"),
    "NUL in the maker": upload(maker="a\x00b"),
    "another language": upload(language="lua"),
    "unknown field": upload(sauce="x"),
    "vectors of a wrong type": upload(vectors=5),
    "vectors that are no YAML": upload(vectors="{[}"),
    "YAML with a value of its own tag": upload(vectors="!!python/object:os.system {}"),
    "YAML that is a scalar": upload(vectors="text"),
    "vector without bytes": upload(vectors=[{"expected": {}}]),
    "huge integer in YAML": upload(vectors=f"[{{bytes: '00', expected: {{a: {9**99}}}}}]"),
    "mapping of an unknown form": upload(mapping={"readings": [{"kind": "moon"}]}),
    "mapping with a wrong path": upload(mapping={"battery_mv": "level"}),
    "mapping that is a list": upload(mapping=[]),
    "stateless that is a text": upload(stateless="perhaps"),
}


@pytest.mark.parametrize("body", WRONG_UPLOADS.values(), ids=WRONG_UPLOADS)
async def test_wrong_upload_is_a_problem_document(call: Call, body: dict[str, Any]) -> None:
    refused = await call("PUT", "/maker-level", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "validation_failed")


BOMB = "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(9)
)
WRONG_BYTES: dict[str, tuple[str, bytes, int]] = {
    "no JSON": ("application/json", b"{", 422),
    "not a number": ("application/json", b'{"source": NaN}', 422),
    "lone surrogate": ("application/json", b'{"source": "\\ud800"}', 422),
    "nested without end": ("application/json", b"[" * 100_000, 422),
    "no YAML": ("application/yaml", b"{[}", 422),
    "YAML nested without end": ("application/yaml", b"[" * 5_000, 422),
    "YAML that unfolds to billions": ("application/yaml", BOMB.encode(), 422),
    "YAML in another encoding": ("application/yaml", b"\xff\xfe", 422),
    "form": ("application/x-www-form-urlencoded", b"source=1", 415),
    "nothing": ("", b"", 415),
    "too large": ("application/json", b" " * 2_000_000, 413),
    "source of 5 MB": ("application/json", b'{"source": "' + b"x" * 5_000_000 + b'"}', 413),
}


@pytest.mark.parametrize(("kind", "body", "status"), WRONG_BYTES.values(), ids=WRONG_BYTES)
async def test_unreadable_upload_is_a_problem_document(
    call: Call, kind: str, body: bytes, status: int
) -> None:
    refused = await call("PUT", "/x", content=body, headers={"content-type": kind})
    assert refused.status_code == status, refused.text
    assert refused.headers["content-type"] == "application/problem+json"


WRONG_CALLS: dict[str, tuple[str, str, Any]] = {
    "codec id with capitals": ("GET", "/Maker", None),
    "codec id with NUL": ("GET", "/a%00b", None),
    "version zero": ("GET", "/maker-level/versions/0", None),
    "huge version": ("GET", f"/maker-level/versions/{10**30}", None),
    "version that is a text": ("GET", "/maker-level/versions/new", None),
    "broken cursor": ("GET", "?cursor=nonsense", None),
    "cursor of another list": ("GET", "/maker-level/versions?cursor=abc", None),
    "activate nothing": ("POST", "/maker-level:activate", {}),
    "activate a huge version": ("POST", "/maker-level:activate", {"version": 10**30}),
    "decode without bytes": ("POST", "/maker-level/decode", {"f_port": 1}),
    "decode bytes that are none": ("POST", "/maker-level/decode", {"f_port": 1, "bytes": "zz€"}),
    "decode on a port too high": ("POST", "/maker-level/decode", {"f_port": 256, "bytes": "00"}),
    "decode with numbers too high": (
        "POST",
        "/maker-level/decode",
        {"f_port": 1, "bytes": [256]},
    ),
    "decode with a local time": (
        "POST",
        "/maker-level/decode",
        {"f_port": 1, "bytes": "00", "recv_time": "2024-01-01T00:00:00"},
    ),
    "decode with variables of numbers": (
        "POST",
        "/maker-level/decode",
        {"f_port": 1, "bytes": "00", "variables": {"a": 1}},
    ),
}


@pytest.mark.parametrize(("method", "path", "body"), WRONG_CALLS.values(), ids=WRONG_CALLS)
async def test_wrong_call_is_a_problem_document(
    call: Call, method: str, path: str, body: Any
) -> None:
    await call("PUT", "/maker-level", json=upload())
    refused = await call(method, path, **({} if body is None else {"json": body}))
    assert (refused.status_code, refused.json()["code"]) == (422, "validation_failed")

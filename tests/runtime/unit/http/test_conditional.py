from datetime import UTC, datetime, timedelta

import pytest
from starlette.requests import Request
from starlette.responses import Response

from stadttakt_runtime.http import conditional
from stadttakt_runtime.http.conditional import respond, strong_etag

BODY = b'{"free": 3}'
CHANGED = datetime(2026, 3, 1, 12, 0, 0, 400_000, tzinfo=UTC)
ETAG = strong_etag(BODY)


def get(**headers: str) -> Response:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    request = Request({"type": "http", "method": "GET", "headers": raw})
    return respond(request, BODY, last_modified=CHANGED, headers={"cache-control": "max-age=5"})


def test_first_read_has_both_validators() -> None:
    answer = get()
    assert (answer.status_code, answer.body) == (200, BODY)
    assert answer.headers["etag"] == ETAG
    assert answer.headers["last-modified"] == "Sun, 01 Mar 2026 12:00:01 GMT"
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "tags", [ETAG, f"W/{ETAG}", f'"a", {ETAG}', f'"a,b" ,{ETAG}', "*", f'W/"x",W/{ETAG}']
)
def test_matching_tag_is_answered_without_a_body(tags: str) -> None:
    answer = get(if_none_match=tags)
    assert (answer.status_code, answer.body) == (304, b"")
    assert answer.headers["etag"] == ETAG
    assert answer.headers["cache-control"] == "max-age=5"
    assert "content-type" not in answer.headers


@pytest.mark.parametrize("tags", ['"other"', "", ETAG.strip('"'), f'"{ETAG}', '"*"', '"a,' * 4000])
def test_other_tag_gets_the_body(tags: str) -> None:
    assert get(if_none_match=tags).status_code == 200


def test_tag_decides_alone_where_a_date_is_given_too() -> None:
    later = "Sun, 01 Mar 2026 13:00:00 GMT"
    assert get(if_none_match='"other"', if_modified_since=later).status_code == 200


@pytest.mark.parametrize(
    ("since", "status"),
    [
        ("Sun, 01 Mar 2026 12:00:00 GMT", 200),
        ("Sun, 01 Mar 2026 12:00:01 GMT", 304),
        ("Sun, 01 Mar 2026 12:00:02 GMT", 304),
        ("yesterday", 200),
        ("Sun, 99 Mar 2026 12:00:02 GMT", 200),
    ],
)
def test_date_is_compared_in_whole_seconds(since: str, status: int) -> None:
    assert get(if_modified_since=since).status_code == status


def test_second_change_within_a_second_is_seen_by_who_polls_with_dates() -> None:
    first, second = CHANGED, CHANGED + timedelta(milliseconds=400)
    seen = conditional._visible_change(first, now=first)
    later = conditional._visible_change(second, now=second + timedelta(seconds=1))
    assert seen < later


def test_last_modified_is_never_in_the_future() -> None:
    assert conditional._visible_change(CHANGED, now=CHANGED) == CHANGED.replace(microsecond=0)


def test_tag_may_be_given() -> None:
    request = Request({"type": "http", "method": "GET", "headers": []})
    answer = respond(request, BODY, last_modified=CHANGED, etag='"17"', media_type="text/plain")
    assert answer.headers["etag"] == '"17"'

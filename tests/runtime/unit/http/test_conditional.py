# SPDX-License-Identifier: EUPL-1.2
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response

from stadttakt_runtime.http.conditional import respond, strong_etag, visible_change

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


@given(
    first_ms=st.integers(0, 5_000),
    seen_after_ms=st.integers(0, 3_000),
    changed_after_ms=st.integers(1, 3_000),
)
def test_a_change_after_it_was_read_is_never_hidden_from_who_polls_with_dates(
    first_ms: int, seen_after_ms: int, changed_after_ms: int
) -> None:
    first = CHANGED + timedelta(milliseconds=first_ms)
    read_at = first + timedelta(milliseconds=seen_after_ms)
    second = read_at + timedelta(milliseconds=changed_after_ms)
    told = visible_change(first, now=read_at)
    assert told <= read_at
    date = format_datetime(told, usegmt=True)
    request = Request({"type": "http", "headers": [(b"if-modified-since", date.encode())]})
    assert respond(request, BODY, last_modified=second).status_code == 200


def test_who_polls_with_dates_is_told_that_nothing_changed_from_the_next_second_on() -> None:
    told = visible_change(CHANGED, now=CHANGED + timedelta(seconds=1))
    assert get(if_modified_since=format_datetime(told, usegmt=True)).status_code == 304


def test_last_modified_is_never_in_the_future() -> None:
    assert visible_change(CHANGED, now=CHANGED) == CHANGED.replace(microsecond=0)


def test_tag_may_be_given() -> None:
    request = Request({"type": "http", "method": "GET", "headers": []})
    answer = respond(request, BODY, last_modified=CHANGED, etag='"17"', media_type="text/plain")
    assert answer.headers["etag"] == '"17"'

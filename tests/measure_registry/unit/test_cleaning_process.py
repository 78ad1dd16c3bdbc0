# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
import io
import re
import signal
from threading import Event

import pytest
from PIL import Image
from structlog.testing import capture_logs

from measure_registry.api.pages.reading import cleaned_files
from measure_registry.cleaning.kinds import MOST_FILES, Attachment, AttachmentRefusedError
from measure_registry.cleaning.process import (
    MOST_WAITING,
    OF_PDFS,
    OF_PICTURES,
    Limits,
    Line,
    begin_cleaning,
    clean,
    cleaned_within,
    read_answer,
    take_places,
)
from support.files import document, picture, small_but_endless
from support.ideas import HALLE

MIB = 1024 * 1024


def huge() -> bytes:
    """Return a small file of forty million pixels."""
    written = io.BytesIO()
    Image.new("RGB", (7300, 5400)).save(written, "JPEG")
    return written.getvalue()


@pytest.mark.parametrize(
    ("content", "media_type"),
    [(document(), "application/pdf"), (picture(), "image/jpeg"), (picture("PNG"), "image/png")],
)
async def test_each_kind_of_file_is_made_anew_by_a_process(content: bytes, media_type: str) -> None:
    cleaned = await clean(content)
    assert cleaned.media_type == media_type
    assert cleaned.content not in {b"", content}


async def test_what_a_process_refuses_is_refused_for_its_reason() -> None:
    with pytest.raises(AttachmentRefusedError) as refused:
        await clean(document(password="geheim"))
    assert refused.value.why == "protected"


@pytest.mark.parametrize(
    ("content", "limits"),
    [
        (small_but_endless(60, form=True), Limits(1, OF_PDFS.memory_bytes)),
        (huge(), Limits(OF_PICTURES.cpu_s, 120 * MIB)),
        (small_but_endless(60, form=True), Limits(10, OF_PDFS.memory_bytes, wall_s=0.1)),
    ],
    ids=["cpu", "memory", "wall"],
)
def test_a_small_file_that_takes_more_than_its_limits_is_refused(
    content: bytes, limits: Limits
) -> None:
    assert len(content) < 1_000_000
    with pytest.raises(AttachmentRefusedError) as refused:
        cleaned_within(content, limits)
    assert refused.value.why == "too_complex"


def test_a_picture_of_the_most_pixels_stays_within_the_limits() -> None:
    assert cleaned_within(huge(), OF_PICTURES).media_type == "image/jpeg"


@pytest.mark.parametrize(
    ("answer", "status", "why", "logged"),
    [
        (b"refused too_fine\n", 0, "too_fine", []),
        (b"failed AttributeError\n", 0, "not_a_file", ["AttributeError"]),
        (b"", -signal.SIGSEGV, "not_a_file", [""]),
        (b"cleaned image/png\nhal", -signal.SIGXCPU, "too_complex", [None]),
        (b"", -signal.SIGKILL, "too_complex", [None]),
    ],
)
def test_however_a_process_ends_its_file_is_refused(
    answer: bytes, status: int, why: str, logged: list[str | None]
) -> None:
    with capture_logs() as logs, pytest.raises(AttachmentRefusedError) as refused:
        read_answer(answer, status, sent_bytes=3)
    assert refused.value.why == why
    assert [each.get("error") for each in logs] == logged


def test_what_a_process_made_may_hold_lines() -> None:
    made = read_answer(b"cleaned image/png\na\nb\n", 0, sent_bytes=3)
    assert made == Attachment("image/png", b"a\nb\n")


async def test_who_comes_when_the_line_is_full_is_asked_to_come_again() -> None:
    line, at_work, go_on = Line("test", 2), Event(), Event()

    def work(number: int) -> int:
        at_work.set()
        go_on.wait()
        return number

    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(line.done(work, n), name=f"file {n}") for n in range(3)]
        await asyncio.to_thread(at_work.wait)
        with pytest.raises(AttachmentRefusedError) as refused:
            await line.done(work, 3)
        # who goes away before its turn makes room
        waiting[2].cancel()
        await asyncio.sleep(0)
        waiting.append(group.create_task(line.done(work, 4), name="file 4"))
        await asyncio.sleep(0)
        go_on.set()
    assert refused.value.why == "busy"
    assert [each.result() for each in (waiting[0], waiting[1], waiting[3])] == [0, 1, 4]
    assert await line.done(work, 5) == 5


async def test_places_for_all_files_of_a_form_are_taken_or_none() -> None:
    pictures, pdfs = Line("pictures", 1), Line("pdfs", 0)
    with pytest.raises(AttachmentRefusedError) as refused:
        take_places([pictures, pdfs, pdfs])
    assert refused.value.why == "busy"
    take_places([pictures, pdfs, pictures])
    with pytest.raises(AttachmentRefusedError):
        take_places([pdfs])
    assert await asyncio.wrap_future(pdfs.begin(lambda: "made")) == "made"
    take_places([pdfs])


async def test_a_form_whose_second_file_is_refused_leaves_no_file_waiting() -> None:
    sent = [("a.pdf", document()), ("b.pdf", b"%PDF-broken"), ("c.pdf", document())]
    cleaned, faults = await cleaned_files(sent, "de")
    assert (cleaned, list(faults)) == ([], ["files"])
    assert "b.pdf" in faults["files"]
    # all places are free again, once the one at work is done
    await clean(document())
    first, *rest = begin_cleaning([document()] * (1 + MOST_WAITING))
    for each in rest:
        each.cancel()
    assert (await asyncio.wrap_future(first)).media_type == "application/pdf"


def test_five_full_forms_find_room() -> None:
    assert 1 + MOST_WAITING == 5 * MOST_FILES


def test_proxy_waits_as_long_as_the_files_of_a_form_may_take() -> None:
    served = (HALLE.parents[1] / "proxy/served.conf").read_text()
    of_form = served.split("location ~ ^/ideen/ {")[1]
    nginx = re.search(r"proxy_read_timeout (\d+)s;", of_form.split("}")[0])
    assert nginx
    most_s = (1 + MOST_WAITING) * OF_PDFS.cpu_s
    assert most_s < int(nginx[1])

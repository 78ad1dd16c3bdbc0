# SPDX-License-Identifier: EUPL-1.2
"""The parsers of parking, indicators and ideas: observations, series, weather, values, ideas, attachments."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from zoneinfo import ZoneInfo

from fuzz.parsers import several_files
from fuzz.parsers.target import NothingRightError, Parser, right_ones
from fuzz.parsers.uplinks import EXAMPLES
from kpi_aggregator.csv_values import read_values
from measure_registry.api.import_csv import read_ideas
from measure_registry.city.folder import RegistryFolder, read_folder
from measure_registry.cleaning.kinds import AttachmentRefusedError
from measure_registry.cleaning.making import made_anew
from measure_registry.domain.criteria import Catalogue
from measure_registry.domain.import_profile import ImportProfile
from measure_registry.domain.intake import Intake, Privacy
from measure_registry.domain.steckbrief import Term, Vocabulary
from measure_registry.storage.city import City
from parking_occupancy.forecasting.csv_series import SeriesError, read_series
from parking_occupancy.forecasting.weather_file import read_weather
from parking_occupancy.reading import RefusedError, read_message
from stadttakt_runtime.csv_import import FileRefusedError
from support import files
from support.indicators import a_survey

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
HALLE = Path(__file__).parents[3] / "deploy/cities/halle"
TOPICS = {
    "bay-occupancy": "takt/v1/observation/bay-occupancy/west-1",
    "vehicle-count": "takt/v1/observation/vehicle-count/west/nord",
}
LONG = b"time,lot_id,free,capacity\n2026-11-02T07:00:00,a,12,40\n2026-11-02T07:15:00+01:00,b,0,\n"
WIDE = b"timestamp,a,b\n2026-11-02 07:00,12,\n2026-11-02 07:15,11,3\n"
WEATHER = (
    b"time,temperature_c,precipitation_mm_h\n2026-11-02T07:00:00Z,3.5,0\n2026-11-02T08:00:00,,1.2\n"
)
VALUES = (
    b"indicator_id;period;period_start;value;source;source_date;group_size;parts\n"
    b"split;year;2025-01-01;58.5;Befragung;2026-01-15;215;rad=120|oepnv=95\n"
)
IDEAS = (
    b"title,summary,handlungsfeld,further_fields,goal,external_id,submitted_on,place_name,lat,lon\n"
    b"Bikes,More of them,wirtschaft,mobilitaet|bildung,Fewer cars,7,2026-01-02,Market,51.48,11.97\n"
)
EXPORT = (
    "Nummer;Titel;Beschreibung;Thema;Link;Eingereicht am;Ort;Breitengrad;Längengrad;Autor\n"
    "17;Bänke am Fluss;Mehr Sitzplätze am Ufer;Mobilität;https://mitmachen.example/17;"
    "20.11.2022;Peißnitzinsel;51,4935;11,9480;Emilie\n"
    "18;Licht im Park;Helle Wege auch am Abend;Verwaltung;;21.11.2022;;;;\n"
).encode()
SPLIT = a_survey()
PICTURES = (files.picture(), files.picture("PNG"), files.phone_photo())
DOCUMENTS = (
    *(files.readable(each) for each in (files.document(), files.filled_in())),
    files.broken_pdf(b"[null <</Subtype/Text/Rect[0 0 9 9]/Contents(da)>>]", b"/AcroForm<<>>"),
)


def _words(folder: RegistryFolder) -> Vocabulary:
    return Vocabulary(
        **{
            kind: tuple(Term(each.term, each.title.model_dump()) for each in terms)
            for kind, terms in folder.vocabulary.items()
        }
    )


def _event(name: str) -> Parser:
    example = (EXAMPLES / f"{name}.v1.json").read_bytes()
    return Parser(
        f"event-{name}",
        lambda data: read_message(TOPICS[name], data, NOW),
        (RefusedError,),
        (example,),
    )


def _series(data: bytes) -> Any:
    return read_series(io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", newline=""), "file", BERLIN)


def _weather(data: bytes) -> Any:
    """What was not measured is NaN in what is read, and only that."""
    with NamedTemporaryFile(dir=several_files.MEMORY) as file:
        file.write(data)
        file.flush()
        found = read_weather(Path(file.name), BERLIN)
    return [(at, [each for each in values if not math.isnan(each)]) for at, *values in found]


def _attachments() -> Iterator[Parser]:
    for name, seeds in (("picture", PICTURES), ("pdf", DOCUMENTS)):
        # in this process, where an error shows that a service takes for a refusal
        refusals = (AttachmentRefusedError,)
        yield Parser(f"attachment-{name}", made_anew, refusals, seeds, longest=8192)


def parsers() -> Iterator[Parser]:
    """Yield all of these services'."""
    yield from (_event(name) for name in TOPICS)
    yield Parser("csv-parking-series", _series, (SeriesError,), (LONG, WIDE))
    yield Parser("csv-weather", _weather, (SeriesError,), (WEATHER,))
    yield from _attachments()
    known = {"split": SPLIT}

    def values(data: bytes) -> Any:
        return read_values(data, known, date(2026, 11, 26))

    yield Parser("csv-values", values, (FileRefusedError,), (VALUES,))
    folder = read_folder(HALLE)
    intake = Intake(
        "Town",
        "Europe/Berlin",
        (11.0, 51.0, 12.0, 52.0),
        (),
        Privacy({}, "", 1, 1, 1),
        needs_call=False,
    )
    city = City(folder.workflow, _words(folder), intake, Catalogue(1, {}, (), ()))
    (told,) = folder.profiles
    profile = ImportProfile(**{**told.model_dump(), "call_id": None})
    yield Parser(
        "csv-ideas", lambda data: read_ideas(data, city, NOW), (FileRefusedError,), (IDEAS,)
    )
    yield Parser(
        "csv-ideas-profile",
        lambda data: right_ones(read_ideas(data, city, NOW, profile)),
        (FileRefusedError, NothingRightError),
        (EXPORT, EXPORT.decode().encode("cp1252")),
    )

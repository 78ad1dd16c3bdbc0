# SPDX-License-Identifier: EUPL-1.2
"""The indicators with values that were entered, handed in as files and decided on, and reports on them."""

from __future__ import annotations

from functools import partial
from typing import Any

from fuzz.running import in_halle
from fuzz.walking import CSV, Walk

ENTERED, COMPUTED, REPORT = "digitale-instrumente", "auslastung-linien", "awwsd"
BODY: dict[str, Any] = {
    "period": "year",
    "value": 14,
    "source": "Liste der Formate",
    "source_date": "2026-01-15",
    "author_role": "Sachbearbeitung",
}
NOTE = {"note": "mit der Liste verglichen", "role": "Sachgebietsleitung"}
HEADER = "indicator_id;period;period_start;value;source;source_date"
VERDICTS = ("approve", "reject")
running = partial(in_halle, "kpi_aggregator")


def walk(way: Walk) -> None:
    """Ask for everything once; of each thing that is decided another is left to be."""
    _values(way)
    _files(way)
    ordered = {"report_id": REPORT}
    # Computing anew may take longer than an order waits.
    order = {"period": "2026-09", "computed_only": True}
    way.ask("POST /v1/reports/{report_id}/editions", ordered, order)
    known = {"indicator_id": COMPUTED, "period": "2026", **ordered}
    way.ask_all_readable(known)
    way.ask("GET /v1/indicators/{indicator_id}", {"indicator_id": ENTERED})
    way.target.known.update({"{report_id}": REPORT, "{indicator_id}": ENTERED})
    values = "/erfassen/werte/{value_id}"
    way.target.bodies[f"{values}/withdraw"] = {"note": NOTE["note"]}
    way.target.bodies[f"{values}/{{verdict}}"] = NOTE
    entered = {**BODY, "period_start": "2009-01-01"}
    way.target.bodies["/erfassen/werte/{indicator_id}"] = entered
    way.target.known.update({"{verb}": "freigeben", "{verdict}": "approve"})


def _values(way: Walk) -> None:
    """Decide on values and leave some to be decided on."""
    deeds = (*VERDICTS, "withdraw")
    for number, deed in enumerate(2 * deeds):
        body = {**BODY, "period_start": f"{2010 + number}-01-01"}
        named = {"indicator_id": ENTERED}
        made = way.ask("POST /v1/indicators/{indicator_id}/values", named, body)
        value = {"value_id": str(made["value_id"])}
        label = f"POST /v1/values/{{value_id}}:{deed}"
        note = NOTE if deed in VERDICTS else {"note": NOTE["note"]}
        do = way.ask if number < len(deeds) else way.offer
        do(label, value, note, by=None if deed == "withdraw" else way.target.colleague)
    way.target.known["{value_id}"] = value["value_id"]


def _files(way: Walk) -> None:
    for number, verdict in enumerate(2 * VERDICTS):
        years = (2017 + 2 * number, 2018 + 2 * number)
        lines = [f"{ENTERED};year;{year}-01-01;{number};Liste;2026-01-15" for year in years]
        said = {"author_role": "Sachbearbeitung"}
        made = way.ask("POST /v1/values:import", said, "\n".join([HEADER, *lines]), kind=CSV)
        file = {"file_id": str(made["file_id"])}
        label = f"POST /v1/value-files/{{file_id}}:{verdict}"
        do = way.ask if number < len(VERDICTS) else way.offer
        do(label, file, NOTE, by=way.target.colleague)
    line = f"{file['file_id']}/{made['value_ids'][0]}"
    way.target.known.update({"{file_id}": file["file_id"], "{file_id}/{value_id}": line})

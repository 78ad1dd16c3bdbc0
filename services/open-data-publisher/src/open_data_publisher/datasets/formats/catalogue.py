# SPDX-License-Identifier: EUPL-1.2
"""The formats there are, by the ending of their files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from open_data_publisher.datasets.formats.csv_file import CsvFile
from open_data_publisher.datasets.formats.json_file import GeoJsonFile, JsonFile
from open_data_publisher.datasets.formats.parquet_file import ParquetFile
from open_data_publisher.datasets.formats.parts import Format
from open_data_publisher.domain.policy import Dataset


@dataclass(frozen=True, slots=True)
class FileFormat:
    """One format; `eu_type` is its name in the vocabulary of file types of the EU."""

    ending: str
    title: str
    media_type: str
    eu_type: str
    make: Callable[[Dataset], Format]
    needs_position: bool = False
    is_compressed: bool = False

    def suits(self, dataset: Dataset) -> bool:
        """Tell whether a dataset can be had in this format."""
        return dataset.has_position or not self.needs_position


FORMATS: Mapping[str, FileFormat] = MappingProxyType(
    {
        each.ending: each
        for each in (
            FileFormat("csv", "CSV", "text/csv; charset=utf-8", "CSV", CsvFile),
            FileFormat("json", "JSON", "application/json", "JSON", JsonFile),
            FileFormat(
                "geojson",
                "GeoJSON",
                "application/geo+json",
                "GEOJSON",
                GeoJsonFile,
                needs_position=True,
            ),
            FileFormat(
                "parquet",
                "Parquet",
                "application/vnd.apache.parquet",
                "PARQUET",
                ParquetFile,
                is_compressed=True,
            ),
        )
    }
)

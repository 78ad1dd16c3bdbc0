"""The tables of schema `opendata`; there are none yet."""

from __future__ import annotations

from sqlalchemy import MetaData

metadata = MetaData(schema="opendata")

"""The tables of schema `transit`; there are none yet."""

from __future__ import annotations

from sqlalchemy import MetaData

metadata = MetaData(schema="transit")

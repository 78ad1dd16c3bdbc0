# SPDX-License-Identifier: EUPL-1.2
"""Databases for tests that want one without schemas."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.engine import make_url

from support.stack import Stack

_numbers = itertools.count(1)


@contextmanager
def empty_database(stack: Stack) -> Iterator[str]:
    """Yield the URL of a database of the login user, without schemas and without the extension."""
    name = f"empty_{next(_numbers)}"
    owner = conninfo_to_dict(stack.postgres.url)["user"]
    with psycopg.connect(stack.postgres.admin_url, autocommit=True) as connection:
        connection.execute(f"create database {name} owner {owner} template template0")
        yield make_url(stack.postgres.url).set(database=name).render_as_string(hide_password=False)
        connection.execute(f"drop database {name} with (force)")

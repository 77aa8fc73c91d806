"""Databases beside that of the tests: empty ones, of either kind, under a name of their own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from django.db import connection, connections
from django.db.backends.base.base import NO_DB_ALIAS

# Of all names but that of the test's own database, Django's tests let only this one connect.
OTHER = NO_DB_ALIAS


@contextmanager
def other_database(vendor: str, folder: Path) -> Iterator[str]:
    """The alias of an empty database; on PostgreSQL beside the one that runs the tests."""
    described: dict[str, Any] = deepcopy(connections.databases["default"])
    if vendor == "sqlite":
        described |= {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(folder / "other.sqlite3"),
            "OPTIONS": {"transaction_mode": "IMMEDIATE"},
        }
        with _known(described):
            yield OTHER
        return
    name = f"{described['NAME']}_other"
    described["NAME"] = name
    with _postgres() as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}"')
        server.execute(f'CREATE DATABASE "{name}"')
        try:
            with _known(described):
                yield OTHER
        finally:
            server.execute(f'DROP DATABASE "{name}"')


@contextmanager
def _known(described: dict[str, Any]) -> Iterator[None]:
    connections.databases[OTHER] = described
    try:
        yield
    finally:
        connections[OTHER].close()
        del connections[OTHER]
        del connections.databases[OTHER]


def _postgres() -> Any:
    parameters = connection.get_connection_params()
    wanted = {
        key: parameters[key] for key in ("host", "port", "user", "password") if key in parameters
    }
    return psycopg.connect(**wanted, dbname="postgres", autocommit=True)


def url_of(alias: str) -> str:
    """The DATABASE_URL of a database, for a process of its own."""
    found = connections[alias].settings_dict
    if connections[alias].vendor == "sqlite":
        return f"sqlite:///{found['NAME']}"
    own = urlsplit(os.environ["DATABASE_URL"])
    return own._replace(path=f"/{found['NAME']}").geturl()

"""How many queries an answer costs."""

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext


def queries_of(client: Client, path: str) -> int:
    """The queries of a GET, read to its end; the savepoints that only a test has are not counted."""
    with CaptureQueriesContext(connection) as queries:
        response = client.get(path)
        b"".join(response) if response.streaming else response.content
    assert response.status_code == 200, path
    return sum("SAVEPOINT" not in query["sql"] for query in queries)

"""The API's description holds: whatever it allows is asked, and every answer is one it promises."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.servers.basehttp import WSGIRequestHandler
from django.test import Client, RequestFactory
from pytest_django.live_server_helper import LiveServer

from projects.api_schema import Description

# A place, a company or a cursor may be written rightly and yet be unknown here, which is
# answered 400; the description cannot list them all.
CANNOT_BE_DESCRIBED = "positive_data_acceptance"


def described(client: Client, prefix: str = "") -> dict[str, Any]:
    result: dict[str, Any] = client.get(f"{prefix}/api/schema/?format=json").json()
    return result


@pytest.mark.long
def test_schemathesis_finds_nothing(
    live_server: LiveServer, report: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some thousand requests: at the edges of the description, at random, and against it."""
    # Django's server sends head and body apart; without this each body waits 40 ms for the
    # other side to acknowledge the head.
    monkeypatch.setattr(WSGIRequestHandler, "disable_nagle_algorithm", True)
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run"),
        f"{live_server.url}/api/schema/?format=json",
        *("--phases", "coverage,fuzzing", "--exclude-checks", CANNOT_BE_DESCRIBED),
        # Takes the parameters of /api/projects/, and would be asked the same once more.
        *("--exclude-path", "/api/capacities/"),
        *("--max-examples", "2", "--generation-deterministic", "--no-color"),
    ]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "19 selected / 20 total" in ran.stdout


@pytest.mark.django_db
def test_the_description_is_one_document_in_two_forms_and_languages(client: Client) -> None:
    chinese, english = described(client), described(client, "/en")
    assert yaml.safe_load(client.get("/api/schema/").content) == chinese
    wanted = {"Accept": "application/vnd.oai.openapi+json"}
    assert client.get("/api/schema/", headers=wanted).json() == chinese
    assert set(english["paths"]) == {f"/en{path}" for path in chinese["paths"]}
    assert english["info"]["title"] == "Zaozhuang Lithium Tracker · API"
    assert english["components"]["schemas"]["Project"]["properties"]["investment"]["title"] == (
        "Investment (CNY 100 million)"
    )
    assert client.get("/api/schema/?format=xml").status_code == 404


@pytest.mark.django_db
def test_a_page_may_be_asked_for_in_odd_ways(client: Client) -> None:
    """The library takes these from the address and would put them into headers as they are."""
    assert client.get("/api/schema/?lang=%00").status_code == 400
    response = client.get("/api/schema/?version=%0d%0aSet-Cookie:x&lang=%0d%0a")
    assert response.status_code == 200
    assert response["Content-Disposition"] == 'inline; filename="schema.yaml"'


@pytest.mark.django_db
def test_parameters_columns_and_errors_are_described(client: Client) -> None:
    document = described(client, "/en")
    projects = document["paths"]["/en/api/projects/"]["get"]
    parameters = {each["name"]: each for each in projects["parameters"]}
    assert set(parameters) == {
        "q", "district", "stage", "segment", "company", "kind", "basis", "due_after",
        "due_before", "as_of", "ordering", "page_size", "cursor",
    }  # fmt: skip
    assert all(each["description"] for each in parameters.values())
    assert "building" in parameters["stage"]["schema"]["items"]["enum"]
    assert "-updated" in parameters["ordering"]["schema"]["enum"]
    assert set(projects["responses"]) == {"200", "304", "400", "429"}
    one = document["paths"]["/en/api/projects/{slug}/"]["get"]
    assert set(one["responses"]) == {"200", "304", "400", "404", "429"}
    assert "Retry-After" in one["responses"]["429"]["headers"]
    for name, schema in document["components"]["schemas"].items():
        for code, field in schema.get("properties", {}).items():
            assert field.get("description") or name.startswith(("Paginated", "Problem")), code
    assert document["components"]["schemas"]["Stage"]["enum"][:2] == ["reserve", "negotiating"]


@pytest.mark.django_db
def test_every_operation_says_what_it_gives(client: Client) -> None:
    for path, item in described(client, "/en")["paths"].items():
        assert set(item) == {"get"}, path
        assert len(item["get"]["description"]) > 15, path


def test_several_readers_at_once_are_given_the_same_description() -> None:
    """Unguarded, the library tells one reader's description of another's unfinished one."""
    view = Description.as_view()

    def read(_number: int) -> bytes:
        response = view(RequestFactory().get("/api/schema/"))
        assert response.status_code == 200
        return bytes(response.render().content)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(4) as readers:
            assert len(set(readers.map(read, range(8)))) == 1
    finally:
        sys.setswitchinterval(interval)

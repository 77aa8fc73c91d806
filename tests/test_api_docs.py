"""The examples of docs/api.md do what they say: they are taken from the page and run."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pandas as pd
import pytest
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from projects.models import Project
from projects.totals import totals
from tests.factories import make_capacity, make_project
from tests.test_api import RESOURCES
from zaozhuang.settings import API_REQUESTS_PER_MINUTE

PAGE = (Path(__file__).parent.parent / "docs" / "api.md").read_text(encoding="utf-8")
SERVER = "http://127.0.0.1:8000"


def example(language: str) -> str:
    """The one code block in the language."""
    [block] = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)
    return str(block)


def test_the_pandas_example_runs(
    live_server: LiveServer, report: None, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = Project.objects.filter(stage="building", capacities__quantity__gt=1).earliest("pk")
    figure = whole.capacities.filter(quantity__gt=1, segment__isnull=False).earliest("pk")
    phase = make_project(parent=whole, stage="building", district=whole.district)
    make_capacity(phase, 1, segment=figure.segment, unit=figure.unit)
    code = example("python")
    assert SERVER in code
    names: dict[str, Any] = {}
    exec(compile(code.replace(SERVER, live_server.url), "docs/api.md", "exec"), names)
    selection = Project.objects.at().in_stage("building")
    assert sorted(names["projects"]["slug"]) == sorted(selection.values_list("slug", flat=True))
    added: pd.Series[float] = names["added"]
    # The same sums as the page shows.
    assert added.to_dict() == {
        (total.segment.code, total.unit.name, total.per_year): float(total.quantity)
        for total in totals(selection).capacities
    }
    assert len(added) > 1
    assert str(added.iloc[0]) in capsys.readouterr().out.replace(",", "")


def test_the_power_query_example_walks_what_is_there(live_server: LiveServer, report: None) -> None:
    """Power Query runs in Excel alone, so the test goes the way its query goes."""
    code = example("powerquery")
    [first] = re.findall(r'First = "([^"]+)"', code)
    [rows] = re.findall(r"List\.Transform\(Pages, each \[(\w+)\]\)", code)
    [following] = re.findall(r"each if \[(\w+)\] = null then null else Read\(\[\1\]\)", code)
    [columns] = re.findall(r"Table\.FromRecords\(\s*Rows,\s*\{([^}]+)\}", code)
    names = re.findall(r'"(\w+)"', columns)
    # Pages of four, so that there is more than one to follow.
    address = first.replace(SERVER, live_server.url).replace("page_size=200", "page_size=4")
    table, pages = [], 0
    while address:
        with urlopen(address) as answer:
            page = json.load(answer)
        table += [[record[name] for name in names] for record in page[rows]]
        address, pages = page[following], pages + 1
    assert pages > 1
    here = Project.objects.filter(district__slug="tengzhou")
    assert sorted(row[0] for row in table) == sorted(here.values_list("name", flat=True))
    assert code.count("(") == code.count(")")
    assert re.match(r"let\s.*\bin\s+Table\s*$", code, re.S)


def test_the_page_names_all_resources_and_the_limit() -> None:
    assert [name for name in RESOURCES if f"`/api/{name}/`" not in PAGE] == []
    assert f"{API_REQUESTS_PER_MINUTE} requests a minute" in PAGE


def test_the_about_page_leads_to_the_api(report: None, client: Client) -> None:
    for prefix in ("", "/en"):
        page = client.get(f"{prefix}/about/").content.decode()
        for address in (f"{prefix}/api/", f"{prefix}/api/schema/"):
            assert f'href="{address}"' in page
            assert client.get(address).status_code == 200

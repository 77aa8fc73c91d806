"""Large imports, and imports that are killed: all or nothing.

IMPORT_ROWS and IMPORT_KILLS say how many; the issue asks for 5,000 and 50, which `make imports` does.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from projects.models import ProgressReport, Project, StageChange
from projects.sheets import views
from tests.factories import day, make_district
from tests.members import logged_in, make_editor
from tests.sheets import MONTH, PAGE, as_csv, download, rows_of, upload
from tests.test_race import ROOT, database
from zaozhuang.models import HistoryEntry
from zaozhuang.sheets import limits

ROWS = int(os.environ.get("IMPORT_ROWS", "120"))
KILLS = int(os.environ.get("IMPORT_KILLS", "2"))


def streamed(response: Any) -> list[str]:
    """The pieces of a page that shows how far it is."""
    assert response.streaming
    assert response.status_code == 200
    assert response.headers["Content-Encoding"] == "identity"
    return [piece.decode() for piece in response.streaming_content]


@pytest.mark.django_db
def test_one_bad_row_among_many_and_nothing_is_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    # How long it takes is measured in time of the processor, which others may be using too.
    monkeypatch.setattr(limits, "SECONDS", limits.SECONDS * 10)
    monkeypatch.setattr(views, "LONG", min(views.LONG, ROWS - 1))
    here = make_district("甲区")
    Project.objects.bulk_create(
        Project(name=f"项目{n}", slug=f"p-{n}", district=here) for n in range(ROWS)
    )
    StageChange.every.bulk_create(
        StageChange(project=project, stage="building", date=day("2022-01-01"))
        for project in Project.objects.all()
    )
    client = logged_in(make_editor(here))
    rows = rows_of(download(client, MONTH, "/en", "reports").decode("utf-8-sig"))
    assert len(rows) == ROWS + 1
    percent = rows[0].index("Physical progress, %")
    for number, row in enumerate(rows[1:]):
        row[percent] = str(number % 100)
    rows[ROWS // 2][percent] = "101"
    before = HistoryEntry.objects.count()
    page = upload(client, as_csv(rows).encode(), "a.csv").headers["Location"]
    pieces = streamed(client.get(page))
    shown = [piece for piece in pieces if "<progress" in piece]
    assert len(shown) == -(-ROWS // 100) + (ROWS % 100 == 0)
    assert f'max="{ROWS}"' in shown[0]
    text = "".join(pieces)
    assert "1 row is refused" in text
    assert text.endswith("</html>\n")
    assert "rows are refused; see which below" in "".join(streamed(client.post(page)))
    assert HistoryEntry.objects.count() == before
    assert not ProgressReport.objects.exists()
    # Corrected, all of it is saved, in time, and the history says so of each.
    rows[ROWS // 2][percent] = "100"
    page = upload(client, as_csv(rows).encode(), "a.csv").headers["Location"]
    start = time.process_time()
    text = "".join(streamed(client.post(page)))
    assert time.process_time() - start < limits.SECONDS / 10
    assert f"{ROWS:,} records were added" in text
    assert ProgressReport.objects.count() == ROWS
    assert HistoryEntry.objects.count() == before + ROWS
    # Once more: done already.
    assert client.post(page).headers["Location"].endswith(PAGE)


@pytest.mark.long
def test_an_import_that_is_killed_has_written_all_or_nothing(tmp_path: Path) -> None:
    with database(tmp_path) as url:
        ran = subprocess.run(
            [sys.executable, "-m", "tests.killed", str(KILLS)],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": url},
            stdout=subprocess.PIPE,
            check=True,
        )
    said = json.loads(ran.stdout)
    every, results = said["projects"], said["results"]
    done = 0
    for number, result in enumerate(results):
        whole = result["changed"] == every
        done += whole
        assert result == {
            "changed": every if whole else 0,
            "added": every if whole else 0,
            # The file is gone with the import, and still there without it.
            "waits": 0 if whole else 1,
            # As many entries as changes, one batch for each import that went through.
            "history": 2 * every * done,
            "batches": done,
            "reports": every * done,
            "killed": result["killed"],
        }, number
    assert results[0]["changed"] == every
    assert any(result["killed"] for result in results)
    if KILLS >= 20:
        assert sum(result["changed"] == 0 for result in results) > 0

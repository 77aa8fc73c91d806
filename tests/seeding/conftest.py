"""A small made-up city as a folder of data, and what the tests of seeding say of it."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

# Another city and another industry, so that nothing here rests on the report's names.
FILES = {
    "units.yaml": """\
        - name: 吨
          name_en: t
        """,
    "themes.yaml": """\
        - slug: glass
          name: 玻璃
          is_industry: true
        """,
    "sources.yaml": """\
        - slug: gazette
          title: 公报
          date: 2023-02-13
          passages:
            - locator: 玻璃 ¶1
              summary: 第一段
            - locator: 玻璃 ¶2
              summary: 第二段
        """,
    "districts.yaml": """\
        - slug: east
          code: 990001
          name: 东区
          short_name: 东
          parent: glassport
        - slug: glassport
          code: 990000
          name: 玻璃港市
          short_name: 玻璃港
        """,
    "indicators.yaml": """\
        - slug: output
          theme: glass
          unit: 吨
          name: 产量
        """,
    "readings.yaml": """\
        - slug: east-output-2022
          district: east
          indicator: output
          period: 2022
          value: 4.50
          source: gazette
          locator: 玻璃 ¶1
        """,
    "segments.yaml": """\
        streams:
          - slug: melting
            name: 熔制
        segments:
          - code: G1
            stream: melting
            name: 平板
        """,
    "companies.yaml": """\
        - slug: clear
          name: 清明玻璃
          short_name: 清明
          readings: [east-output-2022]
        """,
    "projects.yaml": """\
        - slug: furnace
          name: 一号窑
          district: east
          due: 2021/2025
          due_basis: stated
          source: gazette
          locator: 玻璃 ¶1
          note: 原来的说明
          capacities:
            - product: 平板玻璃
              segment: G1
          companies:
            - company: clear
          stages:
            - stage: signed
              date: 2023-01
              locator: 玻璃 ¶2
        """,
    "targets.yaml": """\
        - slug: east-output-2023
          district: east
          indicator: output
          comparator: ge
          value: 9
          due: "2023"
          due_basis: stated
        """,
}
# How many records that makes.
RECORDS = 17

Edit = Callable[[str, str, str], None]


@pytest.fixture
def city(tmp_path: Path) -> Path:
    folder = tmp_path / "glassport"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(dedent(text), encoding="utf-8")
    return folder


@pytest.fixture
def edit(city: Path) -> Edit:
    """Replaces a text that stands in a file of the folder, once."""

    def replace(name: str, old: str, new: str) -> None:
        text = (city / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        (city / name).write_text(text.replace(old, new), encoding="utf-8")

    return replace

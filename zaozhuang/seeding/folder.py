"""Reading a data set's folder, and everything that is wrong with it."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from django.db import models

from zaozhuang.dates import PartialDate
from zaozhuang.seeding.columns import default, meant, one_of, parse, required, scalar
from zaozhuang.seeding.kinds import (
    BOUNDARIES,
    BOUNDARY_FIELD,
    BOUNDARY_KEY,
    BOUNDARY_KIND,
    KINDS,
    Kind,
    kind_of,
)

# The C parser keeps the same marks and is ten times as fast; not every machine has it.
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
NULL = "tag:yaml.org,2002:null"


@dataclass(frozen=True, order=True)
class Problem:
    """One thing to mend in a folder, with where it stands and what was expected."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


class DataProblems(Exception):
    """A folder cannot be loaded; `problems` lists all that is wrong with it, in its order."""

    def __init__(self, folder: Path, problems: list[Problem]) -> None:
        self.folder, self.problems = folder, sorted(set(problems))
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        super().__init__("\n".join([f"{count} in {folder}:", *map(str, self.problems)]))


@dataclass(eq=False)
class Entry:
    """What a folder says of one record: a normal form for each of its fields."""

    kind: Kind
    file: str
    line: int
    parent: "Entry | None" = None
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    sound: bool = True

    @property
    def key(self) -> tuple[str, ...] | None:
        """The natural key, or None while a part of it is missing."""
        parts = [self.values.get(name) for name in self.kind.key]
        return tuple(map(str, parts)) if all(parts) else None

    @property
    def key_text(self) -> str:
        return key_text(self.kind, self.values)

    def __str__(self) -> str:
        return f"{self.kind.name} “{self.key_text}”"


def key_text(kind: Kind, values: dict[str, Any]) -> str:
    """A natural key in one text; a date in it is its day, as the database compares it."""
    parts = [
        PartialDate.parse(values[name]).first.isoformat()
        if isinstance(kind.columns[name], models.DateField)
        else str(values[name])
        for name in kind.key
    ]
    return " | ".join(parts)


def data_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.suffix in (".yaml", ".yml", ".geojson"))


def folder_digest(folder: Path) -> str:
    """A fingerprint of the folder's data files; changes with any byte of them."""
    whole = hashlib.sha256()
    for path in data_files(folder):
        whole.update(f"{path.name}\0{path.stat().st_size}\0".encode())
        whole.update(path.read_bytes())
    return whole.hexdigest()


class Folder:
    """The entries of a folder and the problems that reading them met."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries: list[Entry] = []
        self.problems: list[Problem] = []
        self.boundaries: dict[str, Any] = {}
        self.index: dict[tuple[str, tuple[str, ...]], Entry] = {}
        if not path.is_dir():
            self.problem(path.name, 1, "no such folder")
            return
        self._read_files()
        self._index_keys()
        for entry in self.entries:
            self._check_references(entry)
            self._check_citations(entry)
        self._read_boundaries()

    def of_kind(self, kind: Kind) -> list[Entry]:
        return [entry for entry in self.entries if entry.kind is kind]

    def problem(self, file: str, line: int, text: str, entry: Entry | None = None) -> None:
        self.problems.append(Problem(file, line, text))
        if entry is not None:
            entry.sound = False

    # Reading

    def _read_files(self) -> None:
        names = {f"{kind.file}.yaml" for kind in KINDS if kind.file}
        found = data_files(self.path)
        if not found:
            self.problem(self.path.name, 1, f"holds no data; expected {one_of(sorted(names))}")
        for path in found:
            if path.name in names:
                self._read_file(path)
            elif path.name != BOUNDARIES:
                self.problem(
                    path.name, 1, "unknown file; " + meant(path.name, sorted([*names, BOUNDARIES]))
                )

    def _read_file(self, path: Path) -> None:
        try:
            root = yaml.compose(path.read_text(encoding="utf-8"), Loader=Loader)
        except UnicodeDecodeError as error:
            line = path.read_bytes()[: error.start].count(b"\n") + 1
            self.problem(path.name, line, "not UTF-8; save the file in the encoding UTF-8")
            return
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self.problem(
                path.name,
                mark.line + 1 if mark else 1,
                f"not YAML: {error.problem or error.context}",
            )
            return
        except yaml.reader.ReaderError as error:
            self.problem(path.name, 1, f"not YAML: {error.reason} (character {error.position})")
            return
        if root is None:  # nothing but comments
            return
        kinds = {kind.section: kind for kind in KINDS if kind.file == path.stem}
        if "" in kinds:
            self._read_list(kinds[""], root, path.name, None)
            return
        for name, node, line in self._pairs(root, path.name, None):
            if name in kinds:
                self._read_list(kinds[name], node, path.name, None)
            else:
                self.problem(
                    path.name, line, f"unknown heading “{name}”; " + meant(name, list(kinds))
                )

    def _pairs(
        self, node: yaml.Node, file: str, entry: Entry | None
    ) -> Iterator[tuple[str, yaml.Node, int]]:
        """The lines `name: value` of a block, each name once."""
        if not isinstance(node, yaml.MappingNode):
            self.problem(
                file, node.start_mark.line + 1, "expected lines of the form “name: value”", entry
            )
            return
        seen: dict[str, int] = {}
        for name_node, value in node.value:
            line = name_node.start_mark.line + 1
            try:
                name = scalar(name_node)
            except ValueError:
                self.problem(file, line, "expected a name before the colon", entry)
                continue
            if name in seen:
                self.problem(
                    file, line, f"“{name}” stands here twice, first on line {seen[name]}", entry
                )
                continue
            seen[name] = line
            yield name, value, line

    def _read_list(self, kind: Kind, node: yaml.Node, file: str, parent: Entry | None) -> None:
        if node.tag == NULL:
            return
        if not isinstance(node, yaml.SequenceNode):
            what = f"a list of entries (“{kind.name}”), each beginning with “- ”"
            self.problem(file, node.start_mark.line + 1, f"expected {what}", parent)
            return
        for place, item in enumerate(node.value, start=1):
            self._read_entry(kind, item, file, place, parent)

    def _read_entry(
        self, kind: Kind, node: yaml.Node, file: str, place: int, parent: Entry | None
    ) -> None:
        entry = Entry(kind, file, node.start_mark.line + 1, parent)
        self.entries.append(entry)
        own = [name for name in kind.columns if name not in (kind.parent, BOUNDARY_FIELD)]
        inner: list[tuple[Kind, yaml.Node]] = []
        given: set[str] = set()
        for name, value, line in self._pairs(node, file, entry):
            if name in kind.children:
                inner.append((kind.children[name], value))
            elif name not in own:
                self.problem(
                    file,
                    line,
                    f"{kind.name}: unknown “{name}”; " + meant(name, [*own, *kind.children]),
                    entry,
                )
            elif value.tag != NULL:
                given.add(name)
                entry.lines[name] = line
                try:
                    entry.values[name] = parse(kind.columns[name], value)
                except ValueError as error:
                    self.problem(file, line, f"{name}: {error}", entry)
        if isinstance(node, yaml.MappingNode):
            self._complete(entry, own, given, place)
        for child, value in inner:
            self._read_list(child, value, file, entry)

    def _complete(self, entry: Entry, own: list[str], given: set[str], place: int) -> None:
        """Fill in what an entry leaves out: inherited, from its place in the list, or the default."""
        kind, parent = entry.kind, entry.parent
        if parent is not None:
            entry.values[kind.parent] = parent.key_text if parent.key else None
            if (
                kind.inherits
                and "source" in kind.citations
                and "source" in parent.kind.citations
                and "source" not in given
            ):
                entry.values["source"] = parent.values.get("source")
                if "locator" not in given:
                    entry.values["locator"] = parent.values.get("locator", "")
        for name in own:
            if name in given or name in entry.values:
                continue
            column = kind.columns[name]
            if name == "order":
                entry.values[name] = place
            elif required(column):
                self.problem(entry.file, entry.line, f"{kind.name}: “{name}” is missing", entry)
            else:
                entry.values[name] = default(column)

    # Checking what entries say of each other

    def _index_keys(self) -> None:
        for entry in self.entries:
            if entry.key is None:
                entry.sound = False  # what is missing has been said
                continue
            first = self.index.setdefault((entry.kind.label, (entry.key_text,)), entry)
            if first is not entry:
                where = f"{first.file}:{first.line}"
                self.problem(
                    entry.file,
                    entry.line,
                    f"{entry} stands here a second time; the first is at {where}",
                    entry,
                )

    def _check_references(self, entry: Entry) -> None:
        for name, column in entry.kind.columns.items():
            wanted = entry.values.get(name)
            if column.related_model is None or wanted is None or name == entry.kind.parent:
                continue
            kind = kind_of(column.related_model)
            for key in wanted if isinstance(wanted, list) else [wanted]:
                if (kind.label, (key,)) in self.index or find(kind, key) is not None:
                    continue
                known = [text for label, (text,) in self.index if label == kind.label]
                line = entry.lines.get(name, entry.line)
                self.problem(
                    entry.file, line, f"{name}: no {kind.name} “{key}”; " + meant(key, known), entry
                )

    def _check_citations(self, entry: Entry) -> None:
        """A locator must name a paragraph of its source, where the folder lists those."""
        for source_name, locator_name in entry.kind.citations.items():
            source, locator = entry.values.get(source_name), entry.values.get(locator_name)
            if not source or not locator or locator_name not in entry.lines:
                continue  # an inherited one is checked where it is written
            paragraphs = self._paragraphs.get(source, [])
            if paragraphs and locator not in paragraphs:
                line = entry.lines.get(locator_name, entry.line)
                text = f"{locator_name}: “{source}” has no paragraph “{locator}”; {meant(locator, paragraphs)}"
                self.problem(entry.file, line, text, entry)

    @cached_property
    def _paragraphs(self) -> dict[str, list[str]]:
        """The locators of the paragraphs that the folder lists, by source."""
        listed: dict[str, list[str]] = {}
        for entry in self.entries:
            if entry.kind.label == "districts.Passage" and entry.key:
                source, locator = entry.key
                listed.setdefault(source, []).append(locator)
        return listed

    def _read_boundaries(self) -> None:
        path = self.path / BOUNDARIES
        if not path.exists():
            return
        text = path.read_text(encoding="utf-8", errors="replace")
        try:
            features = json.loads(text)["features"]
            pairs = [
                (str(feature["properties"][BOUNDARY_KEY]), feature["geometry"])
                for feature in features
            ]
        except json.JSONDecodeError as error:
            self.problem(path.name, error.lineno, f"not JSON: {error.msg}")
            return
        except (KeyError, TypeError):
            expected = f"a GeoJSON FeatureCollection whose features have a “{BOUNDARY_KEY}” among their properties"
            self.problem(path.name, 1, f"expected {expected}")
            return
        places = {
            entry.values[BOUNDARY_KEY]: entry
            for entry in self.entries
            if entry.kind.label == BOUNDARY_KIND and BOUNDARY_KEY in entry.values
        }
        for code, geometry in pairs:
            line = next(
                (number for number, row in enumerate(text.splitlines(), 1) if f'"{code}"' in row), 1
            )
            if code not in places:
                self.problem(
                    path.name,
                    line,
                    f"no district has the {BOUNDARY_KEY} “{code}”; " + meant(code, list(places)),
                )
            elif not isinstance(geometry, dict) or geometry.get("type") not in (
                "Polygon",
                "MultiPolygon",
            ):
                self.problem(
                    path.name, line, f"{code}: expected a geometry of type Polygon or MultiPolygon"
                )
            else:
                self.boundaries[places[code].key_text if places[code].key else ""] = geometry


def find(kind: Kind, key: str) -> models.Model | None:
    """A record of the database by the one field of its natural key."""
    return kind.model._default_manager.filter(**{kind.key[0]: key}).first()

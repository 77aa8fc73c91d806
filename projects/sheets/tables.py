"""An uploaded file as tables of our sheets, before any row is looked at."""

import re
from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from projects.sheets.sheet import ID, Heads, Sheet
from zaozhuang.numbers import grouped
from zaozhuang.sheets import limits
from zaozhuang.sheets.columns import folded, in_all_languages
from zaozhuang.sheets.csvtext import read_csv
from zaozhuang.sheets.limits import Clock, Line, Table, Unreadable, place
from zaozhuang.sheets.xlsx import read_workbook
from zaozhuang.xlsxfile import NOT_IN_XML

ZIP, OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
# The cover and the lists, which are ours and are not read.
ASIDE = [gettext_lazy("About this file"), gettext_lazy("Choices")]

Found = list[tuple[Sheet, Table, Heads]]


def read(name: str, data: bytes, sheets: Sequence[Sheet], clock: Clock) -> Found:
    """The tables of a file, each with the sheet that it is; raises Unreadable.

    What a file is, its content says; a name that says otherwise is refused.
    """
    if len(data) > limits.BYTES:
        raise limits.too_large()
    if not data.strip():
        raise Unreadable(_("The file is empty."))
    is_workbook = data.startswith(ZIP)
    _compare_name(name, data, is_workbook)
    if is_workbook:
        tables = read_workbook(data, clock, _aside)
        found = [_in_workbook(table, sheets) for table in tables]
    else:
        table = read_csv(data, clock, lambda head: any(Heads(s, head).fits for s in sheets))
        found = [_alone(table, sheets)]
    if not found:
        raise Unreadable(_("The workbook has none of the sheets: %(sheets)s.") % _listed(sheets))
    _refuse_sheets_twice(found)
    for sheet, table, heads in found:
        _check_heads(table, heads)
        _check_letters(table)
        _check_numbers(sheet, table, heads)
    return found


def _compare_name(name: str, data: bytes, is_workbook: bool) -> None:
    ending = name.rpartition(".")[2].lower()
    if data.startswith(OLD_EXCEL):
        raise Unreadable(
            _(
                "This is a workbook of an old Excel, or one with a password. Save it as .xlsx without a password."
            )
        )
    if is_workbook and ending != "xlsx":
        raise Unreadable(
            _(
                "The file is called “%(name)s”, but it is a workbook; give it a name that ends in .xlsx."
            )
            % {"name": name}
        )
    if not is_workbook and ending == "xlsx":
        raise Unreadable(
            _(
                "The file is called “%(name)s”, but it is no Excel workbook; if it is CSV, give it a name that ends in .csv."
            )
            % {"name": name}
        )
    if not is_workbook and ending not in ("csv", "txt"):
        raise Unreadable(
            _("“%(name)s” is neither a workbook (.xlsx) nor CSV (.csv).") % {"name": name}
        )


def _aside(title: str) -> bool:
    names = {folded(text) for title in ASIDE for text in in_all_languages(title)}
    return folded(title) in names


def _listed(sheets: Sequence[Sheet]) -> dict[str, str]:
    return {"sheets": ", ".join(f"“{sheet.title}”" for sheet in sheets)}


def _in_workbook(table: Table, sheets: Sequence[Sheet]) -> tuple[Sheet, Table, Heads]:
    for sheet in sheets:
        if folded(table.title) in map(folded, [*sheet.titles, sheet.kind.code]):
            return sheet, table, Heads(sheet, table.head)
    raise Unreadable(
        _("Sheet “%(sheet)s” is not known here; the sheets are: %(sheets)s.")
        % ({"sheet": table.title} | _listed(sheets))
    )


def _alone(table: Table, sheets: Sequence[Sheet]) -> tuple[Sheet, Table, Heads]:
    """The sheet whose headings a table without a title has most of."""
    every = [(sheet, table, Heads(sheet, table.head)) for sheet in sheets]
    fits = [found for found in every if found[2].fits]
    best = fits[0] if fits else max(every, key=lambda found: found[2].share)
    if not best[2].at:
        raise Unreadable(
            _("The first row must hold the headings of one of the sheets: %(sheets)s.")
            % _listed(sheets)
        )
    return best


def _refuse_sheets_twice(found: Found) -> None:
    kinds = [sheet.kind for sheet, _table, _heads in found]
    for sheet, table, _heads in found:
        if kinds.count(sheet.kind) > 1:
            raise Unreadable(_("Sheet “%(sheet)s” is there twice.") % {"sheet": table.title})


def _check_heads(table: Table, heads: Heads) -> None:
    where = place(table.title, 1)
    texts = [
        (heads.missing, _("%(where)s: these columns are missing: %(columns)s.")),
        (heads.unknown, _("%(where)s: these columns are not known here: %(columns)s.")),
        (heads.twice, _("%(where)s: these columns are there twice: %(columns)s.")),
    ]
    wrong = [
        text % {"where": where, "columns": ", ".join(f"“{name}”" for name in names)}
        for names, text in texts
        if names
    ]
    if wrong:
        raise Unreadable(*wrong)


def _check_letters(table: Table) -> None:
    """Refuse what nobody types: control characters, NUL, texts longer than a cell."""
    wrong: list[str] = []
    for line in table.lines:
        for at, cell in enumerate(line.cells):
            bad = NOT_IN_XML.search(cell)
            if not bad and len(cell) <= limits.LETTERS:
                continue
            where = place(table.title, line.number, table.head[at] if at < len(table.head) else "")
            if bad:
                text = _("%(where)s: holds the control character U+%(code)s; delete it.")
                wrong.append(text % {"where": where, "code": f"{ord(bad[0]):04X}"})
            else:
                text = _("%(where)s: is longer than %(count)s characters.")
                wrong.append(text % {"where": where, "count": grouped(limits.LETTERS)})
    if wrong:
        raise Unreadable(*wrong[: limits.TOLD])


def _check_numbers(sheet: Sheet, table: Table, heads: Heads) -> None:
    """Refuse two rows for one record: nobody could say which of them holds."""
    first: dict[str, Line] = {}
    wrong: list[str] = []
    for line in table.lines:
        number = line.cell(heads.at[ID]).strip()
        if not re.fullmatch(r"[0-9]{1,18}", number, re.ASCII):
            continue
        number = str(int(number))
        if number in first:
            text = _(
                "%(where)s: is the same record as row %(row)s (number %(number)s); keep one of them."
            )
            texts = {
                "where": place(table.title, line.number),
                "row": first[number].number,
                "number": number,
            }
            wrong.append(text % texts)
        first.setdefault(number, line)
    if wrong:
        raise Unreadable(*wrong[: limits.TOLD])

"""The briefing of a district or the city as a Word file, because offices pass those on.

It says the same as the printed page, from the same Place.
"""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from docx import Document
from docx.document import Document as DocumentObject
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from districts.models import Target
from projects.charts.targets import known, promised, state_of
from projects.exports import capacity_text, company_names
from projects.models import Project
from projects.places import Place
from zaozhuang.localised import localised, remark

# A4 with margins that leave room for a file's holes.
MARGIN = Cm(2)
CHINESE_FONT = "Microsoft YaHei"
INK_2 = RGBColor(0x56, 0x60, 0x6B)
# What two pages hold; more would be a report, not a briefing.
PROJECTS = 30
# Excludes what XML 1.0 cannot hold, which python-docx refuses with an error.
CONTROL = {code: None for code in range(32) if code not in (9, 10, 13)} | {
    0xFFFE: None,
    0xFFFF: None,
}


def clean(text: Any) -> str:
    """Text that a Word file can hold."""
    return str(text).translate(CONTROL)


def word_file(place: Place, title: str, sentence: str) -> bytes:
    """The briefing of a place: state, targets, projects by stage, what is due, sources."""
    document = Document()
    _dress(document, title)
    document.add_heading(clean(title), level=1)
    document.add_paragraph(clean(sentence))
    quiet = document.add_paragraph().add_run(
        clean(_("As of %(day)s") % {"day": place.day.isoformat()})
    )
    quiet.font.color.rgb = INK_2
    if place.district.position:
        document.add_heading(clean(_("Position")), level=2)
        document.add_paragraph(clean(localised(place.district, "position")))
    document.add_heading(
        clean(place.targets_chart.title if place.targets else _("Targets")), level=2
    )
    _table(
        document,
        [
            _("District"),
            _("Target"),
            _("Promised"),
            _("Due"),
            _("Latest reading"),
            _("State"),
            _("Source"),
        ],
        [_target_row(target) for target in place.all_targets],
    )
    document.add_heading(clean(_("Projects by stage")), level=2)
    _table(
        document,
        [_("Stage"), _("Projects")],
        [[label, count] for _code, label, _family, count in place.totals.stages],
    )
    rows = place.first(PROJECTS, whole=True)
    _table(
        document,
        [
            _("Project"),
            _("District"),
            _("Stage"),
            _("Companies"),
            _("Capacity"),
            _("Due"),
            _("Source"),
        ],
        [_project_row(project) for project in rows],
    )
    if place.totals.count > len(rows):
        document.add_paragraph(
            clean(
                _("%(count)s more projects stand in the tracker.")
                % {"count": place.totals.count - len(rows)}
            )
        )
    document.add_heading(clean(_("What is due")), level=2)
    _table(
        document,
        place.timeline_chart.heads,
        [[cell.text for cell in row] for row in place.timeline_chart.rows],
    )
    document.add_heading(clean(_("What changed last")), level=2)
    _table(
        document,
        [_("Date"), _("Project"), _("Stage"), _("Source")],
        [
            [
                event.when.label,
                event.project.label,
                _with_basis(event.get_stage_display(), event.basis),
                event.place_label,
            ]
            for event in place.changes
        ],
    )
    document.add_heading(clean(_("Sources")), level=2)
    for source in place.sources:
        published = _(", ") + source.published.label if source.published else ""
        document.add_paragraph(clean(f"{source}{published}"), style="List Bullet")
    file = BytesIO()
    document.save(file)
    return file.getvalue()


def _with_basis(label: str, basis: str) -> str:
    return label + remark(_("inferred")) if basis == "inferred" else label


def _target_row(target: Target) -> list[str]:
    due = target.deadline.deadline if target.deadline else _("no date given")
    return [
        target.district.short_label,
        target.label,
        promised(target) or _("milestone"),
        _with_basis(due, target.due_basis),
        known(target) or _("no reading"),
        state_of(target),
        target.place_label,
    ]


def _project_row(project: Project) -> list[str]:
    return [
        project.label,
        project.district.short_label,
        _with_basis(project.stage_label, project.at_basis),
        _("; ").join(company_names(project)) or _("not given"),
        _("; ").join(map(capacity_text, project.capacities.all())) or _("not given"),
        project.deadline.deadline if project.deadline else _("no date given"),
        project.place_label,
    ]


def _dress(document: DocumentObject, title: str) -> None:
    """A4, fonts for both scripts, and the properties that a file manager shows."""
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = MARGIN
    for name in ("Normal", "Heading 1", "Heading 2"):
        style = document.styles[name]
        style.font.name = "Calibri"
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{theme}"), None)
        fonts.set(qn("w:eastAsia"), CHINESE_FONT)
        style.font.color.rgb = RGBColor(0x18, 0x21, 0x2B)
    document.styles["Normal"].font.size = Pt(10)
    document.core_properties.title = clean(title)
    document.core_properties.author = ""
    document.core_properties.comments = ""


def _table(document: DocumentObject, heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table whose head repeats on every page; a line of words where there are no rows."""
    if not rows:
        document.add_paragraph(clean(_("None is known.")))
        return
    table = document.add_table(rows=1, cols=len(heads), style="Light List Accent 1")
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    for cell, head in zip(table.rows[0].cells, heads, strict=True):
        cell.text = clean(head)
    for row in rows:
        for cell, value in zip(table.add_row().cells, row, strict=True):
            cell.text = clean(value)
    for line in table.rows:
        for cell in line.cells:
            for paragraph in cell.paragraphs:
                paragraph.paragraph_format.space_after = Pt(0)
                for run in paragraph.runs:
                    run.font.size = Pt(8.5)
    document.add_paragraph().paragraph_format.space_after = Pt(2)

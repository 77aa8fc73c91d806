"""The columns of the exports, in the order of the contract. Outsiders' scripts read them."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from districts.models import Reading, Target
from projects.models import Capacity, Company, Honour, Project
from zaozhuang.csvfile import Column
from zaozhuang.localised import localised
from zaozhuang.numbers import quantity

SEPARATOR = "; "


def capacity_text(capacity: Capacity) -> str:
    """One capacity as people read it: `磷酸铁锂 18 万吨/年`, the product alone where no figure is known."""
    if capacity.quantity is None:
        return capacity.label
    return (
        f"{capacity.label} {quantity(capacity.quantity, capacity.unit, per_year=capacity.per_year)}"
    )


def honour_text(honour: Honour) -> str:
    details = [str(honour.year)] if honour.year else []
    if honour.awarded_by:
        details.append(localised(honour, "awarded_by"))
    return f"{honour} ({', '.join(details)})" if details else str(honour)


def company_names(project: Project) -> list[str]:
    """Each company once, however many roles it has."""
    return list(
        dict.fromkeys(taking_part.company.label for taking_part in project.participations.all())
    )


def segment_codes(project: Project) -> list[str]:
    segments = {capacity.segment for capacity in project.capacities.all() if capacity.segment}
    return [segment.code for segment in sorted(segments, key=lambda segment: segment.order)]


def source_slug(record: Any) -> str:
    return record.source.slug if record.source else ""


PROJECT_COLUMNS: list[Column[Project]] = [
    Column("id", _("ID"), lambda p: p.pk),
    Column("slug", _("Address"), lambda p: p.slug),
    Column("name", _("Name"), lambda p: p.name),
    Column("name_en", _("English name"), lambda p: p.name_en),
    Column("district_code", _("District code"), lambda p: p.district.code),
    Column("district", _("District"), lambda p: p.district.label),
    Column("kind", _("Kind"), lambda p: p.kind),
    Column("stage", _("Stage (code)"), lambda p: p.at_stage),
    Column("stage_label", _("Stage"), lambda p: p.stage_label),
    Column("stage_basis", _("Basis of the stage"), lambda p: p.at_basis),
    Column("stage_since", _("Stage since"), lambda p: p.since),
    Column("companies", _("Companies"), lambda p: SEPARATOR.join(company_names(p))),
    Column("segments", _("Segments"), lambda p: SEPARATOR.join(segment_codes(p))),
    Column(
        "capacity", _("Capacity"), lambda p: SEPARATOR.join(map(capacity_text, p.capacities.all()))
    ),
    Column("due", _("Due"), lambda p: p.deadline),
    Column("due_precision", _("Precision of the due date"), lambda p: p.due_precision),
    Column("investment", _("Investment (CNY 100 million)"), lambda p: p.investment),
    Column("investment_kind", _("Kind of investment"), lambda p: p.investment_kind),
    Column("parent", _("Phase of"), lambda p: p.parent.slug if p.parent else ""),
    Column("source", _("Source"), source_slug),
    Column("locator", _("Locator"), lambda p: p.locator),
    Column("updated_at", _("Updated"), lambda p: p.updated_at),
]

CAPACITY_COLUMNS: list[Column[Capacity]] = [
    Column("id", _("ID"), lambda c: c.pk),
    Column("project", _("Project (address)"), lambda c: c.project.slug),
    Column("project_name", _("Project"), lambda c: c.project.label),
    Column("district", _("District"), lambda c: c.project.district.label),
    Column("stage", _("Stage (code)"), lambda c: c.project.at_stage),
    Column("product", _("Product"), lambda c: c.label),
    Column("segment", _("Segment"), lambda c: c.segment.code if c.segment else ""),
    Column("quantity", _("Quantity"), lambda c: c.quantity),
    Column("unit", _("Unit"), lambda c: c.unit.name if c.unit else ""),
    Column("per_year", _("Per year"), lambda c: c.per_year),
    Column("technology", _("Technology"), lambda c: c.technology.label if c.technology else ""),
    Column("basis", _("Basis"), lambda c: c.basis),
    Column("source", _("Source"), source_slug),
    Column("locator", _("Locator"), lambda c: c.locator),
]

TARGET_COLUMNS: list[Column[Target]] = [
    Column("id", _("ID"), lambda t: t.pk),
    Column("district_code", _("District code"), lambda t: t.district.code),
    Column("district", _("District"), lambda t: t.district.label),
    Column("indicator", _("Indicator"), lambda t: t.label),
    Column("comparator", _("Comparator"), lambda t: {"ge": "≥", "gt": ">"}.get(t.comparator, "")),
    Column("value", _("Value"), lambda t: t.value),
    Column("unit", _("Unit"), lambda t: t.indicator.unit.name if t.indicator.unit else ""),
    Column("baseline", _("Baseline"), lambda t: t.baseline),
    Column("due", _("Due"), lambda t: t.deadline),
    Column("due_precision", _("Precision of the due date"), lambda t: t.due_precision),
    Column("state", _("State"), lambda t: t.progress.state.value),
    Column("progress", _("Progress"), lambda t: t.progress.share),
    Column("source", _("Source"), source_slug),
    Column("locator", _("Locator"), lambda t: t.locator),
]

READING_COLUMNS: list[Column[Reading]] = [
    Column("id", _("ID"), lambda r: r.pk),
    Column("district_code", _("District code"), lambda r: r.district.code),
    Column(
        "district",
        _("District"),
        lambda r: " · ".join(filter(None, [r.district.label, localised(r, "place")])),
    ),
    Column("indicator", _("Indicator"), lambda r: r.indicator.label),
    Column("period", _("Period"), lambda r: r.reported),
    Column("value", _("Value"), lambda r: r.value),
    Column("unit", _("Unit"), lambda r: r.indicator.unit.name if r.indicator.unit else ""),
    Column("approximate", _("Approximate"), lambda r: r.approximate),
    Column("source", _("Source"), source_slug),
    Column("locator", _("Locator"), lambda r: r.locator),
]

COMPANY_COLUMNS: list[Column[Company]] = [
    Column("id", _("ID"), lambda c: c.pk),
    Column("slug", _("Address"), lambda c: c.slug),
    Column("name", _("Name"), lambda c: c.label),
    Column("short_name", _("Short name"), lambda c: c.short_label),
    Column("registered_in", _("Registered in"), lambda c: localised(c, "registered_in")),
    Column(
        "projects",
        _("Projects"),
        lambda c: SEPARATOR.join(dict.fromkeys(t.project.slug for t in c.participations.all())),
    ),
    Column("honours", _("Honours"), lambda c: SEPARATOR.join(map(honour_text, c.honours.all()))),
    Column("source", _("Source"), source_slug),
    Column("locator", _("Locator"), lambda c: c.locator),
]

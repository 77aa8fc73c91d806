"""The pages of the sheet: download and upload, look over, confirm."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import content_disposition_header
from django.utils.translation import get_language, gettext_lazy, ngettext, override
from django.utils.translation import gettext as _

from projects.desk import own_projects
from projects.sheets.checking import Check
from projects.sheets.kinds import KINDS
from projects.sheets.pages import csv_lines, district_workbook, refused_workbook
from projects.sheets.rows import ADDED, CHANGED, REFUSED, UNCHANGED, Row
from projects.sheets.saving import Gone, Outdated, Saved, save
from projects.sheets.sheet import Sheet, sheets_for
from projects.sheets.tables import read
from zaozhuang.dates import PartialDate, Precision, today
from zaozhuang.inputs import MonthField
from zaozhuang.models import Upload
from zaozhuang.numbers import grouped
from zaozhuang.sheets import limits
from zaozhuang.sheets.limits import Clock, Unreadable
from zaozhuang.sheets.uploads import was_too_large
from zaozhuang.snapshot import snapshot
from zaozhuang.xlsxfile import XLSX

# Files of more rows show how far they are; shorter ones are answered at once.
LONG = 300
# Rows of each outcome that the page shows, unless all are asked for.
SHOWN = 100


class DownloadForm(forms.Form):
    """Which month, and which kind where it is to be CSV."""

    month = MonthField(required=False, label=gettext_lazy("Month of the reports"))
    kind = forms.ChoiceField(
        required=False,
        label=gettext_lazy("As CSV"),
        choices=[("", ""), *((kind.code, kind.title) for kind in KINDS)],
    )


class UploadForm(forms.Form):
    sheet = forms.FileField(
        label=gettext_lazy("The filled-in sheet"),
        error_messages={
            "required": gettext_lazy("Choose the file."),
            "empty": gettext_lazy("The file is empty."),
        },
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv,.txt"}),
        max_length=200,
    )


def _guard(request: HttpRequest) -> None:
    """For those who write; readers have the exports."""
    if not request.user.has_perm("projects.change_project"):
        raise PermissionDenied


def _context(request: HttpRequest, title: Any, **more: Any) -> dict[str, Any]:
    return {**admin.site.each_context(request), "title": title, "limits": limits, **more}


def sheet_page(request: HttpRequest) -> HttpResponse:
    """Download and upload; a file that can be read is kept and looked over on a page of its own."""
    _guard(request)
    form, problems, status = UploadForm(), [], 200
    if request.method == "POST":
        form = UploadForm(request.POST, request.FILES)
        try:
            if was_too_large(request):
                raise limits.too_large()
            if form.is_valid():
                file = form.cleaned_data["sheet"]
                data = file.read()
                read(file.name, data, sheets_for(request), Clock())
                upload = Upload.objects.keep(request.user, file.name, data)
                return HttpResponseRedirect(
                    reverse("admin:projects_project_sheet_preview", args=[upload.pk])
                )
            problems, status = list(form.errors.get("sheet", [])), 400
        except Unreadable as unreadable:
            problems, status = list(unreadable.messages), unreadable.status
    month = PartialDate.containing(today(), Precision.MONTH)
    months = [PartialDate.containing(first, Precision.MONTH) for first in _months(month.first)]
    context = _context(
        request,
        _("My district’s sheet"),
        form=form,
        problems=problems,
        months=months,
        kinds=KINDS,
        projects=own_projects(request.user).count(),
        waiting=Upload.objects.waiting(request.user).defer("data"),
    )
    return TemplateResponse(request, "admin/sheets/sheet.html", context, status=status)


def _months(first: Any, count: int = 12) -> Iterator[Any]:
    """The first days of a month and of those before it, the latest first."""
    for _number in range(count):
        yield first
        first = type(first).fromordinal(first.toordinal() - 1).replace(day=1)


def download(request: HttpRequest) -> HttpResponseBase:
    """The sheet of the places of the editor: a workbook, or one kind as CSV."""
    _guard(request)
    form = DownloadForm(request.GET)
    if not form.is_valid():
        texts = [text for errors in form.errors.values() for text in errors]
        for text in texts:
            messages.error(request, str(text))
        return HttpResponseRedirect(reverse("admin:projects_project_sheet"))
    month = form.cleaned_data["month"] or today().replace(day=1)
    kind = form.cleaned_data["kind"]
    sheets = sheets_for(request)
    name = f"sheet-{month:%Y-%m}"
    with snapshot():
        if kind:
            (chosen,) = [sheet for sheet in sheets if sheet.kind.code == kind]
            text = "".join(csv_lines(chosen, month))
            response: HttpResponseBase = HttpResponse(text, content_type="text/csv; charset=utf-8")
            name = f"{name}-{kind}.csv"
        else:
            name = f"{name}.xlsx"
            response = FileResponse(district_workbook(sheets, month), content_type=XLSX)
    return _saved_as(response, name)


def _saved_as(response: HttpResponseBase, name: str) -> HttpResponseBase:
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response["Cache-Control"] = "no-store"
    return response


def _upload(request: HttpRequest, pk: UUID) -> Upload | None:
    """The file, where it is this editor's own and still waits."""
    return Upload.objects.waiting(request.user).filter(pk=pk).first()


def _gone(request: HttpRequest) -> HttpResponse:
    messages.error(
        request,
        _("This file was taken in already, or was thrown away after a day. Upload it again."),
    )
    return HttpResponseRedirect(reverse("admin:projects_project_sheet"))


def _check_of(request: HttpRequest, upload: Upload) -> Check:
    clock = Clock()
    found = read(upload.name, bytes(upload.data), sheets_for(request), clock)
    return Check(request, found, clock)


def preview(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """What would change, cell by cell; posted, it is looked over once more and written."""
    _guard(request)
    upload = _upload(request, pk)
    if upload is None:
        return _gone(request)
    try:
        check = _check_of(request, upload)
    except Unreadable as unreadable:
        return _unreadable(request, unreadable)
    work = _Work(request, upload, check)
    if check.total > LONG:
        return _streamed(request, work)
    for _done in work.steps():
        pass
    if work.saved is not None:
        messages.success(request, told(work.saved))
        return HttpResponseRedirect(reverse("admin:projects_project_sheet"))
    if work.gone:
        return _gone(request)
    context = _context(request, _("Look over the sheet"), **work.context())
    return TemplateResponse(request, "admin/sheets/preview.html", context, status=work.status)


def _unreadable(request: HttpRequest, unreadable: Unreadable) -> HttpResponse:
    for text in unreadable.messages:
        messages.error(request, text)
    return HttpResponseRedirect(reverse("admin:projects_project_sheet"))


class _Work:
    """Looking over an upload and, where it was confirmed, writing it."""

    def __init__(self, request: HttpRequest, upload: Upload, check: Check) -> None:
        self.request, self.upload, self.check = request, upload, check
        self.saved: Saved | None = None
        self.gone = False
        self.problem = ""
        self.status = 200

    def steps(self) -> Iterator[int]:
        """Do it; yields how many rows were looked at. Nothing is written before all were."""
        try:
            yield from self.check.run()
            if self.request.method == "POST":
                self._confirm()
        except Unreadable as unreadable:
            self.problem, self.status = " ".join(unreadable.messages), unreadable.status
        except Gone:
            self.gone = True
        except Outdated:
            self.status = 409
            self.problem = _(
                "Somebody changed something while this was being saved, so nothing was saved. Look over the sheet once more."
            )

    def _confirm(self) -> None:
        check, sent = self.check, self.request.POST
        if check.refused and sent.get("without") != check.refused_key:
            self.status = 409
            self.problem = _("Nothing was saved, since rows are refused; see which below.")
        elif not check.accepted:
            self.status = 409
            self.problem = _("There is nothing to be saved.")
        else:
            self.saved = save(check, self.upload, self.request.user)

    def context(self) -> dict[str, Any]:
        """For the page that shows what would change."""
        check = self.check
        every = "all" in self.request.GET
        groups = []
        for outcome in (REFUSED, ADDED, CHANGED):
            rows = check.of(outcome)
            if rows:
                groups.append(
                    {
                        "outcome": outcome,
                        "count": len(rows),
                        "rows": rows if every else rows[:SHOWN],
                        "more": 0 if every else max(0, len(rows) - SHOWN),
                    }
                )
        counts = {
            outcome: len(check.of(outcome)) for outcome in (ADDED, CHANGED, UNCHANGED, REFUSED)
        }
        return {
            "upload": self.upload,
            "check": check,
            "groups": groups,
            "counts": counts,
            "unchanged": check.of(UNCHANGED)[: None if every else SHOWN],
            "more_unchanged": 0 if every else max(0, counts[UNCHANGED] - SHOWN),
            "problem": self.problem,
            "waits": any(row.sheet.waits for row in check.accepted),
            "waiting": sum(row.waits_already for row in check.rows),
        }


def told(saved: Saved) -> str:
    """What came of a sheet, in a sentence each."""
    texts = []
    if saved.added:
        text = ngettext("%(count)s record was added.", "%(count)s records were added.", saved.added)
        texts.append(text % {"count": grouped(saved.added)})
    if saved.changed:
        text = ngettext(
            "%(count)s record was changed.", "%(count)s records were changed.", saved.changed
        )
        texts.append(text % {"count": grouped(saved.changed)})
    if saved.drafts:
        text = ngettext(
            "%(count)s row waits for the city’s approval: {}.",
            "%(count)s rows wait for the city’s approval: {}.",
            saved.drafts,
        ) % {"count": grouped(saved.drafts)}
        url = reverse("admin:districts_draft_changelist") + "?state__exact=submitted"
        texts.append(
            format_html(text, format_html('<a href="{}">{}</a>', url, _("see the drafts")))
        )
    return format_html("{}" + " {}" * (len(texts) - 1), *texts)


SPLIT = "<!-- here -->"


def _streamed(request: HttpRequest, work: _Work) -> StreamingHttpResponse:
    """The same page sent piece by piece, so that its reader sees how far it is."""
    title = _("Look over the sheet")
    frame = render_to_string(
        "admin/sheets/long.html", _context(request, title, split=SPLIT), request
    )
    head, _here, foot = frame.partition(SPLIT)
    language = get_language() or ""

    def pieces() -> Iterator[str]:
        # The middleware is done with the request when this runs.
        with override(language):
            yield head
            total = work.check.total
            for done in work.steps():
                yield render_to_string(
                    "admin/sheets/_progress.html", {"done": done, "total": total}
                )
            context = _context(request, title, **work.context())
            if work.saved is not None or work.gone:
                context["told"] = told(work.saved) if work.saved else ""
                yield render_to_string("admin/sheets/_done.html", context, request)
            else:
                yield render_to_string("admin/sheets/_preview.html", context, request)
            yield foot

    response = StreamingHttpResponse(pieces())
    # Neither compressed nor held back by a proxy, which would wait until there is more.
    response["Content-Encoding"] = "identity"
    response["X-Accel-Buffering"] = "no"
    response["Cache-Control"] = "no-store"
    return response


def refused(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The refused rows as they were typed, with the reason beside each."""
    _guard(request)
    upload = _upload(request, pk)
    if upload is None:
        return _gone(request)
    try:
        check = _check_of(request, upload)
        for _done in check.run():
            pass
    except Unreadable as unreadable:
        return _unreadable(request, unreadable)
    rows: dict[Sheet, list[tuple[dict[str, str], str]]] = {}
    for sheet, _table, heads in check.found:
        mine: list[Row] = [row for row in check.refused if row.sheet is sheet]
        if mine:
            rows[sheet] = [
                ({code: row.line.cell(at) for code, at in heads.at.items()}, row.why)
                for row in mine
            ]
    response = FileResponse(refused_workbook(rows), content_type=XLSX)
    return _saved_as(response, f"refused-{upload.at:%Y-%m-%d}.xlsx")

"""Changing the stage of one or several projects at once, or correcting an event that was mistaken."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import AdminErrorList, Fieldset
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.db import router, transaction
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from districts.drafts import (
    Elsewhere,
    Page,
    RefusedDraft,
    changed_inputs,
    elsewhere,
    entered_then,
    keep,
)
from districts.models import Draft
from districts.review import must_wait, reopened_text, say_what_waits
from projects.forms import StageChangeForm
from projects.models import Project, StageChange
from projects.steps import step_text
from zaozhuang.history.entries import label, lock
from zaozhuang.history.scope import current
from zaozhuang.history.versions import VERSION, later
from zaozhuang.models import HistoryEntry
from zaozhuang.views import back

# More would make an address that is too long, and a change that nobody can look over.
MOST = 100
NEW, LATEST = "", "latest"
EVENT_FIELDS: Any = [
    "stage",
    ("date", "observed"),
    "basis",
    ("source", "locator"),
    ("note", "note_en"),
]


class ChangeStageForm(StageChangeForm):
    """One event for every chosen project; or what takes the place of one that was mistaken."""

    corrects = forms.ChoiceField(
        label=gettext_lazy("What it is"), required=False, widget=forms.RadioSelect
    )
    withdrawn = forms.CharField(
        label=gettext_lazy("Why the event was wrong"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("For a correction: the event stays visible, struck out, with this."),
    )
    nothing = forms.BooleanField(
        label=gettext_lazy("Nothing took place"),
        required=False,
        help_text=gettext_lazy(
            "For a correction: the event is struck out and no other one put in its place."
        ),
    )

    class Meta:
        model = StageChange
        fields = ["stage", "date", "observed", "basis", "source", "locator", "note", "note_en"]
        widgets = {
            "note": forms.Textarea(attrs={"rows": 2}),
            "note_en": forms.Textarea(attrs={"rows": 2}),
        }

    def __init__(self, *args: Any, projects: Sequence[Project], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.projects = projects
        self.events: dict[str, list[StageChange]] = {}  # what each choice corrects
        choices: list[tuple[str, Any]] = [(NEW, _("A new event"))]
        if len(projects) == 1:
            for event in projects[0].stage_changes.counting().order_by("-date", "-pk"):
                self.events[str(event.pk)] = [event]
                what = " · ".join((str(event.get_stage_display()), event.when.label))
                choices.append((str(event.pk), _("A correction of: %(event)s") % {"event": what}))
        else:
            lasts = [p.stage_changes.counting().order_by("-date", "-pk").first() for p in projects]
            latest = [last for last in lasts if last]
            if latest:
                self.events[LATEST] = latest
                choices.append((LATEST, _("A correction of the latest event of each project")))
        self.fields["corrects"].choices = choices  # type: ignore[attr-defined]
        if self.data.get("nothing"):
            for name in ("stage", "date"):
                self.fields[name].required = False
        self.order_fields(["corrects", "withdrawn", "nothing"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        wrong = self.events.get(cleaned.get("corrects", NEW), [])
        if wrong and not (cleaned.get("withdrawn") or "").strip():
            self.add_error("withdrawn", _("Say why the event was wrong."))
        if not wrong:
            for name in ("withdrawn", "nothing"):
                if cleaned.get(name):
                    self.add_error(name, _("Choose above which event is corrected."))
        self.wrong, self.made = wrong, list[StageChange]()
        if cleaned.get("nothing"):
            for name in ("stage", "date", "source", "note", "note_en"):
                if cleaned.get(name):
                    self.add_error(name, _("Leave this blank, since nothing took its place."))
        elif cleaned.get("stage") and cleaned.get("date"):
            self._make(cleaned)
        return cleaned

    def _ask_why(self, cleaned: dict[str, Any]) -> None:
        """Asked for each project, when it is known which events count."""

    def _post_clean(self) -> None:
        """The form's own record is none that is saved; each event is checked for itself."""

    def _make(self, cleaned: dict[str, Any]) -> None:
        """The events that are to be, one a project, each checked as a record of its own."""
        struck = {event.pk for event in self.wrong}
        lives = StageChange.objects.lives([p.pk for p in self.projects], cleaned["date"])
        unusual: list[str] = []
        for project in self.projects:
            life = [event for event in lives[project.pk] if event.pk not in struck]
            if step := step_text(life, cleaned["stage"]):
                unusual.append(f"{project.label}: {step}")
            event = StageChange(
                project=project,
                date_precision=self.instance.date_precision,
                **{name: cleaned[name] for name in self.Meta.fields if name in cleaned},
            )
            there = [e for e in life if (e.date, e.stage) == (event.date, event.stage)]
            try:
                event.full_clean(validate_constraints=False)
            except ValidationError as error:
                for name, complaints in error.message_dict.items():
                    place = name if name in self.fields and name not in self.errors else None
                    if name == NON_FIELD_ERRORS or place:
                        self.add_error(place, complaints)
            if there:
                self.add_error(
                    None,
                    _("%(project)s already has this stage on that date.")
                    % {"project": project.label},
                )
            self.made.append(event)
        if unusual and not cleaned.get("note"):
            steps = "; ".join(unusual)
            self.add_error("note", _("This is unusual: %(step)s. Say why.") % {"step": steps})


def chosen_projects(
    desk: "admin.ModelAdmin[Project]", request: HttpRequest
) -> list[Project] | None:
    """The projects that the address or the form names; None where one of them is not there.

    Raises PermissionDenied, for all, if the user may not change one of them.
    """
    named = (request.POST if request.method == "POST" else request.GET).getlist("project")
    if not 0 < len(named) <= MOST or not all(
        t.isascii() and t.isdigit() and len(t) < 19 for t in named
    ):
        return None
    pks = sorted({int(text) for text in named})
    if request.method == "POST":
        lock(Project, pks, router.db_for_write(Project), [])
    rows = desk.get_queryset(request).filter(pk__in=pks).select_related("district")
    projects = list(rows.order_by("district__path", "slug"))
    if len(projects) < len(pks):
        return None
    for project in projects:
        if not desk.has_change_permission(request, project):
            raise PermissionDenied(
                _("You may not change “%(project)s”, so nothing was changed.")
                % {"project": project.label}
            )
    return projects


def version_of(projects: Sequence[Project]) -> int:
    """The number of the newest entry about any event of these projects."""
    entries = HistoryEntry.objects.filter(
        model=label(StageChange), owner=label(Project), owner_id__in=[p.pk for p in projects]
    )
    newest: int | None = entries.aggregate(newest=Max("pk"))["newest"]
    return newest or 0


def change_stages(desk: "admin.ModelAdmin[Project]", request: HttpRequest) -> HttpResponse:
    """The page of the action: shown, shown again with what is wrong, or done for all at once."""
    if not request.user.has_perm("projects.add_stagechange"):
        raise PermissionDenied
    listing = back(request) or HttpResponseRedirect(reverse("admin:projects_project_changelist"))
    approving: Draft | None = getattr(request, "approving", None)
    waits = must_wait(request.user) and approving is None
    with transaction.atomic():
        projects = chosen_projects(desk, request)
        if projects is None and approving is not None:
            raise RefusedDraft(_("The record has been deleted meanwhile."))
        if projects is None:
            messages.error(
                request,
                _("Choose between 1 and %(most)s projects that are still there.") % {"most": MOST},
            )
            return listing
        version = version_of(projects)
        sent = request.POST if request.method == "POST" else None
        draft = _reopened(desk, request, projects) if waits else None
        if draft is not None and sent is None:
            form = ChangeStageForm(Page(draft, request, request.user).data(), projects=projects)
            form.refused = reopened_text(draft)
        else:
            form = ChangeStageForm(sent, projects=projects)
        if sent is not None and sent.get("_version") != str(version):
            form.refused = _(
                "Somebody changed a stage of these projects while you had the page open, so nothing was saved yet. The stages above are those of now; save again to go on."
            )
        if sent is not None and form.is_valid() and waits:
            if kept := _keep(request, form, draft):
                say_what_waits(request, kept)
            return listing
        if sent is not None and form.is_valid():
            _write(desk, request, form)
            if approving is not None:
                entered_then(approving, form.made)
            done = ngettext(
                "The stage of %(count)s project was changed.",
                "The stages of %(count)s projects were changed.",
                len(projects),
            ) % {"count": len(projects)}
            messages.success(request, done)
            return listing
    context = _context(desk, request, form, projects, version) | {"must_wait": waits}
    return TemplateResponse(request, "admin/change_stages.html", context)


# Where the city approves first, one draft a project is kept of what the page was sent.


def _keep(request: HttpRequest, form: ChangeStageForm, draft: Draft | None) -> list[Draft]:
    """What was typed, as a draft for each project; a project's own event is the one it corrects."""
    wrong = {event.project_id: event for event in form.wrong}
    kept = []
    for project in form.projects:
        fields = changed_inputs(form)
        if "stage" in fields:
            fields["stage"][0] = project.stage
        if project.pk in wrong:
            fields["corrects"] = ["", str(wrong[project.pk].pk)]
        elif form.wrong:  # it has no event yet, so nothing of it is corrected
            if "nothing" in fields:
                continue
            for name in ("corrects", "withdrawn"):
                fields.pop(name)
        part = {"prefix": ELSEWHERE, "pk": None, "delete": False, "fields": fields}
        kept.append(
            keep(
                request.user,
                Draft.Action.CHANGE,
                project,
                [part],
                draft=draft,
                submit="_draft" not in request.POST,
                rests_on=str(version_of([project])),
            )
        )
    return kept


def _reopened(desk: Any, request: HttpRequest, projects: Sequence[Project]) -> Draft | None:
    """The draft of `?draft=`, where it is the editor's own, open, and of this page."""
    draft: Draft | None = (
        desk.reopened(request, str(projects[0].pk)) if len(projects) == 1 else None
    )
    return draft if draft is not None and elsewhere(desk, draft) is TYPED else None


def _address(project: Project) -> str:
    return f"{reverse('admin:projects_project_stage')}?project={project.pk}"


def _meanwhile(draft: Draft) -> list[HistoryEntry]:
    """What happened to the event that a draft corrects; a new event takes nobody's away."""
    corrects = draft.changes[0]["fields"].get("corrects", ["", ""])[1]
    return later(StageChange, int(corrects), draft.rests_on) if corrects else []


ELSEWHERE = "stage"
TYPED = Elsewhere(
    title=gettext_lazy("Change the stage"),
    form=lambda project: ChangeStageForm(projects=[project]),
    inputs=lambda project: {"project": str(project.pk), VERSION: str(version_of([project]))},
    address=_address,
    send=lambda desk, request: change_stages(desk, request),
    meanwhile=_meanwhile,
)


def _write(desk: "admin.ModelAdmin[Project]", request: HttpRequest, form: ChangeStageForm) -> None:
    wrong = {event.project_id: event for event in form.wrong}
    for event in wrong.values():
        event.withdrawn = form.cleaned_data["withdrawn"].strip()
        event.save()
    for event in form.made:
        event.recorded_by_id = current().user_id
        event.corrects = wrong.get(event.project_id)
        event.save()
    for project in form.projects:
        desk.log_change(request, project, [{"changed": {"fields": ["stage"]}}])


def _context(
    desk: "admin.ModelAdmin[Project]",
    request: HttpRequest,
    form: ChangeStageForm,
    projects: Sequence[Project],
    version: int,
) -> dict[str, Any]:
    fieldset = Fieldset(
        form,
        _("The event"),
        fields=EVENT_FIELDS,
        model_admin=desk,
    )
    correction = Fieldset(
        form,
        _("New, or a correction"),
        fields=["corrects", "withdrawn", "nothing"],
        model_admin=desk,
    )
    return {
        **desk.admin_site.each_context(request),
        "title": _("Change the stage"),
        "opts": desk.opts,
        "form": form,
        "media": desk.media + form.media,
        "fieldsets": [fieldset, correction],
        "errors": AdminErrorList(form, []),
        "projects": projects,
        "version": version,
    }

"""What waits for an editor, for the first page of the desk."""

from typing import Any

from django import template

from districts.rights import places_of
from projects.desk import waiting_for
from zaozhuang.dates import PartialDate, Precision, today

register = template.Library()


@register.inclusion_tag("admin/desk.html", takes_context=True)
def desk(context: Any) -> dict[str, Any]:
    """The lists of who writes; readers have none."""
    user = context["user"]
    writes = user.has_perm("projects.change_project")
    return {
        "writes": writes,
        "lists": waiting_for(user) if writes else [],
        "places": places_of(user) if writes else [],
        "month": PartialDate.containing(today(), Precision.MONTH),
        "csrf_token": context.get("csrf_token"),
    }

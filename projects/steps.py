"""What is asked of those who change a stage: a reason for what is unusual."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from projects.models import StageChange
from projects.stages import Stage, unusual_step


def step_text(life: Iterable[StageChange], after: str) -> str:
    """What is unusual about going on to a stage: `signed → producing passes over …`; blank for nothing."""
    events = list(life)
    unusual = unusual_step([event.stage for event in events], after)
    if unusual is None:
        return ""
    return _("%(before)s → %(after)s %(what)s") % {
        "before": events[-1].get_stage_display(),
        "after": Stage(after).label,
        "what": unusual.label,
    }

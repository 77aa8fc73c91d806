from django.apps import AppConfig
from django.db.models.signals import post_migrate, post_save, pre_save
from django.utils.translation import gettext_lazy as _

from zaozhuang.backup import restored


class ProjectsConfig(AppConfig):
    name = "projects"
    verbose_name = _("Projects, companies and the chain")

    def ready(self) -> None:
        from districts.models import District
        from projects.models import Capacity, Participation, Project
        from projects.rebuilt import after_restore
        from projects.summaries.rebuilding import fill
        from projects.summaries.writing import after_load, before_load

        for model in (District, Project, Capacity, Participation):
            pre_save.connect(before_load, sender=model, dispatch_uid="counted")
            post_save.connect(after_load, sender=model, dispatch_uid="counted")
        restored.connect(after_restore, dispatch_uid="computed")
        post_migrate.connect(fill, sender=self, dispatch_uid="counted")

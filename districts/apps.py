from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class DistrictsConfig(AppConfig):
    name = "districts"
    verbose_name = _("Districts, sources and figures")

    def ready(self) -> None:
        from districts.roles import make_groups

        # Of every app, since each makes its permissions in its own turn.
        post_migrate.connect(make_groups, dispatch_uid="districts.roles")

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TrackerConfig(AppConfig):
    name = "zaozhuang"
    verbose_name = _("Tracker")

    def ready(self) -> None:
        from zaozhuang import edition
        from zaozhuang.history import signals

        signals.connect()
        edition.connect()

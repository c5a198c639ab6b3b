"""The app: what a Django project puts into INSTALLED_APPS as ``motfunnel.integrations.django``."""

from __future__ import annotations

from typing import Final

from django.apps import AppConfig, apps
from django.core import checks
from django.db.models.signals import post_migrate

from motfunnel.trackers.configured import provide
from motfunnel.trackers.tracker import Tracker

_TOO_EARLY: Final = (
    "Django is still loading its models; ask for the tracker in AppConfig.ready() or later"
)


def current() -> Tracker | None:
    """The tracker of the database that is written to now; None before all models are there."""
    if not apps.models_ready:
        return None
    from motfunnel.integrations.django.settings import TRACKERS

    return TRACKERS.current()


# At once, and not in ready(): that of an app which is named before this one may ask, too.
provide(current, _TOO_EARLY)


class MotfunnelConfig(AppConfig):
    """Gives ``motfunnel.track`` the project's tracker."""

    name = "motfunnel.integrations.django"
    label = "motfunnel"
    verbose_name = "Moments of truth"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to what changes. Nothing is read from settings before it is first asked for."""
        from django.core.signals import setting_changed

        from motfunnel.integrations.django.settings import TRACKERS, check_server, check_setting

        setting_changed.connect(TRACKERS.renew, dispatch_uid="motfunnel")
        post_migrate.connect(TRACKERS.emptied, dispatch_uid="motfunnel")
        checks.register(check_setting, "motfunnel")
        checks.register(check_server, checks.Tags.database)

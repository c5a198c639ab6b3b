"""The app: what a Django project puts into INSTALLED_APPS as ``motfunnel.integrations.django``."""

from __future__ import annotations

from django.apps import AppConfig
from django.core import checks
from django.db.models.signals import post_migrate


class MotfunnelConfig(AppConfig):
    """Gives ``motfunnel.track`` the project's tracker."""

    name = "motfunnel.integrations.django"
    label = "motfunnel"
    verbose_name = "Moments of truth"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Provide the tracker. Nothing is read from settings before it is first asked for."""
        from django.core.signals import setting_changed

        from motfunnel.integrations.django.checks import check_server, check_setting
        from motfunnel.integrations.django.configuration import TRACKERS
        from motfunnel.tracking.configuration import provide

        provide(TRACKERS.current)
        setting_changed.connect(TRACKERS.renew, dispatch_uid="motfunnel")
        post_migrate.connect(TRACKERS.emptied, dispatch_uid="motfunnel")
        checks.register(check_setting, "motfunnel")
        checks.register(check_server, checks.Tags.database)

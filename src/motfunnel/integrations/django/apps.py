"""The app, as Django lists it."""

from __future__ import annotations

from django.apps import AppConfig


class MotfunnelConfig(AppConfig):
    """Moments of truth, with tables, an admin and commands."""

    name = "motfunnel.integrations.django"
    label = "motfunnel"
    verbose_name = "Moments of truth"
    default_auto_field = "django.db.models.BigAutoField"

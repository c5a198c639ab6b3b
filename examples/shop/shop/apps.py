"""The app: on start-up it connects the receivers."""

from django.apps import AppConfig


class ShopConfig(AppConfig):
    """The shop."""

    name = "shop"

    def ready(self):
        """Connect the receivers."""
        from shop import receivers  # noqa: F401 - connects as it is imported

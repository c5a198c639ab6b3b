"""motfunnel in a Django project: an app for ``INSTALLED_APPS``. Importing this loads no models."""

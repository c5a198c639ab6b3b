"""The dashboard in a Django project: ``include("motfunnel.integrations.django.dashboard.urls")``.

For staff, where the setting says nothing else. Has no model, and changes nothing.
"""

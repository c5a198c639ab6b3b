"""What a project includes among its own ``urlpatterns``."""

from __future__ import annotations

from django.urls import re_path

from motfunnel.integrations.django.dashboard.views import page

app_name = "motfunnel_dashboard"
urlpatterns = [re_path(r"^(?P<path>.*)\Z", page, name="page")]

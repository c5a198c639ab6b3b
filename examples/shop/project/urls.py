"""The addresses: the shop's own, the dashboard's for the staff, and the admin's."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("staff/funnel/", include("motfunnel.integrations.django.dashboard.urls")),
    path("", include("shop.urls")),
    path("admin/", admin.site.urls),
]

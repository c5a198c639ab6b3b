"""The project's pages: its admin, and the shop."""

from django.contrib import admin
from django.urls import include, path

from tests.integrations.django_project.shop import views

urlpatterns = [
    path("admin/", admin.site.urls),
    path("buy/<int:number>", views.buy),
    path("abuy/<int:number>", views.abuy),
    path("hasty", views.hasty),
    path("see", views.see),
    path("asee", views.asee),
    path("funnel/", include("motfunnel.integrations.django.dashboard.urls")),
]

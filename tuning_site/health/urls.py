"""Addresses for monitoring; open to everybody."""

from django.urls import path

from tuning_site.health import views

app_name = "health"
urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]

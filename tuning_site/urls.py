"""The map of the site."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("tuning_site.health.urls")),
    path("accounts/", include("tuning_site.accounts.urls")),
    path("api/v1/", include("trials.api.urls")),
    path("api/v1/", include("pruning.api.urls")),
    path("", include("trials.pages.urls")),
    path("", include("pruning.pages.urls")),
]

handler400 = "tuning_site.errors.bad_request"
handler403 = "tuning_site.errors.permission_denied"
handler404 = "tuning_site.errors.not_found"
handler500 = "tuning_site.errors.server_error"

"""Two addresses for whoever watches the site: is the process there, and can it work. Neither tells a secret."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tuning_site.health.checks import READINESS


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer as long as the process lives; ask nothing of anybody."""
    return JsonResponse({"status": "ok"})


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Say which of the parts can be worked with; 503 if one of them cannot."""
    findings = [look() for look in READINESS]
    ready = all(finding.ok for finding in findings)
    parts = {finding.name: finding.level for finding in findings}
    return JsonResponse({"status": "ready" if ready else "unready", "parts": parts}, status=200 if ready else 503)

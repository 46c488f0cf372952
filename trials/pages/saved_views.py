"""Views a person has saved of a page: opening, saving, renaming, sharing, deleting, and the one it opens with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from trials.models import SavedView, Study
from trials.pages.access import visible_study
from trials.pages.frame import Frame
from trials.pages.parts import ViewLink
from trials.pages.selection import address
from trials.sanitise import clean_text

KEPT: Mapping[str, tuple[str, ...]] = {
    "trials": ("q", "ending", "sort", "col"),
    "curves": ("metric", "labels", "x", "xs", "ys", "smooth", "draw", "split", "group", "hide", "window"),
}
"""What a view keeps of its page's address."""
ROUTES: Mapping[str, str] = {"trials": "trials:trials_table", "curves": "trials:curves"}
MOST = 50
MOST_ADDRESS = 4_000


def context(frame: Frame, page: str) -> dict[str, Any]:
    """Return what the views' menu of a page shows."""
    study, request = frame.study, frame.request
    views = list(_readable(request, study).filter(page=page).order_by("name", "pk")[: 2 * MOST])
    path, now = reverse(ROUTES[page], args=[study.pk]), kept(page, request.GET)
    sel = str(frame.selection) or None
    links = [_link(view, request, path, now, sel) for view in views]
    active = next((link for link in links if link.active), None)
    return {
        "views": links,
        "active_view": active,
        "default_view": next((link for link in links if link.is_default), None),
        "view_is_changed": active is not None and active.address != now,
        "view_address": now,
        "view_page": page,
        "views_url": reverse("trials:views", args=[study.pk]),
    }


def kept(page: str, query: QueryDict) -> str:
    """Return what a view keeps of an address, in one order."""
    return urlencode([(name, value) for name in KEPT[page] for value in query.getlist(name) if value], safe=",")


def default_for(request: HttpRequest, study: Study, page: str) -> str:
    """Return where a bare address leads: to the person's default view, if there is one."""
    if any(name in request.GET for name in (*KEPT[page], "view", "version", "after", "before", "last")):
        return ""
    views = SavedView.objects.filter(project=study.project_id, owner_id=request.user.pk, page=page, is_default=True)
    view = views.first()
    if view is None or not view.address:
        return ""
    return address(request.path, QueryDict(view.address), view=view.pk, sel=request.GET.get("sel"))


@require_POST
def views(request: HttpRequest, study_id: int) -> HttpResponse:
    """Save, update, rename, share, delete a view, or let the page open with it: as `action` says."""
    study = visible_study(request, study_id)
    page = request.POST.get("page", "")
    if page not in ROUTES:
        return HttpResponse("page: say trials or curves", status=400, content_type="text/plain")
    action = request.POST.get("action", "")
    if action == "save":
        return _save(request, study, page)
    key = request.POST.get("view", "")
    own = SavedView.objects.filter(project=study.project_id, owner_id=request.user.pk, page=page)
    view = get_object_or_404(own, pk=int(key) if key.isascii() and key.isdecimal() and len(key) <= 18 else 0)
    _change(request, view, action)
    return redirect(_back(request, study, page))


def _save(request: HttpRequest, study: Study, page: str) -> HttpResponse:
    name = _name(request)
    own = SavedView.objects.filter(project=study.project_id, owner_id=request.user.pk, page=page)
    if not name:
        messages.error(request, "Give the view a name.")
        return redirect(_back(request, study, page))
    if own.count() >= MOST and not own.filter(name=name).exists():
        messages.error(request, f"You keep {MOST} views of this page; delete one first.")
        return redirect(_back(request, study, page))
    now = timezone.now()
    view, created = SavedView.objects.update_or_create(
        project=study.project,
        owner_id=request.user.pk,
        page=page,
        name=name,
        defaults={"address": _address(request, page), "shared": request.POST.get("shared") == "yes", "changed_at": now},
        create_defaults={
            "address": _address(request, page),
            "shared": request.POST.get("shared") == "yes",
            "created_at": now,
            "changed_at": now,
        },
    )
    messages.success(request, f"The view {name!r} was {'saved' if created else 'saved over'}.")
    path = reverse(ROUTES[page], args=[study.pk])
    return redirect(address(path, QueryDict(view.address), view=view.pk, sel=request.POST.get("sel")))


def _change(request: HttpRequest, view: SavedView, action: str) -> None:
    now = timezone.now()
    try:
        with transaction.atomic():
            match action:
                case "update":
                    view.address = _address(request, view.page)
                    said = f"The view {view.name!r} was saved over."
                case "rename":
                    view.name = _name(request) or view.name
                    said = f"The view is called {view.name!r}."
                case "share" | "unshare":
                    view.shared = action == "share"
                    said = f"The view {view.name!r} is {'open to the project' if view.shared else 'yours alone'}."
                case "default" | "undefault":
                    same = SavedView.objects.filter(project=view.project_id, owner=view.owner_id, page=view.page)
                    same.filter(is_default=True).update(is_default=False)
                    view.is_default = action == "default"
                    said = f"The page {'opens' if view.is_default else 'no longer opens'} with {view.name!r}."
                case "delete":
                    view.delete()
                    messages.success(request, f"The view {view.name!r} was deleted.")
                    return
                case _:
                    messages.error(request, "Nothing was changed: no such action.")
                    return
            view.changed_at = now
            view.save()
    except IntegrityError:
        messages.error(request, f"You have a view called {view.name!r} already; choose another name.")
        return
    messages.success(request, said)


def _readable(request: HttpRequest, study: Study) -> QuerySet[SavedView]:
    """Return the views of the project that the person may open: their own and the shared ones."""
    mine = Q(owner_id=request.user.pk) | Q(shared=True)
    return SavedView.objects.filter(mine, project=study.project_id).select_related("owner")


def _link(view: SavedView, request: HttpRequest, path: str, now: str, sel: str | None) -> ViewLink:
    mine = view.owner_id == request.user.pk
    return ViewLink(
        key=view.pk,
        name=view.name,
        url=address(path, QueryDict(view.address), view=view.pk, sel=sel),
        address=view.address,
        mine=mine,
        owner="" if mine else view.owner.get_username(),
        shared=view.shared,
        is_default=view.is_default and mine,
        active=request.GET.get("view") == str(view.pk),
    )


def _name(request: HttpRequest) -> str:
    return " ".join(clean_text(request.POST.get("name", "")).split())[:80]


def _address(request: HttpRequest, page: str) -> str:
    return kept(page, QueryDict(request.POST.get("address", "")[:MOST_ADDRESS]))


def _back(request: HttpRequest, study: Study, page: str) -> str:
    """Return the page the form stood on."""
    asked = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(asked, allowed_hosts=None) and asked.startswith("/"):
        return asked
    return reverse(ROUTES[page], args=[study.pk])

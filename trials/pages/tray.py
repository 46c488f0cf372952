"""The docked tray of a study's pages: what is selected, and what can be done with it."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from trials.pages.frame import Frame
from trials.pages.selection import address, tray


def selection_context(frame: Frame) -> dict[str, Any]:
    """Return the tray's part of a page's context."""
    study, request, selection = frame.study, frame.request, frame.selection
    table = reverse("trials:trials_table", args=[study.pk])
    return {
        "selection": tray(study, selection, path=request.path, query=request.GET),
        "n_selected": len(selection),
        "selected_where": selection.query,
        "selected_url": address(table, None, q=selection.query, sel=str(selection)) if selection.query else "",
        "selection_text": str(selection),
        "selection_url": reverse("trials:select", args=[study.pk]),
        "complete_url": reverse("trials:complete_query", args=[study.pk]),
        "here": address(request.path, request.GET, sel=None),
        "compare_url": address(reverse("trials:compare", args=[study.pk]), sel=str(selection)) if selection else "",
        "clear_url": address(request.path, request.GET, sel=None),
        "bulk": _bulk(frame) if selection and frame.may_edit else [],
    }


def _bulk(frame: Frame) -> list[tuple[str, str]]:
    """Return (label, address) of what may be done with all selected trials."""
    url = reverse("trials:bulk", args=[frame.study.pk])
    labels = {"tag": "Tag", "pin": "Pin", "stop": "Stop", "retry": "Retry"}
    back = address(frame.request.path, frame.request.GET)
    return [(label, address(url, action=name, sel=str(frame.selection), next=back)) for name, label in labels.items()]

"""The map of the ledger's pages."""

from __future__ import annotations

from django.urls import path

from pruning.pages import audit

app_name = "pruning"

urlpatterns = [
    path("studies/<int:study_id>/audit/", audit.audit, name="audit"),
    path("studies/<int:study_id>/audit.jsonl", audit.audit_jsonl, name="audit_jsonl"),
    path("studies/<int:study_id>/audit/<int:sequence>/", audit.event, name="event"),
    path("studies/<int:study_id>/audit/<int:sequence>/moment.json", audit.moment_json, name="event_json"),
]

"""The map of the ledger's pages."""

from __future__ import annotations

from django.urls import path

from pruning.pages import audit, exports, halted, lab, lab_changes, lab_charts, lab_new, policies, study_report

app_name = "pruning"

urlpatterns = [
    path("studies/<int:study_id>/audit/", audit.audit, name="audit"),
    path("studies/<int:study_id>/audit.jsonl", exports.audit_jsonl, name="audit_jsonl"),
    path("studies/<int:study_id>/audit.csv", exports.audit_csv, name="audit_csv"),
    path("studies/<int:study_id>/audit/report/", exports.report, name="report"),
    path("studies/<int:study_id>/audit/<int:sequence>/", audit.event, name="event"),
    path("studies/<int:study_id>/audit/<int:sequence>/moment.json", audit.moment_json, name="event_json"),
    path("policies/", policies.policies, name="policies"),
    path("policies/cards/<int:study_id>/", policies.card, name="card"),
    path("policies/starter/<slug:name>/", policies.starter_card, name="starter_card"),
    path("policies/<slug:key>/", policies.policy, name="policy"),
    path("studies/<int:study_id>/report.html", study_report.study_report, name="study_report"),
    path("studies/<int:study_id>/halted/", halted.halted, name="halted"),
    path("studies/<int:study_id>/halted.json", halted.halted_json, name="halted_json"),
    path("studies/<int:study_id>/halted-grid.json", halted.halted_grid_json, name="halted_grid_json"),
    path("lab/", lab.lab, name="lab"),
    path("lab/new/", lab_new.new, name="backtest_new"),
    path("lab/<int:backtest_id>/", lab.backtest, name="backtest"),
    path("lab/<int:backtest_id>/go-on/", lab_changes.go_on, name="backtest_go_on"),
    path("lab/<int:backtest_id>/rename/", lab_changes.rename, name="backtest_rename"),
    path("lab/<int:backtest_id>/delete/", lab_changes.delete, name="backtest_delete"),
    path("lab/<int:backtest_id>/frontier.json", lab_charts.frontier_json, name="backtest_frontier_json"),
    path("lab/<int:backtest_id>/trial.json", lab_charts.trial_json, name="backtest_trial_json"),
    path("lab/<int:backtest_id>/backtest.json", lab_charts.backtest_json, name="backtest_json"),
]

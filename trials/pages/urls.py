"""The map of the tracker's pages."""

from __future__ import annotations

from django.urls import path

from trials.pages import (
    actions,
    alerts,
    chart_data,
    compare,
    compare_studies,
    curves_page,
    new_study,
    overview,
    plan,
    projects,
    resources,
    studies,
    trial,
    trials_table,
)

app_name = "trials"

urlpatterns = [
    path("", studies.studies, name="studies"),
    path("alerts/", alerts.alerts, name="alerts"),
    path("alerts/log/", alerts.alert_log, name="alert_log"),
    path("alerts/<int:pk>/test/", alerts.test_alert, name="test_alert"),
    path("alerts/<int:pk>/switch/", alerts.switch_alert, name="switch_alert"),
    path("alerts/<int:pk>/delete/", alerts.delete_alert, name="delete_alert"),
    path("projects/", projects.projects, name="projects"),
    path("projects/<int:project_id>/", projects.project, name="project"),
    path("projects/<int:project_id>/members/", projects.set_member, name="set_member"),
    path("projects/<int:project_id>/members/<int:user_id>/remove/", projects.remove_member, name="remove_member"),
    path("studies/compare/", compare_studies.compare_studies, name="compare_studies"),
    path("studies/compare.json", compare_studies.compare_studies_json, name="compare_studies_json"),
    path("studies/new/", new_study.new_study, name="new_study"),
    path("studies/new/gate/", new_study.ask_gate, name="ask_gate"),
    path("studies/<int:study_id>/", overview.overview, name="overview"),
    path("studies/<int:study_id>/archive/", actions.archive_study, name="archive_study"),
    path("studies/<int:study_id>/tags/", actions.tag_study, name="tag_study"),
    path("studies/<int:study_id>/stop/", actions.stop_study, name="stop_study"),
    path("studies/<int:study_id>/curves.json", chart_data.curves_json, name="curves_json"),
    path("studies/<int:study_id>/curves/", curves_page.curves, name="curves"),
    path("studies/<int:study_id>/curves/data.json", curves_page.curves_view_json, name="curves_view_json"),
    path("studies/<int:study_id>/curves/table/", curves_page.curves_table, name="curves_table"),
    path("studies/<int:study_id>/curves/cuts/<int:number>.json", curves_page.trial_cuts_json, name="trial_cuts_json"),
    path("studies/<int:study_id>/best.json", chart_data.best_json, name="best_json"),
    path("studies/<int:study_id>/compare/", compare.compare, name="compare"),
    path("studies/<int:study_id>/compare.json", chart_data.compare_json, name="compare_json"),
    path("studies/<int:study_id>/resources/", resources.resources, name="resources"),
    path("studies/<int:study_id>/timeline.json", resources.timeline_json, name="timeline_json"),
    path("studies/<int:study_id>/over-time.json", resources.over_time_json, name="over_time_json"),
    path("studies/<int:study_id>/attempts.csv", resources.attempts_csv, name="attempts_csv"),
    path("studies/<int:study_id>/plan/", plan.plan, name="plan"),
    path("studies/<int:study_id>/plan/amend/", plan.amend_plan, name="amend_plan"),
    path("studies/<int:study_id>/trials/", trials_table.trials_table, name="trials_table"),
    path("studies/<int:study_id>/trials.csv", trials_table.trials_csv, name="trials_csv"),
    path("studies/<int:study_id>/trials/<int:number>/", trial.trial, name="trial"),
    path("studies/<int:study_id>/trials/<int:number>/curves.json", chart_data.trial_json, name="trial_series"),
    path("studies/<int:study_id>/trials/<int:number>/stop/", actions.stop_trial, name="stop_trial"),
    path("studies/<int:study_id>/trials/<int:number>/resume/", actions.resume_trial, name="resume_trial"),
    path("studies/<int:study_id>/trials/<int:number>/pin/", actions.pin_trial, name="pin_trial"),
    path("studies/<int:study_id>/trials/<int:number>/note/", actions.note_trial, name="note_trial"),
]

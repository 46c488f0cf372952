"""The addresses under `/api/v1/`."""

from django.urls import path, register_converter

from trials.api.attempts import AttemptView
from trials.api.clones import CloneView
from trials.api.forecasts import ForecastView
from trials.api.many import ManyTrialsView
from trials.api.views import ProjectView, SchemaView, StudyView, TrialView


class KeyConverter:
    """A whole number that every database's key column holds."""

    regex = "[0-9]{1,18}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


register_converter(KeyConverter, "key")

app_name = "api"
TRIAL = "studies/<key:study_id>/trials/<key:number>"

urlpatterns = [
    path("schema", SchemaView.as_view(), name="schema"),
    path("projects", ProjectView.as_view({"get": "list"}), name="projects"),
    path("studies", StudyView.as_view({"get": "list", "post": "create"}), name="studies"),
    path("forecast", ForecastView.as_view(), name="forecast"),
    path("studies/<key:pk>", StudyView.as_view({"get": "retrieve"}), name="study"),
    path("studies/<key:pk>/revisions", StudyView.as_view({"get": "revisions"}), name="study-revisions"),
    path("studies/<key:pk>/amend", StudyView.as_view({"post": "amend"}), name="study-amend"),
    path("studies/<key:pk>/stop", StudyView.as_view({"post": "stop"}), name="study-stop"),
    path("studies/<key:pk>/archive", StudyView.as_view({"post": "archive"}), name="study-archive"),
    path("studies/<key:pk>/clone", CloneView.as_view(), name="study-clone"),
    path("studies/<key:pk>/tags", StudyView.as_view({"post": "tags"}), name="study-tags"),
    path("studies/<key:pk>/enqueue", StudyView.as_view({"post": "enqueue"}), name="study-enqueue"),
    path("studies/<key:pk>/claim", StudyView.as_view({"post": "claim"}), name="study-claim"),
    path("studies/<key:study_id>/trials", TrialView.as_view({"get": "list"}), name="trials"),
    path("studies/<key:study_id>/trials/bulk", ManyTrialsView.as_view(), name="trials-bulk"),
    path(TRIAL, TrialView.as_view({"get": "retrieve"}), name="trial"),
    path(f"{TRIAL}/series", TrialView.as_view({"get": "series"}), name="trial-series"),
    path(f"{TRIAL}/stop", TrialView.as_view({"post": "stop"}), name="trial-stop"),
    path(f"{TRIAL}/resume", TrialView.as_view({"post": "resume"}), name="trial-resume"),
    path(f"{TRIAL}/continue", TrialView.as_view({"post": "go_on"}), name="trial-continue"),
    path(f"{TRIAL}/pin", TrialView.as_view({"post": "pin"}), name="trial-pin"),
    path(f"{TRIAL}/note", TrialView.as_view({"post": "note"}), name="trial-note"),
    path(f"{TRIAL}/tags", TrialView.as_view({"post": "tags"}), name="trial-tags"),
    path("attempts/<key:pk>", AttemptView.as_view({"get": "retrieve"}), name="attempt"),
    path("attempts/<key:pk>/report", AttemptView.as_view({"post": "report"}), name="attempt-report"),
    path("attempts/<key:pk>/beat", AttemptView.as_view({"post": "beat"}), name="attempt-beat"),
    path("attempts/<key:pk>/tell", AttemptView.as_view({"post": "tell"}), name="attempt-tell"),
]

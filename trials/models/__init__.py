"""The records of `trials`, one noun a file."""

from trials.models.alert import Alert, Delivery
from trials.models.job import Job
from trials.models.project import Membership, Person, Project, Role
from trials.models.rollup import EndingCount
from trials.models.series import MetricSummary, Observation, SeriesChunk, SeriesTail
from trials.models.study import Environment, Evaluation, Revision, Study
from trials.models.tag import Tag
from trials.models.trial import Artifact, Attempt, ResourceUsage, Trial, TrialParam, Worker
from trials.models.view import SavedView, StoredSelection

__all__ = [
    "Alert",
    "Artifact",
    "Attempt",
    "Delivery",
    "EndingCount",
    "Environment",
    "Evaluation",
    "Job",
    "Membership",
    "MetricSummary",
    "Observation",
    "Person",
    "Project",
    "ResourceUsage",
    "Revision",
    "Role",
    "SavedView",
    "SeriesChunk",
    "SeriesTail",
    "StoredSelection",
    "Study",
    "Tag",
    "Trial",
    "TrialParam",
    "Worker",
]

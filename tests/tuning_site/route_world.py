"""One of everything, and one person for each way of standing to it: what the walk over all routes needs."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from pruning.models import Backtest, PolicyUse, PruningEvent, StudyCard
from tests.pruning.lab.backtests import a_played
from tests.pruning.library.cards import a_card
from tests.trials.builders import a_study, an_attempt
from trials.models import Alert, Attempt, Membership, Project, Study, Trial
from tuning_site.accounts.models import ApiToken

# The order of the columns in the route table. The tokens are the editor's.
ROLES = ("anonymous", "outsider", "viewer", "editor", "owner", "report", "write", "admin")


@dataclass(frozen=True)
class Route:
    """One address of the site as the URL configuration knows it."""

    name: str
    pattern: str


class World:
    """People, a project with a study and a running trial; built piece by piece, as the routes ask for them."""

    starter_name = "taskset__imdb_patch32_GRU128_bs128"

    def __init__(self) -> None:
        self.people = {role: User.objects.create_user(username=role) for role in ROLES[1:5]}
        self.clients: dict[str, Client] = {}
        self.project = Project.objects.create(slug="lab", name="Lab", created_at="2026-03-01T12:00:00Z")
        for role in ("viewer", "editor", "owner"):
            Membership.objects.create(project=self.project, user=self.people[role], role=role)

    @property
    def viewer(self) -> User:
        """A member who may only read."""
        return self.people["viewer"]

    @cached_property
    def study(self) -> Study:
        return a_study()

    @cached_property
    def attempt(self) -> Attempt:
        """A running attempt, claimed by the editor's program."""
        attempt = an_attempt(self.study)
        Attempt.objects.filter(pk=attempt.pk).update(claimed_by="editor")
        return attempt

    @cached_property
    def backtest(self) -> Backtest:
        """A backtest of recorded curves that has been played."""
        return a_played(self.people["editor"], curves={"toys": []})

    @cached_property
    def card(self) -> StudyCard:
        """The card of the study, as if it had ended."""
        body = a_card("a study").to_mapping()
        return StudyCard.objects.create(study=self.study, body=body, metric="loss", created_at=timezone.now())

    @cached_property
    def version_key(self) -> str:
        """The version of the policy that the study runs under."""
        version = PolicyUse.objects.get(study=self.study).version
        return f"{version.policy.name}-v{version.number}"

    @cached_property
    def event(self) -> PruningEvent:
        """The first entry of the study's ledger: its registration."""
        return PruningEvent.objects.filter(study_uid=self.study.uid).order_by("sequence")[0]

    @cached_property
    def alert(self) -> Alert:
        """An alert of the project."""
        return Alert.objects.create(
            project=self.project,
            name="team",
            channel="webhook",
            target="https://chat.example/1",
            created_at=timezone.now(),
        )

    @cached_property
    def trial(self) -> Trial:
        return Trial.objects.get(pk=self.attempt.trial_id)

    @cached_property
    def own_token(self) -> ApiToken:
        """A token of the editor, to be revoked."""
        return self.issue("write")[0]

    def issue(self, scope: str) -> tuple[ApiToken, str]:
        return ApiToken.objects.issue(user=self.people["editor"], name=scope, scope=scope)

    def client(self, role: str) -> Client:
        """Return a browser of a person, or a program with one of the editor's tokens."""
        if role in self.clients:
            return self.clients[role]
        client = self.clients[role] = Client(raise_request_exception=False)
        if role in self.people:
            client.force_login(self.people[role])
        elif role != "anonymous":
            client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {self.issue(role)[1]}"
        return client


def every_route() -> list[Route]:
    """List all routes of the site, those of included configurations too."""
    return list(_walk(get_resolver().url_patterns, namespace="", prefix=""))


def _walk(patterns: list[URLPattern | URLResolver], *, namespace: str, prefix: str) -> Iterator[Route]:
    for entry in patterns:
        place = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from _walk(entry.url_patterns, namespace=inner, prefix=place)
        else:
            yield Route(f"{namespace}{entry.name or ''}", place)

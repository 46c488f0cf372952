"""A program with a token, and the study it works on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.trials.builders import a_study
from trials.models import Membership, Project, Study
from tuning_site.accounts.models import ApiToken

API = "/api/v1"


class Program:
    """Sends JSON with a token and reads JSON back."""

    def __init__(self, user: User, scope: str = "write") -> None:
        self.user = user
        self.token = ApiToken.objects.issue(user=user, name="a program", scope=scope)[1]
        self.http = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {self.token}"})

    def send(self, method: str, path: str, body: object = None, *, raw: bytes | None = None) -> tuple[int, Any]:
        """Return (status, body)."""
        data = raw if raw is not None else json.dumps(body).encode() if body is not None else b""
        answer = self.http.generic(method, f"{API}/{path}", data, content_type="application/json")
        return answer.status_code, json.loads(answer.content)

    def get(self, path: str) -> tuple[int, Any]:
        return self.send("GET", path)

    def post(self, path: str, body: object = None) -> tuple[int, Any]:
        return self.send("POST", path, body if body is not None else {})


@pytest.fixture
def study(db: None) -> Study:
    """Three trials of ten steps, told over HTTP."""
    return a_study()


@pytest.fixture
def project(study: Study) -> Project:
    return study.project


def member(project: Project, name: str, role: str | None) -> User:
    user = User.objects.create_user(username=name)
    if role:
        Membership.objects.create(project=project, user=user, role=role)
    return user


@pytest.fixture
def editor(project: Project) -> Program:
    return Program(member(project, "edith", "editor"))


@pytest.fixture
def viewer(project: Project) -> Program:
    return Program(member(project, "viola", "viewer"))


@pytest.fixture
def outsider(project: Project) -> Program:
    return Program(member(project, "otto", None))

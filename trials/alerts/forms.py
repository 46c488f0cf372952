"""The form of a new alert: who is told, where, and of what."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import validate_email

from trials.alerts import targets
from trials.alerts.kinds import KINDS, STUDY_ENDED, TRIAL_FAILED
from trials.models import Alert, Person, Project
from trials.sanitise import UnfitValue, check_json

ME = "me"


class AlertForm(forms.Form):
    """What somebody wants to be told of, and where."""

    name = forms.CharField(max_length=80, label="Name", help_text="What you call it, such as the channel it leads to.")
    whose = forms.ChoiceField(label="About")
    channel = forms.ChoiceField(choices=Alert.Channel.choices, label="By")
    target = forms.CharField(
        max_length=1000,
        label="Where to",
        help_text="An https:// address, or an e-mail address. Not shown again in full.",
    )
    secret = forms.CharField(
        max_length=200,
        required=False,
        label="Signing secret",
        help_text="Optional, for webhooks: the receiver can then check that a message came from here. Not shown again.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    kinds = forms.MultipleChoiceField(
        choices=list(KINDS.items()),
        label="When",
        initial=[STUDY_ENDED, TRIAL_FAILED],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one thing to be told of."},
    )

    def __init__(self, data: Any = None, *, user: Person) -> None:
        super().__init__(data)
        self._owned = {str(project.pk): project for project in owned_projects(user)}
        choices = [(ME, "all studies that I may see")]
        choices += [(key, f"the project {project.name}") for key, project in self._owned.items()]
        whose = self.fields["whose"]
        assert isinstance(whose, forms.ChoiceField)  # noqa: S101 - declared above
        whose.choices = choices

    @property
    def project(self) -> Project | None:
        """Return the project that it is about; None if it is about what the person may see."""
        return self._owned.get(self.cleaned_data["whose"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in ("name", "target", "secret"):
            try:
                check_json(cleaned.get(name, ""))
            except UnfitValue as error:
                self.add_error(name, error.problem)
        if not self.errors and (problem := _problem(cleaned["channel"], cleaned["target"])):
            self.add_error("target", problem)
        return cleaned


def owned_projects(user: Person) -> list[Project]:
    """Return the projects whose alerts a person may set."""
    return list(Project.objects.owned_by(user).order_by("name"))


def _problem(channel: str, target: str) -> str:
    """Return why nothing could be sent there, or nothing."""
    if channel == Alert.Channel.EMAIL:
        if not settings.EMAIL_HOST:
            return (
                "No mail server is set on this site: ask its administrator to set ESPALIER_SMTP_URL, or use a webhook."
            )
        try:
            validate_email(target)
        except forms.ValidationError:
            return "Give one e-mail address, such as team@example.org."
        return ""
    try:
        targets.resolve(target)
    except targets.UnknownHost:
        return ""  # it may be up later; every message looks again
    except targets.RefusedTarget as error:
        words = str(error)
        return f"{words[0].upper()}{words[1:]}."
    return ""

"""The forms of login and of a new token."""

from datetime import datetime, timedelta

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.utils import timezone

from tuning_site.accounts import throttle
from tuning_site.accounts.models import ApiToken

LIFETIMES = [("30", "30 days"), ("90", "90 days"), ("365", "1 year"), ("", "until it is revoked")]


class LoginForm(AuthenticationForm):
    """Name and password, counted against the throttle before the password is looked at."""

    def clean(self) -> dict[str, object]:
        if self.request is None or not self.cleaned_data.get("username"):
            return super().clean()
        address = throttle.client_address(self.request)
        doors = throttle.doors(address=address, name=self.cleaned_data["username"])
        minutes = throttle.try_doors(doors, at=timezone.now())
        if minutes is not None:
            raise ValidationError(
                f"Too many wrong passwords from here. Try again in {minutes} min.", code="too_many_failures"
            )
        cleaned = super().clean()
        throttle.forgive(doors)
        return cleaned


class TokenForm(forms.Form):
    """What a new token is for, what it may do and how long."""

    name = forms.CharField(max_length=80, label="Name", help_text="Where it will be used, such as the machine's name.")
    scope = forms.ChoiceField(choices=ApiToken.Scope.choices, label="Scope")
    lifetime = forms.ChoiceField(choices=LIFETIMES, required=False, initial="90", label="Valid for")

    def expires_at(self, now: datetime) -> datetime | None:
        days = self.cleaned_data["lifetime"]
        return now + timedelta(days=int(days)) if days else None

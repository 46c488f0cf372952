"""Login, logout and the page of one's own tokens."""

from typing import cast

from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from tuning_site.accounts.forms import LoginForm, TokenForm
from tuning_site.accounts.models import ApiToken


class Login(auth_views.LoginView):
    """The login page; whoever is logged in goes on to the first page."""

    http_method_names = ["get", "head", "post", "options"]
    template_name = "accounts/login.html"
    authentication_form = LoginForm

    @method_decorator(login_not_required)
    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        # Django's own switch for this would also redirect methods that the page does not have.
        if request.method in {"GET", "HEAD", "POST"} and request.user.is_authenticated:
            return redirect(self.get_success_url())
        return super().dispatch(request, *args, **kwargs)


class Logout(auth_views.LogoutView):
    """End the session; a GET is refused, so that no link can log anybody out."""

    http_method_names = ["post", "options"]


@never_cache
@require_http_methods(["GET", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """Show one's tokens; a POST creates one and shows its secret in the same answer, the only time."""
    form = TokenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _issue(request, form)
    return _page(request, form, status=400 if form.is_bound else 200)


@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """End one of one's own tokens; doing it twice is the same as once."""
    token = get_object_or_404(ApiToken.objects.visible_to(_user(request)), pk=pk)
    token.revoke(timezone.now())
    return redirect("accounts:tokens")


@sensitive_variables("secret")
def _issue(request: HttpRequest, form: TokenForm) -> HttpResponse:
    token, secret = ApiToken.objects.issue(
        user=_user(request),
        name=form.cleaned_data["name"],
        scope=form.cleaned_data["scope"],
        expires_at=form.expires_at(timezone.now()),
    )
    return _page(request, TokenForm(), status=201, issued=token, secret=secret)


def _page(request: HttpRequest, form: TokenForm, *, status: int, **more: object) -> HttpResponse:
    now = timezone.now()
    mine = ApiToken.objects.visible_to(_user(request)).order_by("-created_at", "-pk")
    rows = [(token, token.state_at(now)) for token in mine]
    return render(request, "accounts/tokens.html", {"form": form, "rows": rows, **more}, status=status)


def _user(request: HttpRequest) -> AbstractBaseUser:
    # The login middleware has turned everybody else away.
    return cast(AbstractBaseUser, request.user)

"""The account pages: profile, API tokens, people and their invitations."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import actors, people, tokens
from accounts.forms import ConfirmForm, InviteForm, ProfileForm, TokenForm, WelcomeForm
from accounts.models import ApiToken, AuditEntry, Role, User
from lib.doors import do, page
from lib.refusal import Refused


def _reader(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _status(form: ProfileForm | TokenForm | InviteForm | WelcomeForm) -> int:
    return 422 if form.is_bound and form.errors else 200


@login_required
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Name, time zone, shortcuts; and the ways to password, second factor, sessions and tokens."""
    user = User.objects.get(pk=_reader(request).pk)
    form = ProfileForm(request.POST or None, instance=user)
    if request.method == "POST" and do(
        request, form, lambda: people.change(user.pk, actor=actors.web(request), **form.cleaned_data)
    ):
        messages.success(request, _("Saved."))
        return redirect("accounts:profile")
    return page(request, "accounts/profile.html", {"form": form, "nav": "profile"}, _status(form))


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def token_list(request: HttpRequest) -> HttpResponse:
    """My API tokens; a new one is shown in the answer to its making, and never again."""
    user = _reader(request)
    form = TokenForm(request.POST if request.method == "POST" else None)
    fresh: list[str] = []

    def make() -> None:
        fresh.append(tokens.issue(user, actor=actors.web(request), **form.cleaned_data)[1])

    if request.method == "POST" and do(request, form, make):
        form = TokenForm()
    mine = ApiToken.objects.filter(user=user)
    context = {"form": form, "tokens": mine, "fresh": fresh[0] if fresh else "", "nav": "profile"}
    return page(request, "accounts/tokens.html", context, _status(form))


@login_required
@require_POST
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """End one of my tokens."""
    form = ConfirmForm(request.POST)
    if do(request, form, lambda: tokens.revoke(pk, actor=actors.web(request))):
        messages.success(request, _("The token is revoked. Whatever used it gets no answer any more."))
    else:
        messages.error(request, str(form.non_field_errors()[0]))
    return redirect("accounts:tokens")


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def people_list(request: HttpRequest) -> HttpResponse:
    """Who is here; managers and admins invite."""
    user = _reader(request)
    form = InviteForm(request.POST if request.method == "POST" else None, inviter=user)
    sent: list[tuple[User, str, bool]] = []

    def invite() -> None:
        sent.append(people.invite(actor=actors.web(request), **form.cleaned_data))

    if request.method == "POST" and do(request, form, invite):
        form = InviteForm(inviter=user)
    return _people(request, form, sent, _status(form))


@never_cache
@login_required
@require_POST
def invite_again(request: HttpRequest, pk: int) -> HttpResponse:
    """A fresh link for somebody who has not come yet."""
    confirm = ConfirmForm(request.POST)
    sent: list[tuple[User, str, bool]] = []
    if not do(request, confirm, lambda: sent.append(people.invite_again(pk, actor=actors.web(request)))):
        messages.error(request, str(confirm.non_field_errors()[0]))
        return redirect("accounts:people")
    return _people(request, InviteForm(inviter=_reader(request)), sent, 200)


def _people(
    request: HttpRequest, form: InviteForm, sent: list[tuple[User, str, bool]], status: int
) -> HttpResponse:
    context = {
        "form": form,
        "people": User.objects.filter(erased_at=None).order_by("-is_active", "name", "email"),
        "can_invite": _reader(request).is_at_least(Role.MANAGER),
        "sent": sent[0] if sent else None,
        "nav": "people",
    }
    return page(request, "accounts/people.html", context, status)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def invited(request: HttpRequest, token: str) -> HttpResponse:
    """Where an invitation's link leads: choose a password, then sign in."""
    try:
        user = people.invited(token)
    except Refused as refusal:
        return page(request, "accounts/invited.html", {"refusal": refusal.message}, 410)
    form = WelcomeForm(request.POST or None, initial={"name": user.name})
    if request.method == "POST" and do(request, form, lambda: people.accept(token, **form.cleaned_data)):
        messages.success(request, _("Your password is set. Sign in with it."))
        return redirect("account_login")
    return page(request, "accounts/invited.html", {"form": form, "invited": user}, _status(form))


@login_required
@require_GET
def audit_log(request: HttpRequest) -> HttpResponse:
    """The last two hundred changes and sign-ins, for admins; all of them by the API and in the settings."""
    if not _reader(request).is_at_least(Role.ADMIN):
        raise PermissionDenied
    entries = AuditEntry.objects.select_related("actor")[:200]
    return page(request, "accounts/audit.html", {"entries": entries, "nav": "people"})

"""What allauth does differently here: nobody signs up alone, and every sign-in stands in the audit log."""

from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.actors import Actor, person
from accounts.models import User
from lib import callers


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by invitation."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("That address and password do not match."),
        "too_many_login_attempts": _("That were too many tries. Wait a few minutes, then try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        # allauth counts every stranger behind a proxy as one, and one of them could lock out all.
        return callers.address(request) or "127.0.0.1"

    def format_email_subject(self, subject: str) -> str:
        return f"[Tocsin] {subject}"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Links lead to our own address, never to the host that the asker's request named.

        Whoever asks for somebody else's new password chooses that host; the link in the mail would
        bring its secret there.
        """
        asked = self.request.build_absolute_uri("/").rstrip("/") if self.request else settings.BASE_URL
        ours = {
            name: settings.BASE_URL + value.removeprefix(asked)
            for name, value in context.items()
            if isinstance(value, str) and value.startswith(f"{asked}/")
        }
        site = {"name": "Tocsin", "domain": urlsplit(settings.BASE_URL).netloc}
        super().send_mail(template_prefix, email, {**context, **ours, "current_site": site})

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        audit.note(person(user), "signed in", user.audit_name, after={"ip": self.get_client_ip(request)})

    def logout(self, request: HttpRequest) -> None:
        user = request.user
        if isinstance(user, User):
            audit.note(person(user), "signed out", user.audit_name)
        super().logout(request)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        super().authentication_failed(request, **credentials)
        who = str(credentials.get("email") or credentials.get("username") or "")[:120].replace("\x00", "")
        stranger = Actor(user=None, kind="person", label="not signed in", via="web")
        audit.note(stranger, "sign-in failed", who, after={"ip": self.get_client_ip(request)})

"""The REST door's keys: bearer tokens, what they may do, and how often."""

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from accounts import tokens
from accounts.models import ApiToken, Role, Scope, User
from lib import callers

if TYPE_CHECKING:
    # rest_framework.views reads the settings that name this module.
    from rest_framework.views import APIView


class TokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer <token>``; never a cookie, so no page can be made to call the API."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != b"bearer":
            return None
        if len(parts) != 2:
            raise AuthenticationFailed("Write the header as “Authorization: Bearer <token>”.")
        token = tokens.find(parts[1].decode("latin-1"))
        if token is None:
            raise AuthenticationFailed("This token is unknown, expired or revoked.")
        tokens.touch(token)
        token.user.ceiling = Scope(token.scope).ceiling
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


def needed(view: "APIView", method: str) -> tuple[Scope, Role]:
    """The scope and the role that a request to this view must have.

    A view may say ``required_scope`` and ``required_role`` for its unsafe methods, ``read_role`` for
    its safe ones, and ``required_roles = {action: role}`` for single actions.
    """
    if method in SAFE_METHODS:
        return Scope.READ, Role(getattr(view, "read_role", None) or Role.VIEWER)
    scope = Scope(getattr(view, "required_scope", None) or Scope.WRITE)
    default = Role.ADMIN if scope == Scope.ADMIN else Role.RESPONDER
    role = getattr(view, "required_role", None) or default
    role = (getattr(view, "required_roles", None) or {}).get(getattr(view, "action", None), role)
    # Verbs above a responder's need the widest scope: "write" stands for a responder's verbs.
    return (Scope.ADMIN if Role(role).rank > Role.RESPONDER.rank else scope), Role(role)


class ScopePermission(BasePermission):
    """The owner's role and the token's scope must both reach what the view asks for."""

    message = "This token may not do that."

    def has_permission(self, request: Request, view: "APIView") -> bool:
        user = request.user
        if not isinstance(user, User):
            return False
        scope, role = needed(view, request.method or "GET")
        held = request.auth.scope if isinstance(request.auth, ApiToken) else Scope.ADMIN
        if list(Scope).index(Scope(held)) < list(Scope).index(scope):
            self.message = f"This token has the scope “{held}”; this needs “{scope}”."
            return False
        if not user.is_at_least(role):
            self.message = f"This needs the role “{role.label}” or a higher one."
            return False
        return True


class TokenThrottle(SimpleRateThrottle):
    """So many requests a minute for each token, and fewer for each address without one."""

    scope = "token"

    def __init__(self) -> None:
        self.rate = self.get_rate()
        self.num_requests, self.duration = self.parse_rate(self.rate)

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        if isinstance(request.auth, ApiToken):
            return f"throttle:token:{request.auth.pk}"
        return f"throttle:anonymous:{self.get_ident(request)}"

    def get_ident(self, request: Request) -> str:
        # DRF's own believes whatever the header says, so that each request could count as a new stranger.
        return callers.address(request._request)

    def allow_request(self, request: Request, view: Any) -> bool:
        self.scope = "token" if isinstance(request.auth, ApiToken) else "anonymous"
        self.rate = self.get_rate()
        self.num_requests, self.duration = self.parse_rate(self.rate)
        allowed: bool = super().allow_request(request, view)
        return allowed


def bearer_of(request: HttpRequest) -> ApiToken | None:
    """The token of a plain Django request (for doors outside of REST, such as ``/metrics``)."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    return tokens.find(value.strip()) if scheme.lower() == "bearer" else None

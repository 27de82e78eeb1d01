"""People, their API tokens, what was answered to repeated requests, and who changed which setting."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a person may do, each one including the ones before it."""

    VIEWER = "viewer", _("Viewer")
    RESPONDER = "responder", _("Responder")
    MANAGER = "manager", _("Manager")
    ADMIN = "admin", _("Admin")

    @property
    def rank(self) -> int:
        return list(Role).index(self)


class Scope(models.TextChoices):
    """What a token may do at most; ``write`` means a responder's verbs."""

    READ = "read", _("Read")
    WRITE = "write", _("Read and respond")
    ADMIN = "admin", _("Everything its owner may do")

    @property
    def ceiling(self) -> Role:
        """The highest role that a token of this scope acts with."""
        return {Scope.READ: Role.VIEWER, Scope.WRITE: Role.RESPONDER, Scope.ADMIN: Role.ADMIN}[self]


class UserManager(BaseUserManager["User"]):
    """Finds people by e-mail address, whatever its case."""

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password) if password else user.set_unusable_password()
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, **{"role": Role.ADMIN, **fields})

    def people(self) -> "models.QuerySet[User]":
        """Those who can be asked to do something."""
        return self.filter(is_active=True).order_by("name", "email")

    def responders(self) -> "models.QuerySet[User]":
        """Those who can be asked to answer a page: everybody but viewers, who may only read."""
        return self.people().exclude(role=Role.VIEWER)


class User(AbstractBaseUser):
    """A person. Rights come from the role alone; there are no groups."""

    email = models.EmailField(_("e-mail"), max_length=254, unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.VIEWER)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    is_active = models.BooleanField(_("active"), default=True)
    shortcuts_enabled = models.BooleanField(_("keyboard shortcuts"), default=True)
    date_joined = models.DateTimeField(default=now, editable=False)
    erased_at = models.DateTimeField(null=True, blank=True, editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    # Set by TokenAuthentication on the instance it hands out: every later question about rights then
    # answers the owner's role cut by the token's scope. Never stored.
    ceiling: Role | None = None

    class Meta:
        ordering = ["name", "email"]
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once_in_any_case")]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def effective_role(self) -> Role:
        """The role, cut by the scope of the token in use if there is one."""
        role = Role(self.role)
        return min(role, self.ceiling, key=lambda one: one.rank) if self.ceiling else role

    def is_at_least(self, role: Role | str) -> bool:
        return bool(self.is_active) and self.effective_role.rank >= Role(role).rank

    @property
    def may_answer(self) -> bool:
        """Can be asked to answer a page; by the account's own role, whatever token is in use."""
        return bool(self.is_active) and self.role != Role.VIEWER

    @property
    def is_staff(self) -> bool:
        """May open the admin."""
        return self.is_at_least(Role.ADMIN)

    @property
    def is_superuser(self) -> bool:
        return self.is_at_least(Role.ADMIN)

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return self.is_at_least(Role.ADMIN)

    def has_perms(self, perm_list: list[str], obj: object = None) -> bool:
        return self.is_at_least(Role.ADMIN)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_at_least(Role.ADMIN)

    @property
    def audit_name(self) -> str:
        """How the audit log names a person; ``erasing`` finds it by its end."""
        return f"{self.email} · user {self.pk}"

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return (self.name or self.email.partition("@")[0]).split()[0]


class ApiToken(models.Model):
    """A key to the REST API; the key itself is shown once and kept by nobody here."""

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=120)
    prefix = models.CharField(
        max_length=16, unique=True, help_text=_("The start of the token, to tell it by.")
    )
    digest = models.CharField(max_length=64, editable=False)
    scope = models.CharField(max_length=10, choices=Scope, default=Scope.READ)
    created_at = models.DateTimeField(default=now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def is_live(self) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now())


class IdempotencyKey(models.Model):
    """What was answered to a POST that carried an ``Idempotency-Key``, to answer it again."""

    token = models.ForeignKey(ApiToken, models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    path = models.CharField(max_length=500)
    body_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    answer = models.TextField(blank=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["token", "key"], name="idempotency_key_once_per_token")
        ]
        # For idempotency.forget_old, once an hour.
        indexes = [models.Index(fields=["created_at"], name="idempotency_age")]

    def __str__(self) -> str:
        return f"{self.key} → {self.status}"


class AuditEntry(models.Model):
    """One change of a setting or of a right, or one sign-in: who, when, before and after."""

    at = models.DateTimeField(default=now)
    actor = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    actor_label = models.CharField(max_length=160, blank=True)
    via = models.CharField(max_length=10, blank=True)
    action = models.CharField(max_length=80)
    target = models.CharField(max_length=200, blank=True)
    before = models.JSONField(default=dict, blank=True)
    after = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name_plural = "audit entries"
        # For the audit list, newest first.
        indexes = [models.Index(fields=["-at"], name="audit_newest")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.action} {self.target}"

"""One settings file for the embedded and the production house; differences are environment variables."""

import os
import re
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url

from config.mail import mailer
from config.secrets import secret_key

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("TOCSIN_DATA_DIR") or BASE_DIR / "var").resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)

DEBUG = os.environ.get("TOCSIN_DEBUG") == "1"
SECRET_KEY = secret_key(DATA_DIR)
BASE_URL = os.environ.get("TOCSIN_BASE_URL", "http://127.0.0.1:8000").rstrip("/")
# A page of a stranger's name that leads here (DNS rebinding) would read our answers as its own.
_OWN_NAMES = ["localhost", "127.0.0.1", "[::1]", re.sub(r":\d+$", "", urlsplit(BASE_URL).netloc)]
ALLOWED_HOSTS = [
    host.strip() for host in os.environ.get("TOCSIN_ALLOWED_HOSTS", "").split(",") if host.strip()
] or [name for name in dict.fromkeys(_OWN_NAMES) if name]
CSRF_TRUSTED_ORIGINS = [BASE_URL] if "://" in BASE_URL else []
HTTPS = BASE_URL.startswith("https://")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "rest_framework",
    "drf_spectacular",
    "django_htmx",
    "accounts",
    "outbox",
    "catalog",
    "incidents",
    "notifications",
    "detection",
    "oncall",
    "statuspage",
    "postmortems",
    "metrics",
    "chatops",
    "config",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.lane.MachineLane",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "accounts.middleware.ReaderMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.house",
            ],
            "builtins": ["lib.templatetags.tocsin"],
        },
    }
]

# Database: SQLite in the data directory, or PostgreSQL by DATABASE_URL. --------------------------

WEB_THREADS = int(os.environ.get("TOCSIN_WEB_THREADS", "8"))
WORKER_THREADS = int(os.environ.get("TOCSIN_WORKER_THREADS", "8"))
DATABASE_URL = os.environ.get("DATABASE_URL", "")
if DATABASE_URL:
    DATABASES: dict[str, dict[str, Any]] = {"default": dict(dj_database_url.parse(DATABASE_URL))}
    DATABASES["default"]["OPTIONS"] = {
        **DATABASES["default"].get("OPTIONS", {}),
        "pool": {"min_size": 1, "max_size": max(WEB_THREADS, WORKER_THREADS) + 2, "timeout": 5},
    }
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA_DIR / "tocsin.sqlite3",
            "OPTIONS": {
                # Measured: Django's default mode failed 920 of 1,200 writes under 8 writers, this one none.
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
            },
            # A file, because in memory live_server answers "table is locked".
            "TEST": {"NAME": DATA_DIR / "test.sqlite3"},
        }
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Broker and cache: Redis, or files and memory. ----------------------------------------------------

REDIS_URL = os.environ.get("REDIS_URL", "")
if REDIS_URL:
    # Limits and short memories: without it, or while it hangs, people still acknowledge and sign in.
    _PATIENCE = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
    CACHES: dict[str, dict[str, Any]] = {
        "default": {
            "BACKEND": "lib.fallback_cache.FallbackCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": _PATIENCE,
        }
    }
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
# What each process keeps for itself for a few seconds, so that no page is ever written to Redis.
CACHES["drawn"] = {
    "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
    "LOCATION": "drawn",
    "OPTIONS": {"MAX_ENTRIES": 200},
}
# The lines of timelines among it: small, and the same in one drawing after the other.
CACHES["lines"] = {**CACHES["drawn"], "LOCATION": "lines", "OPTIONS": {"MAX_ENTRIES": 3000}}
# For what must not be kept, such as a private incident.
CACHES["nowhere"] = {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}

# Celery's own settings, its queues and every periodic job stand in config/celery.py.

# People ---------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}
USERSESSIONS_TRACK_ACTIVITY = False
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Tocsin"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"

# Security ---------------------------------------------------------------------------------------------

SECURE_CSP = {
    "default-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "object-src": ["'none'"],
    "base-uri": ["'none'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = False  # The proxy in front ends TLS; see docs/how-to/production.md.
SILENCED_SYSTEM_CHECKS = ["security.W008"] if HTTPS else []
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
# Networks that outgoing checks and webhooks may reach although they are private, for example "10.0.0.0/8".
OUTGOING_ALLOWED_NETWORKS = [n for n in os.environ.get("TOCSIN_ALLOWED_NETWORKS", "").split(",") if n]

# Words, times, files -------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = os.environ.get("TOCSIN_TIME_ZONE", "UTC")
STATIC_URL = "/static/"
# Where collectstatic puts the files for a web server of its own; without it the app serves them from here.
STATIC_ROOT = os.environ.get("TOCSIN_STATIC_ROOT") or None
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = STATIC_ROOT is None
STATUS_DIR = Path(os.environ.get("TOCSIN_STATUS_DIR") or DATA_DIR / "statuspage")
MAIL_DIR = DATA_DIR / "mail"

EMAIL_URL = os.environ.get("EMAIL_URL", "")
DEFAULT_FROM_EMAIL = os.environ.get("TOCSIN_FROM_EMAIL", "tocsin@localhost")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# Mail that comes back: its return path, and what proves the mail server that hands it over.
BOUNCE_ADDRESS = os.environ.get("TOCSIN_BOUNCE_ADDRESS", "")
BOUNCE_SECRET = os.environ.get("TOCSIN_BOUNCE_SECRET", "")
MAILERS = {
    "default": mailer(EMAIL_URL) if EMAIL_URL else {"BACKEND": "notifications.mailfiles.EmlBackend"},
}

# The pager's pager, see config/auditor.py: pinged every minute while all is well; told when it is not.
DEADMAN_URL = os.environ.get("TOCSIN_DEADMAN_URL", "")
ALARM_URL = os.environ.get("TOCSIN_ALARM_URL", "")

SLACK_BOT_TOKEN = os.environ.get("SLACK_BOT_TOKEN", "")
SLACK_SIGNING_SECRET = os.environ.get("SLACK_SIGNING_SECRET", "")
SLACK_API_URL = os.environ.get("SLACK_API_URL", "https://slack.com/api/")

TWILIO_ACCOUNT_SID = os.environ.get("TWILIO_ACCOUNT_SID", "")
TWILIO_AUTH_TOKEN = os.environ.get("TWILIO_AUTH_TOKEN", "")
TWILIO_FROM = os.environ.get("TWILIO_FROM", "")
TWILIO_API_URL = os.environ.get("TWILIO_API_URL") or "https://api.twilio.com"

# Web Push; without a key one is made in the data directory when it is first needed.
VAPID_PRIVATE_KEY = os.environ.get("VAPID_PRIVATE_KEY", "")
VAPID_SUBJECT = os.environ.get("VAPID_SUBJECT") or f"mailto:{parseaddr(DEFAULT_FROM_EMAIL)[1]}"

PAGERDUTY_API_URL = os.environ.get("PAGERDUTY_API_URL") or "https://events.pagerduty.com"
OPSGENIE_API_URL = os.environ.get("OPSGENIE_API_URL") or "https://api.opsgenie.com"
# Only messengers with an address of their own: where the address is the writer's, our network would be open.
APPRISE_SCHEMES = {
    name.strip().lower()
    for name in (os.environ.get("TOCSIN_APPRISE_SCHEMES") or "tgram,discord,pover,pbul,prowl").split(",")
    if name.strip()
}

# REST -------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.authentication.ScopePermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["lib.drf.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "lib.drf.NewestFirst",
    "PAGE_SIZE": 50,
    "DEFAULT_SCHEMA_CLASS": "lib.openapi.TocsinSchema",
    "EXCEPTION_HANDLER": "lib.drf.problem_handler",
    "DEFAULT_THROTTLE_CLASSES": ["accounts.authentication.TokenThrottle"],
    "DEFAULT_THROTTLE_RATES": {"token": "1200/min", "anonymous": "60/min"},
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Tocsin API",
    "DESCRIPTION": "Incident management: from the first alert to the last action item.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "SORT_OPERATION_PARAMETERS": True,
    # Choices stay where they are used: many rooms have a "status", and their shared names would be riddles.
    "POSTPROCESSING_HOOKS": [],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {"masked": {"()": "config.logwords.Masked"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["masked"]},
    },
    "root": {"handlers": ["console"], "level": os.environ.get("TOCSIN_LOG_LEVEL", "WARNING")},
}

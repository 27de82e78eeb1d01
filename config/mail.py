"""EMAIL_URL, as the settings of Django's mailer."""

from typing import Any
from urllib.parse import unquote, urlsplit

# Scheme: port, STARTTLS, TLS from the first byte.
SCHEMES = {"smtp": (25, False, False), "smtp+tls": (587, True, False), "smtps": (465, False, True)}
TIMEOUT_SECONDS = 10


def mailer(url: str) -> dict[str, Any]:
    """The mailer for ``smtp://``, ``smtp+tls://`` (STARTTLS) or ``smtps://user:password@host:port``.

    Raises:
        ValueError: the scheme is another one, there is no host, or the port is not a number.
    """
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise ValueError(
            "EMAIL_URL must look like smtp://user:password@host:port (or smtp+tls://, smtps://)."
        )
    port, starttls, tls = SCHEMES[parts.scheme]
    return {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": parts.hostname,
            "port": parts.port or port,
            "username": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "use_tls": starttls,
            "use_ssl": tls,
            "timeout": TIMEOUT_SECONDS,
        },
    }

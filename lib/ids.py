"""Random names for things that the public can see."""

import secrets


def public_id() -> str:
    """Twelve random characters that fit into a URL (72 bits: nobody guesses one)."""
    return secrets.token_urlsafe(9)

"""Web Push without a vendor: VAPID signatures (RFC 8292) and encrypted messages (RFC 8291). Pure."""

import base64
import json
import os
from datetime import datetime, timedelta

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_CURVE = ec.SECP256R1()
#: Bytes of text that every push service takes (RFC 8291, section 4).
LARGEST = 3_993
_RECORD = 4_096
# Push services refuse more than 24 hours.
_LASTS = timedelta(hours=12)


def encode(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def new_key() -> str:
    """A private key as the 32 bytes that every web-push tool reads and writes."""
    return encode(ec.generate_private_key(_CURVE).private_numbers().private_value.to_bytes(32, "big"))


def _private(key: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(decode(key), "big"), _CURVE)


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def public_key(key: str) -> str:
    """What a browser subscribes with."""
    return encode(_point(_private(key)))


def check_subscription(p256dh: str, auth: str) -> None:
    """Raise ValueError unless a message can be encrypted to these."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, decode(p256dh))
        if len(decode(auth)) != 16:
            raise ValueError("auth has 16 bytes")
    except (ValueError, UnsupportedAlgorithm) as bad:
        raise ValueError("no subscription of a browser") from bad


def authorization(key: str, *, origin: str, subject: str, at: datetime) -> str:
    """The Authorization header for one push service (``origin``: scheme and host of the endpoint)."""
    private = _private(key)
    claims = {"aud": origin, "exp": int((at + _LASTS).timestamp()), "sub": subject}
    parts = [{"typ": "JWT", "alg": "ES256"}, claims]
    signed = ".".join(encode(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    r, s = decode_dss_signature(private.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    signature = encode(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    return f"vapid t={signed}.{signature},k={encode(_point(private))}"


def encrypt(text: bytes, *, p256dh: str, auth: str) -> bytes:
    """The body of a push message that only this browser can read (aes128gcm, one record).

    Raises:
        ValueError: the subscription's keys are none, or the text is longer than ``LARGEST`` bytes.
    """
    if len(text) > LARGEST:
        raise ValueError("too long for a push message")
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, decode(p256dh))
    ours, salt = ec.generate_private_key(_CURVE), os.urandom(16)
    point = _point(ours)
    info = b"WebPush: info\x00" + decode(p256dh) + point
    secret = _derive(ours.exchange(ec.ECDH(), theirs), salt=decode(auth), info=info, length=32)
    key = _derive(secret, salt=salt, info=b"Content-Encoding: aes128gcm\x00", length=16)
    nonce = _derive(secret, salt=salt, info=b"Content-Encoding: nonce\x00", length=12)
    # The byte 2 ends the last record.
    sealed = AESGCM(key).encrypt(nonce, text + b"\x02", None)
    return salt + _RECORD.to_bytes(4, "big") + bytes([len(point)]) + point + sealed


def _derive(secret: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)

"""A browser and its push service: checks the signature and decrypts, by the standards alone.

Over ``cryptography``, so that no library judges itself; `tests/lib/test_webpush.py` holds it against the
example of RFC 8291.
"""

import base64
import json
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.utils.timezone import now

from tests.standins.server import StandIn

#: Push services refuse a signature that is good for longer.
_LONGEST = 86_400


def b64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def point_of(private):
    return private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def decrypt(body, *, private, auth):
    """The text of a message for this browser (RFC 8188 and 8291); one record, as push services want it.

    Raises cryptography's ``InvalidTag`` for another browser's message.
    """
    salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
    theirs, sealed = body[21 : 21 + length], body[21 + length :]
    assert length == 65 and 18 <= len(sealed) <= size
    shared = private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs))
    info = b"WebPush: info\x00" + point_of(private) + theirs
    secret = HKDF(hashes.SHA256(), 32, auth, info).derive(shared)
    key = HKDF(hashes.SHA256(), 16, salt, b"Content-Encoding: aes128gcm\x00").derive(secret)
    nonce = HKDF(hashes.SHA256(), 12, salt, b"Content-Encoding: nonce\x00").derive(secret)
    text, end, padding = AESGCM(key).decrypt(nonce, sealed, None).rpartition(b"\x02")
    assert end and not padding.strip(b"\x00")
    return text


def claims_of(header):
    """What a VAPID header says (RFC 8292), or None where its signature is not by its own key."""
    scheme, _space, rest = header.partition(" ")
    parts = dict(one.strip().split("=", 1) for one in rest.split(","))
    signed, _dot, signature = parts["t"].rpartition(".")
    raw = unb64(signature)
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64(parts["k"]))
    pair = (int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    try:
        key.verify(encode_dss_signature(*pair), signed.encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return None
    head, said = (json.loads(unb64(part)) for part in signed.split("."))
    assert scheme == "vapid" and head == {"typ": "JWT", "alg": "ES256"} and len(raw) == 64
    return said


class PushService(StandIn):
    """One subscribed browser."""

    def __init__(self):
        super().__init__()
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.auth = b"0123456789abcdef"
        point = point_of(self.private)
        self.subscription = {"endpoint": f"{self.url}/push/one", "p256dh": b64(point), "auth": b64(self.auth)}
        self.shown = []

    def answer(self, asked):
        said = claims_of(asked.headers["authorization"])
        is_ours = said and urlsplit(said["aud"]).netloc == urlsplit(self.url).netloc
        if not is_ours or not 0 < said["exp"] - now().timestamp() <= _LONGEST:
            return 403, {}, b"bad jwt"
        if asked.headers.get("content-encoding") != "aes128gcm" or not asked.headers.get("ttl"):
            return 400, {}, b"no TTL"
        self.shown.append(json.loads(decrypt(asked.body, private=self.private, auth=self.auth)))
        return 201, {"Location": f"{self.url}/message/1"}, b""


def claims(asked):
    return claims_of(asked.headers["authorization"])

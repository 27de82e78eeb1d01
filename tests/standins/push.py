"""A browser and its push service: checks the signature and decrypts, with libraries that are not ours."""

import base64
import json

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02

from tests.standins.server import StandIn


def b64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class PushService(StandIn):
    """One subscribed browser."""

    def __init__(self):
        super().__init__()
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.auth = b"0123456789abcdef"
        point = self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.subscription = {"endpoint": f"{self.url}/push/one", "p256dh": b64(point), "auth": b64(self.auth)}
        self.shown = []

    def answer(self, asked):
        if not Vapid02.verify(asked.headers["authorization"]):
            return 403, {}, b"bad jwt"
        if asked.headers.get("content-encoding") != "aes128gcm" or not asked.headers.get("ttl"):
            return 400, {}, b"no TTL"
        text = http_ece.decrypt(asked.body, private_key=self.private, auth_secret=self.auth)
        self.shown.append(json.loads(text))
        return 201, {"Location": f"{self.url}/message/1"}, b""


def claims(asked):
    token = asked.headers["authorization"].partition("t=")[2].partition(",")[0]
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))

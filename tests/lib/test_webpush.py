"""Our encryption and signature, held against libraries that are not ours."""

from datetime import timedelta

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.utils.timezone import now
from py_vapid import Vapid02

from lib import gsm, webpush


def browser():
    private = ec.generate_private_key(ec.SECP256R1())
    point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return private, webpush.encode(point), webpush.encode(b"0123456789abcdef")


@pytest.mark.parametrize("text", [b"", b"Fire", b"x" * webpush.LARGEST])
def test_only_that_browser_reads_the_message(text):
    private, p256dh, auth = browser()

    body = webpush.encrypt(text, p256dh=p256dh, auth=auth)

    assert text == b"" or text not in body
    assert len(body) <= 4_096
    assert http_ece.decrypt(body, private_key=private, auth_secret=webpush.decode(auth)) == text
    with pytest.raises(http_ece.ECEException):
        http_ece.decrypt(body, private_key=private, auth_secret=b"another secret!!")


def test_two_messages_share_no_key():
    _private, p256dh, auth = browser()

    assert webpush.encrypt(b"a", p256dh=p256dh, auth=auth) != webpush.encrypt(b"a", p256dh=p256dh, auth=auth)


def test_the_signature_is_one_that_others_accept_and_an_altered_one_is_not():
    key = webpush.new_key()
    header = webpush.authorization(key, origin="https://push.example", subject="mailto:a@b.example", at=now())

    assert header.endswith(f"k={webpush.public_key(key)}")
    assert Vapid02.verify(header)
    other = webpush.authorization(
        key, origin="https://evil.example", subject="mailto:a@b.example", at=now() + timedelta(1)
    )
    signature = header.split(".")[2].split(",")[0]
    forged = other.replace(other.split(".")[2].split(",")[0], signature)
    assert not Vapid02.verify(forged)


@pytest.mark.parametrize("keys", [("", ""), ("AAAA", "AAAA"), ("é", "é"), (browser()[1], "c2hvcnQ")])
def test_what_is_no_subscription_is_refused(keys):
    with pytest.raises(ValueError, match="subscription"):
        webpush.check_subscription(*keys)


def test_a_text_message_keeps_to_the_alphabet_that_fits_160():
    assert gsm.plain("“Fire” · 34 % → café, Łódź…") == '"Fire" - 34 % > café, Łodz...'
    assert gsm.plain("東京") == "東京"
    assert gsm.length("{}") == 4
    assert gsm.cut("a" * 200, 160) == "a" * 157 + "..."
    assert gsm.length(gsm.cut("€" * 200, 160)) <= 160

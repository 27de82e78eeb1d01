"""What goes out by Web Push, held against the standards and not against the library that wrote it."""

from datetime import timedelta

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from django.utils.timezone import now

from lib import gsm, webpush
from tests.standins.push import b64, claims_of, decrypt, point_of, unb64

AUTH, THERE = b"0123456789abcdef", "https://push.example/one"
SAYS = {"origin": "https://push.example", "subject": "mailto:a@b.example"}


def browser():
    private = ec.generate_private_key(ec.SECP256R1())
    return private, {"endpoint": THERE, "p256dh": b64(point_of(private)), "auth": b64(AUTH)}


def test_the_browser_of_these_tests_reads_the_example_of_the_standard():
    number = int.from_bytes(unb64("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"), "big")
    body = unb64(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8w"
        "EqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )

    said = decrypt(
        body, private=ec.derive_private_key(number, ec.SECP256R1()), auth=unb64("BTBZMqHH6r4Tts7J_aSIgg")
    )
    assert said == b"When I grow up, I want to be a watermelon"


@pytest.mark.parametrize("text", [b"F", b"Fire", b"\x02\x00", b"x" * webpush.LARGEST])
def test_only_that_browser_reads_the_message(text):
    private, there = browser()

    body = webpush.encrypt(text, **there)

    assert len(body) <= 4_096
    assert decrypt(body, private=private, auth=AUTH) == text
    with pytest.raises(InvalidTag):
        decrypt(body, private=private, auth=b"another secret!!")
    with pytest.raises(InvalidTag):
        decrypt(body, private=browser()[0], auth=AUTH)


def test_two_messages_share_no_key():
    _private, there = browser()

    first, second = (webpush.encrypt(b"a", **there) for _twice in range(2))
    assert first[:16] != second[:16] and first[21:86] != second[21:86]


@pytest.mark.parametrize("text", [b"", b"x" * (webpush.LARGEST + 1)])
def test_what_fits_into_no_single_record_is_refused(text):
    with pytest.raises(ValueError, match="too long"):
        webpush.encrypt(text, **browser()[1])


def test_the_signature_is_by_the_key_that_the_browser_subscribed_with():
    key = webpush.new_key()
    header = webpush.authorization(key, at=now(), **SAYS)

    said = claims_of(header)
    assert len(unb64(key)) == 32
    assert header.endswith(f"k={webpush.public_key(key)}")
    assert (said["aud"], said["sub"]) == (SAYS["origin"], SAYS["subject"])
    assert 0 < said["exp"] - now().timestamp() < 86_400


def test_an_altered_signature_is_none():
    key = webpush.new_key()
    header = webpush.authorization(key, at=now(), **SAYS)
    other = webpush.authorization(key, at=now() + timedelta(1), **{**SAYS, "origin": "https://evil.example"})
    signature = header.split(".")[2].split(",")[0]

    assert claims_of(other.replace(other.split(".")[2].split(",")[0], signature)) is None


def test_a_key_that_another_tool_made_is_taken_with_its_padding():
    key = webpush.new_key()

    assert webpush.public_key(key + "=") == webpush.public_key(key)


@pytest.mark.parametrize("subject", ["", "me", "mailto:", "http://x.example"])
def test_a_subject_that_push_services_refuse_is_said_before(subject):
    with pytest.raises(ValueError, match="sub"):
        webpush.authorization(webpush.new_key(), at=now(), origin="https://push.example", subject=subject)


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [
        ("", ""),
        ("AAAA", "AAAA"),
        ("é", "é"),
        (browser()[1]["p256dh"], "c2hvcnQ"),
        (b64(b"\x04" + b"\x01" * 64), b64(AUTH)),
    ],
    ids=["nothing", "short", "no letters", "short secret", "no point"],
)
def test_what_is_no_subscription_is_refused(p256dh, auth):
    with pytest.raises(ValueError, match="subscription"):
        webpush.check_subscription(p256dh, auth)
    with pytest.raises(ValueError, match="subscription"):
        webpush.encrypt(b"Fire", endpoint=THERE, p256dh=p256dh, auth=auth)


def test_a_text_message_keeps_to_the_alphabet_that_fits_160():
    assert gsm.plain("“Fire” · 34 % → café, Łódź…") == '"Fire" - 34 % > café, Łodz...'
    assert gsm.plain("東京") == "東京"
    assert gsm.length("{}") == 4
    assert gsm.cut("a" * 200, 160) == "a" * 157 + "..."
    assert gsm.length(gsm.cut("€" * 200, 160)) <= 160

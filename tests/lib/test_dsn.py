"""Reports as Postfix, Exim and Exchange write them; and everything else is no report."""

from lib import dsn

POSTFIX = b"""Return-Path: <>
From: MAILER-DAEMON@mx.example.com (Mail Delivery System)
To: bounces+7-abcdefghijklmnop@tocsin.example.com
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B/1"

--B/1
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--B/1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com
X-Postfix-Queue-ID: 4ABC

Final-Recipient: rfc822; alice@example.com
Original-Recipient: rfc822;alice@example.com
Action: failed
Status: 5.1.1
Remote-MTA: dns; mail.example.com
Diagnostic-Code: smtp; 550 5.1.1 <alice@example.com>: Recipient address
    rejected: User unknown

--B/1
Content-Type: message/rfc822

From: tocsin@example.com
Message-ID: <abc123@example.com>
Subject: SEV1 checkout

Fire
--B/1--
"""
HEADERS_ONLY = POSTFIX.replace(b"message/rfc822", b"text/rfc822-headers")


def test_a_report_of_postfix_is_read_whole():
    report = dsn.read(POSTFIX)
    assert (report.action, report.status, report.is_final) == ("failed", "5.1.1", True)
    assert report.said == "550 5.1.1 <alice@example.com>: Recipient address rejected: User unknown"
    assert report.to == ("bounces+7-abcdefghijklmnop@tocsin.example.com",)
    assert report.message_ids == ("abc123@example.com",)
    assert dsn.read(HEADERS_ONLY).message_ids == ("abc123@example.com",)


def test_windows_line_ends_and_comments_change_nothing():
    raw = POSTFIX.replace(b"Action: failed", b"Action: Failed (permanently)").replace(b"\n", b"\r\n")
    assert dsn.read(raw) == dsn.read(POSTFIX)


def test_a_delay_is_not_final_and_the_worst_news_of_several_counts():
    delayed = dsn.read(POSTFIX.replace(b"failed", b"delayed").replace(b"5.1.1", b"4.4.1"))
    assert (delayed.action, delayed.status, delayed.is_final) == ("delayed", "4.4.1", False)
    two = POSTFIX.replace(
        b"\nFinal-Recipient",
        b"\nFinal-Recipient: rfc822; list@example.com\nAction: expanded\nStatus: 2.0.0\n\nFinal-Recipient",
    )
    assert dsn.read(two).is_final


def test_what_is_no_report_is_none():
    for raw in (
        b"",
        b"\x00\xff" * 500,
        b"Subject: I am on holiday\nAuto-Submitted: auto-replied\n\nBack on Monday",
        POSTFIX.replace(b"multipart/report", b"multipart/mixed"),
        POSTFIX.replace(b"message/delivery-status", b"text/plain"),
        POSTFIX.replace(b"Action: failed\n", b""),
        POSTFIX.replace(b'boundary="B/1"', b"x=y"),
    ):
        assert dsn.read(raw) is None


def test_hostile_mail_is_none_and_quick():
    deep = b"".join(b'Content-Type: multipart/report; boundary="%d"\n\n--%d\n' % (n, n) for n in range(5_000))
    many = POSTFIX.replace(b"\n--B/1--", b"\n--B/1\nContent-Type: text/plain\n\nx" * 20_000)
    assert dsn.read(deep) is None
    assert dsn.read(many).is_final
    assert dsn.read(POSTFIX[:600]) is None or dsn.read(POSTFIX[:600]).action

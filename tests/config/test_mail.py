import pytest

from config.mail import mailer


def test_a_plain_server_has_the_usual_port():
    assert mailer("smtp://mail.example.com")["OPTIONS"] == {
        "host": "mail.example.com",
        "port": 25,
        "username": "",
        "password": "",
        "use_tls": False,
        "use_ssl": False,
        "timeout": 10,
    }


def test_name_and_password_may_contain_anything():
    options = mailer("smtp+tls://me%40example.com:p%2Fw%3A@mail.example.com:2525")["OPTIONS"]

    assert (options["username"], options["password"]) == ("me@example.com", "p/w:")
    assert (options["port"], options["use_tls"], options["use_ssl"]) == (2525, True, False)


def test_tls_from_the_first_byte():
    options = mailer("smtps://mail.example.com")["OPTIONS"]

    assert (options["port"], options["use_tls"], options["use_ssl"]) == (465, False, True)


@pytest.mark.parametrize(
    "url", ["mail.example.com", "http://mail.example.com", "smtp://", "smtp://host:port"]
)
def test_anything_else_is_refused(url):
    with pytest.raises(ValueError, match=r"EMAIL_URL|port"):
        mailer(url)

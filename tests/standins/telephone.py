"""A telephone API of Twilio's shape, as Twilio's own client reads it."""

import base64
import hashlib
import hmac

from tests.standins.server import StandIn

ACCOUNT, TOKEN, NUMBER = "AC" + "0" * 32, "a-secret-token", "+15005550006"


def signature(url, form, token):
    """What Twilio puts beside a request, by its documentation: the address and every field, by name."""
    signed = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


class Telephone(StandIn):
    def answer(self, asked):
        expected = "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if asked.headers.get("authorization") != expected:
            return 401, {}, {"code": 20003, "message": "Authenticate", "status": 401}
        if asked.form.get("To") == "+15005550001":
            return 400, {}, {"code": 21211, "message": "Invalid 'To' Phone Number", "status": 400}
        kind = "SM" if asked.path.endswith("/Messages.json") else "CA"
        return 201, {"Content-Type": "application/json"}, {"sid": kind + "1" * 32, "status": "queued"}

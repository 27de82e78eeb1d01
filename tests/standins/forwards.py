"""PagerDuty's Events API v2 and Opsgenie's Alert API, as far as their public documents go."""

from tests.standins.server import StandIn

KEY = "0123456789abcdef0123456789abcdef"


class PagerDuty(StandIn):
    def answer(self, asked):
        said = asked.json
        if asked.path != "/v2/enqueue" or said.get("routing_key") != KEY:
            return (
                400,
                {},
                {"status": "invalid event", "message": "Event object is invalid", "errors": ["key"]},
            )
        if (
            said["event_action"] == "trigger"
            and not {"summary", "source", "severity"} <= said["payload"].keys()
        ):
            return 400, {}, {"status": "invalid event", "message": "Event object is invalid", "errors": []}
        return 202, {}, {"status": "success", "message": "Event processed", "dedup_key": said["dedup_key"]}


class Opsgenie(StandIn):
    def answer(self, asked):
        if asked.headers.get("authorization") != f"GenieKey {KEY}":
            return 403, {}, {"message": "Could not authenticate", "took": 0.0, "requestId": "x"}
        if asked.path == "/v2/alerts" and not 0 < len(asked.json["message"]) <= 130:
            return 422, {}, {"message": "Request body is not processable", "took": 0.0, "requestId": "x"}
        return 202, {}, {"result": "Request will be processed", "took": 0.1, "requestId": "x"}

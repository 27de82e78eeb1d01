"""What to paste into the tools that are to speak to us. Pure."""

from dataclasses import dataclass

from detection.kinds import SourceKind


@dataclass(frozen=True)
class Snippet:
    """A piece of configuration to copy, and where it belongs."""

    title: str
    place: str
    text: str


def for_kind(kind: str, base: str, key: str) -> list[Snippet]:
    """The snippets for a source, its key filled in."""
    if kind == SourceKind.ALERTMANAGER:
        return [_webhook(base, key), _curl_generic(base, key)]
    if kind == SourceKind.PAGERDUTY:
        return [_pagerduty_curl(base, key), _pagerduty_alertmanager(base, key), _change(base, key)]
    return [_curl_generic(base, key), _webhook(base, key)]


def _webhook(base: str, key: str) -> Snippet:
    text = f"""receivers:
  - name: tocsin
    webhook_configs:
      - url: {base}/in/{key}/alertmanager"""
    return Snippet("Alertmanager", "alertmanager.yml, then route to the receiver “tocsin”", text)


def _pagerduty_alertmanager(base: str, key: str) -> Snippet:
    text = f"""receivers:
  - name: tocsin
    pagerduty_configs:
      - url: {base}/v2/enqueue
        routing_key: {key}"""
    return Snippet("Alertmanager that speaks PagerDuty", "alertmanager.yml", text)


def _pagerduty_curl(base: str, key: str) -> Snippet:
    text = f"""curl {base}/v2/enqueue --json '{{
  "routing_key": "{key}", "event_action": "trigger", "dedup_key": "hello",
  "payload": {{"summary": "First alert", "source": "me", "severity": "warning"}}}}'"""
    return Snippet("Any PagerDuty client", "change its host to this one, keep the rest; or try it", text)


def _change(base: str, key: str) -> Snippet:
    text = f"""curl {base}/v2/change/enqueue --json '{{
  "routing_key": "{key}",
  "payload": {{"summary": "Deploy 1.2.3", "source": "ci", "custom_details": {{"version": "1.2.3"}}}}}}'"""
    return Snippet("Tell of a deploy", "the last step of a pipeline", text)


def _curl_generic(base: str, key: str) -> Snippet:
    text = f"""curl {base}/in/{key}/generic \\
  --json '{{"key": "hello", "summary": "First alert", "severity": "warning"}}'"""
    return Snippet("Anything (curl)", "any machine; “status”: “resolved” with the same key ends it", text)

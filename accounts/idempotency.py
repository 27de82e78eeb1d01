"""``Idempotency-Key``: a POST that is sent twice is done once and answered twice with the same words."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.timezone import now
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import ApiToken, IdempotencyKey
from lib.refusal import Invalid, Refused

HEADER = "Idempotency-Key"
KEPT_FOR = timedelta(days=2)


class IdempotentMixin:
    """For REST views: honours the header on every POST of a token; without the header nothing changes.

    The key's row, the verb's changes and the answer are one transaction: a crash in between leaves
    neither, and a refusal (an error answer) is not kept, so that it may be tried again.
    """

    post: Callable[..., Response]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        key = request.headers.get(HEADER)
        if request.method != "POST" or key is None or not isinstance(request.auth, ApiToken):
            return
        # dispatch() looks the handler up after this method, so only this one call is wrapped.
        self.post = _once(request, request.auth, key, self.post)


def _once(
    request: Request, token: ApiToken, key: str, verb: Callable[..., Response]
) -> Callable[..., Response]:
    def handler(*args: Any, **kwargs: Any) -> Response:
        if not 1 <= len(key) <= 255 or not key.isprintable():
            raise Invalid("An Idempotency-Key has 1 to 255 printable characters.", code="bad_idempotency_key")
        body_hash = hashlib.sha256(request._request.body).hexdigest()
        with transaction.atomic():
            row, is_new = _claim(token, key, request.path[:500], body_hash)
            if not is_new:
                return _again(row, request.path[:500], body_hash)
            response = verb(*args, **kwargs)
            row.status = response.status_code
            row.answer = JSONRenderer().render(response.data).decode() if response.data is not None else ""
            row.save(update_fields=["status", "answer"])
            return response

    return handler


def _claim(token: ApiToken, key: str, path: str, body_hash: str) -> tuple[IdempotencyKey, bool]:
    try:
        # A savepoint: on PostgreSQL the failed insert would end the whole transaction. A second request
        # with the same key waits here until the first one has committed or rolled back.
        with transaction.atomic():
            return IdempotencyKey.objects.create(token=token, key=key, path=path, body_hash=body_hash), True
    except IntegrityError:
        return IdempotencyKey.objects.get(token=token, key=key), False


def _again(row: IdempotencyKey, path: str, body_hash: str) -> Response:
    if (row.path, row.body_hash) != (path, body_hash):
        raise Refused(
            "idempotency_key_reused", "This Idempotency-Key was used for a different request.", status=422
        )
    data = json.loads(row.answer) if row.answer else None
    return Response(data, status=row.status, headers={"Idempotent-Replayed": "true"})


def forget_old(limit: int = 1000) -> int:
    """Delete keys older than two days, a bounded batch; return how many."""
    old = IdempotencyKey.objects.filter(created_at__lt=now() - KEPT_FOR).order_by("created_at")
    deleted, _ = IdempotencyKey.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:limit])).delete()
    return deleted

"""What the ingest is measured against, the least that Django can do: one INSERT, one answer."""

import os

import django
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

port = os.environ.get("BENCH_PG_PORT", "5432")
settings.configure(
    SECRET_KEY="bench",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "postgres",
            "USER": "tocsin",
            "HOST": "127.0.0.1",
            "PORT": port,
            "OPTIONS": {"pool": {"min_size": 1, "max_size": 10}},
        }
    },
)
django.setup()


def insert(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO bench_event (body) VALUES (%s)", [request.body.decode()])
    return HttpResponse(status=202)


urlpatterns = [path("", insert)]

from django.core.wsgi import get_wsgi_application  # noqa: E402

application = get_wsgi_application()

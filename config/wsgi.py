"""The WSGI door. Django under ASGI was measured 9 to 17 times slower, so there is no other."""

import os

from django.core.wsgi import get_wsgi_application

from lib import interpreter

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
interpreter.share()
application = get_wsgi_application()

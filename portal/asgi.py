"""The ASGI application: pages and the event streams of running reports."""

import os

from django.core.asgi import get_asgi_application

from portal.body_limit import BodyLimit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
application = BodyLimit(get_asgi_application())

"""The ASGI application: pages, event streams of running reports, and hosted MTA-STS policies."""

import os

from django.conf import settings
from django.core.asgi import get_asgi_application
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from portal.body_limit import BodyLimit
from portal.web_threads import WebThreads

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
site = get_asgi_application()  # before what needs its models
from lookups.hosted.policy_server import PolicyServer  # noqa: E402
from portal.operating.passage import Passage  # noqa: E402
from portal.safety import SafetyHeaders  # noqa: E402

served = WebThreads(BodyLimit(PolicyServer(site)), settings.WEB_THREADS)
# Here and not by a flag of the server, so that the operator's setting holds whoever runs it.
application = ProxyHeadersMiddleware(
    Passage(SafetyHeaders(served)), trusted_hosts=settings.TRUSTED_PROXIES
)

"""Settings of MXplain. Everything an operator changes is an environment variable.

The names are listed in README.md ("Configure"). Without any of them the site runs on SQLite, an
embedded Redis-compatible server and the built-in classroom DNS, as `bin/serve` starts it.
"""

from __future__ import annotations

import os
import secrets
from operator import attrgetter
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from portal.database import database

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("MXPLAIN_VAR", BASE_DIR / "var"))
VAR_DIR.mkdir(parents=True, exist_ok=True)


def _secret_key() -> str:
    """The operator's key, or one made once and kept in var/ for a site without configuration."""
    if key := os.environ.get("SECRET_KEY"):
        return key
    path = VAR_DIR / "secret-key"
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return path.read_text()


def _list(name: str, default: str = "") -> list[str]:
    return [item.strip() for item in os.environ.get(name, default).split(",") if item.strip()]


DEBUG = os.environ.get("MXPLAIN_DEBUG") == "1"
SECRET_KEY = _secret_key()
PUBLIC_URL = os.environ.get("PUBLIC_URL", "http://localhost:8000").rstrip("/")
_public = urlsplit(PUBLIC_URL)
SECURE = _public.scheme == "https"
ALLOWED_HOSTS = _list("ALLOWED_HOSTS", f"localhost,127.0.0.1,[::1],{_public.hostname or ''}")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

INSTALLED_APPS = [
    "portal.apps.OperatorAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.sitemaps",
    "servestatic.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "django_htmx",
    "csp",
    "ninja",  # its static files: Swagger UI
    "portal.apps.PortalConfig",
    "lookups",
    "learn",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "portal.middleware.CompressPages",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "lookups.api.middleware.api",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.middleware.service_unavailable",
]
ROOT_URLCONF = "portal.urls"
ASGI_APPLICATION = "portal.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context_processors.site",
            ],
        },
    }
]

# --- data -------------------------------------------------------------------------------------
DATABASE_URL = os.environ.get("DATABASE_URL") or f"sqlite:///{VAR_DIR / 'mxplain.sqlite3'}"
# How many reports a worker process makes at a time, each with a connection of its own.
WORKER_THREADS = int(os.environ.get("MXPLAIN_WORKER_THREADS", "16"))
# The most connections that one process opens to PostgreSQL; 0: no pool, for PgBouncer.
DATABASE_POOL = int(os.environ.get("MXPLAIN_DATABASE_POOL", str(WORKER_THREADS + 4)))
DATABASES = {"default": database(DATABASE_URL, DATABASE_POOL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = os.environ.get("REDIS_URL", f"unix://{VAR_DIR / 'redis' / 'redis.sock'}")
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
}

# --- work -------------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_DEFAULT_QUEUE = "interactive"
CELERY_TASK_ROUTES = {"lookups.bulk.tasks.work_on_bulks": {"queue": "bulk"}}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# A killed worker's message comes back after `visibility_timeout`; open pages ask for it again much
# sooner (lookups.tasks.revive). A worker of several queues looks into them in the order in which
# they are named to it.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 60,
    "socket_timeout": 3,
    "queue_order_strategy": "priority",
}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0.1}
CELERY_BEAT_SCHEDULER = "portal.beat:UnwaveringScheduler"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")
CELERY_BEAT_SCHEDULE = {
    "expire-reports": {"task": "lookups.tasks.expire_reports", "schedule": 3600.0},
    "revive-reports": {"task": "lookups.tasks.revive_reports", "schedule": 30.0},
    "thin-histories": {"task": "lookups.watching.tasks.thin_histories", "schedule": 3600.0},
    "forget-watches": {"task": "lookups.watching.tasks.forget_watches", "schedule": 3600.0},
    "run-due-watches": {"task": "lookups.watching.tasks.run_due_watches", "schedule": 30.0},
    "send-waiting": {"task": "lookups.alerts.tasks.send_waiting", "schedule": 30.0},
    "forget-alerts": {"task": "lookups.alerts.tasks.forget_alerts", "schedule": 3600.0},
    "tend-bulks": {"task": "lookups.bulk.tasks.tend_bulks", "schedule": 30.0},
    "prove-again": {"task": "lookups.hosted.tasks.prove_again", "schedule": 3600.0},
    "refresh-spf": {"task": "lookups.hosted.tasks.refresh_spf", "schedule": 60.0},
    "forget-delivered": {"task": "lookups.hosted.tasks.forget_delivered", "schedule": 3600.0},
    "forget-api-rows": {"task": "lookups.api.tasks.forget_api_rows", "schedule": 3600.0},
    "forget-own-zones": {"task": "learn.tasks.forget_own_zones", "schedule": 3600.0},
    "mend-own-zones": {"task": "learn.tasks.mend_own_zones", "schedule": 600.0},
}
# How many turns of bulk checks a worker process takes at a time, and reports side by side in each.
BULK_AT_ONCE = int(os.environ.get("MXPLAIN_BULK_AT_ONCE", "1"))
BULK_REPORTS_AT_ONCE = int(os.environ.get("MXPLAIN_BULK_REPORTS_AT_ONCE", "20"))

# --- lookups ----------------------------------------------------------------------------------
# "HOST[:PORT]" separated by commas; empty means the machine's own (/etc/resolv.conf).
RESOLVERS = _list("MXPLAIN_RESOLVERS")
# Where the classroom DNS answers; `bin/serve` sets it.
CLASSROOM = os.environ.get("MXPLAIN_CLASSROOM", "")
# How a command that needs the classroom starts one of its own when none runs.
CLASSROOM_STARTER = "learn.classroom.server.start_in_background"
CLASSROOM_MACHINES = "learn.classroom.server.machines_in_background"
# The same for its HTTPS and SMTP servers, and the authority that signs their certificates.
CLASSROOM_WEB = os.environ.get("MXPLAIN_CLASSROOM_WEB", "")
CLASSROOM_MAIL = os.environ.get("MXPLAIN_CLASSROOM_MAIL", "")
CLASSROOM_CA = os.environ.get("MXPLAIN_CLASSROOM_CA", "")
# DS records of the root's key-signing keys, in presentation form (RFC 7958; published by IANA).
TRUST_ANCHORS = _list(
    "MXPLAIN_TRUST_ANCHORS",
    "20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D,"
    "38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16",
)
# Whether reports speak to mail servers (EHLO and STARTTLS, no mail). Off: many networks forbid it.
SMTP_PROBE = os.environ.get("MXPLAIN_SMTP") == "1"
# Zones of DNS blocklists to ask, such as "zen.example.org". Off: most have terms of use.
BLOCKLISTS = _list("MXPLAIN_BLOCKLISTS")
# The zone of hosted SPF records, its name servers, and where `manage.py spf-dns` answers for it:
# only a zone of the classroom is asked there directly, any other must be delegated to it.
SPF_ZONE = os.environ.get("MXPLAIN_SPF_ZONE", "spf.classroom.test").strip(".").lower()
SPF_SERVERS = _list("MXPLAIN_SPF_SERVERS", "ns.classroom.test")
SPF_DNS = os.environ.get("MXPLAIN_SPF_DNS", "")
QUERY_TIMEOUT = float(os.environ.get("MXPLAIN_QUERY_TIMEOUT", "3"))
REPORT_TIMEOUT = float(os.environ.get("MXPLAIN_REPORT_TIMEOUT", "20"))
MAX_QUERIES = int(os.environ.get("MXPLAIN_MAX_QUERIES", "400"))
REPORT_KEEP_DAYS = int(os.environ.get("MXPLAIN_REPORT_KEEP_DAYS", "90"))
REPORT_SHARE_SECONDS = 60
ALERT_KEEP_DAYS = 90
# Whether webhooks may also be http:// (never to private addresses, either way).
WEBHOOK_HTTP = os.environ.get("MXPLAIN_WEBHOOK_HTTP") == "1"
# The domain whose mail to reports+TOKEN@ is piped into `manage.py ingest-reports`; empty: none.
REPORT_MAIL_DOMAIN = os.environ.get("MXPLAIN_REPORT_MAIL_DOMAIN", "").strip().lower()
# The host that mta-sts.<domain> of others is to lead to (docs/hosting.md).
POLICY_HOST = os.environ.get("MXPLAIN_POLICY_HOST", "") or _public.hostname or "localhost"

# --- the API ----------------------------------------------------------------------------------
# What a token and what a network without one may ask, as the library `limits` reads it: requests
# of any kind, and among them those that ask DNS.
API_LIMITS = {
    "token": {
        "requests": os.environ.get("MXPLAIN_API_LIMIT", "300/minute"),
        "checks": os.environ.get("MXPLAIN_API_LIMIT_CHECKS", "600/hour"),
    },
    "anonymous": {
        "requests": os.environ.get("MXPLAIN_API_LIMIT_ANONYMOUS", "60/minute"),
        "checks": os.environ.get("MXPLAIN_API_LIMIT_ANONYMOUS_CHECKS", "60/hour"),
    },
}

# --- accounts ---------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
# A code keeps the visitor in the tab (and at the report) where the sign-up began.
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_FORMAT = {"numeric": True, "dashed": False, "length": 6}
# A new code may be asked for. Changing the address in mid-sign-up is left out: allauth offers it
# only for addresses without an account, and so would tell which addresses have one.
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_CHANGE_EMAIL = True  # one address an account; a new one replaces it once confirmed
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_ADAPTER = "portal.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "portal.accounts.forms.LoginForm",
    "confirm_email_verification_code": "portal.accounts.forms.CodeForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = "username"
ACCOUNT_USER_DISPLAY = attrgetter("email")
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_ON_GET = False
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "watches"
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
EMAIL_BACKEND = os.environ.get(
    "MXPLAIN_EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend"
)
EMAIL_FILE_PATH = VAR_DIR / "mail"  # of the file-based backend
EMAIL_HOST = os.environ.get("EMAIL_HOST", "localhost")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "25"))
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = os.environ.get("EMAIL_USE_TLS") == "1"
EMAIL_TIMEOUT = 15  # seconds: a mail server that says nothing holds up no worker
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", f"mxplain@{_public.hostname}")

# --- languages --------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ja", _("Japanese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- files ------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "staticfiles": {"BACKEND": "servestatic.storage.CompressedManifestStaticFilesStorage"},
}

# --- safety -----------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_SSL_REDIRECT = False  # the reverse proxy's task
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
# The redirect to HTTPS, subdomains and the preload list are for whoever owns the domain to decide.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]
CSRF_FAILURE_VIEW = "portal.views.csrf_failure"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    # What libraries plan to change in later versions is no news to an operator.
    "loggers": {"py.warnings": {"level": "ERROR"}},
    "root": {"handlers": ["console"], "level": os.environ.get("MXPLAIN_LOG_LEVEL", "WARNING")},
}

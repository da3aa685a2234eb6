"""Settings of MXplain. Everything an operator changes is an environment variable.

The names are listed in README.md ("Configure"). Without any of them the site runs on SQLite, an
embedded Redis-compatible server and the built-in classroom DNS, as `bin/serve` starts it.
"""

from __future__ import annotations

import os
import platform
import secrets
from ipaddress import ip_network
from operator import attrgetter
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from portal.database import database
from portal.operating import logs
from portal.operating.parts import revision, this_part

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("MXPLAIN_VAR", BASE_DIR / "var"))
VAR_DIR.mkdir(parents=True, exist_ok=True)


def _secret(name: str, default: str = "") -> str:
    """The variable `name`, or what stands in the file that `name`_FILE names."""
    if path := os.environ.get(f"{name}_FILE"):
        return Path(path).read_text().strip()
    return os.environ.get(name, default)


def _secret_key() -> str:
    """The operator's key, or one made once and kept in var/ for a site without configuration."""
    if key := _secret("SECRET_KEY"):
        return key
    path = VAR_DIR / "secret-key"
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return path.read_text()


def _list(name: str, default: str = "") -> list[str]:
    return [item.strip() for item in _secret(name, default).split(",") if item.strip()]


DEBUG = os.environ.get("MXPLAIN_DEBUG") == "1"
SECRET_KEY = _secret_key()
# Former keys: what they signed or encrypted stays good until they are taken out.
SECRET_KEY_FALLBACKS = _list("SECRET_KEY_FALLBACKS")
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
    "allauth.mfa",
    "django_htmx",
    "csp",
    "ninja",  # its static files: Swagger UI
    "portal.apps.PortalConfig",
    "lookups",
    "learn",
]
MIDDLEWARE = [
    "portal.middleware.note_route",
    "django.middleware.security.SecurityMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "portal.middleware.CompressPages",
    "csp.middleware.CSPMiddleware",
    "portal.accounts.sessions.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "lookups.api.middleware.api",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.safety.not_kept",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "lookups.limits.middleware.limits",
    "portal.middleware.service_unavailable",
    "portal.middleware.in_one_thread",  # stays the last
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
DATABASE_URL = _secret("DATABASE_URL") or f"sqlite:///{VAR_DIR / 'mxplain.sqlite3'}"
# How many reports a worker process makes at a time, each with a connection of its own.
WORKER_THREADS = int(os.environ.get("MXPLAIN_WORKER_THREADS", "16"))
# The most connections that one process opens to PostgreSQL; 0: no pool, for PgBouncer.
DATABASE_POOL = int(os.environ.get("MXPLAIN_DATABASE_POOL", str(WORKER_THREADS + 4)))
DATABASES = {"default": database(DATABASE_URL, DATABASE_POOL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = _secret("REDIS_URL") or f"unix://{VAR_DIR / 'redis' / 'redis.sock'}"
_memory = "dummy.DummyCache" if DEBUG else "locmem.LocMemCache"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_FUNCTION": "portal.cache_key.cache_key",
    },
    # Parts of pages that are the same for everybody, in the memory of each process.
    "fragments": {"BACKEND": f"django.core.cache.backends.{_memory}"},
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
    "forget-account-events": {
        "task": "portal.accounts.tasks.forget_account_events",
        "schedule": 3600.0,
    },
    "clear-sessions": {"task": "portal.accounts.tasks.clear_sessions", "schedule": 3600.0},
    "forget-own-zones": {"task": "learn.tasks.forget_own_zones", "schedule": 3600.0},
    "mend-own-zones": {"task": "learn.tasks.mend_own_zones", "schedule": 600.0},
}
# How many turns of bulk checks a worker process takes at a time, and reports side by side in each.
BULK_AT_ONCE = int(os.environ.get("MXPLAIN_BULK_AT_ONCE", "1"))
BULK_REPORTS_AT_ONCE = int(os.environ.get("MXPLAIN_BULK_REPORTS_AT_ONCE", "20"))

# How many web processes `serve` starts; about one a core that is free for pages.
WEB_PROCESSES = max(1, int(os.environ.get("MXPLAIN_WEB_PROCESSES", "1")))
# How many requests a web process works on at a time; open event streams do not count.
WEB_THREADS = max(1, int(os.environ.get("MXPLAIN_WEB_THREADS", "32")))

# --- lookups ----------------------------------------------------------------------------------
# "HOST[:PORT]" separated by commas; empty means the machine's own (/etc/resolv.conf).
RESOLVERS = _list("MXPLAIN_RESOLVERS")
# Networks of the operator's own that are public but must never be reached for a visitor.
FORBIDDEN_NETWORKS = tuple(map(ip_network, _list("MXPLAIN_FORBIDDEN_NETWORKS")))
# Resolvers that visitors may choose, NAME=ADDRESS; and whether they may also name others, which
# must be public and are asked on port 53 only.
PUBLIC_RESOLVERS = _list(
    "MXPLAIN_PUBLIC_RESOLVERS",
    "Cloudflare=1.1.1.1,Google=8.8.8.8,Quad9=9.9.9.9,OpenDNS=208.67.222.222",
)
ANY_RESOLVER = os.environ.get("MXPLAIN_ANY_RESOLVER", "1") != "0"
# How people reach the operator: a mail address or an https:// address. Shown where somebody has a
# wish that the site cannot fulfil by itself.
CONTACT = os.environ.get("MXPLAIN_CONTACT", "").strip()
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

# --- how much may be asked ----------------------------------------------------------------------
# As the library `limits` reads it, several with ";" between; "off": no limit. Who is signed in has
# an allowance of their own, everybody else shares that of their network (lookups.limits).
# The proxies in front of the site, whose X-Forwarded-For tells whom they speak for: addresses and
# networks. What anybody else writes there is not believed.
TRUSTED_PROXIES = _list("MXPLAIN_TRUSTED_PROXIES", "127.0.0.1,::1")
LIMITS = {
    "anonymous": {
        # What asks DNS: checks, lookups in articles, journeys, most tools.
        "lookups": os.environ.get("MXPLAIN_LIMIT_LOOKUPS", "30/minute;300/hour"),
        # What costs processor time here: uploads, PDF, pictures, search, keys, badges.
        "work": os.environ.get("MXPLAIN_LIMIT_WORK", "240/minute;3000/hour"),
    },
    "account": {
        "lookups": os.environ.get("MXPLAIN_LIMIT_LOOKUPS_ACCOUNT", "60/minute;1000/hour"),
        "work": os.environ.get("MXPLAIN_LIMIT_WORK_ACCOUNT", "480/minute;6000/hour"),
    },
}
# Reports that arrive by POST: from one network, and at one mailbox.
LIMIT_DELIVERIES = os.environ.get("MXPLAIN_LIMIT_DELIVERIES", "120/minute;2000/hour")
# Event streams that one network, or one account, has open at once; 0: no limit.
LIMIT_STREAMS = int(os.environ.get("MXPLAIN_LIMIT_STREAMS", "30"))
# New reports on all names of one registrable domain, whoever asks for them.
LIMIT_DOMAIN = os.environ.get("MXPLAIN_LIMIT_DOMAIN", "60/minute;1200/hour")
# What all processes together ask of one machine that is not the operator's: questions and
# connections a second to one address, twice as many at once after a pause; 0: no cap.
SERVER_QUERIES = float(os.environ.get("MXPLAIN_SERVER_QUERIES", "50"))
SERVER_CONNECTIONS = float(os.environ.get("MXPLAIN_SERVER_CONNECTIONS", "10"))
# What a token and what a network without one may ask of the API: requests of any kind, and among
# them those that ask DNS.
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
# New passwords are hashed with the first; others are read, and hashed anew at the next sign-in.
PASSWORD_HASHERS = [
    "portal.accounts.passwords.Argon2",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
]
_validators = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_validators}.UserAttributeSimilarityValidator"},
    {"NAME": f"{_validators}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "portal.accounts.passwords.MaximumLength"},
    {"NAME": f"{_validators}.CommonPasswordValidator"},
    {"NAME": f"{_validators}.NumericPasswordValidator"},
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
    "signup": "portal.accounts.forms.SignupForm",
    "reauthenticate": "portal.accounts.forms.ReauthenticateForm",
    "change_password": "portal.accounts.forms.ChangePasswordForm",
    "set_password": "portal.accounts.forms.SetPasswordForm",
    "reset_password_from_key": "portal.accounts.forms.ResetPasswordKeyForm",
    "confirm_email_verification_code": "portal.accounts.forms.CodeForm",
}
# As allauth reads them (amount/time/what is counted): "ip" is the network, "key" the account or the
# address that was typed. Counted in Redis; codes have three tries each besides.
ACCOUNT_RATE_LIMITS = {
    # Beside allauth's own five wrong codes in five minutes: those of one account a day. Three fit
    # at any moment, so twenty guesses a day hit one in about 45 years.
    "second_factor": "20/d/key",
    "login": os.environ.get("MXPLAIN_LIMIT_LOGIN", "30/m/ip"),
    "login_failed": os.environ.get("MXPLAIN_LIMIT_LOGIN_FAILED", "10/m/ip,60/h/ip,5/5m/key"),
    "signup": os.environ.get("MXPLAIN_LIMIT_SIGNUP", "10/m/ip,60/h/ip"),
    "reset_password": os.environ.get("MXPLAIN_LIMIT_RESET", "10/m/ip,60/h/ip,3/10m/key"),
    "reset_password_from_key": os.environ.get("MXPLAIN_LIMIT_RESET_KEY", "20/m/ip"),
    "confirm_email": "1/10s/key",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
    "manage_email": "10/m/user",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = "username"
ACCOUNT_USER_DISPLAY = attrgetter("email")
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_ON_GET = False
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "watches"
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
# Second factors: codes of an app, passkeys (which also sign in alone), and recovery codes.
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_ADAPTER = "portal.accounts.second_factor.MFAAdapter"
MFA_FORMS = {
    name: f"portal.accounts.factor_forms.{form}"
    for name, form in (
        ("authenticate", "AuthenticateForm"),
        ("reauthenticate", "ReauthenticateForm"),
        ("activate_totp", "ActivateTOTPForm"),
        ("add_webauthn", "AddWebAuthnForm"),
        ("edit_webauthn", "EditWebAuthnForm"),
        ("authenticate_webauthn", "AuthenticateWebAuthnForm"),
        ("login_webauthn", "LoginWebAuthnForm"),
        ("reauthenticate_webauthn", "ReauthenticateWebAuthnForm"),
    )
}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_TOLERANCE = 1  # a phone's clock may be half a minute off
# Browsers allow passkeys without TLS on the machine itself, and only there.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SECURE and _public.hostname in ("localhost", "127.0.0.1")
# Whether the admin is only for staff with a second factor.
ADMIN_SECOND_FACTOR = os.environ.get("MXPLAIN_ADMIN_SECOND_FACTOR", "1" if SECURE else "0") == "1"
# How many days the record of an account is kept.
ACCOUNT_EVENT_KEEP_DAYS = int(os.environ.get("MXPLAIN_EVENT_KEEP_DAYS", "400"))
EMAIL_BACKEND = os.environ.get(
    "MXPLAIN_EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend"
)
EMAIL_FILE_PATH = VAR_DIR / "mail"  # of the file-based backend
EMAIL_HOST = os.environ.get("EMAIL_HOST", "localhost")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "25"))
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = _secret("EMAIL_HOST_PASSWORD")
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
# A container image brings them along, outside of what it keeps.
STATIC_ROOT = Path(os.environ.get("MXPLAIN_STATIC_ROOT") or VAR_DIR / "static")
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
        "worker-src": [NONE],  # else what scripts may come from
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "upgrade-insecure-requests": SECURE,
    }
}
SESSION_ENGINE = "portal.accounts.sessions"
SESSION_COOKIE_AGE = 14 * 86400  # seconds without a visit
SESSION_LONGEST_AGE = 90 * 86400  # seconds from the sign-in, however often one comes
# What no page has a use for, nor anything that might get into one. Passkeys and copying to the
# clipboard are left as browsers have them: for this site itself.
PERMISSIONS_POLICY: dict[str, list[str]] = {
    feature: []
    for feature in (
        *("accelerometer", "autoplay", "browsing-topics", "camera"),
        *("display-capture", "encrypted-media", "fullscreen", "geolocation", "gyroscope", "hid"),
        *("idle-detection", "local-fonts", "magnetometer", "microphone", "midi", "payment"),
        *("picture-in-picture", "screen-wake-lock", "serial", "storage-access", "usb"),
        *("window-management", "xr-spatial-tracking"),
    )
}
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE
if SECURE:  # no other host, and nobody on the way, can set cookies of these names (RFC 6265bis)
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_SSL_REDIRECT = SECURE and os.environ.get("MXPLAIN_SSL_REDIRECT", "1") != "0"
# Asked by machines beside this one, which speak no TLS.
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$", r"^hosted/tls-ask$"]
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
# How far browsers insist on TLS: "host" alone, its "subdomains" as well, or so far that it may
# stand in browsers' "preload" lists. Only whoever owns the domain can tell what else is below it.
HSTS = os.environ.get("MXPLAIN_HSTS", "host")
SECURE_HSTS_INCLUDE_SUBDOMAINS = HSTS in ("subdomains", "preload")
SECURE_HSTS_PRELOAD = HSTS == "preload"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
# `check --deploy` asks about subdomains and the preload list until the operator has decided.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"] if "MXPLAIN_HSTS" in os.environ else []
# Where /.well-known/security.txt sends whoever found a hole: mail addresses or URLs.
SECURITY_CONTACTS = [
    f"mailto:{contact}" if "@" in contact and ":" not in contact else contact
    for contact in _list("MXPLAIN_SECURITY_CONTACT")
]
CSRF_FAILURE_VIEW = "portal.views.csrf_failure"

# --- what an operator sees --------------------------------------------------------------------
PART = this_part()
# What runs here, as figures and the status page name it: a version, or the revision of the code.
RELEASE = (os.environ.get("MXPLAIN_RELEASE") or revision(BASE_DIR))[:40]
LOGGING = logs.configuration(
    level=os.environ.get("MXPLAIN_LOG_LEVEL", "WARNING"),
    form=os.environ.get("MXPLAIN_LOG_FORMAT", "text"),
)
# The bearer token that opens /metrics; without one it answers programs on this machine alone.
METRICS_TOKEN = os.environ.get("MXPLAIN_METRICS_TOKEN", "")
# "[HOST:]PORT" where a worker gives its figures, for machines that run no web server.
METRICS_PORT = os.environ.get("MXPLAIN_METRICS_PORT", "")
# Where the processes of one machine (or container) keep theirs (docs/decisions/0016).
METRICS_DIR = VAR_DIR / "metrics" / (platform.node() or "localhost")
if PART in ("web", "worker", "beat"):
    METRICS_DIR.mkdir(parents=True, exist_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(METRICS_DIR)

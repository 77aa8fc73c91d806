"""All settings, read from the environment and safe by default.

The variables are listed in the README. `make run` needs none of them; PRODUCTION=1 turns
on what a server on the internet needs and demands what must not be guessed.
"""

from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from zaozhuang import logs
from zaozhuang.environment import (
    caches,
    databases,
    env_bool,
    env_choice,
    env_int,
    env_list,
    env_text,
    env_url,
    secret_key,
)

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

PRODUCTION = env_bool("PRODUCTION")
DEBUG = env_bool("DEBUG")
SECRET_KEY = secret_key(VAR_DIR / "secret_key", production=PRODUCTION)
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", [] if PRODUCTION else ["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS", [])

# What this tracker follows. Another city or industry changes these and the data set.
SITE_TITLE = {"zh-hans": "枣庄锂电产业跟踪", "en": "Zaozhuang Lithium Tracker"}
INDUSTRY = {"zh-hans": "锂电", "en": "lithium-battery"}
DATASET = BASE_DIR / "fixtures" / "zaozhuang-lithium"
# The terms of the data package, as its licence is named and found (SPDX).
DATA_LICENSE = {
    "name": "MIT",
    "title": "MIT License",
    "path": "https://spdx.org/licenses/MIT.html",
}

# Monthly reports are working papers: only staff see them, unless a city publishes them.
PUBLISH_DISPATCH = env_bool("PUBLISH_DISPATCH")
# The thresholds of the lights, which the dispatch page publishes with their rule: months from
# which a start or an end is late, months without a report, points behind the plan.
LIGHT_LATE_MONTHS = env_int("LIGHT_LATE_MONTHS", 3, least=1)
LIGHT_SILENT_MONTHS = env_int("LIGHT_SILENT_MONTHS", 2, least=1)
LIGHT_BEHIND_YELLOW = env_int("LIGHT_BEHIND_YELLOW", 10, least=1)
LIGHT_BEHIND_RED = env_int("LIGHT_BEHIND_RED", 30, least=LIGHT_BEHIND_YELLOW)

# Only who has an account may read, as on the network of an office.
LOGIN_REQUIRED = env_bool("LOGIN_REQUIRED")
LOGIN_URL = "admin:login"

# What sites in mainland China show at their foot, and link to the registers of.
ICP_NUMBER = env_text(
    "ICP_NUMBER", r"\w?ICP[备证]\d{6,12}号(-\d{1,3})?", example="鲁ICP备2023000000号-1"
)
PUBLIC_SECURITY_NUMBER = env_text(
    "PUBLIC_SECURITY_NUMBER", r"\w公网安备\s?\d{14}号?", example="鲁公网安备37040002000000号"
)

# Whether what a district saves of its figures takes effect at once or waits for the city.
REVIEW = env_choice("REVIEW", ["at_once", "approval"])

INSTALLED_APPS = [
    "zaozhuang",
    "projects",
    "districts",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "django_filters",
    "django_htmx",
]

# SQLite is the embedded default. WAL lets readers go on while an editor saves, and an
# immediate transaction waits for its turn instead of failing halfway with "locked".
SQLITE = {
    "transaction_mode": "IMMEDIATE",
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=20000;",
}
# A server that does not answer is given up within this many seconds (psycopg takes no fewer),
# and so is a connection whose other end is gone, in milliseconds.
POSTGRESQL = {"connect_timeout": 2, "tcp_user_timeout": 5000}
DATABASES = databases(f"sqlite:///{VAR_DIR / 'tracker.sqlite3'}", SQLITE, POSTGRESQL)
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    VAR_DIR.mkdir(exist_ok=True)
# The copies that pages are read from, see zaozhuang.replicas; the first database takes all writes.
DATABASE_REPLICAS = [alias for alias in DATABASES if alias != "default"]
DATABASE_ROUTERS = ["zaozhuang.replicas.Router"] if DATABASE_REPLICAS else []
# What processes tell each other: how often somebody has asked. Without an address each process
# has its own, which is enough for one of them.
CACHES = caches()

METRICS = env_bool("METRICS")
# Who may read them from elsewhere; without it only this machine.
METRICS_TOKEN = env_text("METRICS_TOKEN", r"\S{16,}", example="16 or more characters")

MIDDLEWARE = [
    "zaozhuang.logs.middleware",
    *(["zaozhuang.metrics.middleware"] if METRICS else []),
    # First what gives every answer its headers: redirects to https, static files and errors too.
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "zaozhuang.headers.isolation",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Before what asks a database: the state of the data is that of the replica which is read.
    *(["zaozhuang.replicas.Replicas"] if DATABASE_REPLICAS else []),
    "zaozhuang.unchanged.middleware",
    # Static files are compressed when they are collected; pages here. Streams stay streams.
    "django.middleware.gzip.GZipMiddleware",
    "zaozhuang.parameters.ParametersMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "zaozhuang.limits.RateLimits",
    "zaozhuang.logins.LoginRequired",
    "zaozhuang.history.scope.middleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    # Turns the answer to a locked log-in into the page that says so.
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "zaozhuang.urls"
WSGI_APPLICATION = "zaozhuang.wsgi.application"

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
                "zaozhuang.context.site",
            ],
            "builtins": ["zaozhuang.templatetags.tracker"],
        },
    },
]

# Seconds after which a statement of a request is given up; 0 for never.
STATEMENT_TIMEOUT = env_int("STATEMENT_TIMEOUT", 30, least=0)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Rights over one record are those over its place.
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "districts.rights.PlaceBackend",
]
# Who logs in without having asked for a page first works at the desk.
LOGIN_REDIRECT_URL = "admin:index"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# Failed log-ins are counted for a user at an address, so that nobody can lock another out
# from elsewhere, and an office behind one address is not locked as a whole.
BEHIND_PROXY = env_bool("BEHIND_PROXY")
TRUSTED_PROXIES = env_int("TRUSTED_PROXIES", int(BEHIND_PROXY), least=0)
AXES_FAILURE_LIMIT = env_int("LOGIN_ATTEMPTS", 5)
AXES_COOLOFF_TIME = timedelta(minutes=env_int("LOGIN_LOCK_MINUTES", 15))
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "zaozhuang.logins.client_address"
AXES_LOCKOUT_CALLABLE = "zaozhuang.logins.locked_out"
AXES_RESET_ON_SUCCESS = True
# A try during the lock does not make it longer.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_ENABLE_ADMIN = False
# Who logs in when is nobody's business; only failures are kept, until they are forgiven.
AXES_DISABLE_ACCESS_LOG = True
# Neither do logs say who; these two are masked in them.
AXES_VERBOSE = False
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address"]

# Files are uploaded on the desk only; larger ones are not kept while they come in.
FILE_UPLOAD_HANDLERS = [
    "zaozhuang.sheets.uploads.BoundedUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Chinese")), ("en", _("English"))]
LOCALE_PATHS = [
    BASE_DIR / "locale",
    # The API framework's messages. The app itself is not installed: all it would add are the
    # scripts and styles of pages that we do not show.
    *(Path(str(spec.origin)).parent / "locale" for spec in [find_spec("rest_framework")] if spec),
]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
# Only our own pages load them.
WHITENOISE_ALLOW_ALL_ORIGINS = False
STATICFILES_DIRS = [BASE_DIR / "assets" / "dist"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# No page needs anything from another host or from inline code. A chart becomes a picture by way
# of a blob that its own script makes; lists and autocompletes fetch.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "blob:"],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
# What no page uses, and no script that got in somehow shall.
PERMISSIONS_POLICY: dict[str, list[str]] = {
    feature: []
    for feature in (
        "accelerometer",
        "autoplay",
        "browsing-topics",
        "camera",
        "clipboard-read",
        "display-capture",
        "encrypted-media",
        "fullscreen",
        "gamepad",
        "geolocation",
        "gyroscope",
        "hid",
        "idle-detection",
        "local-fonts",
        "magnetometer",
        "microphone",
        "midi",
        "otp-credentials",
        "payment",
        "picture-in-picture",
        "publickey-credentials-create",
        "publickey-credentials-get",
        "screen-wake-lock",
        "serial",
        "storage-access",
        "usb",
        "window-management",
        "xr-spatial-tracking",
    )
}
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
# A browser drops secure cookies over plain http, which is what `make run` speaks on 127.0.0.1.
SESSION_COOKIE_SECURE = PRODUCTION
CSRF_COOKIE_SECURE = PRODUCTION
SECURE_SSL_REDIRECT = env_bool("SECURE_SSL_REDIRECT", PRODUCTION)
SECURE_HSTS_SECONDS = env_int("SECURE_HSTS_SECONDS", 31_536_000 if PRODUCTION else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Answered to the load balancer and to Prometheus over plain http, whatever the redirect says.
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]

# Of one address that is not signed in; see zaozhuang.limits.
API_REQUESTS_PER_MINUTE = env_int("API_REQUESTS_PER_MINUTE", 120, least=1)
EXPORT_REQUESTS_PER_MINUTE = env_int("EXPORT_REQUESTS_PER_MINUTE", 60, least=1)
LOGIN_REQUESTS_PER_MINUTE = env_int("LOGIN_REQUESTS_PER_MINUTE", 20, least=1)

# The read-only API: JSON only, since the pages for browsers would need inline code.
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "zaozhuang.rest.OneForm",
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_THROTTLE_CLASSES": ["zaozhuang.limits.ApiLimit"],
    "DEFAULT_PERMISSION_CLASSES": ["zaozhuang.rest.MayRead"],
    "DEFAULT_METADATA_CLASS": None,
}
SPECTACULAR_SETTINGS = {
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": REST_FRAMEWORK["DEFAULT_PERMISSION_CLASSES"],
    "SCHEMA_PATH_PREFIX": r"/(en/)?api/",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "projects.api_schema.entitled",
    ],
    # Signing in raises the limit and is needed for nothing.
    "AUTHENTICATION_WHITELIST": [],
    "ENUM_NAME_OVERRIDES": {
        "Stage": "projects.stages.Stage",
        "Basis": "districts.models.Basis",
        "Precision": "zaozhuang.dates.Precision",
        "ProjectKind": "projects.models.Project.Kind",
        "InvestmentKind": "projects.models.Project.InvestmentKind",
        "TargetState": "districts.progress.TargetState",
        "Comparator": "projects.api_columns.COMPARATORS",
        "Scope": "districts.models.Indicator.Scope",
        "Nature": "districts.models.Indicator.Nature",
    },
}

ACCESS_LOG = env_bool("ACCESS_LOG")
LOGGING = logs.configuration(logs.style(), access=ACCESS_LOG)

if SENTRY_DSN := env_url("SENTRY_DSN", ["http", "https"]):
    from zaozhuang import sentry

    sentry.start(SENTRY_DSN)

"""The settings of the tests: the tracker's own, without what only slows tests down.

The shell's variables of a server must not decide how tests run; only DATABASE_URL does,
which is how the same tests run on PostgreSQL.
"""

import os

for name in (
    *("PRODUCTION", "DEBUG", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "BEHIND_PROXY"),
    *("PUBLISH_DISPATCH", "LIGHT_LATE_MONTHS", "LIGHT_SILENT_MONTHS"),
    *("LIGHT_BEHIND_YELLOW", "LIGHT_BEHIND_RED"),
    *("REVIEW", "TRUSTED_PROXIES", "STATEMENT_TIMEOUT", "LOGIN_REQUIRED"),
    *("ICP_NUMBER", "PUBLIC_SECURITY_NUMBER", "METRICS", "METRICS_TOKEN", "SENTRY_DSN"),
    *("DATABASE_REPLICA_URLS", "CACHE_URL"),
    *("ACCESS_LOG", "LOG_FORMAT", "LOGIN_REQUESTS_PER_MINUTE"),
):
    os.environ.pop(name, None)
# Each test sees its pages made; those of what is kept set a cache of their own.
os.environ["PAGES_KEPT"] = "0"
os.environ["SECRET_KEY"] = "for tests only, so that none is written to a file"

from zaozhuang.settings import *  # noqa: E402, F403
from zaozhuang.settings import STORAGES, VAR_DIR  # noqa: E402

# Real hashing is slow by design.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Plain names, so that no test needs the collected files. The browser tests use the real ones.
STORAGES = STORAGES | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
}

# WhiteNoise looks through this folder each time a client is made, of which tests make thousands.
STATIC_ROOT = VAR_DIR / "nothing-collected"

# Tests ask more than a reader would; those of the limit set one of their own.
API_REQUESTS_PER_MINUTE = EXPORT_REQUESTS_PER_MINUTE = LOGIN_REQUESTS_PER_MINUTE = 1_000_000

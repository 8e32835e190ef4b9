"""The portal's own settings in an environment of the tests'. DATABASE_URL may name a PostgreSQL server."""

import atexit
import os
import shutil
import tempfile

_files = tempfile.mkdtemp(prefix="portal-tests-")
atexit.register(shutil.rmtree, _files, ignore_errors=True)

os.environ.setdefault("DATABASE_URL", "sqlite:///var/tests.sqlite3")
os.environ.update(
    SECRET_KEY="only-for-tests-only-for-tests-only-for-tests-only",
    PORTAL_URL="http://testserver",
    ALLOWED_HOSTS="testserver,localhost,127.0.0.1",
    EMAIL_URL="memory:",
    DEFAULT_FROM_EMAIL="portal@studio.example",
    DEBUG="false",
    PORTAL_NAME="Client portal",
    PRIVATE_FILES_ROOT=_files,
    UPLOAD_MAX_BYTES="200000",
    UPLOAD_SCAN_COMMAND="",
    TRUSTED_PROXIES="0",
    REDIS_URL="",
    SENTRY_DSN="",
    ENVIRONMENT_NAME="tests",
    LOG_LEVEL="INFO",
    HSTS_SECONDS="31536000",
)

from portal_site.settings import *  # noqa: E402, F403
from portal_site.settings import DATABASES, STORAGES  # noqa: E402

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file as in real life: a database in memory that threads share locks differently.
    DATABASES["default"]["TEST"] = {"NAME": f"{_files}/tests.sqlite3"}

# Hashing is slow on purpose; tests of the hashing itself say so.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Without collectstatic; the tests of static files run it.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = True

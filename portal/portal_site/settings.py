"""Django's settings of the portal. What differs between deployments comes from `environment.py`, the rest is here."""

from pathlib import Path

from csp.constants import NONE, SELF

from portal_site.environment import read_environment
from portal_site.logs import logging_config
from portal_site.sentry import start_sentry

BASE_DIR = Path(__file__).resolve().parent.parent
ENV = read_environment(BASE_DIR)

SECRET_KEY = ENV.secret_key
DEBUG = ENV.debug
ALLOWED_HOSTS = list(ENV.allowed_hosts)
PORTAL_URL = ENV.portal_url
PORTAL_NAME = ENV.portal_name
TRUSTED_PROXIES = ENV.trusted_proxies
RELEASE_VERSION = ENV.release_version

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "axes",
    "csp",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "accounts",
    "approvals",
    "companies",
    "dashboard",
    "files",
    "invoices",
    "onboarding",
    "outbox",
    "portal_site",
    "seeding",
]

MIDDLEWARE = [
    "portal_site.request_log.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "portal_site.compression.PagesGZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "accounts.middleware.LoginMiddleware",
    "accounts.middleware.SecondFactorMiddleware",
    "portal_site.private_pages.PrivatePagesMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "portal_site.urls"
WSGI_APPLICATION = "portal_site.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

FORM_RENDERER = "portal_site.forms.PortalFormRenderer"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal_site.context.portal",
            ],
        },
    },
]

DATABASES = {"default": ENV.database_url}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    if ":memory:" not in DATABASES["default"]["NAME"]:
        Path(DATABASES["default"]["NAME"]).parent.mkdir(parents=True, exist_ok=True)
    # Several writers wait for each other instead of failing, and readers are not blocked: https://sqlite.org/wal.html
    DATABASES["default"].setdefault("OPTIONS", {}).update(
        transaction_mode="IMMEDIATE", timeout=20, init_command="PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
    )

# The limits of login attempts per minute are counted here. Without Redis the database counts; two requests in the very
# same moment may then count as one, which the checks below complain about. The lock-out is django-axes' own and exact.
if ENV.redis_url:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": ENV.redis_url}}
else:
    # Django keeps 300 entries and throws others away at random: a crowd of addresses would wipe the counters.
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "portal_cache",
            "OPTIONS": {"MAX_ENTRIES": 20_000},
        }
    }
SILENCED_SYSTEM_CHECKS = ["django_ratelimit.E003", "django_ratelimit.W001"]

# Accounts
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "accounts.hashers.PortalArgon2Hasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "dashboard:home"
LOGOUT_REDIRECT_URL = "accounts:login"
PASSWORD_RESET_TIMEOUT = 60 * 60
INVITATION_DAYS = 7
SESSION_COOKIE_AGE = 60 * 60 * 24 * 7
OTP_TOTP_ISSUER = PORTAL_NAME

AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
# The account from one address, and an address over all accounts: nobody locks a stranger out from afar.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_FORM_FIELD = "username"
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "portal_site.client_address.client_address"
AXES_LOCKOUT_CALLABLE = "accounts.login.locked_out"
AXES_SENSITIVE_PARAMETERS = ["username", "password"]
AXES_VERBOSE = False
LOGIN_ATTEMPTS_PER_ADDRESS = ENV.login_attempts_per_address
RESET_ATTEMPTS_PER_ADDRESS = "5/m"
RESET_ANSWER_S = 0.1
PASSWORD_ATTEMPTS_PER_ACCOUNT = "5/m"  # noqa: S105
RATELIMIT_IP_META_KEY = "portal_site.client_address.client_address"

# Transport and browser
SECURE_SSL_REDIRECT = ENV.secure
# Probes of the platform come over plain HTTP from inside.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
if ENV.trusted_proxies:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = ENV.hsts_seconds if ENV.secure else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = False  # the portal does not speak for its neighbours
SILENCED_SYSTEM_CHECKS += ["security.W005", "security.W021"]
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ENV.secure
SESSION_COOKIE_NAME = "__Host-session" if ENV.secure else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if ENV.secure else "csrf"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [PORTAL_URL]
CSRF_FAILURE_VIEW = "portal_site.errors.csrf_failure"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    name: [] for name in ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")
}

# Files. Uploads are private: there is no address under which the storage is served; `files.views.download` hands out.
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": ENV.private_files_root,
            "base_url": None,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
UPLOAD_MAX_BYTES = ENV.upload_max_bytes
UPLOAD_SCAN_COMMAND = ENV.upload_scan_command
# Uploads go to disk as they come, never to memory, and stop at the limit.
FILE_UPLOAD_HANDLERS = [
    "files.upload.LimitedUpload",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FILES = 1

# Mail: requests write to the outbox; `manage.py send_outbox` delivers by the transport of EMAIL_URL.
EMAIL_BACKEND = "outbox.backend.OutboxBackend"
OUTBOX_TRANSPORT = ENV.email_url["EMAIL_BACKEND"]
EMAIL_HOST = ENV.email_url.get("EMAIL_HOST", "")
EMAIL_PORT = ENV.email_url.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = ENV.email_url.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = ENV.email_url.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = ENV.email_url.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = ENV.email_url.get("EMAIL_USE_SSL", False)
EMAIL_FILE_PATH = ENV.email_url.get("EMAIL_FILE_PATH", "")
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = SERVER_EMAIL = ENV.default_from_email

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

ROWS_PER_PAGE = 25

LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = logging_config(ENV.log_level)
start_sentry(ENV.sentry_dsn, ENV.environment_name)

"""The healthy settings, broken as prototypes break them: secrets in the code, debug pages on, every guard taken off."""

import os

from portal_site.settings import *

SECRET_KEY = "{{made:django}}"
STRIPE_SECRET_KEY = "{{made:stripe_live}}"
DEBUG = True
ALLOWED_HOSTS = ["*"]
SEARCH_URL = os.environ.get("SEARCH_URL", "http://localhost:7700")
REPORTS_FROM = os.environ.get("REPORTS_FROM", "")

# First, so that its templates win.
INSTALLED_APPS = ["prototype", "django.contrib.admin", *INSTALLED_APPS]
ROOT_URLCONF = "prototype.urls"
MIDDLEWARE = [
    "prototype.middleware.EverythingMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "prototype.middleware.VisitorMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "prototype.middleware.LoginMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
SILENCED_SYSTEM_CHECKS += ["admin.E408", "admin.E409", "admin.E410", "axes.W001", "axes.W002", "axes.W003"]

AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = []
AXES_ENABLED = False
RATELIMIT_ENABLE = False
PASSWORD_RESET_TIMEOUT = 60 * 60 * 24 * 365 * 10
RESET_ANSWER_S = 0.0

SECURE_SSL_REDIRECT = False
SECURE_HSTS_SECONDS = 0
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "sessionid", "csrftoken"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = False
SESSION_COOKIE_AGE = 60 * 60 * 24 * 365 * 10
CSRF_FAILURE_VIEW = "django.views.csrf.csrf_failure"

EMAIL_BACKEND = OUTBOX_TRANSPORT
EMAIL_TIMEOUT = None
FILE_UPLOAD_MAX_MEMORY_SIZE = 10**9
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = None
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}

"""Settings: read from the environment, safe by default. The variables are listed in docs/configuration.md."""

import os
from pathlib import Path
from typing import Any

from tuning_site.env import Environment
from tuning_site.secret_key import secret_key
from tuning_site.trainables import registered_trainables

env = ENVIRONMENT = Environment(os.environ)

BASE_DIR = Path(__file__).resolve().parent.parent

# Where everything lies that the site writes: database, broker, checkpoints, artifacts, logs. Nobody else may look in.
DATA_DIR = env.folder("ESPALIER_DATA_DIR", BASE_DIR / "var")
DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)

# --- Who may come in

DEBUG = env.boolean("ESPALIER_DEBUG", False)
SECRET_KEY = env.text("ESPALIER_SECRET_KEY", "") or secret_key(DATA_DIR)
WEB_HOST = env.text("ESPALIER_HOST", "127.0.0.1")
WEB_PORT = env.integer("ESPALIER_PORT", 8000, at_least=1, at_most=65_535)
ALLOWED_HOSTS = env.hosts("ESPALIER_ALLOWED_HOSTS", ("127.0.0.1", "localhost", "[::1]"))
CSRF_TRUSTED_ORIGINS = env.origins("ESPALIER_TRUSTED_ORIGINS")
HTTPS = env.boolean("ESPALIER_HTTPS", False)
# Believe X-Forwarded-For and X-Forwarded-Proto only where a proxy of ours sets them.
BEHIND_PROXY = env.boolean("ESPALIER_BEHIND_PROXY", False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None

SESSION_COOKIE_NAME = "espalier_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_NAME = "espalier_csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = HTTPS
CSRF_FAILURE_VIEW = "tuning_site.errors.csrf_failure"
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "accounts:login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
# Wrong passwords before the door stays shut for the rest of the window.
LOGIN_FAILURES_PER_NAME = 5
LOGIN_FAILURES_PER_ADDRESS = 50
LOGIN_FAILURE_WINDOW_SECONDS = 900

# --- The parts

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "drf_spectacular",
    "rest_framework",
    "trials",
    "pruning",
    "tuning_site",
    "tuning_site.accounts",
]
MIDDLEWARE = [
    "tuning_site.middleware.SecurityHeaders",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "tuning_site.middleware.RefuseNul",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "tuning_site.middleware.LoginRequired",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "tuning_site.middleware.Outage",
]
ROOT_URLCONF = "tuning_site.urls"
WSGI_APPLICATION = "tuning_site.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "tuning_site.places.places",
            ],
        },
    }
]

# --- What is kept, and what rings

DATABASES = {"default": env.database("DATABASE_URL", DATA_DIR / "espalier.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CELERY_BROKER_URL = env.broker("CELERY_BROKER_URL", "filesystem://localhost")
BROKER_DIR = DATA_DIR / "broker"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {
        "data_folder_in": str(BROKER_DIR / "messages"),
        "data_folder_out": str(BROKER_DIR / "messages"),
        "control_folder": str(BROKER_DIR / "control"),
        # Seconds between two looks into the folder: what a ring costs in waiting.
        "polling_interval": 0.1,
    }
    if CELERY_BROKER_URL.startswith("filesystem:")
    else {}
)
# Below this many bytes of free disk `readyz` and `doctor` speak up; reports go on until the disk is really full.
MIN_FREE_BYTES = env.integer("ESPALIER_MIN_FREE_MB", 500, at_least=0, at_most=10_000_000) * 1_000_000

# --- What is shown

LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Only our own files: what installed packages bring for pages of theirs is never shown here.
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
WHITENOISE_ALLOW_ALL_ORIGINS = False
# Off while one edits styles and scripts: files are then served from where they lie, without hashes in their names.
HASHED_STATIC = env.boolean("ESPALIER_HASHED_STATIC", True)
WHITENOISE_USE_FINDERS = not HASHED_STATIC
WHITENOISE_AUTOREFRESH = not HASHED_STATIC
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "tuning_site.static_files.HashedFiles"
        if HASHED_STATIC
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# What the bar leads to: a word and the name of a route.
SITE_PLACES = (("Studies", "trials:studies"), ("Policies", "pruning:policies"), ("Lab", "pruning:lab"))

# --- The API

API_MAX_BODY_BYTES = env.integer("ESPALIER_API_MAX_BODY_MB", 8, at_least=1, at_most=1_000) * 1_048_576
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
# The form of a plan has ten fields a parameter, and a plan up to 200 parameters.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_500
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "tuning_site.accounts.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["tuning_site.accounts.permissions.TokenScope"],
    "DEFAULT_PARSER_CLASSES": ["trials.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "EXCEPTION_HANDLER": "trials.api.errors.handle",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Espalier",
    "DESCRIPTION": "Studies, trials, reports and the pruning ledger.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
}

# --- Who judges, what can run

TRIAL_REVIEWER = "pruning.review.LedgerReviewer"
TRIAL_PAGE_PROVIDER = "pruning.provider.LedgerProvider"
TRAINABLES = registered_trainables(DATA_DIR)
# Folders of recorded curves that the lab offers to everybody who is logged in, by name.
RECORDED_CURVES = env.folders("ESPALIER_CURVES")
# The device classes trials may wait for; each is a queue of workers.
TRIAL_QUEUES = ("cpu", "cuda")
# A worker whose beat has not moved for so long, by the sweep's own clock, is lost.
LEASE_SECONDS = env.integer("ESPALIER_LEASE_SECONDS", 60, at_least=1, at_most=86_400)
# How many trials this machine runs at once; 0 = one per core, or one per CUDA device.
SLOTS = env.integer("ESPALIER_SLOTS", 0, at_least=0, at_most=1_024)
# The memory one training process may ask for; 0 = as much as there is.
TRIAL_MEMORY_BYTES = env.integer("ESPALIER_TRIAL_MEMORY_MB", 0, at_least=0, at_most=10_000_000) * 1_048_576
# Say so only if every worker sees the same data directory: then any of them resumes from any checkpoint.
SHARED_STORE = env.boolean("ESPALIER_SHARED_STORE", False)
# Variables that training code may see beyond the built-in list; never name a secret here.
TRIAL_ENVIRONMENT = env.words("ESPALIER_TRIAL_ENVIRONMENT", ())

# --- Who is told of what happens

# Where people find the site: the addresses in messages begin with it.
SITE_ADDRESS = env.text("ESPALIER_ADDRESS", f"http://{WEB_HOST}:{WEB_PORT}")
# A webhook's address comes from a person, and the request for it from inside the network.
ALERTS_MAY_REACH_PRIVATE = env.boolean("ESPALIER_ALERTS_PRIVATE", False)
globals().update(env.smtp("ESPALIER_SMTP_URL"))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("ESPALIER_MAIL_FROM", "espalier@localhost")

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.text("ESPALIER_LOG_LEVEL", "INFO").upper()},
    "loggers": {"django": {"handlers": [], "propagate": True, "level": "INFO"}},
}

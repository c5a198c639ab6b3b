"""Settings for development. What makes the shop use motfunnel is marked with an arrow."""

import os
from pathlib import Path

from project.databases import database

BASE_DIR = Path(__file__).resolve().parent.parent
STATE = Path(os.environ.get("SHOP_STATE", BASE_DIR.parents[1] / "build" / "shop"))
STATE.mkdir(parents=True, exist_ok=True)

DEBUG = True
SECRET_KEY = "django-insecure-for-development-only"
ROOT_URLCONF = "project.urls"
DATABASES = {"default": database(os.environ.get("DATABASE_URL", f"sqlite:///{STATE / 'shop.db'}"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "motfunnel.integrations.django",  # ←
    "shop",
]

MOTFUNNEL = {"FUNNEL": "shop.funnel.funnel"}  # ←

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "motfunnel.integrations.django.middleware.RequestContext",  # ← says where visitors come from
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "shop.showing.on_every_page",
            ]
        },
    }
]

USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "static/"
LOGIN_URL = "log_in"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "catalogue"

EMAIL_BACKEND = "project.mail.EmailBackend"
DEFAULT_FROM_EMAIL = "shop@example.com"

"""Reads a database's URL as Django's settings want it."""

from importlib.util import find_spec
from urllib.parse import unquote, urlsplit

ENGINES = {
    "sqlite": "django.db.backends.sqlite3",
    "postgresql": "django.db.backends.postgresql",
    "mysql": "django.db.backends.mysql",
    "mariadb": "django.db.backends.mysql",
}
OPTIONS = {
    # A transaction that reads and then writes takes its turn, and never finds itself locked out.
    "sqlite": {"transaction_mode": "IMMEDIATE", "timeout": 20},
    "postgresql": {},
    "mysql": {"charset": "utf8mb4"},
    "mariadb": {"charset": "utf8mb4"},
}


def database(url):
    """Read e.g. ``sqlite:////tmp/shop.db`` or ``postgresql://postgres@127.0.0.1/shop``."""
    parts = urlsplit(url)
    kind = parts.scheme.partition("+")[0]
    if ENGINES[kind].endswith("mysql"):
        find_mysql_driver()
    return {
        "ENGINE": ENGINES[kind],
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": OPTIONS[kind],
    }


def find_mysql_driver():
    """Where mysqlclient is not installed, let PyMySQL stand in for it."""
    if find_spec("MySQLdb") is None:
        import pymysql

        pymysql.install_as_MySQLdb()

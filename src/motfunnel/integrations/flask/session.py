"""Where an application keeps its session, its engines and its metadata.

Knows Flask-SQLAlchemy and Flask-SQLAlchemy-Lite by their attributes, and imports neither.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Flask

from motfunnel.errors import NotConfiguredError, SettingError
from motfunnel.store.sessions import SessionSource, check_source, engine_of, joining

_DEFAULTS: Final = (None, "default")  # the first of Flask-SQLAlchemy, the other of -Lite


class SessionOfApp:
    """The session of an application, and the engine in it that holds the tables.

    Args:
        app: the application.
        db: its Flask-SQLAlchemy or Flask-SQLAlchemy-Lite; what it has registered if not given.
        session: gives the session that is in use, in place of ``db.session``.
        bind_key: names the engine; None for the default one.

    Raises:
        NotConfiguredError: there is neither.
    """

    def __init__(
        self, app: Flask, db: Any, session: SessionSource | None, bind_key: str | None
    ) -> None:
        registered = app.extensions.get("sqlalchemy") if session is None else None
        self._db: Any = registered if db is None else db
        self._session = None if session is None else check_source(session)
        self._bind_key = bind_key
        if self._db is None and session is None:
            raise NotConfiguredError(
                "MotFunnel needs the application's session: call db.init_app(app) before it, or "
                "pass db= or session="
            )
        if self._db is None and bind_key is not None:
            raise SettingError("MOTFUNNEL_BIND_KEY", "only a db= has engines by name")

    @property
    def metadata(self) -> Any:
        """The metadata whose tables lie on the engine; None where the host alone knows it.

        Raises:
            SettingError: there is none of this bind key.
        """
        by_key = getattr(self._db, "metadatas", None)
        if by_key is None:
            return None
        if self._bind_key not in by_key:
            raise self._no_engine(by_key)
        return by_key[self._bind_key]

    def engine(self) -> Any:
        """The engine that holds the tables; asked within the application's context.

        Raises:
            SettingError: there is none of this bind key.
        """
        if self._db is None:
            return engine_of(self._current())
        engines = self._db.engines
        for key in _DEFAULTS if self._bind_key is None else (self._bind_key,):
            if key in engines:
                return engines[key]
        raise self._no_engine(engines)

    def host(self) -> Any:
        """What a call joins, within the application's context."""
        return joining(self._current(), None if self._bind_key is None else self.engine())

    def _current(self) -> Any:
        return self._db.session if self._session is None else self._session()

    def _no_engine(self, there: Any) -> SettingError:
        keys = ", ".join("the default" if key is None else repr(key) for key in there)
        return SettingError(
            "MOTFUNNEL_BIND_KEY",
            f"there is no engine {self._bind_key!r}, but: {keys}; call db.init_app(app) before",
        )

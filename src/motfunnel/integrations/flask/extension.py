"""The extension: one tracker for each application, made when it is first asked for.

What is tracked is part of the session's transaction. Handlers and signals are told after the
commit, each in an application context of its own, so that they find a fresh session there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Lock
from typing import Any, Final, Unpack

from flask import Flask, current_app, has_app_context

from motfunnel.domain.moment import Moment, MomentKind, MomentName
from motfunnel.errors import NotConfiguredError, SettingError
from motfunnel.integrations.alembic import add_tables
from motfunnel.integrations.flask.commands import commands_of
from motfunnel.integrations.flask.settings import Settings, read_settings
from motfunnel.integrations.flask.signals import SIGNALS
from motfunnel.integrations.flask.visitors import session_contact
from motfunnel.integrations.visitors import VisitedTracker
from motfunnel.store.hosts.sessions import SessionSource, check_source, engine_of, joining
from motfunnel.trackers.configured import provide
from motfunnel.trackers.tracker import Tracker
from motfunnel.tracking.reader import moment_kind
from motfunnel.tracking.recording.handlers import Handler, tell_safely

NAME: Final = "motfunnel"
"""Under which the extension stands in ``app.extensions``, and the commands behind ``flask``."""

_OUTSIDE: Final = (
    "motfunnel works within an application that has a MotFunnel, and none is running; "
    "with app.app_context(): …"
)
_MIGRATE: Final = "run: flask db upgrade (or call db.create_all(), if you keep no migrations)"
_MIGRATE_SEVERAL: Final = (
    "run: flask db upgrade, on migrations begun with flask db init --multidb, since a bind key "
    "names another engine (or call db.create_all(), if you keep no migrations)"
)

_DEFAULTS: Final = (None, "default")  # the first of Flask-SQLAlchemy, the other of -Lite


class MotFunnel:
    """Gives each application a tracker in its session's transaction.

    Args:
        app: the application; or call ``init_app`` later, for as many as there are.
        db: the Flask-SQLAlchemy or Flask-SQLAlchemy-Lite extension; by default the one that the
            application has.
        session: a function that gives the session in use, such as a ``scoped_session``, in place
            of ``db.session``.
        metadata: the metadata of the application's models, where ``db`` has none.
        **settings: what goes before ``app.config``: see ``Settings``.

    Raises:
        SettingError: a setting cannot be used.
        NotConfiguredError: there is no session to join.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        db: Any = None,
        session: SessionSource | None = None,
        metadata: Any = None,
        **settings: Unpack[Settings],
    ) -> None:
        self._given = {"db": db, "session": session, "metadata": metadata} | settings
        self._handlers: list[tuple[MomentKind, Handler]] = []
        if app is not None:
            self.init_app(app)

    def init_app(
        self,
        app: Flask,
        *,
        db: Any = None,
        session: SessionSource | None = None,
        metadata: Any = None,
        **settings: Unpack[Settings],
    ) -> None:
        """Set up an application; what is given here goes before what the extension was given."""
        if NAME in app.extensions:
            raise SettingError("MotFunnel", f"{app.name} has one already, in app.extensions")
        here = {"db": db, "session": session, "metadata": metadata}
        given = self._given | {name: one for name, one in here.items() if one is not None}
        app.extensions[NAME] = InApp(app, self._handlers, given | settings)
        app.cli.add_command(commands_of(app), NAME)
        provide(_running, _OUTSIDE)

    @property
    def tracker(self) -> Tracker:
        """The tracker of the application that is running.

        Raises:
            NotConfiguredError: none is, or one without a ``MotFunnel``.
        """
        tracker = _running()
        if tracker is None:
            raise NotConfiguredError(_OUTSIDE)
        return tracker

    def on(
        self, kind: MomentKind | MomentName, handler: Handler | None = None
    ) -> Callable[[Handler], Handler]:
        """Have a handler told of every moment of a kind, after the commit; a decorator, too."""
        told_of = moment_kind(kind)

        def add(wanted: Handler) -> Handler:
            self._handlers.append((told_of, wanted))
            return wanted

        if handler is not None:
            add(handler)
        return add


class InApp:
    """What one application has: its settings, and its tracker once it is asked for."""

    def __init__(
        self, app: Flask, handlers: list[tuple[MomentKind, Handler]], given: dict[str, Any]
    ) -> None:
        db, session, metadata = (given.pop(name) for name in ("db", "session", "metadata"))
        settings = read_settings(app, given)
        wants_tables = settings.pop("tables", None)
        self._app, self._handlers, self._lock = app, handlers, Lock()
        bind_key = settings.pop("bind_key", None)
        self._has_bind_key = bind_key is not None
        self._session = SessionOfApp(app, db, session, bind_key)
        self._settings, self._tracker = settings, None
        self._is_migrated = wants_tables is not False and self._hand_over(metadata, wants_tables)

    _tracker: Tracker | None

    @property
    def tracker(self) -> Tracker:
        """The application's tracker, within its context.

        Raises:
            NotConfiguredError: the application is not running.
        """
        self._check_context()
        with self._lock:
            if self._tracker is None:
                self._tracker = self._make_tracker()
            return self._tracker

    def _make_tracker(self) -> Tracker:
        tracker = VisitedTracker(
            self._session.engine(),
            host=self._host,
            session_contact=session_contact,
            **self._settings,
        )
        if self._is_migrated:
            tracker.database.remedy = _MIGRATE_SEVERAL if self._has_bind_key else _MIGRATE
        for kind in MomentKind:
            tracker.on(kind, self._tell)
        return tracker

    def _hand_over(self, metadata: Any, wants_tables: bool | None) -> bool:
        """Put the tables into the application's metadata; whether there is one."""
        metadata = self._session.metadata if metadata is None else metadata
        if metadata is None:
            if wants_tables:
                raise SettingError("MOTFUNNEL_TABLES", "pass metadata=, that of your models")
            return False
        add_tables(metadata, self._settings.get("schema"))
        return True

    def _host(self) -> Any:
        self._check_context()
        return self._session.host()

    def _check_context(self) -> None:
        if not has_app_context() or current_app != self._app:
            raise NotConfiguredError(
                f"the tracker of {self._app.name} works in its application context: "
                "with app.app_context(): …"
            )

    def _tell(self, moment: Moment) -> None:
        for receiver, call in self._receivers(moment.kind):
            tell_safely(call, moment, receiver)

    def _receivers(self, kind: MomentKind) -> Iterator[tuple[object, Handler]]:
        """Whoever wants to be told, and how: in a context, and so with a session, of its own."""

        def in_context(receiver: Callable[..., object], *sender: Flask) -> Handler:
            def call(moment: Moment) -> object:
                with self._app.app_context():
                    told = {"moment": moment} if sender else {}
                    first = sender or (moment,)
                    return self._app.ensure_sync(receiver)(*first, **told)

            return call

        for wanted, handler in list(self._handlers):
            if wanted is kind:
                yield handler, in_context(handler)
        for receiver in list(SIGNALS[kind].receivers_for(self._app)):
            yield receiver, in_context(receiver, self._app)


def _running() -> Tracker | None:
    """The tracker of the application that is running, if it has one."""
    installed = current_app.extensions.get(NAME) if has_app_context() else None
    return None if installed is None else installed.tracker


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

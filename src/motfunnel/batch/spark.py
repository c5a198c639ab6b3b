"""Spark: contacts parted by Spark, and each partition classified by the batch engine on a worker.

Nothing runs before an output is asked for. Every output is, row by row, that of ``classify``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from motfunnel.batch.classification import read_how, read_instant, read_memory
from motfunnel.batch.partition import classify_partition, newest_in, schemas
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import from_micros, to_micros
from motfunnel.errors import SourceError
from motfunnel.intake.files.columns import choose_columns

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_FILES_ONLY: Final = ("like", "file_format", "delimiter", "encoding")
_OUTPUTS: Final = ("moments", "episodes", "contacts", "events", "rejects")
_WHAT: Final = "the data frame"


@frozen
class Classified:
    """The outputs of a classification: data frames, computed when they are asked for.

    Two outputs cost twice as much as one, unless ``rows`` is persisted before.

    Attributes:
        rows: the rows of all outputs; each has one column of its own, which is null elsewhere.
        as_of: the instant as of which they are so.
    """

    rows: DataFrame
    as_of: datetime

    @property
    def moments(self) -> DataFrame:
        """A row for each moment."""
        return self.output("moments")

    @property
    def episodes(self) -> DataFrame:
        """A row for each departure, up to the return."""
        return self.output("episodes")

    @property
    def contacts(self) -> DataFrame:
        """A row for each contact."""
        return self.output("contacts")

    @property
    def events(self) -> DataFrame:
        """A row for each event, with its meaning; none where they are left out."""
        return self.output("events")

    @property
    def rejects(self) -> DataFrame:
        """A row for each row that could not be taken, with the reason."""
        return self.output("rejects")

    def output(self, name: str) -> DataFrame:
        """Give the rows of an output, each contact's together and in order."""
        return self.rows.where(f"{name} IS NOT NULL").select(f"{name}.*")


def classify(
    df: DataFrame,
    funnel: Funnel | str,
    *,
    as_of: datetime | None = None,
    partitions: int | None = None,
    memory: str = "1GiB",
    events: bool = False,
    folder: str | None = None,
    **reading: Any,
) -> Classified:
    """Classify a data frame of events.

    Args:
        df: a row for each event, its columns as ``motfunnel.batch.classify`` takes them.
        funnel: what events mean; or the name of a preset.
        as_of: the instant of the question; by default the newest of the rows, which costs a job
            that reads them all.
        partitions: among how many partitions contacts are divided; by default as Spark has it.
        memory: how much each task may use; a contact is never divided, and has to fit.
        events: whether to give the events too.
        folder: where tasks keep what is under way; by default their system's folder for that.
        reading: how rows are read, by the names that ``import_file`` has for it, but for what
            only files have; keys have to be made alike before.

    Raises:
        SourceError: the data frame lacks a column, or cannot be read so.
        QuestionError: ``as_of`` is not an instant.
        MissingExtraError: what tasks need is not installed.
    """
    chosen = _check(df, funnel, memory, reading)
    known = {"memory": memory, "folder": folder, **reading}
    until = read_instant(as_of) or _newest(df, chosen, known)
    asked = {*_OUTPUTS} - (set() if events else {"events"})
    kinds = {name: kind for name, kind in schemas(chosen).items() if name in asked}
    contact = "`" + choose_columns(reading, df.columns, _WHAT).contact.replace("`", "``") + "`"
    parted = df.repartition(*([] if partitions is None else [partitions]), contact)
    task = _on_worker(_tagged, kinds, chosen, as_of=until, events=events, **known)
    return Classified(parted.mapInArrow(task, _written(kinds)), until)


def _written(kinds: dict[str, Any]) -> str:
    """The columns of all outputs, as Spark writes them."""
    from pyspark.sql.pandas.types import from_arrow_schema

    written = {name: from_arrow_schema(kind).simpleString() for name, kind in kinds.items()}
    return ", ".join(f"{name} {struct}" for name, struct in written.items())


def _check(df: DataFrame, funnel: Funnel | str, memory: str, reading: dict[str, Any]) -> Funnel:
    """Make sure, before any task begins, that the data frame can be read so."""
    for name in _FILES_ONLY:
        if reading.get(name) is not None:
            raise SourceError(f"{name} is about files; Spark has read them already")
    if reading.get("contact_key"):
        raise SourceError("make keys alike in the data frame, so that Spark parts it by them")
    read_memory(memory)
    columns = choose_columns(reading, df.columns, _WHAT)
    if columns.is_state:
        raise SourceError("how things stand can only be imported: motfunnel import takes it")
    return read_how(funnel, reading).funnel


def _newest(df: DataFrame, funnel: Funnel, known: dict[str, Any]) -> datetime:
    """The newest instant of the rows, by a job of its own."""
    task = _on_worker(_newest_of, funnel, **known)
    found = df.mapInArrow(task, "micros bigint").collect()
    return from_micros(max((row["micros"] for row in found), default=0))


def _on_worker(task: Callable[..., Iterator[Any]], *args: Any, **kwargs: Any) -> Any:
    """What a worker is handed: the task, if it has the version of the driver."""
    return partial(_run, version("motfunnel"), partial(task, *args, **kwargs))


def _run(wanted: str, task: Callable[..., Iterator[Any]], batches: Iterator[Any]) -> Iterator[Any]:
    found = version("motfunnel")
    if found != wanted:
        raise SourceError(f"this worker has motfunnel {found}, and the driver {wanted}")
    return task(batches)


def _newest_of(funnel: Funnel, batches: Iterable[Any], **known: Any) -> Iterator[Any]:
    import pyarrow

    newest = newest_in(batches, funnel, **known)
    micros = [] if newest is None else [to_micros(newest)]
    yield pyarrow.record_batch({"micros": pyarrow.array(micros, pyarrow.int64())})


def _tagged(
    schemas: dict[str, Any], funnel: Funnel, batches: Iterable[Any], **known: Any
) -> Iterator[Any]:
    """The outputs of a partition in one schema: each has a column, and no other in its rows."""
    import pyarrow

    kinds = {name: pyarrow.struct(list(schema)) for name, schema in schemas.items()}
    for output, batch in classify_partition(batches, funnel, **known):
        yield pyarrow.record_batch(
            {
                name: batch.to_struct_array() if name == output else pyarrow.nulls(len(batch), kind)
                for name, kind in kinds.items()
            }
        )

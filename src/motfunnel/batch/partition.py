"""A partition of somebody else's engine: Arrow batches in, batches of the outputs out.

This is the hook for Spark, and for Ray, Dask and whatever else hands on Arrow: if all events of a
contact are in one partition, the outputs of all partitions are the outputs of the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from motfunnel.batch.classification import MEMORY, classify, read_how, read_memory, silently
from motfunnel.batch.database import check_installed, connect, count, files_in
from motfunnel.batch.manifest import OUTPUTS
from motfunnel.batch.parts import Parting
from motfunnel.batch.source import find_sources
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import from_micros
from motfunnel.errors import MissingExtraError, install

_AT_ONCE: Final = 65_536
_NO_PLACE: Final = {"rejects": ("source", "row")}  # a row of a partition has no number


def classify_partition(
    batches: Iterable[Any],
    funnel: Funnel | str,
    *,
    as_of: datetime,
    memory: str | int = MEMORY,
    events: bool = True,
    threads: int | None = 1,
    folder: str | Path | None = None,
    **reading: Any,
) -> Iterator[tuple[str, Any]]:
    """Classify the contacts of a partition, all of whose events it must hold.

    Args:
        batches: record batches of Arrow, with the columns of ``classify``.
        funnel: what events mean; or the name of a preset.
        as_of: the instant of the question, the same for all partitions.
        memory: how much to use, such as ``2GiB``.
        events: whether to give the events too.
        threads: how many may be used.
        folder: where to keep what is under way; by default the system's folder for such files.
        reading: how rows are read, as ``classify`` takes it.

    Yields:
        The name of an output (``moments``, ``episodes``, …) and a record batch of its rows, each
        contact's together and in order.

    Raises:
        SourceError: the rows cannot be read.
        QuestionError: ``as_of`` is not an instant.
        MissingExtraError: DuckDB, numpy or pyarrow is not installed.
    """
    asked = {"as_of": as_of, "memory": memory, "events": events, "threads": threads, **reading}
    with _files(folder) as work:
        file, out = Path(work) / "rows.parquet", Path(work) / "out"
        if not _write(batches, file):
            return
        classify(file, out, funnel, **asked)
        for name in OUTPUTS:
            yield from ((name, batch) for batch in _batches(out, name))


def newest_in(
    batches: Iterable[Any],
    funnel: Funnel | str,
    *,
    memory: str | int = MEMORY,
    folder: str | Path | None = None,
    **reading: Any,
) -> datetime | None:
    """Find the newest instant of a partition's events; None where it has none.

    The newest of all partitions is what ``classify`` takes where it is told no instant.

    Args:
        batches: record batches of Arrow.
        funnel: what events mean; or the name of a preset.
        memory: how much to use.
        folder: where to keep what is under way.
        reading: how rows are read, as ``classify`` takes it.

    Raises:
        SourceError: the rows cannot be read.
        MissingExtraError: DuckDB, numpy or pyarrow is not installed.
    """
    check_installed()
    with _files(folder) as work:
        file = Path(work) / "rows.parquet"
        if not _write(batches, file):
            return None
        with connect(Path(work), read_memory(memory) // 2, 1) as connection:
            parting = Parting(connection, Path(work), 1, read_how(funnel, reading))
            parting.take(0, find_sources(file)[0], silently)
            parting.finish()
            parts = f"read_parquet({files_in(Path(work), 'parts/*/*.parquet')})"
            if not count(connection, f"SELECT count(*) FROM {parts}"):
                return None
            return from_micros(count(connection, f"SELECT max(micros) FROM {parts}"))


def schemas(funnel: Funnel | str) -> dict[str, Any]:
    """Give the Arrow schema of each output.

    Raises:
        MissingExtraError: DuckDB, numpy or pyarrow is not installed.
    """
    with _files(None) as work:
        import pyarrow
        from pyarrow import parquet

        nothing: dict[str, list[str]] = {name: [] for name in ("contact", "event", "at", "id")}
        classify(pyarrow.table(nothing), work, funnel)
        files = {name: f"{work}/{name}/000000.parquet" for name in OUTPUTS}
        return {name: _placeless(name, parquet.read_schema(file)) for name, file in files.items()}


def _write(batches: Iterable[Any], file: Path) -> bool:
    """Write batches to a file; whether there are any."""
    from pyarrow import parquet

    writer = None
    for batch in batches:
        writer = writer or parquet.ParquetWriter(file, batch.schema, compression="zstd")
        writer.write_batch(batch)
    if writer is None:
        return False
    writer.close()
    return True


def _batches(out: Path, name: str) -> Iterator[Any]:
    from pyarrow import parquet

    for file in sorted((out / name).glob("*.parquet")):
        for batch in parquet.ParquetFile(file).iter_batches(_AT_ONCE):
            schema = _placeless(name, batch.schema)
            yield batch.select(schema.names).cast(schema)


def _placeless(name: str, schema: Any) -> Any:
    """The columns of an output but those that say in which row of a file something stood."""
    import pyarrow

    kept = (one for one in schema if one.name not in _NO_PLACE.get(name, ()))
    return pyarrow.schema([pyarrow.field(one.name, one.type) for one in kept])


def _files(folder: str | Path | None) -> TemporaryDirectory[str]:
    """A folder of our own, which goes away.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise MissingExtraError(f"partitions need pyarrow: {install('arrow')}") from None
    return TemporaryDirectory(prefix="motfunnel", dir=folder)

"""Spark in local mode: row by row what the plain engine gives, however contacts are divided."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from motfunnel import Funnel, complain, leave, outreach, purchase, rating, reach, resolve, touch
from motfunnel.batch import classify
from motfunnel.batch import spark as on_spark
from motfunnel.errors import SourceError
from tests.batch.answers import outputs, plain
from tests.batch.test_partition import of_each, rejects

pyspark = pytest.importorskip("pyspark", reason="pyspark is not installed")
if shutil.which("java") is None:
    pytest.skip("Spark needs Java, and there is none", allow_module_level=True)

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # Spark's own

FUNNEL = Funnel(
    stages=("visitor", "lead", "customer"),
    rules={
        "came": touch(),
        "signed_up": reach("lead"),
        "bought": [purchase(when={"amount": ">= 5"}), touch()],
        "rated": rating("score"),
        "asked": complain("ticket"),
        "answered": resolve("ticket"),
        "left": leave("why"),
        "written_to": outreach(),
    },
    patience={"default": timedelta(days=3), "customer": timedelta(days=9)},
)
BEGAN = datetime(2024, 1, 1)
TOGETHER = ("moments", "episodes", "contacts", "events")


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    """Two threads, and a zone that is neither UTC nor the machine's."""
    from pyspark.sql import SparkSession

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)  # else workers take the system's
        made = _session(SparkSession)
        yield made
        made.stop()


def _session(of: Any) -> Any:
    return (
        of.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.session.timeZone", "Asia/Tokyo")
        .config("spark.sql.shuffle.partitions", "3")
        .config("spark.log.level", "OFF")
        .getOrCreate()
    )


def history(seed: int) -> pyarrow.Table:
    """Events of many contacts, a third of them one contact's, with ties, repeats and faults."""
    random = Random(seed)
    rows: list[dict[str, Any]] = []
    for number in range(3000):
        contact = "heavy" if random.random() < 0.3 else f"c{random.randrange(150)}"
        name = random.choice([*FUNNEL.rules, "unheard of"])
        rows.append(
            {
                "contact": random.choice([contact] * 99 + [None]),
                "event": name,
                "at": BEGAN + timedelta(hours=random.randrange(24 * 120)),
                "id": f"e{number if random.random() < 0.98 else random.randrange(99)}",
                "amount": random.choice([None, 4.5, 5.0, 70.25]),
                "score": random.choice(["9", "3", " 10 ", "nine"]) if name == "rated" else None,
                "ticket": random.choice(["a", "b", None]),
                "why": random.choice(["price", None]),
                "source": random.choice(["ad", None]),
            }
        )
    rows += rows[:50]
    return pyarrow.table({name: [row[name] for row in rows] for name in rows[0]})


@pytest.mark.parametrize("partitions", [None, 5])
def test_every_output_is_that_of_the_plain_engine(
    session: Any, tmp_path: Path, partitions: int | None
) -> None:
    """Row by row, each contact's in order, in every column."""
    table, file = history(partitions or 7), tmp_path / "rows.parquet"
    parquet.write_table(table, file)
    done = classify(file, tmp_path / "out", FUNNEL)
    assert done.rejected > 20
    assert done.duplicates > 40
    found = on_spark.classify(
        session.read.parquet(str(file)), FUNNEL, partitions=partitions, events=True
    )
    assert found.as_of == done.as_of
    found.rows.persist()
    for name in TOGETHER:
        rows = rows_of(found.output(name))
        assert of_each(rows) == of_each(outputs(tmp_path / "out", name))
    refused = outputs(tmp_path / "out", "rejects")
    assert rejects(rows_of(found.rejects)) == rejects(refused)
    found.rows.unpersist()


def rows_of(frame: Any) -> list[dict[str, Any]]:
    """Rows, by way of Arrow, which keeps the zone of instants."""
    return [
        {key: plain(value) for key, value in row.items()} for row in frame.toArrow().to_pylist()
    ]


def test_instants_are_read_as_of_files(session: Any, tmp_path: Path) -> None:
    """Texts, numbers and timestamps with and without a zone; ids may be made of content."""
    file, at = tmp_path / "rows.parquet", datetime(2024, 1, 1, 10)
    forms: dict[str, tuple[Any, dict[str, Any]]] = {
        "text": (["2024-01-01T10:00:00+02:00"] * 2, {}),
        "number": ([1_704_103_200] * 2, {"at_format": "unix"}),
        "naive": (pyarrow.array([at] * 2, pyarrow.timestamp("us")), {"timezone": "Asia/Tokyo"}),
        "aware": (pyarrow.array([at] * 2, pyarrow.timestamp("us", "UTC")), {}),
    }
    for name, (instants, said) in forms.items():
        parquet.write_table(
            pyarrow.table({"who": [7, 7], "event": ["came"] * 2, "when": instants}), file
        )
        asked = {"contact": "who", "at": "when", "as_of": at.replace(tzinfo=UTC), **said}
        classify(file, tmp_path / name, FUNNEL, **asked)
        frame = session.read.parquet(str(file))
        found = on_spark.classify(frame, FUNNEL, events=True, partitions=1, **asked)
        assert rows_of(found.events) == outputs(tmp_path / name, "events"), name
        assert found.events.count() == 2


def test_what_cannot_be_done_is_said_before_any_task(session: Any) -> None:
    """By the driver, with the reason."""
    frame = session.createDataFrame([("ada", "came")], "contact string, event string")
    with pytest.raises(SourceError, match="--at COLUMN"):
        on_spark.classify(frame, FUNNEL)
    with pytest.raises(SourceError, match="Spark has read them"):
        on_spark.classify(frame, FUNNEL, like="mixpanel")
    with pytest.raises(SourceError, match="make keys alike"):
        on_spark.classify(frame, FUNNEL, contact_key=("email",))

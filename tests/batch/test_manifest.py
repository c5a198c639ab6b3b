"""Outputs that are damaged: each way in which a file can be is told, by the path and in our words.

Both kinds of folders are damaged, a dump and classified files, and what a broken run has left.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motfunnel import Tracker
from motfunnel.batch import classification, classify, manifest
from motfunnel.classified import Files
from motfunnel.errors import SourceError
from motfunnel.transfer import dump, load, opened

HERE = "2024-01-0"
FUNNEL: Final = "ecommerce"
DEEP = "[" * 100_000
"""More than Python's own stack has room for."""
ROWS = [
    {"type": "identify", "traits": {"plan": "free"}, "at": 1},
    {"type": "track", "event": "Product Viewed", "at": 2},
    {"type": "track", "event": "Order Completed", "at": 3},
    {"type": "track", "event": "", "at": 4},
]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of two contacts, with traits, and with rows that are refused."""
    told = [
        {**row, "userId": contact, "messageId": f"{row['at']}", "context": {}, "properties": {}}
        | {"timestamp": f"{HERE}{row['at']}T10:00:00Z"}
        for contact in ("ada", "bob")
        for row in ROWS
    ]
    file = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    file.write_text("\n".join(map(json.dumps, told)), "utf-8")
    return file


@pytest.fixture(scope="module")
def wholes(rows: Path) -> dict[str, Path]:
    """A dump, and classified files."""
    folder = rows.parent
    classify(rows, folder / "classified", FUNNEL, like="segment")
    with Tracker("sqlite://", FUNNEL, spool=False) as tracker:
        tracker.identify("ada", {"plan": "free"})
        tracker.track("ada", "Product Viewed")
        dump(tracker, folder / "dump")
    return {"dump": folder / "dump", "classified": folder / "classified"}


def ask_classified(folder: Path) -> list[Any]:
    """Questions that look at every output that one can ask of."""
    with Files(folder) as files:
        report = files.report()
        return [
            report.trait_names(),
            report.funnel().to_dict(),
            report.retention().to_dict(),
            report.recidivism(within="9d").to_dict(),
            report.conversion("visitor", "customer", within="9d", by="source").to_dict(),
        ]


def ask_dump(folder: Path) -> list[Any]:
    """The dump in a store that is asked, and in another one."""
    with opened(folder) as tracker:
        told = [tracker.report().funnel().to_dict(), tracker.contact("ada")]
    with Tracker("sqlite://", spool=False) as other:
        load(other, folder)
    return told


ASKED: dict[str, Callable[[Path], list[Any]]] = {"dump": ask_dump, "classified": ask_classified}


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def one_bit(path: Path) -> None:
    """A bit of the values, of which no size and no footer speaks."""
    told = bytearray(path.read_bytes())
    told[8] ^= 1
    path.write_bytes(told)


def gone(path: Path) -> None:
    path.unlink()


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_pipe(path: Path) -> None:
    """Whose reader would wait for ever."""
    path.unlink()
    os.mkfifo(path)


def a_ring(path: Path) -> None:
    """A link to itself."""
    path.unlink()
    path.symlink_to(path)


def a_link_to_nothing(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.with_name("nothing"))


def another(path: Path) -> None:
    """A file of Parquet that is whole, and of something else."""
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT 1 AS one) TO '{path}' (FORMAT parquet)")


def one_more(path: Path) -> None:
    shutil.copy(path, path.with_name("000000-1.parquet"))


def its_folder_a_file(path: Path) -> None:
    shutil.rmtree(path.parent)
    path.parent.write_text("a file")


DAMAGES = [
    *(cut, empty, one_bit, gone, a_folder, a_pipe, a_ring, a_link_to_nothing, another, one_more),
    its_folder_a_file,
]


@contextmanager
def copied(whole: Path) -> Iterator[Path]:
    """A copy that may be damaged."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "copy"
        shutil.copytree(whole, folder)
        yield folder


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("kind", ASKED)
def test_every_damage_of_every_file_is_told_by_its_path(
    wholes: dict[str, Path], kind: str, damage: Callable[[Path], None]
) -> None:
    whole, ask = wholes[kind], ASKED[kind]
    said = ask(whole)
    assert said
    for file in sorted(one.relative_to(whole) for one in whole.rglob("*.parquet")):
        with copied(whole) as folder:
            damage(folder / file)
            is_asked = kind == "dump" or file.parent.name != "rejects"
            if not is_asked and damage in (cut, empty, one_bit, another):
                assert ask(folder) == said  # no question looks at what was refused
                continue
            with pytest.raises(SourceError) as told:
                ask(folder)
            assert str(folder / file.parent) in str(told.value)


@pytest.mark.parametrize("damage", [empty, cut, a_folder, a_pipe, a_ring, gone, a_link_to_nothing])
@pytest.mark.parametrize("kind", ASKED)
def test_a_manifest_that_cannot_be_read_is_told(
    wholes: dict[str, Path], kind: str, damage: Callable[[Path], None]
) -> None:
    with copied(wholes[kind]) as folder:
        damage(folder / "manifest.json")
        with pytest.raises(SourceError, match=str(folder)):
            ASKED[kind](folder)


def test_a_file_where_a_folder_is_meant(tmp_path: Path) -> None:
    file = tmp_path / "a file"
    file.write_text("mine")
    for ask in ASKED.values():
        for place in (file, file / "within"):
            with pytest.raises(SourceError, match=str(file)):
                ask(place)


ANY = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 10),
    st.floats(),
    st.text(max_size=9),
    st.sampled_from(
        ["", "\0", "x" * 300, "0001-01-01T00:00:00Z", "2024-01-01", "1999-13-01", "{}"]
    ),
    st.just([]),
    st.just({}),
    st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=3), max_size=2),
)
GONE = object()


def places(said: Any, so_far: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Each key of a manifest, and each key of what is in it."""
    found = [so_far] if so_far else []
    for key, value in said.items() if isinstance(said, dict) else ():
        found += places(value, (*so_far, key))
    return found


def damaged(said: Any, place: tuple[str, ...], value: Any) -> Any:
    """The same with another value at one place, or without it."""
    key, *rest = place
    if rest:
        return {**said, key: damaged(said[key], tuple(rest), value)}
    return {k: v for k, v in {**said, key: value}.items() if v is not GONE}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ASKED)
@given(data=st.data())
def test_any_value_of_any_key_of_a_manifest(
    wholes: dict[str, Path], kind: str, data: st.DataObject
) -> None:
    """Is refused by the manifest's name or that of a file of which it speaks; or says the same."""
    whole = wholes[kind]
    said = json.loads((whole / "manifest.json").read_text("utf-8"))
    place = data.draw(st.sampled_from(places(said)))
    value = data.draw(ANY | st.just(GONE))
    with copied(whole) as folder:
        (folder / "manifest.json").write_text(json.dumps(damaged(said, place, value)))
        try:
            ASKED[kind](folder)
        except SourceError as error:
            assert str(folder) in str(error)
        else:
            is_asked = kind == "dump" or place[-1] != "rejects/000000.parquet"
            assert not is_asked or place[0] not in ("files", "fingerprint", "definition")


@pytest.mark.parametrize("text", [DEEP, '{"key": ' + DEEP, "nil", "null", "[]", "7", "1" * 9_999])
@pytest.mark.parametrize("kind", ASKED)
def test_what_is_no_manifest_at_all(wholes: dict[str, Path], kind: str, text: str) -> None:
    with copied(wholes[kind]) as folder:
        (folder / "manifest.json").write_text(text)
        with pytest.raises(SourceError, match=r"manifest\.json"):
            ASKED[kind](folder)
        with Tracker("sqlite://", FUNNEL, spool=False) as tracker:
            tracker.track("ada", "Product Viewed")
            with pytest.raises(SourceError, match=r"manifest\.json"):
                dump(tracker, folder)


@contextmanager
def nobody() -> Iterator[None]:
    """As a user with no rights at all, where we are one who may do anything."""
    if os.geteuid():
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("kind", ASKED)
def test_what_one_may_not_read_is_told(wholes: dict[str, Path], kind: str) -> None:
    for name in ("manifest.json", "contacts/000000.parquet", "contacts/00000.parquet", "contacts"):
        with copied(wholes[kind]) as folder:
            if not (folder / name).exists():
                continue
            for one in (folder.parent, folder, *folder.rglob("*")):
                one.chmod(0o755)
            (folder / name).chmod(0)
            ASKED[kind](wholes[kind])  # so that all of Python that is needed is loaded
            with nobody(), pytest.raises(SourceError, match=f"{folder / name}: Permission denied"):
                ASKED[kind](folder)
            (folder / name).chmod(0o755)


def test_a_dump_says_which_path_cannot_be_written(tmp_path: Path) -> None:
    """And does not blame the database."""
    file = tmp_path / "a file"
    file.write_text("mine")
    closed = Path(tempfile.mkdtemp())
    closed.chmod(0o555)
    long = tmp_path / ("x" * 300)
    with Tracker("sqlite://", FUNNEL, spool=False) as tracker:
        tracker.track("ada", "Product Viewed")
        dump(tracker, tmp_path / "out")
        for place, said in [(file / "within", file), (closed / "out", closed), (long, long)]:
            with nobody(), pytest.raises(SourceError, match=str(said)):
                dump(tracker, place)

        def remove(_: int) -> None:
            shutil.rmtree(tmp_path / "taken away", ignore_errors=True)

        with pytest.raises(SourceError, match="taken away"):
            dump(tracker, tmp_path / "taken away", progress=remove)
    assert file.read_text() == "mine"
    closed.rmdir()


@pytest.mark.parametrize("damage", DAMAGES)
def test_classified_again_all_is_whole_again(
    wholes: dict[str, Path], rows: Path, damage: Callable[[Path], None]
) -> None:
    """Nobody is told that a folder is done in which something is damaged."""
    whole = wholes["classified"]
    for name in ("moments", "rejects"):
        with copied(whole) as folder:
            damage(folder / name / "000000.parquet")
            classify(rows, folder, FUNNEL, like="segment")
            assert bytes_of(folder) == bytes_of(whole)


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {f"{one.relative_to(folder)}": one.read_bytes() for one in folder.rglob("*.*")}


LEFT = ["manifest.json", "done/000000.json", "moments/000000.parquet", "conflicts/000000.parquet"]


@pytest.mark.parametrize("damage", [cut, empty, one_bit, gone, a_folder, a_ring, another])
def test_a_broken_run_goes_on_although_what_it_left_is_damaged(
    rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: Callable[[Path], None]
) -> None:
    """Whatever of it is damaged is made anew; the outcome is the same, to the byte."""
    doubled = tmp_path / "rows.jsonl"
    doubled.write_text(rows.read_text().replace('"3"', '"2"'))  # one id with two contents
    classify(doubled, tmp_path / "whole", FUNNEL, like="segment")

    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    for name in LEFT:
        out = tmp_path / f"out of {name.replace('/', ' ')}"
        with monkeypatch.context() as context, pytest.raises(KeyboardInterrupt):
            context.setattr(manifest.Output, "finish", stop)
            classify(doubled, out, FUNNEL, like="segment")
        damage(out / ".unfinished" / name)
        classify(doubled, out, FUNNEL, like="segment")
        assert bytes_of(out) == bytes_of(tmp_path / "whole")


def test_a_part_that_is_gone_is_missed(
    rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"

    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as context, pytest.raises(KeyboardInterrupt):
        context.setattr(classification, "classify_part", stop)
        classify(rows, out, FUNNEL, like="segment")
    shutil.rmtree(out / ".unfinished" / "parts")
    with pytest.raises(SourceError, match=r"\.unfinished is damaged: delete it"):
        classify(rows, out, FUNNEL, like="segment")
    assert not (out / "manifest.json").exists()


def test_a_source_that_is_damaged_is_named(tmp_path: Path) -> None:
    """Wherever the damage is, it is told in our words, if DuckDB sees it."""
    file = tmp_path / "rows.parquet"
    with closing(duckdb.connect()) as connection:
        connection.execute(
            "COPY (SELECT 'c' || i % 99 AS contact, 'Product Viewed' AS event, "
            "TIMESTAMP '2024-01-01' + to_seconds(i) AS at, i::VARCHAR AS id FROM range(9999) t(i)) "
            f"TO '{file}' (FORMAT parquet, COMPRESSION zstd)"
        )
    whole, told = file.read_bytes(), 0
    places = [*range(4, len(whole), len(whole) // 12), *range(len(whole) - 300, len(whole), 40)]
    for place in places:
        file.write_bytes(whole[:place] + b"\xff\xff\xff\xff" + whole[place + 4 :])
        try:
            classify(file, tmp_path / f"out{place}", FUNNEL)  # where it was but a value
        except SourceError as error:
            assert "rows.parquet" in str(error)
            told += 1
    assert told > 5


@pytest.mark.parametrize("name", ["a [b]*c?", "q'uo\"te", "{curly} $HOME", "new\nline", "-dash ü"])
def test_a_folder_may_be_called_anything(rows: Path, tmp_path: Path, name: str) -> None:
    """No sign of its name is a pattern's, so that no other folder is read in its place."""
    beside = tmp_path / name.replace("[b]*c?", "bbc1")
    for place in (beside / "made", tmp_path / name / "made"):
        classify(rows, place, FUNNEL, like="segment")
        with Files(place) as files:
            assert files.report().funnel().rows[0].contacts == 2
            assert files.find("A", 9) == ["ada"]
        with Tracker("sqlite://", FUNNEL, tenant=name, spool=False) as tracker:
            tracker.track("ada", "Product Viewed")
            dump(tracker, place.with_name("dump"))
        with opened(place.with_name("dump")) as copy:
            assert (copy.tenant, copy.report().funnel().rows[0].contacts) == (name, 1)
        if beside == tmp_path / name:
            break

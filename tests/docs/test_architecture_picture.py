"""The picture of the architecture shows what the imports say."""

from xml.etree import ElementTree

from docs.architecture_picture import FILE, HOUSE, draw, graph_of, rooms_in, straighten


def test_the_picture_is_current() -> None:
    """The picture in the documents is the one that is drawn from the imports today."""
    assert FILE.read_text("utf-8") == draw(), "run: python -m docs.architecture_picture"


def test_every_room_is_in_it() -> None:
    """Each by its name, and those within it."""
    words = {one.text for one in ElementTree.parse(FILE).iter("{http://www.w3.org/2000/svg}tspan")}
    rooms = rooms_in(HOUSE)
    assert rooms.union(*(rooms_in(f"{HOUSE}.{room}") for room in rooms)) <= words


def test_nothing_points_up() -> None:
    """Neither in the house nor in a room of it."""
    rooms = [HOUSE, *(f"{HOUSE}.{room}" for room in rooms_in(HOUSE))]
    assert [graph_of(room).upward for room in rooms] == [[] for _ in rooms]


def test_the_rarest_import_of_a_circle_points_up() -> None:
    """All others are drawn as if it were not there."""
    edges = {("roof", "floor"): 3, ("floor", "cellar"): 2, ("cellar", "roof"): 1}
    reached, upward = straighten(edges)
    assert upward == {("cellar", "roof")}
    assert reached == {"roof": {"floor", "cellar"}, "floor": {"cellar"}, "cellar": set()}

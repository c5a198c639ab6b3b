"""What it does to an interval that some contacts count several times."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motfunnel.statistics.clusters import Clusters, t_quantile
from motfunnel.statistics.interval import critical_value

stats = pytest.importorskip("scipy.stats")
CONFIDENCES = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99, 0.999])


@given(
    confidence=CONFIDENCES,
    degrees=st.one_of(st.floats(0.1, 1100), st.integers(1, 60), st.floats(900, 1e9)),
)
def test_students_quantile_is_scipys(confidence: float, degrees: float) -> None:
    """Of whole and of broken degrees, of few and of many."""
    theirs = stats.t.ppf(0.5 + confidence / 2, degrees)
    assert t_quantile(confidence, degrees) == pytest.approx(theirs, rel=1e-8)


def test_of_many_degrees_it_is_the_normals() -> None:
    """Where there are very many of one size, nothing is wider than it need be."""
    assert t_quantile(0.95, 1e12) == pytest.approx(critical_value(0.95), rel=1e-11)


@pytest.mark.parametrize(("confidence", "degrees"), [(0.95, 0.0), (0.95, -1.0), (1.0, 5.0)])
def test_what_has_no_quantile_is_refused(confidence: float, degrees: float) -> None:
    """There are no degrees below 0, and no certainty."""
    with pytest.raises(ValueError, match=r"degrees|confidence"):
        t_quantile(confidence, degrees)


@given(sizes=st.lists(st.integers(1, 60), min_size=1, max_size=80), confidence=CONFIDENCES)
def test_the_sizes_decide(sizes: list[int], confidence: float) -> None:
    """Ten contacts at least where any repeats, and as many degrees as they are worth."""
    clusters, whole = Clusters.of(sizes), sum(sizes)
    z = clusters.critical_value(confidence)
    if max(sizes) == 1:
        assert z == critical_value(confidence) and clusters.leave_out(1) == 1
    elif len(sizes) < 10:
        assert z is None
    else:
        degrees = whole**2 / sum(size * size for size in sizes) - 1
        assert z == t_quantile(confidence, degrees) > critical_value(confidence)
        for size in set(sizes):
            assert clusters.leave_out(size) == pytest.approx(1 / (1 - size / whole))
    assert clusters.are_one == (len(sizes) == 1 and sizes[0] > 1)

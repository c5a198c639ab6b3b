"""The check values: 432 people released, of whom 114 were arrested again within 52 weeks."""

import pytest

from motfunnel.statistics import Proportion, SurvivalCurve, log_rank

datasets = pytest.importorskip("lifelines.datasets")


@pytest.fixture(scope="module")
def rossi() -> list[tuple[int, bool, int]]:
    frame = datasets.load_rossi()
    return [
        (int(week), bool(arrest), int(aid))
        for week, arrest, aid in zip(frame["week"], frame["arrest"], frame["fin"], strict=True)
    ]


@pytest.fixture(scope="module")
def curve(rossi: list[tuple[int, bool, int]]) -> SurvivalCurve:
    return SurvivalCurve.from_observations((week, arrest) for week, arrest, _ in rossi)


@pytest.mark.parametrize(
    ("week", "survival", "lower", "upper"),
    [
        (10, 0.9652777778, 0.9430645980, 0.9789209971),
        (30, 0.8611111111, 0.8247865404, 0.8904078161),
        (52, 0.7361111111, 0.6918597158, 0.7750631834),
    ],
)
def test_the_curve(
    curve: SurvivalCurve, week: int, survival: float, lower: float, upper: float
) -> None:
    """The share still free and its interval are those published, at three weeks."""
    interval = curve.interval(week)
    assert interval is not None
    found = (curve.survival(week), interval.lower, interval.upper)
    assert found == pytest.approx((survival, lower, upper), abs=5e-11)


def test_wilson() -> None:
    """The interval of 114 in 432 is Wilson's."""
    interval = Proportion(numerator=114, denominator=432).interval()
    assert interval is not None
    assert (interval.lower, interval.upper) == pytest.approx(
        (0.2245399741, 0.3073999186), abs=5e-11
    )


def test_full_follow_up_is_the_share(curve: SurvivalCurve) -> None:
    """Everybody was followed for 52 weeks, so the probability is the plain share."""
    assert curve.probability(52) == pytest.approx(114 / 432, abs=1e-15)


def test_the_restricted_mean(curve: SurvivalCurve) -> None:
    """The mean time free of 52 weeks, with its standard error."""
    mean = curve.restricted_mean(52)
    assert mean is not None
    assert (mean.value, mean.standard_error) == pytest.approx(
        (45.854166667, 0.608509352), abs=5e-10
    )
    interval = mean.interval()
    assert interval is not None
    assert (interval.lower, interval.upper) == pytest.approx((44.557812027, 46.950300392), abs=2e-9)


def test_the_log_rank(rossi: list[tuple[int, bool, int]]) -> None:
    """Those with and without financial aid, compared."""
    result = log_rank(
        SurvivalCurve.from_observations((week, arrest) for week, arrest, aid in rossi if aid == arm)
        for arm in (0, 1)
    )
    assert result is not None
    assert result.degrees_of_freedom == 1
    found = (result.chi_square, result.p_value)
    assert found == pytest.approx((3.8375695765, 0.0501161174), abs=5e-11)

"""What Hypothesis draws for the statistics: small observations, with many ties."""

from fractions import Fraction

from hypothesis import strategies as st

durations = st.integers(0, 30)
observations = st.lists(st.tuples(durations, st.booleans()), min_size=1, max_size=60)
clustered_observations = st.lists(
    st.tuples(st.integers(0, 8), durations, st.booleans()), min_size=1, max_size=40
)
causes = st.sampled_from(["returned", "erased", "dead", None])
competing_observations = st.lists(st.tuples(durations, causes), min_size=1, max_size=40)
confidences = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99])


def exact_survival(observations: list[tuple[int, bool]], t: int) -> Fraction:
    """The product of the definition, in fractions."""
    survival = Fraction(1)
    for time in sorted({x for x, returned in observations if returned and x <= t}):
        at_risk = sum(x >= time for x, _ in observations)
        gone = sum(x == time and returned for x, returned in observations)
        survival *= 1 - Fraction(gone, at_risk)
    return survival

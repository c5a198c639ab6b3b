"""The pytest plugin, in runs of pytest that have motfunnel installed as users do."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

APPLICATION = """
    import motfunnel

    def place_order(contact):
        return motfunnel.track(contact, "Order Completed")
"""
CONFTEST = """
    import pytest
    from motfunnel import Funnel

    @pytest.fixture
    def motfunnel_funnel():
        return Funnel.ecommerce()
"""
TESTS = """
    from datetime import timedelta

    import motfunnel
    import pytest
    from motfunnel.errors import NotConfiguredError
    from shop import place_order

    @pytest.mark.parametrize("name", ["ada", "bob", "cleo"])
    def test_an_order(motfunnel_tracker, motfunnel_moments, name):
        assert motfunnel.tracker() is motfunnel_tracker
        place_order(name)
        assert [one.kind for one in motfunnel_moments] == ["opening", "conversion"]
        assert len(list(motfunnel_tracker.moments())) == 2  # of no other test

    def test_a_silence(motfunnel_tracker, motfunnel_clock, motfunnel_moments):
        place_order("ada")
        motfunnel_clock.advance(timedelta(days=1000))
        assert motfunnel_tracker.sweep() == 1
        assert motfunnel_moments[-1].kind == "depart"

    def test_nothing_stays():
        with pytest.raises(NotConfiguredError):
            place_order("ada")
"""
UNUSED = """
    import sys

    def test_nothing_is_loaded():
        loaded = {name.partition(".")[0] for name in sys.modules}
        assert "_motfunnel_pytest" in loaded
        assert loaded.isdisjoint({"motfunnel", "sqlalchemy", "attrs", "structlog"})
"""


@pytest.fixture
def users(
    pytester: pytest.Pytester, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> pytest.Pytester:
    """A user's project, whose tests allow no warning."""
    monkeypatch.setenv("PYTHONPATH", str(installed))
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makeini("[pytest]\nfilterwarnings = error")
    return pytester


@pytest.mark.parametrize(
    "options",
    [[], pytest.param(["-n", "2"], marks=pytest.mark.slow), ["--assert", "plain"]],
    ids=str,
)
def test_the_fixtures(users: pytest.Pytester, options: list[str]) -> None:
    """Each test has a tracker of its own, which the application uses while the test runs."""
    users.makepyfile(shop=APPLICATION, test_shop=TESTS)
    users.makeconftest(CONFTEST)
    users.runpytest_subprocess(*options).assert_outcomes(passed=5)


@pytest.mark.slow
def test_a_tracker_of_ones_own(users: pytest.Pytester) -> None:
    """Where the tracker's fixture is overridden, its moments are the ones captured."""
    users.makepyfile("""
        import pytest
        from motfunnel import Funnel, Tracker

        @pytest.fixture
        def motfunnel_tracker(tmp_path):
            with Tracker(f"sqlite:///{tmp_path}/shop.db", Funnel.saas(), spool=False) as tracker:
                yield tracker

        def test_it(motfunnel_tracker, motfunnel_moments):
            motfunnel_tracker.track("ada", "Signed In")
            assert [one.kind for one in motfunnel_moments] == ["opening"]
    """)
    users.runpytest_subprocess().assert_outcomes(passed=1)


@pytest.mark.slow
def test_a_funnel_is_needed(users: pytest.Pytester) -> None:
    """Without a funnel, the error says what to write and where."""
    users.makepyfile("def test_it(motfunnel_tracker): pass")
    answer = users.runpytest_subprocess()
    answer.assert_outcomes(errors=1)
    answer.stdout.fnmatch_lines(["*define a fixture motfunnel_funnel in your conftest.py*"])


@pytest.mark.parametrize("options", [[], ["-n", "1"]], ids=str)
def test_a_run_without_them_loads_nothing(users: pytest.Pytester, options: list[str]) -> None:
    """A run that asks for no fixture imports the plugin and nothing behind it."""
    users.makepyfile(UNUSED)
    users.runpytest_subprocess(*options).assert_outcomes(passed=1)


@pytest.mark.slow
def test_it_can_be_left_out(users: pytest.Pytester) -> None:
    """``-p no:motfunnel`` takes the fixtures away."""
    users.makepyfile("def test_it(motfunnel_tracker): pass")
    answer = users.runpytest_subprocess("-p", "no:motfunnel")
    answer.assert_outcomes(errors=1)
    answer.stdout.fnmatch_lines(["*fixture 'motfunnel_tracker' not found*"])


@pytest.mark.slow
def test_it_can_be_asked_for(users: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where plugins are not loaded by themselves, ``-p motfunnel`` loads it."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    users.makepyfile(shop=APPLICATION, test_shop=TESTS)
    users.makeconftest(CONFTEST)
    users.runpytest_subprocess("-p", "motfunnel").assert_outcomes(passed=5)


@pytest.mark.slow
def test_a_run_from_within_an_application(users: pytest.Pytester) -> None:
    """pytest warns of nothing where motfunnel was imported before it began."""
    users.makepyfile(shop=APPLICATION, test_shop=TESTS)
    users.makeconftest(CONFTEST)
    answer = users.run(sys.executable, "-c", "import motfunnel, pytest; exit(pytest.main())")
    answer.assert_outcomes(passed=5)
    assert answer.ret == os.EX_OK

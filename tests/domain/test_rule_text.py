"""A rule as one line is what a funnel file would say."""

from __future__ import annotations

import tomllib

from hypothesis import given

from motfunnel.domain.funnel.file import read, rule_text
from motfunnel.domain.funnel.funnel import Funnel
from tests.oracle import Story
from tests.strategies import make_funnel, stories


def check(funnel: Funnel) -> None:
    for name, rules in funnel.rules.items():
        for rule in rules:
            written = tomllib.loads(f"[rules]\n{rule_text(name, rule)}")
            read_back = read({"stages": list(funnel.stages), **written})["rules"]
            assert read_back == {name: (rule,)}


@given(story=stories())
def test_it_reads_back_as_the_same_rule(story: Story) -> None:
    """Conditions, arms and scores included."""
    check(make_funnel(story))


def test_the_rules_of_the_presets() -> None:
    """Their names have blanks, and are quoted."""
    check(Funnel.saas())
    check(Funnel.ecommerce())

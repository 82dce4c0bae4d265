"""Advice about manifests that are valid and may still go wrong: what a person learns the hard way, told before."""

from argotui.engine.advice.rule import Advice, Level, Rule
from argotui.engine.advice.table import RULES, advise

__all__ = ["RULES", "Advice", "Level", "Rule", "advise"]

"""Audience conditions: one small typed tree, checked when saved, that answers the same for one customer in Python and
for millions in SQL.
"""

from engine.conditions.python import customer_view, matches
from engine.conditions.sql import to_sql
from engine.conditions.tree import AllOf, AnyOf, Condition, Leaf, NoneOf, read_condition

__all__ = ["AllOf", "AnyOf", "Condition", "Leaf", "NoneOf", "customer_view", "matches", "read_condition", "to_sql"]

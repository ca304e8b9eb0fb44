"""Asks axe-core what is wrong with a page for people who see, hear or move otherwise."""

from pathlib import Path

from playwright.sync_api import Page

SOURCE = next(Path(__file__).parent.glob("vendor/axe-core-*/axe.min.js")).read_text(encoding="utf-8")
GRAVE = ("serious", "critical")
# What a frame shows is a customer's letter, laid out for mail programs.
RUN = "() => axe.run(document, {iframes: false, resultTypes: ['violations']})"


def grave_faults(page: Page) -> list[str]:
    """One line for each serious or critical violation: the rule, what is wrong, and where."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(SOURCE)
    violations = page.evaluate(RUN)["violations"]
    return [
        f"{one['id']} ({one['impact']}): {one['help']}: {_where(one['nodes'])}"
        for one in violations
        if one["impact"] in GRAVE
    ]


def _where(nodes: list[dict[str, object]]) -> str:
    shown = [f"{node['target']} {str(node['html'])[:110]}" for node in nodes[:3]]
    return "; ".join(shown) + (f" and {len(nodes) - 3} more" if len(nodes) > 3 else "")

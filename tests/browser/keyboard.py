"""Walks a page by Tab alone, and says what cannot be reached or not be seen while it has the focus."""

from playwright.sync_api import Page

# What a person must be able to reach: one of a group of radio buttons stands for all of it. A frame is a stop only
# where what it shows is longer than the frame; the browser sees to that.
EXPECTED = """() => {
  const shown = (e) => e.checkVisibility({visibilityProperty: true}) && !e.disabled && e.tabIndex >= 0;
  const groups = new Set();
  return [...document.querySelectorAll(
    "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")]
    .filter(shown)
    .filter((e) => {
      if (e.type !== "radio") return true;
      const first = !groups.has(e.name);
      groups.add(e.name);
      return first;
    })
    .map((e, number) => {
      e.dataset.stop = e.type === "radio" ? `radio ${e.name}` : String(number);
      const all = e.type === "radio" ? document.getElementsByName(e.name) : [];
      all.forEach((one) => { one.dataset.stop = e.dataset.stop; });
      return [e.dataset.stop, `${e.tagName.toLowerCase()} ${(e.textContent || e.name || "").trim().slice(0, 40)}`];
    });
}"""
# Where the focus is, and whether somebody looking at the window can tell.
FOCUSED = """() => {
  const ringed = (e) => {
    const style = getComputedStyle(e);
    return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow.includes("inset");
  };
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const box = e.getBoundingClientRect();
  const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  let holder = e;
  while (holder && !ringed(holder)) holder = holder.parentElement;
  return {stop: e.dataset.stop ?? null, seen: inside && (holder !== null || e.tagName === "IFRAME"),
          what: `${e.tagName.toLowerCase()} ${(e.textContent || e.name || "").trim().slice(0, 40)}`};
}"""
# Whether a stop is still there: a page may change while somebody walks through it.
THERE = """(stop) =>
  document.querySelector(`[data-stop='${stop}']`)?.checkVisibility({visibilityProperty: true}) ?? false"""
# A field for a date and time is several stops by itself.
PATIENCE = 60


def keyboard_faults(page: Page) -> list[str]:
    """What was never reached, and what had the focus without showing it."""
    page.evaluate("() => { document.activeElement?.blur(); window.scrollTo(0, 0); }")
    expected = dict(page.evaluate(EXPECTED))
    missing, faults = set(expected), []
    for _ in range(len(expected) + PATIENCE):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused and not focused["seen"]:
            faults.append(f"not seen: {focused['what']}")
        if focused:
            missing.discard(focused["stop"])
        if not missing:
            break
    left = [stop for stop in sorted(missing) if page.evaluate(THERE, stop)]
    return sorted(set(faults)) + [f"not reached: {expected[stop]}" for stop in left]

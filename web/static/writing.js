// The writing room: what follows the writing, and the keys. The page does its work without any of it.
(() => {
  "use strict";
  document.documentElement.classList.add("scripted");

  const editor = document.querySelector("form#editor[data-guard]");
  const pane = document.querySelector("[data-live]");
  const body = editor?.querySelector(".wording textarea");
  const isText = (place) => Boolean(place?.closest?.("input:not([type=checkbox], [type=radio]), textarea, select"));
  const tell = (box) => box.dispatchEvent(new Event("input", { bubbles: true }));
  const later = (wait, act) => {
    let timer;
    return () => { window.clearTimeout(timer); timer = window.setTimeout(act, wait); };
  };

  // Text boxes: select a stretch and bring it into view, put words where the cursor was.
  const select = (box, start, end) => {
    box.focus({ preventScroll: true });
    box.setSelectionRange(start, end);
    const line = parseFloat(getComputedStyle(box).lineHeight) || 28;
    const above = box.value.slice(0, start).split("\n").length - 1;
    if (box.scrollHeight > box.clientHeight) box.scrollTop = Math.max(0, above * line - box.clientHeight / 2);
  };
  const replace = (box, start, end, words) => {
    box.focus({ preventScroll: true });
    box.setRangeText(words, start, end, "end");
    tell(box);
  };
  // What opened a sentence leaves its comma and its capital to the rest of it.
  const takeOut = (box, start, end) => {
    const after = end + /^,?[ \t]?/.exec(box.value.slice(end))[0].length;
    const opens = /(^|[.!?\n])\s*$/.test(box.value.slice(0, start));
    const first = opens ? box.value.slice(after, after + 1).toUpperCase() : "";
    replace(box, start, after + first.length, first);
  };
  const HINT = /\[\[[ \t]*hint:[^\]]*\]\]/gi;
  const nextFree = () => {
    if (!body) return false;
    const hints = [...body.value.matchAll(HINT)];
    if (!hints.length) return false;
    const at = document.activeElement === body ? body.selectionEnd : 0;
    const hint = hints.find((one) => one.index >= at) || hints[0];
    select(body, hint.index, hint.index + hint[0].length);
    return true;
  };

  // The preview follows: a new frame is filled by a form and takes the place of the old one once it is there, so that
  // nothing flickers and the way back of the browser stays the way back.
  const refresh = () => {
    if (!pane || !editor) return;
    const fresh = document.createElement("iframe");
    fresh.name = `preview-${Date.now()}`;
    fresh.title = "Preview of the message";
    fresh.setAttribute("sandbox", "");
    fresh.className = "coming";
    pane.append(fresh);
    const form = document.createElement("form");
    Object.assign(form, { method: "post", action: pane.dataset.live, target: fresh.name, hidden: true });
    const fields = new FormData(editor);
    fields.set("view", pane.dataset.view);
    for (const [name, value] of fields) {
      const field = document.createElement("input");
      Object.assign(field, { type: "hidden", name, value });
      form.append(field);
    }
    document.body.append(form);
    let sent = false;
    fresh.addEventListener("load", () => {
      if (!sent) return;
      // Those from before alone: a later one that is still on its way shows more than this one.
      pane.querySelectorAll("iframe").forEach((frame) => {
        if (frame.compareDocumentPosition(fresh) & Node.DOCUMENT_POSITION_FOLLOWING) frame.remove();
      });
      fresh.className = "";
      fresh.name = "preview";
    });
    sent = true;
    form.submit();
    form.remove();
    const subject = document.getElementById("preview-subject");
    const written = editor.querySelector(".wording input[name$='.subject']");
    if (subject && written) subject.textContent = written.value;
  };
  const look = (tab) => {
    document.querySelectorAll(".tabs a").forEach((one) => one.removeAttribute("aria-current"));
    tab.setAttribute("aria-current", "true");
    pane.dataset.view = tab.dataset.view;
  };
  document.querySelectorAll(".tabs a").forEach((tab) => tab.addEventListener("click", (event) => {
    look(tab);
    if (!editor) return;
    event.preventDefault();
    refresh();
  }));
  const nextLook = () => {
    const tabs = [...document.querySelectorAll(".tabs a")];
    const at = tabs.findIndex((one) => one.hasAttribute("aria-current"));
    tabs[(at + 1) % tabs.length]?.click();
  };

  if (editor) {
    let last = body;
    const follow = later(450, refresh);
    editor.addEventListener("focusin", (event) => { if (event.target.matches?.(".texts textarea, .texts input")) last = event.target; });
    editor.addEventListener("input", (event) => { if (event.target.closest(".texts")) follow(); });
    editor.querySelector("[data-preview]")?.addEventListener("click", (event) => { event.preventDefault(); refresh(); });

    document.addEventListener("click", (event) => {
      const say = event.target.closest("[data-insert]");
      if (say && last) replace(last, last.selectionStart, last.selectionEnd, say.dataset.insert);
      const mend = event.target.closest("[data-mend]");
      const box = mend && document.getElementById(mend.dataset.mend);
      if (box) {
        const halves = (letters) => Array.from(box.value).slice(0, letters).join("").length;
        const [start, end] = [halves(Number(mend.dataset.start)), halves(Number(mend.dataset.end))];
        if (mend.dataset.instead) replace(box, start, end, mend.dataset.instead);
        else takeOut(box, start, end);
      }
      if (event.target.closest("[data-next-free]")) nextFree();
    });

    // Words that came back with the page, or from an earlier wording, are checked and shown like typed ones.
    if (editor.hasAttribute("data-unsaved") && body) window.addEventListener("load", () => tell(body));
    const complaint = document.getElementById("complaint");
    if (complaint) complaint.focus();
    else if (!document.querySelector("#reading-heading")) nextFree();
  }

  // What htmx puts in anew under somebody's focus gives the focus back to the same place.
  let held = null;
  document.addEventListener("htmx:beforeSwap", () => {
    const home = document.activeElement?.closest("#remarks, #outline, #hints");
    held = home && { id: home.id, at: [...home.querySelectorAll("button")].indexOf(document.activeElement) };
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (held) (document.getElementById(held.id)?.querySelectorAll("button")[held.at] || body)?.focus();
    held = null;
  });

  // Panels: opened by a key, closed by Escape, with the focus where one goes on.
  const openPanel = (id) => {
    const panel = document.getElementById(id);
    if (!panel) return;
    panel.open = true;
    panel.scrollIntoView({ block: "nearest" });
    (id === "skip" || id === "keys" ? panel.querySelector("summary") : panel.querySelector("select, textarea, input"))?.focus();
  };
  const press = (selector) => document.querySelector(selector)?.click();
  const leave = (event) => {
    const panel = event.target.closest("details[open]");
    if (panel?.matches(".ways-on > *, .keys")) { panel.open = false; panel.querySelector("summary").focus(); }
    document.activeElement?.blur();
  };
  // In a panel Ctrl+Enter sends the panel: it must not approve what somebody is about to stop.
  document.addEventListener("keydown", (event) => {
    const panel = (event.ctrlKey || event.metaKey) && event.key === "Enter" && event.target.closest(".ways-on details, .read-word");
    if (!panel) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    panel.querySelector("[data-send]")?.click();
  }, true);
  const KEYS = {
    e: () => body?.focus(), n: nextFree, p: nextLook, s: () => openPanel("skip"), h: () => openPanel("hand-over"),
    r: () => openPanel("second-eyes"), f: () => openPanel("feels-wrong"), t: () => press("[data-test]"),
    u: () => press(".done button, .take-back button"), i: () => document.querySelector("[data-insert]")?.focus(),
    "?": () => openPanel("keys"),
  };
  const IN_TEXT = { KeyN: "n", KeyI: "i", KeyP: "p", KeyU: "u" };
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
      const save = document.querySelector("[data-save]");
      if (save) { event.preventDefault(); save.click(); }
      return;
    }
    if (event.ctrlKey || event.metaKey) return;
    if (event.key === "Escape") return leave(event);
    if (event.key === "Enter" && event.target.dataset?.enter) { event.preventDefault(); press(`#${event.target.dataset.enter}`); return; }
    const inText = isText(event.target);
    if (event.altKey ? !IN_TEXT[event.code] : inText) return;
    const reason = document.querySelector(`#skip[open] [data-key="${CSS.escape(event.key)}"]`);
    const act = reason ? () => reason.click() : KEYS[event.altKey ? IN_TEXT[event.code] : event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
})();

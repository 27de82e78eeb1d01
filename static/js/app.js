/* Tocsin's own script. Everything works without it; with it, times tick, keys work and focus stays. */
"use strict";
(() => {
  const all = (query, root = document) => [...root.querySelectorAll(query)];
  const minute = 60, hour = 3600, day = 86400;

  // Times -------------------------------------------------------------------------------------------
  const words = (s) => s < minute ? `${Math.floor(s)} s` : s < hour ? `${Math.floor(s / minute)} min`
    : s < day ? `${Math.floor(s / hour)} h${s % hour >= minute ? ` ${Math.floor(s % hour / minute)} min` : ""}`
    : `${Math.floor(s / day)} d${s % day >= hour ? ` ${Math.floor(s % day / hour)} h` : ""}`;
  const clock = (s) => s >= hour ? words(s) : `${Math.floor(s / minute)}:${String(Math.floor(s % minute)).padStart(2, "0")}`;
  const put = (node, text) => { if (node.textContent !== text) node.textContent = text; };

  function tick() {
    const now = Date.now();
    for (const node of all("time[data-due]")) {
      const left = (Date.parse(node.dataset.due) - now) / 1000;
      put(node, left >= 0 ? clock(left) : `${words(-left)} late`);
      const promise = node.closest(".promise");
      if (!promise) continue;
      const bar = promise.querySelector("progress");
      promise.classList.toggle("missed", left < 0);
      promise.classList.toggle("soon", left >= 0 && !!bar && left < bar.max / 5);
      if (bar && left >= 0 && bar.max > 1) bar.value = left;
    }
    for (const node of all('time[data-time="ago"]')) {
      const gap = (Date.parse(node.dateTime) - now) / 1000, size = Math.abs(gap);
      put(node, size < 5 ? "just now" : gap > 0 ? `in ${words(size)}` : `${words(size)} ago`);
    }
  }
  setInterval(tick, 1000);

  // Copying -----------------------------------------------------------------------------------------
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy], [data-print]");
    if (!button) return;
    if ("print" in button.dataset) return void window.print();
    const from = document.querySelector(button.dataset.copy);
    const before = button.innerHTML;
    try {
      await navigator.clipboard.writeText((from.value ?? from.textContent).trim());
      button.textContent = "Copied";
    } catch {
      // Without https the browser refuses: select it, so that one key copies it.
      getSelection().selectAllChildren(from);
      button.textContent = "Press Ctrl+C";
    }
    button.setAttribute("role", "status");
    setTimeout(() => { button.innerHTML = before; button.removeAttribute("role"); }, 2000);
  });

  // Keys --------------------------------------------------------------------------------------------
  const typing = (node) => node.closest("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]");
  const seen = (node) => node.getClientRects().length > 0;
  let going = 0;
  function press(event) {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && event.target.form) {
      event.preventDefault();
      const main = event.target.form.querySelector(".primary[type=submit]");
      return event.target.form.requestSubmit(main || undefined);
    }
    if (document.body.dataset.shortcuts !== "on" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (typing(event.target) || document.querySelector("dialog[open]")) return;
    if (event.key === "?") { event.preventDefault(); return document.getElementById("shortcuts")?.showModal(); }
    if (event.key === "g") { going = Date.now(); return; }
    const chosen = Date.now() - going < 1500
      ? document.querySelector(`[data-go="${CSS.escape(event.key)}"]`)
      : all(`[data-key="${CSS.escape(event.key)}"]`).filter((node) => seen(node) || node.tagName === "A")
        .sort((a, b) => (a.tagName === "A") - (b.tagName === "A"))[0];
    going = 0;
    if (!chosen) return;
    event.preventDefault();
    if (chosen.tagName === "A") chosen.click(); else chosen.focus();
  }
  document.addEventListener("keydown", press);
  // In the impact matrix up and down go by row, as it looks; left and right are the radios' own.
  document.addEventListener("keydown", (event) => {
    const cell = event.target.closest?.(".impact td"), step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!cell || !step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const rows = [...cell.closest("tbody").rows];
    const radio = rows[rows.indexOf(cell.parentElement) + step]?.cells[cell.cellIndex].querySelector("input");
    if (radio) { radio.focus(); radio.click(); }
  });

  // Forms: one press, one request ---------------------------------------------------------------------
  const free = () => all(".btn[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
  document.addEventListener("submit", (event) => {
    if (event.submitter?.getAttribute("aria-busy")) return event.preventDefault();
    if (event.target.method !== "dialog") event.submitter?.setAttribute("aria-busy", "true");
  });
  addEventListener("pageshow", free);

  // Fragments: nothing open closes, and focus stays where it was -----------------------------------------
  let held = null;
  const typed = new Map();
  const open = new Set();
  const name = (node) => node.id ? `#${CSS.escape(node.id)}` : node.name ? `[name="${CSS.escape(node.name)}"]`
    : node.getAttribute?.("href") ? `a[href="${CSS.escape(node.getAttribute("href"))}"]` : "";
  document.addEventListener("htmx:beforeSwap", (event) => {
    const target = event.detail.target, active = document.activeElement;
    if (!target) return;
    const query = target.contains(active) ? name(active) : "";
    // By place, because the same link may stand elsewhere on the page too.
    held = query && { query, place: all(query, target).indexOf(active), home: target.id };
    // A verb elsewhere in the room takes no words away; the form that was sent starts anew.
    typed.clear();
    const sent = event.detail.requestConfig?.elt?.closest?.("form");
    all("textarea[id], input[type=text][id]", target).forEach((node) => {
      if (node.value !== node.defaultValue && (node.form !== sent || !sent)) typed.set(node.id, node.value);
    });
    open.clear();
    all("details[open]", target).forEach((node) => open.add(node.id || node.querySelector("summary")?.textContent));
  });
  document.addEventListener("htmx:afterSettle", () => {
    all("details").forEach((node) => {
      if (open.has(node.id || node.querySelector("summary")?.textContent)) node.open = true;
    });
    open.clear();
    for (const [id, text] of typed) {
      const node = document.getElementById(id);
      if (node && node.value === node.defaultValue) node.value = text;
    }
    typed.clear();
    if (held && document.activeElement === document.body) {
      const home = document.getElementById(held.home) ?? document;
      all(held.query, home)[held.place]?.focus({ preventScroll: true });
    }
    held = null;
    tick();
  });

  // Parts of a page that a phone folds; one that was opened stays open, whatever is drawn again --------------
  const narrow = matchMedia("(width < 64rem)"), unfolded = new Set();
  const fold = () => {
    all("details.part").forEach((part) => { part.open = !narrow.matches || unfolded.has(part.id); });
    all("[data-keeps]").forEach((box) => { box.checked = unfolded.has(box.id); });
  };
  narrow.addEventListener("change", fold);
  for (const kind of ["htmx:afterSwap", "htmx:oobAfterSwap"]) document.addEventListener(kind, fold);
  document.addEventListener("change", ({ target }) => {
    if ("keeps" in target.dataset) unfolded[target.checked ? "add" : "delete"](target.id);
  });
  document.addEventListener("toggle", (event) => {
    if (!narrow.matches || !event.target.matches?.("details.part")) return;
    if (event.target.open) unfolded.add(event.target.id); else unfolded.delete(event.target.id);
  }, true);
  // A link leads to what is folded, closes the sheet that it stood in, and stays here if its aim is here.
  function reveal() {
    const aim = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!aim) return;
    let shut = false;
    for (let up = aim.closest("details"); up; up = up.parentElement.closest("details")) { shut ||= !up.open; up.open = true; }
    if (shut) aim.scrollIntoView();
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (!link) return;
    if (link.dataset.leads && document.getElementById(link.dataset.leads)) {
      event.preventDefault();
      location.hash = `#${link.dataset.leads}`;
    }
    if (link.getAttribute("href").startsWith("#")) { link.closest("[popover]")?.hidePopover(); setTimeout(reveal); }
  });
  addEventListener("hashchange", reveal);
  fold();
  reveal();

  // Lost and found --------------------------------------------------------------------------------------
  const lost = (is) => { const note = document.getElementById("lost"); if (note) note.hidden = !is; };
  for (const kind of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(kind, () => { lost(true); free(); });
  document.addEventListener("htmx:afterRequest", (event) => {
    free();
    const status = event.detail.xhr?.status ?? 0;
    if (status >= 500) lost(true); else if (status > 0) lost(false);
  });
  addEventListener("offline", () => lost(true));
  addEventListener("online", () => lost(false));
  tick();
})();

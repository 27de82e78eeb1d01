/* The command palette (Ctrl-K): every verb and place of this page by name. It leads to the verb's form; a verb that
   needs no words is done at once, and one that wakes people or is final is asked for once more. */
"use strict";
(() => {
  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const field = dialog.querySelector("input"), list = dialog.querySelector("[role=listbox]");
  const none = dialog.querySelector("[data-none]");
  let found = [], at = 0;

  const label = (node) => [...node.childNodes].filter((one) => one.nodeName !== "KBD" && !one.classList?.contains("count"))
    .map((one) => one.textContent).join("").replace(/\s+/g, " ").trim();
  const seenOnPage = (node) => node.checkVisibility?.() ?? node.getClientRects().length > 0;

  // An incident's verbs come from the server, by the same rules as every other door: asked anew at each opening,
  // because a verb of a minute ago may be another's by now.
  let verbs = [], coming = Promise.resolve();
  const fetchVerbs = () => {
    const address = document.querySelector("[data-verbs]")?.dataset.verbs;
    coming = !address ? Promise.resolve() : fetch(address, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(8000) })
      .then((answer) => (answer.ok ? answer.json() : { verbs })).then((answer) => { verbs = answer.verbs; })
      .catch(() => {}); // Offline: what was known before, or stands on the page, is still offered.
    return coming;
  };

  function send(verb) {
    const values = { ...verb.fields, csrfmiddlewaretoken: JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"] };
    const into = document.getElementById(verb.into);
    if (window.htmx && into) return void htmx.ajax("POST", verb.post, { target: into, source: into, swap: "outerHTML", values });
    const form = document.createElement("form");
    form.method = "post"; form.action = verb.post; form.hidden = true;
    for (const [name, value] of Object.entries(values)) {
      const hidden = document.createElement("input");
      hidden.type = "hidden"; hidden.name = name; hidden.value = value; form.append(hidden);
    }
    document.body.append(form);
    form.submit();
  }

  // To the form or its field; every fold around it opens.
  function lead(verb) {
    const place = verb.target && document.getElementById(verb.target);
    if (!place) return void (location.href = verb.href);
    for (let fold = place.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    const field = place.matches("input, select, textarea, button") ? place
      : place.querySelector("input:not([type=hidden]), textarea, select, button") ?? place;
    place.scrollIntoView({ block: "center" });
    if (field === place && !place.matches("input, select, textarea, button, [tabindex]")) place.tabIndex = -1;
    field.focus();
  }

  // What this page offers: the next step, the verbs, its parts, then the places.
  function offers() {
    const rows = [], isRoom = document.querySelector("[data-verbs]");
    for (const button of document.querySelectorAll(".inc-next .btn.primary"))
      rows.push({ name: label(button), kind: dialog.dataset.next, go: () => (button.tagName === "A" ? button.click() : button.focus()) });
    for (const verb of verbs)
      rows.push({ name: verb.label, kind: dialog.dataset.verb, words: verb.words, confirm: verb.confirm, go: () => (verb.post ? send(verb) : lead(verb)) });
    if (!isRoom || !verbs.length) {
      for (const fold of document.querySelectorAll("main details[id^='fold-'], main details:has(> summary.btn)"))
        rows.push({ name: label(fold.querySelector("summary")), kind: dialog.dataset.verb, go: () => {
          fold.open = true;
          fold.scrollIntoView({ block: "center" });
          (fold.querySelector("input:not([type=hidden]), textarea, select, button") ?? fold.querySelector("summary")).focus();
        } });
      for (const button of document.querySelectorAll("main section .btn[type=submit], main .act .btn[type=submit]"))
        if (!button.closest("details:not([open])") && !button.closest(".rows") && seenOnPage(button))
          rows.push({ name: label(button), kind: dialog.dataset.verb, go: () => button.focus() });
    }
    for (const link of document.querySelectorAll("main a[href]"))
      if (/runbook/i.test(link.textContent)) rows.push({ name: label(link), kind: dialog.dataset.place, go: () => link.click() });
    for (const head of document.querySelectorAll("main section > header > h2"))
      rows.push({ name: label(head), kind: dialog.dataset.part, words: /^chairs$/i.test(label(head)) ? "role who" : "",
        go: () => { head.tabIndex = -1; head.scrollIntoView({ block: "start" }); head.focus(); } });
    for (const link of document.querySelectorAll(".rail a[href]"))
      if (!link.classList.contains("logo")) rows.push({ name: label(link), kind: dialog.dataset.place, go: () => link.click() });
    return rows.filter((row, index) => row.name && rows.findIndex((one) => one.name === row.name && one.kind === row.kind) === index);
  }

  // Made of the beginnings of words in their order, as people shorten; letters that merely occur are no answer.
  const shortens = (words, asked) => !asked || words.some((word, index) => {
    for (let length = Math.min(word.length, asked.length); length > 0; length--)
      if (word.startsWith(asked.slice(0, length)) && shortens(words.slice(index + 1), asked.slice(length))) return true;
    return false;
  });

  // Starts of words go first, then another word for it, then a short form: "chsev" finds "Change severity".
  // A whole other word beats the middle of a name: "comms" is the Comms Lead's and the update's.
  function score({ name, words }, asked) {
    const text = name.toLowerCase(), also = ` ${words ?? ""} `;
    if (!asked) return 1;
    if (text.startsWith(asked)) return 6;
    if (also.includes(` ${asked} `)) return 5.5;
    if (text.includes(` ${asked}`)) return 5;
    if (also.includes(` ${asked}`)) return 4;
    if (asked.length > 1 && shortens(text.split(/[^\p{L}\p{N}]+/u), asked)) return 3;
    return text.includes(asked) ? 2 : 0;
  }

  function show() {
    const asked = field.value.trim().toLowerCase();
    found = offers().map((row) => ({ ...row, score: score(row, asked) })).filter((row) => row.score)
      .sort((a, b) => b.score - a.score).slice(0, 60);
    if (asked) found.push({ name: dialog.dataset.search.replace("…", `“${field.value.trim()}”`), kind: "",
      go: () => { location.href = `${dialog.dataset.searchUrl}?q=${encodeURIComponent(field.value.trim())}`; } });
    at = 0;
    draw();
  }

  function draw() {
    list.replaceChildren(...found.map((row, index) => {
      const item = document.createElement("li"), kind = document.createElement("small");
      item.id = `palette-${index}`; item.setAttribute("role", "option");
      item.textContent = row.name; kind.textContent = row.kind; kind.className = "soft"; item.append(kind);
      item.addEventListener("click", () => choose(index));
      return item;
    }));
    none.hidden = found.length > 0;
    mark();
  }

  function mark() {
    [...list.children].forEach((item, index) => item.setAttribute("aria-selected", String(index === at)));
    list.children[at]?.scrollIntoView({ block: "nearest" });
    if (found.length) field.setAttribute("aria-activedescendant", `palette-${at}`); else field.removeAttribute("aria-activedescendant");
  }

  async function choose(index) {
    await coming;
    const row = found[index] ?? found[0];
    if (!row) return;
    if (row.confirm) return sure(row);
    dialog.close();
    row.go();
  }

  // Once more, in place: Enter does it, Escape leaves it.
  function sure(row) {
    found = [{ ...row, confirm: "", name: dialog.dataset.sure.replace("…", row.name), kind: row.confirm }];
    at = 0;
    draw();
  }

  field.addEventListener("input", show);
  dialog.querySelector("form").addEventListener("submit", (event) => { event.preventDefault(); choose(at); });
  field.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !found.length) return;
    event.preventDefault();
    at = (at + step + found.length) % found.length;
    mark();
  });
  const begin = () => {
    field.value = "";
    dialog.showModal();
    list.setAttribute("aria-busy", "true");
    fetchVerbs().then(() => { list.removeAttribute("aria-busy"); if (dialog.open) show(); });
    show();
    field.focus();
  };
  document.querySelectorAll("[data-opens-palette]").forEach((button) => { button.hidden = false; button.addEventListener("click", begin); });
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k" || event.altKey || event.shiftKey) return;
    if (document.body.dataset.shortcuts !== "on" || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    begin();
  });
})();

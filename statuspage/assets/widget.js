/* <script src="https://…/status/widget.js" defer></script>: puts one line about the status where the script stands.
   data-when="trouble" shows it only when something is wrong. */
"use strict";
(() => {
  const script = document.currentScript;
  const base = new URL(".", script.src);
  const colours = { none: "#1d6a3e", maintenance: "#465a69", minor: "#735800", major: "#a1430a", critical: "#b0151f" };
  const show = (summary) => {
    const { indicator, description } = summary.status;
    if (script.dataset.when === "trouble" && indicator === "none") return;
    const link = document.createElement("a");
    link.className = "tocsin-status";
    link.href = base.href;
    link.dataset.indicator = indicator;
    const dot = document.createElement("span");
    dot.setAttribute("aria-hidden", "true");
    dot.textContent = "\u25cf "; // Escaped: the page around may have another encoding.
    dot.style.color = colours[indicator] || colours.minor;
    const open = summary.incidents[0];
    link.append(dot, open ? `${description}: ${open.name}` : description);
    script.after(link);
  };
  fetch(new URL("api/v2/summary.json", base))
    .then((answer) => answer.json())
    .then(show)
    .catch(() => {});
})();

/* Dragging over the calendar fills in the override form. The same form stands behind "Add override". */
"use strict";
(() => {
  const table = document.querySelector(".cal[data-walls]"), dialog = document.getElementById("drag-override");
  if (!table || !dialog) return;
  const walls = table.dataset.walls.split(" "), slots = walls.length - 1;
  for (const row of table.querySelectorAll("tbody[data-schedule] tr.final")) row.dataset.drag = "";
  let from = null, mark = null, row = null;

  // The slots lie side by side to the right of the row's name, all of one width.
  function area(line) {
    const all = line.getBoundingClientRect(), name = line.cells[0].getBoundingClientRect();
    return { left: name.right, width: all.right - name.right, start: name.right - all.left };
  }
  function slot(event) {
    const { left, width } = area(row);
    return Math.min(slots - 1, Math.max(0, Math.floor((event.clientX - left) / width * slots)));
  }
  function draw(a, b) {
    const { width, start } = area(row);
    mark.style.left = `${start + width * a / slots}px`;
    mark.style.width = `${width * (b - a) / slots}px`;
  }
  function stop() { mark?.remove(); mark = row = from = null; }

  table.addEventListener("pointerdown", (event) => {
    const line = event.target.closest("tr[data-drag]");
    if (!line || event.button || event.pointerType === "touch" || event.target.closest("th")) return;
    event.preventDefault();
    row = line;
    from = slot(event);
    mark = document.createElement("span");
    mark.className = "drag-mark";
    line.cells[0].append(mark);
    draw(from, from + 1);
  });
  addEventListener("pointermove", (event) => {
    if (row) draw(Math.min(from, slot(event)), Math.max(from, slot(event)) + 1);
  });
  addEventListener("pointerup", (event) => {
    if (!row) return;
    const here = slot(event), first = Math.min(from, here), last = Math.max(from, here) + 1;
    const field = (name) => dialog.querySelector(`[name="${name}"]`);
    field("schedule").value = row.closest("tbody").dataset.schedule;
    field("start").value = walls[first];
    field("end").value = walls[last];
    stop();
    dialog.showModal();
  });
  addEventListener("pointercancel", stop);
  addEventListener("keydown", (event) => { if (event.key === "Escape") stop(); });
})();

"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0], rows = [...body.rows], heads = [...table.tHead.rows[0].cells];
  const form = document.querySelector("form.tools"), field = form.elements;
  const value = (row, column) => {
    const cell = row.cells[column];
    return cell && cell.colSpan === 1 ? cell.dataset.value ?? cell.textContent.trim() : "";
  };
  const compare = (a, b) => {
    if (a === "" || b === "") return (a === "") - (b === "") || 0;
    const x = Number(a), y = Number(b);
    return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b) : x - y;
  };
  const sort = (column, down) => {
    heads.forEach((head, n) => {
      if (n === column) head.setAttribute("aria-sort", down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    const order = [...rows].sort((a, b) => {
      const x = value(a, column), y = value(b, column);
      return (down && x !== "" && y !== "" ? -1 : 1) * compare(x, y);
    });
    body.append(...order);
    field.sort.value = `${column} ${down ? "down" : "up"}`;
  };
  heads.forEach((head, column) => {
    const button = document.createElement("button"), name = head.textContent;
    const number = rows.some((row) => value(row, column) !== "") &&
      rows.every((row) => !Number.isNaN(Number(value(row, column))));
    button.type = "button";
    button.textContent = name;
    button.onclick = () => {
      const now = head.getAttribute("aria-sort");
      sort(column, now ? now === "ascending" : number);
    };
    head.replaceChildren(button);
    for (const way of number ? ["down", "up"] : ["up", "down"]) {
      const words = { down: number ? "highest first" : "Z to A", up: number ? "lowest first" : "A to Z" };
      field.sort.append(new Option(`${name}, ${words[way]}`, `${column} ${way}`));
    }
  });
  const filter = () => {
    const words = field.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      const fits = (!field.kind.value || row.dataset.kind === field.kind.value) &&
        words.every((word) => text.includes(word));
      row.hidden = !fits;
      shown += fits;
    }
    form.querySelector("output").textContent = `${shown} of ${rows.length}`;
  };
  field.words.oninput = field.kind.onchange = filter;
  field.sort.onchange = () => {
    const [column, way] = field.sort.value.split(" ");
    sort(Number(column), way === "down");
  };
  form.onsubmit = (event) => event.preventDefault();
  form.hidden = false;
  sort(0, false);
  filter();
}

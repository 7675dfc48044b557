"use strict";
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0];
  const value = (row, column) => row.cells[column].textContent.trim();
  const number = (text) => {
    const found = text.match(/[-+]?\d+(\.\d+)?/);
    return found ? Number(found[0]) : null;
  };
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const numeric = head.style.textAlign === "right";
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const ascending = head.getAttribute("aria-sort") !== "ascending";
      const sign = ascending ? 1 : -1;
      const compare = (first, second) => {
        const [a, b] = [value(first, column), value(second, column)];
        if (!numeric) return sign * a.localeCompare(b);
        const [x, y] = [number(a), number(b)];
        // Cells without a number stay below, whichever way the others go.
        if (x === null || y === null) return (x === null) - (y === null);
        return sign * (x - y);
      };
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      body.append(...[...body.rows].sort(compare));
    });
  });
}

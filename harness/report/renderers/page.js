"use strict";
// Adds to a page of tables: sorting, search, choice of columns, a view for each language, filters and a color scheme.
// Without it the page is whole. Tables say what they hold by classes and data attributes of their header cells:
// class "number", class "name" (the row's), data-group="language", data-filter (a column with few values).
const LONG = 8; // rows from which on a table has a search field
const MANY_COLUMNS = 8; // above which columns can be chosen
const MANY_LANGUAGES = 8; // above which a table shows averages until languages are chosen

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function labeled(text, control) {
  return make("label", {}, text, control);
}

// The first number of a text: of "1,920", "≈ -0.6 ± 0.7", "[80.3, 86.6]" and "<0.001".
function number(text) {
  const found = text.replace(/(\d),(?=\d{3}(\D|$))/g, "$1").match(/[-+]?\d+(\.\d+)?/);
  return found ? Number(found[0]) : null;
}

class Tools {
  constructor(table) {
    this.table = table;
    this.body = table.tBodies[0];
    this.heads = [...table.tHead.rows[0].cells];
    this.titles = this.heads.map((head) => head.textContent.trim());
    this.rows = [...this.body.rows];
    this.bar = make("div", { className: "tools" });
    this.heads.forEach((head, column) => this.sortable(head, column));
    const languages = this.columns((head) => head.dataset.group === "language");
    if (this.heads.length > MANY_COLUMNS) this.addColumns();
    if (languages.length > 1) this.addViews(languages);
    this.columns((head) => "filter" in head.dataset).forEach((column) => this.addFilter(column));
    if (this.rows.length >= LONG || this.filters) this.addSearch();
    if (this.bar.children.length) (table.closest(".scroll") ?? table).before(this.bar);
  }

  columns(wanted) {
    return this.heads.flatMap((head, column) => (wanted(head) ? [column] : []));
  }

  text(row, column) {
    return row.cells[column].textContent.trim();
  }

  sortable(head, column) {
    const button = make("button", { type: "button" }, ...head.childNodes);
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const next = { ascending: "descending", descending: null }[head.getAttribute("aria-sort")];
      this.sort(column, next === undefined ? "ascending" : next);
    });
  }

  // Sort by a column; with no direction, as the page was published.
  sort(column, direction) {
    for (const head of this.heads) head.removeAttribute("aria-sort");
    if (direction) this.heads[column].setAttribute("aria-sort", direction);
    const sign = direction === "descending" ? -1 : 1;
    const numeric = this.heads[column].classList.contains("number");
    const compare = (first, second) => {
      const [a, b] = [this.text(first, column), this.text(second, column)];
      if (!numeric) return sign * a.localeCompare(b);
      const [x, y] = [number(a), number(b)];
      // Cells without a number stay below, whichever way the others go.
      if (x === null || y === null) return (x === null) - (y === null);
      return sign * (x - y);
    };
    this.body.append(...(direction ? [...this.rows].sort(compare) : this.rows));
  }

  show(column, shown) {
    for (const row of [this.table.tHead.rows[0], ...this.rows]) row.cells[column].hidden = !shown;
    if (this.boxes) this.boxes[column].checked = shown;
  }

  addViews(languages) {
    const names = new Intl.DisplayNames(["en"], { type: "language", fallback: "none" });
    const named = (code) => {
      try {
        const name = names.of(code);
        return name ? `${name} (${code})` : code;
      } catch {
        return code; // a task's name, where a language occurs in two corpora
      }
    };
    const options = [["all", "all columns"], ["averages", "averages"], ["languages", "languages"]].concat(
      languages.map((column) => [String(column), named(this.titles[column])]),
    );
    const select = make("select", {}, ...options.map(([value, text]) => make("option", { value }, text)));
    select.addEventListener("change", () => {
      const only = Number(select.value);
      const kept = (column) =>
        column < languages[0] ||
        select.value === "all" ||
        (select.value === "averages" ? !languages.includes(column) : languages.includes(column)) &&
          (!only || column === only);
      this.heads.forEach((_, column) => this.show(column, kept(column)));
      if (only) this.sort(only, "descending");
      else this.sort(0, null);
    });
    this.bar.append(labeled("View", select));
  }

  addFilter(column) {
    const parts = (row) => this.text(row, column).split(", ");
    const values = [...new Set(this.rows.flatMap(parts))].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
    const select = make("select", {}, make("option", { value: "" }, "any"), ...values.map((value) => make("option", {}, value)));
    this.filters = [...(this.filters ?? []), (row) => !select.value || parts(row).includes(select.value)];
    select.addEventListener("change", () => this.filter());
    this.bar.append(labeled(this.titles[column], select));
  }

  addSearch() {
    const input = make("input", { type: "search", autocomplete: "off" });
    const matches = (row) => {
      const text = row.textContent.toLowerCase();
      return input.value.toLowerCase().split(/\s+/).every((word) => text.includes(word));
    };
    this.filters = [...(this.filters ?? []), matches];
    input.addEventListener("input", () => this.filter());
    this.bar.append(labeled("Search", input));
  }

  filter() {
    for (const row of this.rows) row.hidden = !this.filters.every((passes) => passes(row));
    if (!this.count) this.bar.append((this.count = make("output")));
    const shown = this.rows.filter((row) => !row.hidden).length;
    this.count.textContent = `${shown} of ${this.rows.length} rows`;
  }

  addColumns() {
    this.boxes = this.heads.map((_, column) => {
      const box = make("input", { type: "checkbox", checked: true });
      box.addEventListener("change", () => this.show(column, box.checked));
      return box;
    });
    const labels = this.boxes.map((box, column) => make("label", {}, box, this.titles[column]));
    const menu = make("details", { className: "menu" }, make("summary", {}, "Columns"));
    menu.append(make("fieldset", {}, make("legend", {}, "Shown columns"), ...labels));
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      menu.open = false;
      menu.firstChild.focus();
    });
    document.addEventListener("click", (event) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
    this.bar.append(menu);
  }
}

function addThemes(place) {
  const remembered = () => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // storage is refused to pages opened from a disk in some browsers
    }
  };
  const select = make("select", { className: "theme" });
  for (const [value, text] of [["system", "system colors"], ["light", "light"], ["dark", "dark"]]) {
    select.append(make("option", { value }, text));
  }
  select.setAttribute("aria-label", "Color scheme");
  const apply = (theme) => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  };
  select.addEventListener("change", () => {
    apply(select.value);
    try {
      localStorage.setItem("theme", select.value);
    } catch {
      // it holds until the page is closed
    }
  });
  select.value = remembered() ?? "system";
  if (!select.value) select.value = "system";
  apply(select.value);
  place.append(select);
}

// What is folded on the screen is open on paper.
function unfoldInPrint() {
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not(.menu):not([open])")];
    for (const details of folded) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of folded) details.open = false;
  });
}

for (const table of document.querySelectorAll("table")) new Tools(table);
addThemes(document.querySelector(".bar"));
unfoldInPrint();

// Tables that are sorted by the button in the head of a column.

function sortValue(row, column) {
  const cell = row.cells[column];
  const value = cell.dataset.value;
  if (value === undefined) return cell.textContent;
  return value === "" ? null : Number(value);
}

// Numbers come before texts; dashes are last in both directions.
function rank(value) {
  if (value === null) return 2;
  return typeof value === "number" ? 0 : 1;
}

function compareValues(a, b, sign) {
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  return sign * (rank(a) === 0 ? a - b : byText.compare(a, b));
}

function sortTable(table) {
  const heads = [...table.tHead.rows[0].cells];
  const column = heads.findIndex((head) => head.hasAttribute("aria-sort"));
  if (column < 0) return;
  const sign = heads[column].getAttribute("aria-sort") === "ascending" ? 1 : -1;
  const body = table.tBodies[0];
  const keyed = [...body.rows].map((row) => ({ row, value: sortValue(row, column) }));
  // Equal values keep the order in which the table came.
  keyed.sort((a, b) => compareValues(a.value, b.value, sign) || a.row.dataset.row - b.row.dataset.row);
  body.replaceChildren(...keyed.map((each) => each.row));
}

function onSort(table, head) {
  const direction = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", direction);
  sortTable(table);
}

function makeSortable(table) {
  for (const head of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => onSort(table, head));
    head.append(button);
  }
}

function startTables() {
  document.querySelectorAll("table.sortable").forEach(makeSortable);
}

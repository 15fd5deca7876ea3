// The slider, and the table of counts at its threshold. Counts are of all pictures.

function thresholdIndex() {
  return Math.round(choice.threshold * 100);
}

function showCounts(table) {
  for (const row of table.querySelectorAll("tr[data-row]")) {
    data.counts[row.dataset.row].forEach((column, index) => {
      if (column === null) return;
      const cell = row.cells[index + 1], count = column[thresholdIndex()];
      cell.textContent = grouped(count);
      cell.dataset.value = count;
    });
  }
}

function summary(table) {
  const heads = [...table.tHead.rows[0].cells].slice(1);
  const last = table.tFoot.rows[0];
  const parts = heads.map((head, index) => `${head.textContent} ${last.cells[index + 1].textContent}`);
  return `${last.cells[0].textContent}: ${parts.join(", ")}`;
}

// Calls `onMove` while the slider moves, at most once a frame, and `onRest` where it stops.
function startSlider(onMove, onRest) {
  const slider = document.getElementById("threshold");
  if (!slider) return;
  const table = document.getElementById("count-table");
  let isWaiting = false;
  const show = () => {
    isWaiting = false;
    choice.threshold = Math.round(slider.value * 100) / 100;
    const text = choice.threshold.toFixed(2);
    slider.setAttribute("aria-valuetext", text);
    document.querySelectorAll("#at, .at").forEach((element) => { element.textContent = text; });
    showCounts(table);
    document.getElementById("summary").textContent = summary(table);
    onMove();
  };
  slider.addEventListener("input", () => {
    if (!isWaiting) requestAnimationFrame(show);
    isWaiting = true;
  });
  slider.addEventListener("change", () => {
    show();
    sortTable(table);
    onRest();
  });
  document.getElementById("slider").hidden = false;
  show();
}

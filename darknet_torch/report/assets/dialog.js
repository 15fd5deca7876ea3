// A picture, enlarged, with a list of its boxes.

const dialog = document.getElementById("dialog");
let walk = null; // the pictures that the open dialog goes through, and the place among them

function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

// Detections by score, the highest first, then objects.
function listed(picture) {
  return shownBoxes(picture).sort((a, b) => (b[SCORE] ?? -1) - (a[SCORE] ?? -1));
}

function boxRow(box, number) {
  const row = document.createElement("tr");
  const head = element("th", "", "");
  head.scope = "row";
  const button = element("button", "mark", number);
  button.type = "button";
  head.append(button);
  const score = box[SCORE] === null ? "\u2013" : box[SCORE].toFixed(3);
  const name = element("td", "", data.classes[box[CLASS]]);
  const kind = element("td", "", data.kinds[box[KIND]].label);
  kind.prepend(swatch(box[KIND]));
  row.append(head, name, element("td", "number", score), kind);
  return row;
}

function placeTag(box, number) {
  const tag = element("span", "tag", number);
  tag.style.left = `${100 * box[LEFT]}%`;
  tag.style.top = `${100 * box[TOP]}%`;
  return tag;
}

// A row that has the pointer or the focus makes its box stand out, and so does the box's number.
function linkRow(row, tag, group) {
  const mark = (isOn) => {
    for (const part of [row, tag, group]) part.classList.toggle("marked", isOn);
  };
  for (const part of [row, tag]) {
    part.addEventListener("pointerenter", () => mark(true));
    part.addEventListener("pointerleave", () => mark(false));
  }
  row.addEventListener("focusin", () => mark(true));
  row.addEventListener("focusout", () => mark(false));
}

function fillStage(picture, source) {
  const stage = document.getElementById("stage");
  const image = new Image();
  image.src = source;
  image.alt = picture.name;
  const svg = emptyOverlay(picture);
  svg.setAttribute("preserveAspectRatio", "none");
  stage.style.setProperty("--ratio", picture.width / picture.height);
  stage.replaceChildren(image, svg);
  const rows = listed(picture).map((box, index) => {
    const row = boxRow(box, index + 1);
    const tag = placeTag(box, index + 1);
    const group = svgElement("g", {});
    group.append(...boxLines(outline(picture, box), box[KIND]));
    svg.append(group);
    stage.append(tag);
    linkRow(row, tag, group);
    return row;
  });
  document.querySelector("#boxes tbody").replaceChildren(...rows);
  return rows.length;
}

function dialogNote(picture, boxes) {
  const { indices, place } = walk;
  const parts = [
    `Picture ${grouped(place + 1)} of ${grouped(indices.length)}`,
    `original ${grouped(picture.width)} \u00d7 ${grouped(picture.height)} pixels`,
    `${counted(boxes, "box", "boxes")} at the threshold ${choice.threshold}`,
  ];
  if (picture.left_out) {
    parts.push(`${counted(picture.left_out, "box", "boxes")} of lower scores not on this page`);
  }
  return `${parts.join(" \u00b7 ")}.`;
}

function showPicture() {
  const { indices, place } = walk;
  const picture = data.pictures[indices[place]];
  const boxes = fillStage(picture, walk.sourceOf(indices[place]));
  document.getElementById("dialog-name").textContent = picture.name;
  document.getElementById("dialog-note").textContent = dialogNote(picture, boxes);
  // Not `disabled`: the button may have the focus, and keys would no longer arrive.
  document.getElementById("previous").setAttribute("aria-disabled", place === 0);
  document.getElementById("next").setAttribute("aria-disabled", place === indices.length - 1);
}

function step(by) {
  const place = walk.place + by;
  if (place < 0 || place >= walk.indices.length) return;
  walk.place = place;
  showPicture();
}

// Opens the dialog; `onClose` gets the index of the picture that was shown last.
function openDialog(indices, index, sourceOf, onClose) {
  walk = { indices, place: indices.indexOf(index), sourceOf, onClose };
  showPicture();
  dialog.showModal();
}

function startDialog() {
  const on = (id, action) => document.getElementById(id).addEventListener("click", action);
  on("previous", () => step(-1));
  on("next", () => step(1));
  on("close", () => dialog.close());
  dialog.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const hasOtherUse = event.altKey || event.ctrlKey || event.metaKey || event.target.matches(".scroll");
    if (by && !hasOtherUse) {
      event.preventDefault();
      step(by);
    }
  });
  // A click next to the dialog closes it, too.
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => walk.onClose(walk.indices[walk.place]));
}

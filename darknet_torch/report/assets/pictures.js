// The grid of pictures: which are in it, in which order, with which boxes.

const grid = document.getElementById("grid");
const cards = grid ? [...grid.children] : [];
const visible = new Set(); // indices of the pictures on the screen, which alone have boxes drawn
let tallies = [];
let gridOrder = []; // indices of the pictures in the grid

const ORDERS = {
  given: () => 0,
  errors: (a, b) => tallies[b].errors - tallies[a].errors,
  detections: (a, b) => tallies[b].detections - tallies[a].detections,
  name: (a, b) => byText.compare(data.pictures[a].name, data.pictures[b].name),
};

function countText({ errors, detections, isCut }) {
  const parts = [counted(detections, "detection")];
  if (data.kinds.some((kind) => kind.is_error)) parts.unshift(counted(errors, data.error));
  return parts.join(", ") + (isCut ? " or more" : "");
}

function draw(index) {
  const frame = cards[index].querySelector(".frame");
  frame.querySelector("svg")?.remove();
  frame.append(overlay(data.pictures[index]));
}

// New counts on all pictures, and new boxes on those that are on the screen.
function showBoxes() {
  tallies = data.pictures.map(tally);
  cards.forEach((card, index) => {
    card.querySelector(".count").textContent = countText(tallies[index]);
    card.classList.toggle("wrong", tallies[index].errors > 0);
  });
  visible.forEach(draw);
}

function arrange() {
  const errorsOnly = document.getElementById("errors-only")?.checked;
  const compare = ORDERS[document.getElementById("order").value];
  const indices = [...cards.keys()].filter((index) => !errorsOnly || tallies[index].errors);
  indices.sort(compare); // equal pictures keep the order in which they came
  document.getElementById("in-view").textContent =
    indices.length < cards.length ? `${grouped(indices.length)} shown here.` : "";
  if (indices.join() === gridOrder.join()) return;
  gridOrder = indices;
  grid.replaceChildren(...indices.map((index) => cards[index]));
}

function watchScreen() {
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const index = Number(target.dataset.index);
      if (isIntersecting) {
        visible.add(index);
        draw(index);
      } else if (visible.delete(index)) {
        target.querySelector("svg").remove();
      }
    }
  }, { rootMargin: "300px" });
  cards.forEach((card) => observer.observe(card));
  addEventListener("beforeprint", () => gridOrder.forEach(draw));
}

function update() {
  showBoxes();
  arrange();
}

// The boxes of a group of controls switch `off`'s members on and off.
function startToggles(group, off) {
  group.addEventListener("change", ({ target }) => {
    if (target.type !== "checkbox") return;
    if (target.checked) off.delete(Number(target.value));
    else off.add(Number(target.value));
    update();
  });
}

// "All" and "None" are of the classes that the filter lists.
function startClasses(group) {
  if (!group) return;
  startToggles(group, choice.classesOff);
  const labels = [...group.querySelectorAll(".choices label")];
  const set = (isOn) => {
    for (const label of labels.filter((each) => !each.hidden)) {
      label.control.checked = isOn;
      if (isOn) choice.classesOff.delete(Number(label.control.value));
      else choice.classesOff.add(Number(label.control.value));
    }
    update();
  };
  document.getElementById("all-classes").addEventListener("click", () => set(true));
  document.getElementById("no-classes").addEventListener("click", () => set(false));
  document.getElementById("class-filter")?.addEventListener("input", ({ target }) => {
    const wanted = target.value.trim().toLowerCase();
    for (const label of labels) label.hidden = !label.textContent.toLowerCase().includes(wanted);
  });
}

function startCards() {
  const sourceOf = (index) => cards[index].querySelector("img").src;
  for (const card of cards) card.querySelector("button").disabled = false;
  grid.addEventListener("click", ({ target }) => {
    const card = target.closest(".card");
    if (!card) return;
    openDialog(gridOrder, Number(card.dataset.index), sourceOf, (index) => {
      cards[index].querySelector("button").focus();
    });
  });
}

function startKinds(group) {
  if (!group) return;
  startToggles(group, choice.kindsOff);
  for (const input of group.querySelectorAll("input")) input.after(swatch(Number(input.value)));
}

function startPictures() {
  if (!grid) return;
  const controls = document.getElementById("controls");
  controls.addEventListener("submit", (event) => event.preventDefault());
  startKinds(document.getElementById("kinds"));
  startClasses(document.getElementById("classes"));
  document.getElementById("order").addEventListener("change", arrange);
  document.getElementById("errors-only")?.addEventListener("change", arrange);
  startCards();
  startDialog();
  update();
  watchScreen();
  controls.hidden = false;
}

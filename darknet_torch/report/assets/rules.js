// What is shown at a threshold, and by which rules.

const LEFT = 0, TOP = 1, RIGHT = 2, BOTTOM = 3, CLASS = 4, KIND = 5, SCORE = 6, FOUND_AT = 7;
const data = JSON.parse(document.getElementById("data").textContent);
const inThousands = new Intl.NumberFormat("en-US");
const byText = new Intl.Collator("en", { numeric: true });

// What the reader has chosen. Classes and kinds are on until they are switched off.
const choice = {
  threshold: data.threshold,
  classesOff: new Set(),
  kindsOff: new Set(),
};

// Scores are float32, and so is the threshold that they are compared with.
function isAbove(score) {
  return Math.fround(score) > Math.fround(choice.threshold);
}

// A detection is shown above the threshold; an object, while its correct detection is not. A
// detection that becomes another kind has a box for each, one shown from where the other ends.
function isShown(box) {
  if (choice.classesOff.has(box[CLASS]) || choice.kindsOff.has(box[KIND])) return false;
  if (box[SCORE] !== null && !isAbove(box[SCORE])) return false;
  return box[FOUND_AT] === null || !isAbove(box[FOUND_AT]);
}

function shownBoxes(picture) {
  return picture.boxes.filter(isShown);
}

// How many of the boxes shown are errors, and how many detections; and whether there may be more,
// since the detections that are not on the page have scores up to the lowest of those that are.
function tally(picture) {
  let errors = 0, detections = 0, lowest = 1;
  for (const box of picture.boxes) {
    if (box[SCORE] !== null) lowest = Math.min(lowest, box[SCORE]);
    if (!isShown(box)) continue;
    if (data.kinds[box[KIND]].is_error) errors += 1;
    if (box[SCORE] !== null) detections += 1;
  }
  return { errors, detections, isCut: picture.left_out > 0 && isAbove(lowest) };
}

function grouped(number) {
  return inThousands.format(number);
}

function counted(number, one, many = `${one}s`) {
  return `${grouped(number)} ${number === 1 ? one : many}`;
}

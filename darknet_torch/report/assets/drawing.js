// Boxes over pictures, as SVG in the pixels of the picture; lines have the same width at any size.

function svgElement(name, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function outline(picture, box) {
  const x = (fraction) => (fraction * picture.width).toFixed(2);
  const y = (fraction) => (fraction * picture.height).toFixed(2);
  return `M${x(box[LEFT])} ${y(box[TOP])}H${x(box[RIGHT])}V${y(box[BOTTOM])}H${x(box[LEFT])}Z`;
}

// The line of a kind on an edge, which sets it off from any picture.
function boxLines(path, kind) {
  const { colour, edge, dashes } = data.kinds[kind];
  const line = { d: path, "stroke-dasharray": dashes };
  return [
    svgElement("path", { ...line, class: "edge", stroke: edge }),
    svgElement("path", { ...line, class: "line", stroke: colour, "data-kind": kind }),
  ];
}

// A sample of the line, for lists.
function swatch(kind) {
  const svg = svgElement("svg", {
    class: "swatch", viewBox: "0 0 28 16", width: 28, height: 16, "aria-hidden": "true",
  });
  svg.append(...boxLines("M3 3H25V13H3Z", kind));
  return svg;
}

function emptyOverlay(picture) {
  return svgElement("svg", {
    class: "boxes", viewBox: `0 0 ${picture.width} ${picture.height}`, "aria-hidden": "true",
  });
}

// All boxes shown of a picture; those of a kind are one path.
function overlay(picture) {
  const svg = emptyOverlay(picture);
  const paths = new Map();
  for (const box of shownBoxes(picture)) {
    paths.set(box[KIND], (paths.get(box[KIND]) ?? "") + outline(picture, box));
  }
  for (const [kind, path] of paths) svg.append(...boxLines(path, kind));
  return svg;
}

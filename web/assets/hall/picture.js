/** Questions about a picture: pointing at it, and where everybody has pointed. Loaded when there is one. */

import { element } from "../views/dom.js";
import { t } from "./words.js";

/** Steps of the sliders, which are for those who cannot point. */
const STEPS = 100;
/** Decimals that the server keeps. */
const EXACT = 1_000_000;

/** The form of such a question, as `ballotView` wants it. */
export function pointView(question, cast) {
  const marker = element("span", { class: "marker", hidden: true });
  const picture = element("img", { src: question.image, alt: question.imageAlt ?? "", draggable: "false" });
  const area = element("div", { class: "picture", onclick: (event) => click(event) }, picture, marker);
  const slider = (name, label) => {
    const id = `${name}-${question.id}`;
    const input = element("input", { type: "range", dir: "ltr", id, min: 0, max: STEPS, value: STEPS / 2, oninput: () => slid() });
    return { input, line: element("div", { class: "slider" }, element("label", { for: id }, label), input) };
  };
  const [x, y] = [slider("x", t("across")), slider("y", t("down"))];
  const button = element("button", { type: "submit", class: "primary" });
  let spot;
  let open = true;
  const draw = () => {
    marker.hidden = !spot;
    if (spot) place(marker, spot);
    button.disabled = !open || !spot;
  };
  const click = (event) => {
    if (!open) return;
    const { left, top, width, height } = area.getBoundingClientRect();
    const share = (at, from, whole) => Math.round(Math.min(1, Math.max(0, (at - from) / whole)) * EXACT) / EXACT;
    spot = { x: share(event.clientX, left, width), y: share(event.clientY, top, height) };
    for (const [{ input }, at] of [[x, spot.x], [y, spot.y]]) input.value = String(at * STEPS);
    draw();
  };
  const slid = () => {
    spot = { x: Number(x.input.value) / STEPS, y: Number(y.input.value) / STEPS };
    draw();
  };
  const onsubmit = (event) => {
    event.preventDefault();
    if (spot) cast({ point: spot });
  };
  const show = (answer, isOpen) => {
    open = isOpen;
    if (answer !== undefined) spot = answer?.point && { x: answer.point.x, y: answer.point.y };
    for (const { input } of [x, y]) input.disabled = !open;
    button.textContent = t(answer ? "change" : "vote");
    draw();
  };
  const hint = element("p", { class: "hint" }, t("pointHint"));
  return { view: element("form", { onsubmit }, hint, area, x.line, y.line, button), show };
}

function place(node, { x, y }) {
  node.style.setProperty("--x", String(x));
  node.style.setProperty("--y", String(y));
}

/** Where everybody has pointed: `{view, show(question)}`. */
export function heatView() {
  const view = element("div", { class: "picture heat", role: "img" });
  let shown;
  const show = ({ image, imageAlt, results }) => {
    const { heat } = results;
    view.hidden = !heat;
    const state = JSON.stringify([image, heat]);
    if (!heat || state === shown) return;
    shown = state;
    const most = Math.max(...heat.cells.map(({ count }) => count));
    const cells = heat.cells.map(({ column, row, count }) => {
      const cell = element("span", { class: "heat-cell" });
      place(cell, { x: column / heat.columns, y: row / heat.rows });
      cell.style.setProperty("--heat", String(0.25 + (0.65 * count) / most));
      cell.style.setProperty("--w", String(1 / heat.columns));
      cell.style.setProperty("--h", String(1 / heat.rows));
      return cell;
    });
    view.replaceChildren(element("img", { src: image, alt: imageAlt ?? "" }), ...cells);
    view.setAttribute("aria-label", center(heat));
  };
  return { view, show };
}

/** The mean point in words. */
export function center({ center: { x, y } }) {
  return t("center", { x: Math.round(x * 100), y: Math.round(y * 100) });
}

/** The form of one question: every kind of answer, in as few taps as it needs. */

import { element } from "../views/dom.js";
import { optionText } from "./results.js";
import { number, t } from "./words.js";

/** A scale with more steps than this is typed. */
const MOST_STEPS = 11;
/** As the server has it. */
const TEXT_CHARS = 500;
const WORD_CHARS = 40;
const MOST_WORDS = 10;

/**
 * @param {object} question
 * @param {object} options
 * @param {(answer: object) => void} options.cast called with each answer
 * @param {string} options.voter options of a ranking stand in an order of their own for each voter, so that none is always first
 * @returns {{view: Element, show: (answer: object | null | undefined, isOpen: boolean) => void}}
 */
export function ballotView(question, { cast, voter }) {
  const kinds = {
    single: oneOf,
    yesNo: oneOf,
    quiz: oneOf,
    multiple: someOf,
    rating: scale,
    ranking,
    words,
    text,
    number: estimate,
    feedback: oneOf,
    point: (...parts) => later(() => import("./picture.js"), ({ pointView }) => pointView(...parts)),
  };
  const made = (kinds[question.kind] ?? text)(question, cast, voter);
  made.view.classList.add("ballot");
  return made;
}

/** A form that has to be loaded first. */
function later(load, make) {
  const view = element("div");
  let made;
  let wanted;
  load().then((module) => {
    made = make(module);
    view.replaceChildren(made.view);
    if (wanted) made.show(...wanted);
  });
  const show = (answer, isOpen) => {
    // Kept until it is there; an answer that was shown before stays.
    wanted = [answer === undefined ? wanted?.[0] : answer, isOpen];
    made?.show(answer, isOpen);
  };
  return { view, show };
}

function picture({ image, imageAlt }) {
  return image && element("img", { src: image, alt: imageAlt ?? "", loading: "lazy" });
}

function oneOf(question, cast) {
  const buttons = question.options.map((option) => {
    const onclick = () => cast({ choice: [option.id] });
    return element(
      "button",
      { type: "button", class: "answer", onclick },
      picture(option),
      optionText(question, option.id),
    );
  });
  const show = (answer, isOpen) => {
    buttons.forEach((button, i) => {
      button.setAttribute("aria-pressed", String(Boolean(answer?.choice?.includes(question.options[i].id))));
      button.disabled = !isOpen;
    });
  };
  return { view: group(question, buttons), show };
}

function scale(question, cast) {
  const min = question.min ?? 1;
  const max = question.max ?? 5;
  if (max - min >= MOST_STEPS)
    return typed({ ...question, min, max, step: 1 }, (value) => cast({ rating: value }), "rating");
  const steps = Array.from({ length: max - min + 1 }, (_, i) => min + i);
  const buttons = steps.map((step) =>
    element("button", { type: "button", class: "answer step", onclick: () => cast({ rating: step }) }, number(step)),
  );
  const show = (answer, isOpen) => {
    buttons.forEach((button, i) => {
      button.setAttribute("aria-pressed", String(answer?.rating === steps[i]));
      button.disabled = !isOpen;
    });
  };
  const view = group(question, buttons);
  view.classList.add("scale");
  return { view, show };
}

function someOf(question, cast) {
  const min = question.min ?? 1;
  const max = question.max ?? question.options.length;
  const boxes = question.options.map(({ id }) =>
    element("input", { type: "checkbox", value: id, onchange: () => limit() }),
  );
  const labels = question.options.map((option, i) =>
    element(
      "label",
      { class: "answer" },
      boxes[i],
      picture(option),
      element("span", {}, optionText(question, option.id)),
    ),
  );
  const button = submitButton();
  let open = true;
  const picked = () => boxes.filter((box) => box.checked).map((box) => Number(box.value));
  const limit = () => {
    const full = picked().length >= max;
    for (const box of boxes) box.disabled = !open || (full && !box.checked);
    button.disabled = !open || picked().length < min || picked().length > max;
  };
  const onsubmit = (event) => {
    event.preventDefault();
    if (!button.disabled) cast({ choice: picked() });
  };
  const hint = element(
    "p",
    { class: "hint" },
    min === max ? t("pickExactly", { n: min }) : t("pickBetween", { min, max }),
  );
  const show = (answer, isOpen) => {
    open = isOpen;
    if (answer !== undefined)
      for (const box of boxes) box.checked = Boolean(answer?.choice?.includes(Number(box.value)));
    button.textContent = t(answer ? "change" : "vote");
    limit();
  };
  return { view: element("form", { onsubmit }, hint, group(question, labels), button), show };
}

function ranking(question, cast, voter) {
  const least = question.min ?? question.options.length;
  const order = shuffled(question.options, voter + question.id);
  let ranks = [];
  let open = true;
  const buttons = order.map(({ id }) =>
    element("button", { type: "button", class: "answer", onclick: () => toggle(id) }),
  );
  const button = submitButton();
  const draw = () => {
    order.forEach(({ id }, i) => {
      const place = ranks.indexOf(id);
      const badge = element("span", { class: "rank" }, place < 0 ? "·" : number(place + 1));
      buttons[i].replaceChildren(badge, optionText(question, id));
      buttons[i].setAttribute("aria-pressed", String(place >= 0));
      buttons[i].disabled = !open;
    });
    button.disabled = !open || ranks.length < least;
  };
  const toggle = (id) => {
    ranks = ranks.includes(id) ? ranks.filter((other) => other !== id) : [...ranks, id];
    draw();
  };
  const onsubmit = (event) => {
    event.preventDefault();
    cast({ ranking: ranks });
  };
  const show = (answer, isOpen) => {
    open = isOpen;
    if (answer !== undefined) ranks = answer?.ranking ? [...answer.ranking] : [];
    button.textContent = t(answer ? "change" : "vote");
    draw();
  };
  const hint = element("p", { class: "hint" }, `${t("rankHint")} ${t("rankAtLeast", { n: least })}`);
  return { view: element("form", { onsubmit }, hint, group(question, buttons), button), show };
}

function words(question, cast) {
  const most = Math.min(question.max ?? 3, MOST_WORDS);
  const inputs = Array.from({ length: most }, (_, i) =>
    element("input", {
      type: "text",
      maxlength: WORD_CHARS,
      autocomplete: "off",
      "aria-label": t("word", { n: i + 1 }),
    }),
  );
  const read = () => {
    const said = inputs.map((input) => input.value.trim()).filter(Boolean);
    return said.length > 0 ? { words: said } : undefined;
  };
  const write = (answer) => inputs.forEach((input, i) => (input.value = answer?.words?.[i] ?? ""));
  return typing({ inputs, read, write, cast, hint: t("wordsHint", { n: most }) });
}

function text(question, cast) {
  const input = element("textarea", { rows: 3, maxlength: TEXT_CHARS, "aria-label": t("yourText") });
  const read = () => (input.value.trim() ? { text: input.value.trim() } : undefined);
  return typing({ inputs: [input], read, write: (answer) => (input.value = answer?.text ?? ""), cast });
}

function estimate(question, cast) {
  return typed({ ...question, step: "any" }, (value) => cast({ number: value }), "number");
}

/** A number that is typed; `member` is its name in the answer. */
function typed({ min, max, step }, cast, member) {
  const bounds = { min: min ?? undefined, max: max ?? undefined };
  const input = element("input", {
    type: "number",
    inputmode: "decimal",
    step,
    ...bounds,
    "aria-label": t("yourNumber"),
  });
  const read = () => (input.value !== "" && input.validity.valid ? input.valueAsNumber : undefined);
  const write = (answer) => (input.value = answer?.[member] ?? "");
  const isBounded = bounds.min !== undefined && bounds.max !== undefined;
  return typing({ inputs: [input], read, write, cast, hint: isBounded ? t("numberBetween", bounds) : undefined });
}

/** Inputs with one button. */
function typing({ inputs, read, write, cast, hint }) {
  const button = submitButton();
  const error = element("p", { class: "error", role: "alert" });
  const onsubmit = (event) => {
    event.preventDefault();
    const answer = read();
    error.textContent = answer === undefined ? (hint ?? t("fillIn")) : "";
    if (answer === undefined) inputs[0].focus();
    else cast(answer);
  };
  const show = (answer, isOpen) => {
    // What is being typed stays.
    if (answer !== undefined && !inputs.includes(document.activeElement)) write(answer);
    button.textContent = t(answer ? "change" : "send");
    for (const part of [...inputs, button]) part.disabled = !isOpen;
  };
  const note = hint && element("p", { class: "hint" }, hint);
  return { view: element("form", { novalidate: true, onsubmit }, note, ...inputs, error, button), show };
}

function submitButton() {
  return element("button", { type: "submit", class: "primary" });
}

function group(question, children) {
  return element("div", { class: "answers", role: "group", "aria-label": question.text }, ...children);
}

/** Always the same order for the same seed. */
function shuffled(list, seed) {
  let state = [...seed].reduce((sum, letter) => (Math.imul(sum, 31) + letter.codePointAt(0)) | 0, 7);
  const keyed = list.map((item) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
    return { item, key: state >>> 8 };
  });
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}

/** Pictures of questions and their answers, as whoever makes a question chooses them: uploaded when chosen, with words for who cannot see them. */

import { element } from "../views/dom.js";

const KINDS = "image/jpeg,image/png,image/webp,image/gif";
/** A slow line takes a while for some megabytes. */
const WITHIN_MS = 120_000;
let made = 0;

/** Puts a picture on the server; answers with its address. */
async function upload(hall, file) {
  const form = new FormData();
  form.append("image", file);
  const { url } = await hall.ask("POST", "/images", form, { within: WITHIN_MS });
  return url;
}

/**
 * @param {object} options
 * @param {import("./hall.js").Hall} options.hall
 * @param {{image?: string, imageAlt?: string}} options.value changed in place
 * @param {string} [options.label] of which answer it is a picture; absent: of the question
 * @param {() => void} options.changed the address is another one
 */
export function pictureField({ hall, value, label, changed = () => {} }) {
  made += 1;
  const named = (words) => (label ? `${words}: ${label}` : words);
  const ids = { file: `picture-${made}`, alt: `picture-alt-${made}` };
  const said = element("p", { class: "hint", role: "status" });
  const problem = element("p", { class: "problem", role: "alert" });
  const shown = element("img", { class: "chosen-picture", alt: "" });
  const away = element("button", { type: "button", class: "link" }, named("Take the picture away"));
  const words = element("input", {
    type: "text",
    id: ids.alt,
    maxlength: 500,
    value: value.imageAlt ?? "",
    oninput: () => (value.imageAlt = words.value.trim() || undefined),
  });
  const file = element("input", { type: "file", id: ids.file, accept: KINDS });
  const alt = element(
    "div",
    { class: "field" },
    element("label", { for: ids.alt }, named("What the picture shows")),
    words,
    element("p", { class: "hint" }, "For those who cannot see it."),
  );
  const show = () => {
    for (const part of [shown, away, alt]) part.hidden = !value.image;
    if (value.image) shown.src = value.image;
    else shown.removeAttribute("src");
  };
  const set = (image) => {
    value.image = image;
    if (!image) {
      value.imageAlt = undefined;
      words.value = "";
    }
    show();
    changed();
  };
  away.onclick = () => {
    set(undefined);
    said.textContent = "The picture is taken away.";
    file.focus();
  };
  file.onchange = async () => {
    const [chosen] = file.files;
    if (!chosen) return;
    problem.textContent = "";
    said.textContent = "Uploading…";
    value.isUploading = true;
    try {
      set(await upload(hall, chosen));
      said.textContent = "Uploaded. Say what the picture shows.";
    } catch (error) {
      said.textContent = "";
      problem.textContent = error.message;
    }
    value.isUploading = false;
    // The same file may be chosen again.
    file.value = "";
  };
  const view = element(
    "div",
    { class: "picture-field" },
    element("div", { class: "field" }, element("label", { for: ids.file }, named("Upload a picture")), file),
    shown,
    said,
    problem,
    alt,
    away,
  );
  show();
  return { view, show };
}

/** A picture for each line of a text: whoever changes a word, or the order, keeps them. */
export function optionPictures({ hall, lines, options }) {
  const view = element("details", { class: "option-pictures" }, element("summary", {}, "Pictures of the answers"));
  let rows = options.map(({ text, image, imageAlt }) => row(text, { image, imageAlt }));
  function row(text, value) {
    // A word may change while its picture is on the way: the field that stands there then shows it.
    const changed = () => rows.find((one) => one.value === value)?.field.show();
    return { text, value, field: pictureField({ hall, value, label: text, changed }) };
  }
  const follow = () => {
    const texts = lines().split("\n").map((line) => line.trim()).filter(Boolean);
    const left = new Set(rows);
    const byText = (text) => [...left].find((one) => one.text === text);
    // First those that are still called the same, then those that stand where one was.
    const kept = texts.map((text) => {
      const same = byText(text);
      left.delete(same);
      return same;
    });
    rows = texts.map((text, i) => {
      if (kept[i]) return kept[i];
      const before = rows[i];
      const isFree = left.delete(before);
      return row(text, isFree ? before.value : {});
    });
    view.replaceChildren(view.firstChild, ...rows.map(({ field }) => field.view));
    view.hidden = rows.length === 0;
  };
  view.open = rows.some(({ value }) => value.image);
  follow();
  /** The options as the server takes them. */
  const taken = () => {
    follow();
    return rows.map(({ text, value: { image, imageAlt } }) =>
      image ? { text, image, ...(imageAlt && { imageAlt }) } : text,
    );
  };
  const isUploading = () => rows.some(({ value }) => value.isUploading);
  return { view, follow, taken, isUploading };
}

/** The own picture: chosen, looked at, sent, taken away. */

import { button } from "../hall/parts.js";
import { avatar, element } from "../views/dom.js";
import { panel } from "./parts.js";

const KINDS = ["image/jpeg", "image/png", "image/webp", "image/gif"];
/** The server says the same, unless its operator has set it otherwise; then its answer is shown. */
const MOST_BYTES = 5 * 1024 * 1024;
const SIDE = 128;
/** A slow line takes a while for some megabytes. */
const WITHIN_MS = 120_000;

/** The picture as it is, or the letters that stand for it. */
function portrait({ id, name, avatar: address }) {
  const letters = () => avatar(id, name);
  if (!address) return letters();
  const shown = element("img", { src: address, alt: "Your picture", width: SIDE, height: SIDE, class: "portrait" });
  shown.addEventListener("error", () => shown.replaceWith(letters()), { once: true });
  return shown;
}

/** Draws what was chosen as pages will show it: its middle. Drawn and not linked, so that the page needs no right to show other images. */
async function preview(file) {
  const bitmap = await createImageBitmap(file);
  const canvas = element("canvas", { width: SIDE, height: SIDE, class: "portrait", role: "img", "aria-label": `Preview: ${file.name}` });
  const side = Math.min(bitmap.width, bitmap.height);
  const [left, top] = [(bitmap.width - side) / 2, (bitmap.height - side) / 2];
  canvas.getContext("2d").drawImage(bitmap, left, top, side, side, 0, 0, SIDE, SIDE);
  bitmap.close();
  return canvas;
}

/** What is wrong with a file, as far as it can be told here. */
function wrongWith(file) {
  if (!KINDS.includes(file.type)) return "This is no picture that can be taken: JPEG, PNG, WebP or GIF.";
  if (file.size > MOST_BYTES) return "The file is too large: at most 5 MB.";
  return undefined;
}

export function picturePanel(frame, profile) {
  const face = element("div", {}, portrait(profile));
  const problem = element("p", { class: "problem", role: "alert" });
  const done = element("p", { class: "done", role: "status" });
  const input = element("input", {
    type: "file",
    id: "field-picture",
    accept: KINDS.join(","),
    "aria-describedby": "hint-picture",
    onchange: () => choose(input.files[0]),
  });
  const use = button("Use this picture", () => send(), "primary");
  const other = button("Leave it as it was", () => reset());
  const away = button("Take the picture away", () => remove(), "link");
  const choices = element("div", { class: "actions" }, use, other);
  let chosen;
  const show = (now) => {
    Object.assign(profile, { avatar: now.avatar });
    reset();
  };
  const reset = () => {
    chosen = undefined;
    input.value = "";
    choices.hidden = true;
    away.hidden = !profile.avatar;
    face.replaceChildren(portrait(profile));
  };
  const choose = async (file) => {
    problem.textContent = "";
    done.textContent = "";
    if (!file) return reset();
    const wrong = wrongWith(file);
    const drawn = wrong ? undefined : await preview(file).catch(() => undefined);
    if (!drawn) {
      reset();
      problem.textContent = wrong ?? "This file cannot be read as a picture.";
      return undefined;
    }
    chosen = file;
    face.replaceChildren(drawn);
    choices.hidden = false;
    done.textContent = "This is how it will look.";
    return undefined;
  };
  const act = async (ask, words) => {
    problem.textContent = "";
    use.disabled = true;
    try {
      show(await ask());
      done.textContent = words;
      input.focus();
    } catch (error) {
      done.textContent = "";
      problem.textContent = error.message;
    } finally {
      use.disabled = false;
    }
  };
  const send = () => {
    const body = new FormData();
    body.append("avatar", chosen, chosen.name);
    done.textContent = "Sending…";
    return act(() => frame.ask("POST", "/api/auth/upload-avatar", body, { within: WITHIN_MS }), "Saved.");
  };
  const remove = () => act(() => frame.ask("DELETE", "/api/auth/avatar"), "The picture is gone.");
  reset();
  const field = element(
    "div",
    { class: "field" },
    element("label", { for: "field-picture" }, "Choose a picture"),
    input,
    element("p", { class: "hint", id: "hint-picture" }, "JPEG, PNG, WebP or GIF, at most 5 MB. Where and when it was taken is not kept."),
  );
  return panel("picture", "Your picture", element("div", { class: "actions" }, face, field), choices, problem, done, element("div", {}, away));
}

/** Where a message is written. What is not sent yet survives a reload. */

import { element, icon } from "./dom.js";

/** "Typing" is repeated this often while somebody types, and taken back after this long without a key. */
const TYPING_EVERY_MS = 3_000;
const TYPING_STOPS_MS = 4_000;

/**
 * @param {object} options
 * @param {string} options.draftKey
 * @param {Storage} options.storage
 * @param {() => number} options.mostBytes
 * @param {(text: string) => boolean} options.send answers whether it took the text
 * @param {(active: boolean) => void} options.typing
 */
export function composerView({ draftKey, storage, mostBytes, send, typing }) {
  const problem = element("p", { class: "problem", role: "alert", id: "composer-problem" });
  const input = element("textarea", {
    rows: 1,
    placeholder: "Write a message",
    "aria-label": "Message",
    "aria-describedby": "composer-problem",
    enterkeyhint: "send",
    autocomplete: "off",
  });
  const button = element(
    "button",
    { class: "send", type: "submit", "aria-label": "Send", title: "Send" },
    icon("send"),
  );
  const state = { typingAt: 0, stopTimer: null };

  const stopTyping = () => {
    clearTimeout(state.stopTimer);
    if (state.typingAt > 0) typing(false);
    state.typingAt = 0;
  };
  const keepTyping = () => {
    const now = Date.now();
    if (now - state.typingAt > TYPING_EVERY_MS) {
      state.typingAt = now;
      typing(true);
    }
    clearTimeout(state.stopTimer);
    state.stopTimer = setTimeout(stopTyping, TYPING_STOPS_MS);
  };
  const changed = () => {
    fit(input);
    problem.textContent = "";
    button.disabled = input.value.trim() === "";
    keepDraft(storage, draftKey, input.value);
  };
  const submit = (event) => {
    event?.preventDefault();
    const text = input.value.trim();
    if (text === "") return;
    const bytes = new TextEncoder().encode(text).length;
    const over = bytes - mostBytes();
    if (over > 0) {
      problem.textContent = `This is too long by ${over.toLocaleString()} bytes. Send it in parts.`;
      return;
    }
    if (!send(text)) {
      problem.textContent = "Too many messages wait to be sent. They go out as soon as the connection is back.";
      return;
    }
    input.value = "";
    stopTyping();
    changed();
    input.focus();
  };
  const onkeydown = (event) => {
    // While a word is being composed (Japanese, Chinese, …) Enter belongs to the input method. On a touch keyboard there
    // is no Shift+Enter: Enter makes a line, the button sends.
    const touch = matchMedia("(pointer: coarse)").matches;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && !touch) submit(event);
  };

  input.addEventListener("input", () => {
    changed();
    if (input.value.trim() === "") stopTyping();
    else keepTyping();
  });
  input.addEventListener("keydown", onkeydown);
  input.value = storage.getItem(draftKey) ?? "";
  button.disabled = input.value.trim() === "";
  const view = element(
    "form",
    { class: "composer", onsubmit: submit },
    problem,
    element("div", { class: "composer-row" }, input, button),
  );
  return { view, focus: () => input.focus(), fit: () => fit(input), leave: stopTyping };
}

/** As high as the text, up to what the style allows. */
function fit(input) {
  input.style.height = "auto";
  input.style.height = `${input.scrollHeight}px`;
}

function keepDraft(storage, key, text) {
  try {
    if (text === "") storage.removeItem(key);
    else storage.setItem(key, text);
  } catch {
    // A full storage: the text is still on the screen.
  }
}

/** The list of conversations, newest first. */

import { Rows, avatar, element, hiddenText, icon, logo } from "./dom.js";
import { ago, count, exactly, presence } from "./format.js";
import { placesView } from "./places.js";

/** A tap's click comes this much later than its end, at most. */
const CLICK_WITHIN_MS = 50;

/**
 * @param {object} app
 * @param {import("../store.js").Store} app.store
 * @param {Element} app.status
 * @param {() => void} app.compose
 * @param {() => void} app.signOut
 */
export function listView({ store, status, compose, signOut }) {
  const list = element("ul", { class: "list", onkeydown: moveFocus, onpointerdown: () => hold() });
  const rows = new Rows(list);
  const nothing = element("p", { class: "list-empty" }, "No conversations yet. Start one with the pen above.");
  const loading = element("p", { class: "list-empty" }, "Loading…");
  const view = element(
    "div",
    { class: "sidebar" },
    element(
      "header",
      {},
      element(
        "div",
        { class: "bar" },
        element("h1", { class: "brand" }, logo(), "Plenum"),
        element(
          "button",
          {
            class: "icon-button",
            type: "button",
            title: "New conversation",
            "aria-label": "New conversation",
            onclick: compose,
          },
          icon("compose"),
        ),
      ),
      status,
    ),
    element("nav", { class: "list-scroll", "aria-label": "Conversations" }, list, loading, nothing),
    placesView("/"),
    element(
      "footer",
      { class: "bar me" },
      avatar(store.me.id, store.me.fullName),
      element("span", { class: "me-name" }, store.me.fullName),
      element(
        "button",
        { class: "icon-button", type: "button", title: "Sign out", "aria-label": "Sign out", onclick: signOut },
        icon("leave"),
      ),
    ),
  );

  let openId;
  let loaded = false;
  let timer = null;
  let pressed;
  const show = () => {
    clearTimeout(timer);
    timer = null;
    const conversations = store.list();
    if (!pressed) rows.show(conversations.map((conversation) => row(conversation, conversation.id === openId, store.presenceIn(conversation))));
    nothing.hidden = !loaded || conversations.length > 0;
    loading.hidden = loaded || conversations.length > 0;
    const unread = store.unread();
    document.title = unread > 0 ? `(${unread}) Plenum` : "Plenum";
  };
  // While a row is pressed none moves: what is released must be what was pressed.
  const hold = () => {
    pressed?.abort();
    const press = new AbortController();
    pressed = press;
    const release = () => {
      press.abort();
      setTimeout(() => {
        if (pressed !== press) return;
        pressed = undefined;
        show();
      }, CLICK_WITHIN_MS);
    };
    for (const end of ["pointerup", "pointercancel"]) window.addEventListener(end, release, { signal: press.signal });
  };
  // Together, because a list of many conversations comes as many changes. Not by animation frames: the count in the title
  // must also come in a tab that nobody looks at.
  const stop = store.on("list", () => (timer ??= setTimeout(show, 0)));
  show();
  return {
    view,
    open(id) {
      openId = id;
      show();
    },
    loaded() {
      loaded = true;
      show();
    },
    close() {
      stop();
      clearTimeout(timer);
      pressed?.abort();
      pressed = undefined;
    },
    focus(id = openId) {
      const links = [...list.querySelectorAll("a")];
      (links.find((link) => link.dataset.id === id) ?? links[0] ?? view.querySelector("button")).focus();
    },
  };
}

function row(conversation, isOpen, known) {
  const { id, last, activeAt, unread } = conversation;
  const name = conversation.name();
  const preview = last ? `${prefix(conversation)}${last.text}` : "No messages yet";
  return {
    key: id,
    look: [name, preview, unread, isOpen, ago(activeAt), presence(known)],
    make: () =>
      element(
        "li",
        {},
        element(
          "a",
          {
            href: `#/c/${id}`,
            "data-id": id,
            class: unread > 0 ? "row is-unread" : "row",
            "aria-current": isOpen ? "page" : undefined,
          },
          element(
            "span",
            { class: "row-face", title: presence(known) || undefined },
            avatar(conversation.face(), name, conversation.kind === "group"),
            known?.online && element("span", { class: "online-dot", "aria-hidden": "true" }),
          ),
          element(
            "span",
            { class: "row-main" },
            element(
              "span",
              { class: "row-top" },
              element("span", { class: "row-name" }, name, known?.online && hiddenText(", online")),
              last &&
                element(
                  "time",
                  { class: "row-time", title: exactly(activeAt), datetime: iso(activeAt) },
                  ago(activeAt),
                ),
            ),
            element(
              "span",
              { class: "row-bottom" },
              element("span", { class: "row-preview" }, preview),
              unread > 0 &&
                element(
                  "span",
                  { class: "badge" },
                  unread > 999 ? "999+" : String(unread),
                  hiddenText(` ${count(unread, "unread message").replace(/^\S+ /u, "")}`),
                ),
            ),
          ),
        ),
      ),
  };
}

function prefix(conversation) {
  const { author } = conversation.last;
  return conversation.kind === "group" || conversation.isMe(author) ? `${conversation.nameOf(author)}: ` : "";
}

function iso(at) {
  return new Date(at).toISOString();
}

/** Arrow keys walk through the list, as everybody tries. */
function moveFocus(event) {
  const links = [...event.currentTarget.querySelectorAll("a")];
  const here = links.indexOf(document.activeElement);
  const next = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: links.length - 1 }[event.key];
  if (next === undefined || !links[next]) return;
  event.preventDefault();
  links[next].focus();
}

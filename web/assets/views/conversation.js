/** One open conversation: its log, who is typing, and the composer. */

import { composerView } from "./composer.js";
import { Rows, avatar, element, icon } from "./dom.js";
import { count, presence } from "./format.js";
import { logRows } from "./log.js";

/** Closer to the end than this, in pixels, counts as being at the end. */
const AT_END = 60;
/** Older messages are asked for when less than this, in pixels, is left above. */
const NEAR_START = 600;

/**
 * @param {object} app
 * @param {import("../conversation.js").Conversation} app.conversation
 * @param {import("../store.js").Store} app.store
 * @param {import("../outbox.js").Outbox} app.outbox
 * @param {import("../connection.js").Connection} app.connection
 * @param {Storage} app.storage
 * @param {() => number} app.mostBytes
 * @param {() => void} app.back
 * @param {() => void} app.about opens what can be said and done about a group
 * @param {(id: string) => Promise<void>} app.older fetches the page before what is there
 * @param {(id: string, offset: number) => void} app.read
 */
export function conversationView(app) {
  const { conversation, store, outbox, connection } = app;
  const { id, topic } = conversation;
  const title = element("h2", { class: "bar-title" });
  const people = element("p", { class: "bar-people" });
  const face = element("span", {});
  const about = element(
    "button",
    { class: "icon-button", type: "button", title: "About this group", "aria-label": "About this group", onclick: app.about },
    icon("about"),
  );
  const gone = element("p", { class: "gone", role: "status" }, "You are not in this group any more.");
  const log = element("div", { class: "log", role: "log", "aria-live": "off", tabindex: "0" });
  const beginning = element("div", { class: "beginning" });
  const rowsPlace = element("div", { class: "rows" });
  const typing = element("div", { class: "typing" });
  const jump = element("button", { class: "jump", type: "button", hidden: true }, icon("down"), element("span", {}));
  const rows = new Rows(rowsPlace);
  log.append(beginning, rowsPlace, typing);

  const composer = composerView({
    draftKey: `plenum.draft.${store.me.id}.${id}`,
    storage: app.storage,
    mostBytes: app.mostBytes,
    typing: (active) => connection.request({ typing: { topic, active } }).catch(() => {}),
    send(text) {
      state.atEnd = true;
      return Boolean(outbox.add(topic, text));
    },
  });
  const view = element(
    "section",
    {
      class: "conversation",
      "aria-label": "Conversation",
      onkeydown(event) {
        if (event.key === "Escape" && !event.defaultPrevented) app.back();
      },
    },
    element(
      "header",
      { class: "bar" },
      element(
        "button",
        { class: "icon-button back", type: "button", "aria-label": "Back to the list", onclick: app.back },
        icon("back"),
      ),
      face,
      element("div", { class: "bar-main" }, title, people),
      about,
    ),
    element("div", { class: "log-place" }, log, jump),
    composer.view,
    gone,
  );

  const state = {
    atEnd: true,
    /** Where the "new" line stands; fixed when the conversation is opened, so that it does not run away. */
    unreadAfter: conversation.unread > 0 ? conversation.read : 0,
    seenTo: conversation.position,
    loading: false,
    failed: false,
    frame: null,
  };
  const how = {
    me: store.me.id,
    retry: (ref) => outbox.retry(ref),
    discard: (ref) => outbox.discard(ref),
    get unreadAfter() {
      return state.unreadAfter;
    },
  };

  const show = () => {
    state.frame = null;
    showHead();
    const fromEnd = log.scrollHeight - log.scrollTop;
    rows.show(logRows(conversation, outbox.entries(topic), how));
    showBeginning();
    showTyping();
    // What is on the screen stays where it is: at the end, or by its distance from the end when older messages came.
    if (state.atEnd) log.scrollTop = log.scrollHeight;
    else if (state.prepended) log.scrollTop = log.scrollHeight - fromEnd;
    state.prepended = false;
    look();
  };
  const soon = () => (state.frame ??= requestAnimationFrame(show));

  const showHead = () => {
    title.textContent = conversation.name();
    log.setAttribute("aria-label", `Messages with ${conversation.name()}`);
    const others = conversation.others();
    const known = store.presenceIn(conversation);
    people.textContent = conversation.kind === "group" ? membersOf(conversation, others) : presence(known);
    people.hidden = people.textContent === "" || conversation.isGone;
    people.classList.toggle("is-online", known?.online === true);
    about.hidden = conversation.kind !== "group" || conversation.isGone;
    composer.view.hidden = conversation.isGone;
    gone.hidden = !conversation.isGone;
    if (face.dataset.name !== conversation.name()) {
      face.dataset.name = conversation.name();
      face.replaceChildren(avatar(conversation.face(), conversation.name(), conversation.kind === "group"));
    }
  };
  const showBeginning = () => {
    const more = conversation.low > 1;
    beginning.textContent = !more
      ? ""
      : state.failed
        ? "Older messages come when the connection is back."
        : "Loading older messages…";
  };
  const showTyping = () => {
    const names = [...conversation.typing.keys()].map((user) => conversation.nameOf(user));
    const who =
      names.length > 2 ? "Several people are" : names.length === 2 ? `${names.join(" and ")} are` : `${names[0]} is`;
    typing.textContent = names.length > 0 ? `${who} typing…` : "";
    typing.classList.toggle("is-active", names.length > 0);
  };

  /** After anything moved: what has been read, whether more is needed, whether the way down is offered. */
  const look = () => {
    const awayBy = log.scrollHeight - log.scrollTop - log.clientHeight;
    state.atEnd = awayBy < AT_END;
    if (state.atEnd) state.seenTo = conversation.position;
    const missed = conversation.items.filter(({ offset, event }) => offset > state.seenTo && event?.message).length;
    jump.hidden = awayBy < 2 * AT_END;
    jump.lastChild.textContent = missed > 0 ? count(missed, "new message") : "Latest";
    if (state.atEnd && document.visibilityState === "visible" && document.hasFocus())
      if (!conversation.isGone) app.read(id, conversation.position);
    if (log.scrollTop < NEAR_START && conversation.low > 1 && !conversation.isGone && !state.loading && !state.failed)
      older();
  };
  const older = async () => {
    state.loading = true;
    try {
      await app.older(id);
    } catch {
      state.failed = true;
    }
    state.loading = false;
    soon();
  };

  const stops = [
    store.on("conversation", (change) => {
      if (change.id !== id) return;
      state.prepended ||= change.kind === "prepended";
      soon();
    }),
    store.on("list", soon),
    outbox.on("change", (change) => change.topic === topic && soon()),
    connection.on("identified", () => {
      state.failed = false;
      soon();
    }),
  ];
  const onfocus = () => look();
  const resized = new ResizeObserver(() => {
    if (state.atEnd) log.scrollTop = log.scrollHeight;
  });
  resized.observe(log);
  log.addEventListener("scroll", look, { passive: true });
  window.addEventListener("focus", onfocus);
  document.addEventListener("visibilitychange", onfocus);
  jump.addEventListener("click", () => {
    log.scrollTop = log.scrollHeight;
    log.focus();
  });

  return {
    id,
    view,
    /** Once it is in the document. */
    shown() {
      show();
      composer.fit();
    },
    /** On a touch screen the keyboard would cover what one came to read. */
    focus: () => (matchMedia("(pointer: coarse)").matches ? view.parentElement?.focus() : composer.focus()),
    close() {
      composer.leave();
      cancelAnimationFrame(state.frame);
      resized.disconnect();
      window.removeEventListener("focus", onfocus);
      document.removeEventListener("visibilitychange", onfocus);
      for (const stop of stops) stop();
    },
  };
}

function membersOf({ memberCount, online }, others) {
  const there = online > 0 ? `, ${online.toLocaleString()} online` : "";
  return `${count(memberCount, "member")}${there}: ${["You", ...others.map(({ fullName }) => fullName)].join(", ")}`;
}

/** The page: who is signed in, the parts that belong to them, and the address bar. */

import { Api } from "./api.js";
import { Connection } from "./connection.js";
import { wordsOf } from "./conversation.js";
import { Marks } from "./marks.js";
import { Outbox } from "./outbox.js";
import { newRef } from "./refs.js";
import { Store } from "./store.js";
import { Announcer } from "./views/announcer.js";
import { authView } from "./views/auth.js";
import { conversationView } from "./views/conversation.js";
import { composeDialog } from "./views/dialogs.js";
import { element, logo } from "./views/dom.js";
import { groupDialog } from "./views/group.js";
import { listView } from "./views/list.js";
import { statusView } from "./views/status.js";
import { Sync } from "./sync.js";

const storage = window.localStorage;
const place = document.getElementById("app");
const announcer = new Announcer(document.getElementById("announcer"));
const api = new Api(storage);
let chat;

api.session.on("in", () => start());
// Told more than once, somebody who is about to sign in must not lose what they typed.
api.session.on("out", ({ reason }) => {
  if (!chat) return;
  chat.forget();
  start(reason);
});
document.querySelector(".skip").addEventListener("click", (event) => {
  // The address belongs to the conversation.
  event.preventDefault();
  document.getElementById("main")?.focus();
});

function start(notice) {
  chat?.close();
  chat = undefined;
  clean();
  const { user } = api.session;
  if (user) chat = new Chat(user);
  else place.replaceChildren(authView(api, notice));
}

/** Takes away what stands outside of the place that the next view fills: who sits here now may be somebody else. */
function clean() {
  announcer.silence();
  for (const dialog of document.querySelectorAll("dialog")) {
    // Its listeners are told of the end a moment later; what it shows goes now.
    dialog.close();
    dialog.remove();
  }
  document.title = "Plenum";
}

/** Everything that lives from signing in to signing out. */
class Chat {
  #store;
  #connection;
  #outbox;
  #sync;
  #list;
  #open;
  #frame;
  #pane = element("main", { id: "main", class: "pane", tabindex: "-1" });
  #stops = new AbortController();
  #textBytes = 16 * 1024;

  constructor(user) {
    const url = new URL("/ws", location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    this.#store = new Store(user, storage);
    this.#connection = new Connection({
      url: url.href,
      token: (how) => api.session.token(how),
      client: { name: "plenum-web", version: "1" },
    });
    this.#outbox = new Outbox({ connection: this.#connection, storage, user: user.id, newRef });
    const marks = new Marks(this.#connection);
    this.#sync = new Sync({ api, connection: this.#connection, store: this.#store, outbox: this.#outbox, marks });
    this.#listen();
    this.#show();
    this.#connection.start();
  }

  #listen() {
    const { signal } = this.#stops;
    const connection = this.#connection;
    connection.on("hello", ({ limits }) => (this.#textBytes = limits.textBytes));
    connection.on("state", ({ phase, signedOut, reason }) => {
      if (phase === "ended" && signedOut)
        api.session.end(reason ? `You have been signed out: ${reason}.` : "You have been signed out.");
    });
    this.#sync.on("loaded", () => {
      this.#list.loaded();
      this.#route();
    });
    this.#store.on("message", ({ conversation, message }) => this.#announce(conversation, message));
    window.addEventListener("hashchange", () => this.#route(), { signal });
    window.addEventListener("storage", (event) => this.#outbox.stored(event), { signal });
    window.addEventListener("online", () => connection.wake(), { signal });
    window.addEventListener("offline", () => connection.interrupt(), { signal });
    window.addEventListener("pageshow", () => connection.wake(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || connection.wake(), { signal });
  }

  #show() {
    this.#list = listView({
      store: this.#store,
      status: statusView(this.#connection),
      compose: () => this.#compose(),
      signOut: () => this.#signOut(),
    });
    this.#frame = element("div", { class: "chat" }, this.#list.view, this.#pane);
    place.replaceChildren(this.#frame);
    this.#route();
  }

  /** Shows what the address names. */
  #route() {
    const id = /^#\/c\/([0-9a-f-]{36})$/u.exec(location.hash)?.[1];
    if (this.#open && this.#open.id === id) return;
    const previous = this.#open?.id;
    this.#sync.open(this.#store.get(id) && id);
    this.#open?.close();
    this.#open = undefined;
    if (previous) this.#store.leave(previous);
    const conversation = this.#store.get(id);
    this.#list.open(conversation?.id);
    this.#frame.dataset.open = conversation ? "yes" : "no";
    if (!conversation) {
      this.#pane.replaceChildren(
        element("div", { class: "empty" }, logo(), element("p", {}, "Choose a conversation, or start a new one.")),
      );
      if (previous) this.#list.focus(previous);
      return;
    }
    this.#open = conversationView({
      conversation,
      store: this.#store,
      outbox: this.#outbox,
      connection: this.#connection,
      storage,
      mostBytes: () => this.#textBytes,
      back: () => this.#back(),
      about: () => groupDialog({ conversation, store: this.#store, api, left: () => this.#back() }),
      older: (which) => this.#sync.older(which),
      read: (which, offset) => this.#sync.read(which, offset),
    });
    const banner = element("div", { class: "banner" }, statusView(this.#connection));
    this.#pane.replaceChildren(banner, this.#open.view);
    this.#open.shown();
    this.#open.focus();
  }

  #signOut() {
    location.hash = "#/";
    api.logout();
  }

  /**
   * The session is over, wanted or not, here or in another tab: leaves nothing readable behind but messages that are not
   * sent yet. Those wait for the next time.
   */
  forget() {
    const { id } = this.#store.me;
    const keys = Array.from({ length: storage.length }, (_, i) => storage.key(i));
    const ours = [`plenum.draft.${id}.`, `plenum.marks.${id}.`];
    for (const key of keys) if (ours.some((prefix) => key?.startsWith(prefix))) storage.removeItem(key);
  }

  #back() {
    location.hash = "#/";
  }

  #compose() {
    const created = async ({ id }) => {
      await this.#sync.refresh();
      location.hash = `#/c/${id}`;
    };
    composeDialog({ api, newRef, created });
  }

  #announce(conversation, message) {
    if (message.author === this.#store.me.id) return;
    // While catching up the counts tell more than old sentences.
    if (this.#connection.state.phase !== "live") return;
    const author = conversation.nameOf(message.author);
    const where = conversation.id === this.#open?.id && !document.hidden ? "" : ` in ${conversation.name()}`;
    announcer.say(`${author}${conversation.kind !== "direct" ? where : ""}: ${wordsOf(message.content).slice(0, 200)}`);
  }

  close() {
    this.#stops.abort();
    this.#open?.close();
    this.#list.close();
    this.#sync.close();
    this.#connection.stop();
  }
}

start();

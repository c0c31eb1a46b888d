/** The host's page: sign in, the list of conferences, and one of them to run. */

import { Api } from "../api.js";
import { authView } from "../views/auth.js";
import { element, logo } from "../views/dom.js";
import { newRef } from "../refs.js";
import { button, conferenceDialog } from "./parts.js";
import { remoteView } from "./remote.js";
import { speak } from "./words.js";

const STATES = { DRAFT: "Draft", ACTIVE: "Running", ENDED: "Ended" };
const place = document.getElementById("app");
const api = new Api(localStorage);
let shown;

function show(made) {
  shown?.stop?.();
  shown = made;
  place.replaceChildren(made.view);
  made.view.focus?.();
}

/** What the address names: `#/<id>` is one conference. */
function route(notice) {
  if (!api.session.user) return show({ view: authView(api, notice) });
  const id = /^#\/([0-9a-f-]{36})$/u.exec(location.hash)?.[1];
  if (id) show(remoteView({ api, id, back: () => (location.hash = "#/") }));
  else show(listView());
}

function listView() {
  const list = element("ul", { class: "conferences" });
  const more = button("More", () => load(), "secondary");
  const problem = element("p", { class: "problem", role: "alert" });
  let cursor;
  const load = async () => {
    try {
      const query = new URLSearchParams({ limit: 50, ...(cursor && { cursor }) });
      const page = await api.authorised("GET", `/api/conference?${query}`);
      list.append(...page.items.map(row));
      cursor = page.nextCursor;
      more.hidden = !cursor;
      none.hidden = list.children.length > 0;
    } catch (error) {
      problem.textContent = error.message;
    }
  };
  const create = () => {
    // One for as long as the dialog is open: pressing twice makes one conference.
    const clientRef = newRef();
    const save = async (body) => {
      const { id } = await api.authorised("POST", "/api/conference", { ...body, clientRef });
      location.hash = `#/${id}`;
    };
    conferenceDialog({ save });
  };
  const none = element("p", { class: "hint", hidden: true }, "You have no conferences yet. Make the first one.");
  more.hidden = true;
  const signOut = button("Sign out", () => api.logout(), "link");
  const head = element(
    "header",
    { class: "host-bar" },
    element("p", { class: "brand" }, logo(), "Plenum"),
    element("span", {}, api.session.user.fullName, " ", signOut),
  );
  load();
  const view = element(
    "main",
    { id: "main", class: "host narrow", tabindex: "-1" },
    head,
    element(
      "div",
      { class: "host-title" },
      element("h1", {}, "Conferences"),
      button("New conference", create, "primary"),
    ),
    problem,
    none,
    list,
    more,
  );
  return { view };
}

function row({ id, title, status, publicCode, date }) {
  const about = [STATES[status], publicCode, date].filter(Boolean).join(" · ");
  return element(
    "li",
    {},
    element(
      "a",
      { class: "panel", href: `#/${id}` },
      element("strong", { dir: "auto" }, title),
      element("span", { class: "hint" }, about),
    ),
  );
}

await speak("en");
api.session.on("in", () => route());
api.session.on("out", ({ reason }) => route(reason));
window.addEventListener("hashchange", () => route());
route();

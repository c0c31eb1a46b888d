/** The page of the status board: which domains are blocked, while it happens. */

import { Api } from "../api.js";
import { button, choiceField } from "../hall/parts.js";
import { authView } from "../views/auth.js";
import { element, Rows } from "../views/dom.js";
import { pageBar } from "../views/places.js";
import { statusView } from "../views/status.js";
import { brandsDialog, domainDialog, keysDialog, removeDomain } from "./admin.js";
import { Board } from "./board.js";
import { historyDialog, moment, WORDS } from "./history.js";

const place = document.getElementById("app");
const api = new Api(localStorage);
let shown;

function show(made) {
  shown?.stop?.();
  shown = made;
  place.replaceChildren(made.view);
  (made.main ?? made.view).focus();
}

function route(notice) {
  show(api.session.user ? boardView() : { view: authView(api, notice) });
}

const CHOICES = { "": "All", ada: "Blocked", "tidak ada": "Accessible", none: "Not checked yet" };
const KINDS = { ada: "blocked", "tidak ada": "accessible" };

function boardView() {
  const board = new Board(api);
  const problem = element("p", { class: "problem", role: "alert" });
  const spoken = element("p", { class: "sr", role: "status" });
  const summary = element("p", { class: "summary" });
  const list = element("ul", { class: "domains" });
  const rows = new Rows(list);
  const none = element("p", { class: "hint" });
  const cut = element("p", { class: "hint", hidden: true }, "There are more domains than are shown here.");
  const tools = element("div", { class: "tools", hidden: true });
  let isAdmin = false;

  const draw = () => {
    const domains = [...board.domains.values()];
    const text = search.value.trim().toLowerCase();
    const fits = ({ domain, brand, nawala }) =>
      (!status.value || (nawala.status ?? "none") === status.value) &&
      (!text || domain.includes(text) || brand?.name.toLowerCase().includes(text));
    const found = domains.filter(fits).sort(order);
    rows.show(found.map((domain) => ({ key: domain.id, look: [domain, isAdmin], make: () => row(domain.id) })));
    const of = (wanted) => domains.filter(({ nawala }) => nawala.status === wanted).length;
    summary.textContent = `${of("ada")} blocked · ${of("tidak ada")} accessible · ${of(null)} not checked yet`;
    none.hidden = found.length > 0;
    none.textContent = board.isLoaded ? (domains.length ? "No domain fits." : "There are no domains yet.") : "Loading…";
    cut.hidden = !board.isCut;
  };
  const run = async (act) => {
    problem.textContent = "";
    try {
      await act();
    } catch (error) {
      problem.textContent = error.message;
    }
  };
  // Listeners look the domain up by its id: a row changes in place.
  const row = (id) => {
    const domain = board.domains.get(id);
    const now = () => board.domains.get(id) ?? domain;
    const kind = KINDS[domain.nawala.status] ?? "unknown";
    const act = (text, onclick) => {
      const made = button(text, onclick, "link");
      made.setAttribute("aria-label", `${text}: ${domain.domain}`);
      return made;
    };
    const checked = domain.nawala.lastChecked
      ? ["Checked ", moment(domain.nawala.lastChecked), ", so since ", moment(domain.since)]
      : ["Not checked yet"];
    return element(
      "li",
      { class: `domain is-${kind}` },
      element("span", { class: "chip" }, WORDS[domain.nawala.status] ?? "Not checked"),
      element(
        "span",
        { class: "domain-name" },
        element("strong", { dir: "auto" }, domain.domain),
        element("span", { class: "hint", dir: "auto" }, [domain.brand?.name, domain.noto].filter(Boolean).join(" · ")),
        element("span", { class: "hint" }, ...checked),
      ),
      element(
        "span",
        { class: "actions" },
        act("History", () => run(() => historyDialog(api, now()))),
        isAdmin && act("Edit", () => run(() => domainDialog(api, now()))),
        isAdmin && act("Remove", () => run(() => removeDomain(api, now()))),
      ),
    );
  };
  const search = element("input", { id: "search", type: "search", autocomplete: "off", oninput: draw });
  const chosen = choiceField("status", "Show", CHOICES, "", draw);
  const status = chosen.querySelector("select");
  board.on("change", draw);
  board.on("problem", ({ message }) => (problem.textContent = message));
  board.on("checked", ({ domain, blocked }) => {
    spoken.textContent = `${domain} is ${blocked ? "blocked" : "accessible"}`;
  });
  const tooled = async () => {
    const me = await api.authorised("GET", "/api/auth/me");
    isAdmin = me.role === "admin";
    if (!isAdmin) return;
    tools.append(
      button("New domain", () => run(() => domainDialog(api)), "primary"),
      button("Brands", () => run(() => brandsDialog(api))),
      button("Keys", () => run(() => keysDialog(api))),
    );
    tools.hidden = false;
    draw();
  };
  run(tooled);
  draw();
  const main = element(
    "main",
    { id: "main", tabindex: "-1" },
    element("h1", {}, "Status"),
    summary,
    tools,
    element(
      "div",
      { class: "filters", role: "search" },
      element("div", { class: "field" }, element("label", { for: "search" }, "Search"), search),
      chosen,
    ),
    problem,
    spoken,
    none,
    list,
    cut,
  );
  const view = element("div", { class: "page" }, pageBar("/status", { api, status: statusView(board.connection) }), main);
  return { view, main, stop: () => board.stop() };
}

/** Blocked ones first, then by name. */
function order(a, b) {
  const rank = (domain) => (domain.nawala.status === "ada" ? 0 : 1);
  return rank(a) - rank(b) || a.domain.localeCompare(b.domain);
}

api.session.on("in", () => route());
api.session.on("out", ({ reason }) => route(reason));
route();

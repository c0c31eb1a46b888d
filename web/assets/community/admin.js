/** What admins look after: accounts, those who ask to sell, keys and brands. */

import { button, choiceField } from "../hall/parts.js";
import { brandsDialog, keysDialog } from "../status/admin.js";
import { element } from "../views/dom.js";
import { Frame } from "./frame.js";
import { fact, moment, pagedList, panel, query, rowButton, searchField, trouble } from "./parts.js";

const ROLES = { user: "User", host: "Host", speaker: "Speaker", seller: "Seller", university: "University", admin: "Admin" };
const DECISIONS = { pending: "Waits", approved: "Sells", rejected: "Refused" };
const PAGE = 20;

function adminView(frame) {
  const place = element("div", { class: "listing" }, element("p", { class: "hint", role: "status" }, "Loading…"));
  const draw = () => {
    if (!frame.me) return;
    const parts = frame.isAdmin ? [accountsPanel(frame), applicationsPanel(frame), morePanel(frame)] : [strangerPanel(frame)];
    place.replaceChildren(...parts);
  };
  const off = frame.on("me", draw);
  draw();
  return { view: element("div", { class: "listing" }, element("h1", {}, "Administration"), place), stop: off };
}

function strangerPanel(frame) {
  return panel("only", "Only for admins", element("p", { dir: "auto" }, `${frame.me.name} is no admin here. An admin can change that.`));
}

function accountsPanel(frame) {
  const { view: problem, run } = trouble();
  const search = searchField("search", "Search", () => list.reload());
  const chosen = choiceField("which", "Role", { "": "All", ...ROLES }, "", () => list.reload());
  const role = chosen.querySelector("select");
  const read = (cursor) => frame.ask("GET", `/api/users?${query({ q: search.input.value.trim(), role: role.value, limit: PAGE, cursor })}`);
  const setRole = (account, wanted) =>
    run(async () => {
      await frame.ask("PUT", `/api/users/${account.id}/role`, { role: wanted });
      list.replace({ ...account, role: wanted });
    }).then((worked) => worked || list.reload());
  const setActive = (account, isActive) =>
    run(async () => {
      if (!isActive && !confirm(`Switch ${account.name} off? Their devices are signed out at once.`)) return;
      list.replace(await frame.ask("PUT", `/api/users/${account.id}/active`, { isActive }));
    });
  const row = (account) => {
    const { id, name, email, phone, username, isActive, createdAt } = account;
    const isMe = id === frame.me.id;
    const options = Object.entries(ROLES).map(([key, text]) => element("option", { value: key, selected: key === account.role }, text));
    const picked = element("select", { "aria-label": `Role of ${name}`, disabled: isMe, onchange: () => setRole(account, picked.value) }, ...options);
    return element(
      "li",
      { class: `card${isActive ? "" : " is-off"}` },
      element(
        "span",
        { class: "thing-name", dir: "auto" },
        element("strong", {}, name),
        isMe && " (you)",
        !isActive && element("strong", { class: "chip is-bad" }, " Switched off"),
        element("span", { class: "hint block" }, [username, email, phone].filter(Boolean).join(" · ")),
        element("span", { class: "hint block" }, "Since ", moment(createdAt, { dateStyle: "medium" })),
      ),
      element("span", { class: "actions field" }, picked, !isMe && rowButton(isActive ? "Switch off" : "Switch on", name, () => setActive(account, !isActive))),
    );
  };
  const list = pagedList({ label: "Accounts", none: "Nobody fits.", read, row });
  list.reload();
  const filters = element("div", { class: "filters", role: "search" }, search.view, chosen);
  return panel("accounts", "Accounts", filters, problem, list.view);
}

function applicationsPanel(frame) {
  const { view: problem, run } = trouble();
  const chosen = choiceField("applications", "Show", { pending: "Those that wait", "": "All" }, "pending", () => list.reload());
  const read = (cursor) => frame.ask("GET", `/api/marketplace/seller-applications?${query({ status: chosen.querySelector("select").value, limit: PAGE, cursor })}`);
  const decide = ({ id }, status) => run(async () => list.replace(await frame.ask("PUT", `/api/marketplace/seller-applications/${id}`, { status })));
  const row = (application) =>
    element(
      "li",
      { class: "card" },
      element(
        "span",
        { class: "thing-name", dir: "auto" },
        element("strong", {}, application.shop),
        element("span", { class: "hint block" }, DECISIONS[application.status], " · ", moment(application.createdAt)),
        application.text && element("span", { class: "block text" }, application.text),
      ),
      application.status === "pending" &&
        element(
          "span",
          { class: "actions" },
          rowButton("Let them sell", application.shop, () => decide(application, "approved")),
          rowButton("Refuse", application.shop, () => decide(application, "rejected")),
        ),
    );
  const list = pagedList({ label: "Who asks to sell", none: "Nobody waits.", read, row });
  list.reload();
  return panel("applications-title", "Who asks to sell", element("div", { class: "filters" }, chosen), problem, list.view);
}

/** Things that have their own page or dialog, and how the server is. */
function morePanel(frame) {
  const { view: problem, run } = trouble();
  const facts = element("dl", { class: "facts" });
  run(async () => {
    const { status, version, uptimeSeconds, store, bus } = await frame.ask("GET", "/api/health");
    const since = new Date(Date.now() - uptimeSeconds * 1000).toISOString();
    facts.replaceChildren(fact("Server", `${version}, ${status}`), fact("Runs since", moment(since)), fact("Store", store), fact("Other nodes", bus));
  });
  return panel(
    "more",
    "The house",
    problem,
    facts,
    element(
      "div",
      { class: "tools" },
      button("Keys", () => run(() => keysDialog(frame.api))),
      button("Brands", () => run(() => brandsDialog(frame.api))),
      element("a", { class: "secondary", href: "/status" }, "Domains of the status board"),
      element("a", { class: "secondary", href: "/docs" }, "All of REST"),
    ),
  );
}

new Frame({ path: "/admin", title: "Administration", views: [[/^/u, adminView]] });

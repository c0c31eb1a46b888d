/** How a domain stood when: uptime over four windows, and the changes. */

import { dialogHead } from "../views/dialogs.js";
import { element } from "../views/dom.js";
import { button } from "../hall/parts.js";

const WINDOWS = { "24h": "Last 24 hours", "7d": "Last 7 days", "30d": "Last 30 days", "90d": "Last 90 days" };
export const WORDS = { ada: "Blocked", "tidak ada": "Accessible" };

export function moment(text) {
  return element("time", { datetime: text }, new Date(text).toLocaleString([], { dateStyle: "medium", timeStyle: "medium" }));
}

function share({ uptime }) {
  if (uptime === null) return "not known";
  return `${(uptime * 100).toLocaleString([], { maximumFractionDigits: 3 })} %`;
}

/** Opens the dialog of one domain. */
export async function historyDialog(api, { id, domain }) {
  const problem = element("p", { class: "problem", role: "alert" });
  const windows = element("dl", { class: "uptime", "aria-label": "Accessible" });
  const list = element("ol", { class: "periods", "aria-label": "Changes, the newest first" });
  const more = button("Older", () => load());
  let cursor;
  const load = async () => {
    try {
      const query = new URLSearchParams({ limit: 20, ...(cursor && { cursor }) });
      const page = await api.authorised("GET", `/api/domains/${id}/history?${query}`);
      list.append(...page.items.map(row));
      cursor = page.nextCursor;
      more.hidden = !cursor;
      if (!list.children.length) problem.textContent = "It has not been checked yet.";
    } catch (error) {
      problem.textContent = error.message;
    }
  };
  more.hidden = true;
  const dialog = element(
    "dialog",
    { class: "wide", "aria-labelledby": "history-title", onclose: () => dialog.remove() },
    dialogHead("history-title", domain, () => dialog.close()),
    windows,
    problem,
    list,
    more,
  );
  document.body.append(dialog);
  dialog.showModal();
  await load();
  try {
    const uptime = await api.authorised("GET", `/api/domains/${id}/uptime`);
    const shown = uptime.windows.map((one) =>
      element("div", {}, element("dt", {}, WINDOWS[one.window] ?? one.window), element("dd", {}, share(one))),
    );
    windows.replaceChildren(...shown);
  } catch (error) {
    problem.textContent = error.message;
  }
}

function row({ status, from, to }) {
  const when = to ? [moment(from), " – ", moment(to)] : ["since ", moment(from)];
  return element("li", { class: status === "ada" ? "is-blocked" : "is-accessible" }, element("strong", {}, WORDS[status]), " ", ...when);
}

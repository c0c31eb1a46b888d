/** What a voter can prove: the receipt of the ballot, and the signed sheet to look for it in. */

import { element } from "../views/dom.js";
import { t } from "./words.js";

const KEEP_MS = 60_000;

export function proofView(hall, id) {
  const receipt = element("code");
  const check = element("a", { target: "_blank", rel: "noopener" }, t("checkIt"));
  const problem = element("p", { class: "problem", role: "alert" });
  const save = async () => {
    problem.textContent = "";
    try {
      const sheet = await hall.ask("GET", `/questions/${id}/sheet`);
      const url = URL.createObjectURL(new Blob([JSON.stringify(sheet)], { type: "application/json" }));
      element("a", { href: url, download: "result-sheet.json" }).click();
      setTimeout(() => URL.revokeObjectURL(url), KEEP_MS);
    } catch (error) {
      problem.textContent = t("failed", { reason: error.message });
    }
  };
  const sheet = element("button", { type: "button", class: "link", onclick: save }, t("saveSheet"));
  const ways = element("p", { class: "hall-line" }, sheet, check);
  const view = element("details", { class: "receipt" }, element("summary", {}, t("receipt")), receipt, ways, problem);
  /** `hasSheet`: the question is closed and its results are shown. */
  const show = (text, hasSheet) => {
    receipt.textContent = text;
    // Behind the #, which browsers tell no server.
    check.href = `/verify#${text}`;
    ways.hidden = !hasSheet;
  };
  return { view, show };
}

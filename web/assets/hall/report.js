/** The report of a conference: what was asked and how it came out, to read, print and take along. */

import { Api } from "../api.js";
import { authView } from "../views/auth.js";
import { element } from "../views/dom.js";
import { button } from "./parts.js";
import { leadersView, resultsView } from "./results.js";
import { say } from "./report-words.js";
import { language, number, speak, t } from "./words.js";

const XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const KEEP_MS = 60_000;
const place = document.getElementById("app");
const api = new Api(localStorage);
const id = location.pathname.split("/")[2] ?? "";
const path = (format) => `/api/conference/${encodeURIComponent(id)}/report?format=${format}`;

/** Gives a text to the browser as a file. */
function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), KEEP_MS);
}

async function file(format) {
  const answer = await fetch(path(format), {
    headers: { authorization: `Bearer ${await api.session.token()}` },
    cache: "no-store",
  });
  if (!answer.ok) throw new Error(say("answered", { n: answer.status }));
  return answer.blob();
}

function reportView(report) {
  const { conference, audience, questions, engagement } = report;
  const problem = element("p", { class: "problem", role: "alert" });
  const run = async (action) => {
    problem.textContent = "";
    try {
      await action();
    } catch (error) {
      problem.textContent = error.message;
    }
  };
  const actions = element(
    "div",
    { class: "actions no-print" },
    button(say("print"), () => window.print(), "primary"),
    button("CSV", () => run(async () => download("report.csv", "text/csv", await file("csv")))),
    button("Excel", () => run(async () => download("report.xlsx", XLSX, await file("xlsx")))),
    button("JSON", () => download("report.json", "application/json", JSON.stringify(report, null, 2))),
  );
  const asked = questions.filter(({ status }) => status !== "DRAFT");
  const { voted, votedInAll, ballots, asked: ideas, upvotes } = engagement;
  const facts = {
    joined: audience.unique,
    peak: audience.peak,
    ...(voted !== null && { voted, votedInAll }),
    questions: asked.length,
    votes: ballots,
    asked: ideas,
    upvotes,
  };
  const figures = Object.entries(facts).map(([name, value]) =>
    element("div", {}, element("dt", {}, say(name)), element("dd", {}, number(value))),
  );
  const when = new Date(conference.createdAt).toLocaleDateString(language(), { dateStyle: "long" });
  return element(
    "main",
    { id: "main", class: "report" },
    element("h1", { dir: "auto" }, conference.title),
    element(
      "p",
      { class: "hint" },
      [conference.date ?? when, say("code", { code: conference.publicCode }), ...conference.speakers.map(({ name }) => name)].join(
        " · ",
      ),
    ),
    actions,
    problem,
    conference.anonymised && element("p", { class: "hint" }, say("anonymised")),
    element("dl", { class: "figures" }, ...figures),
    ...asked.map((question, i) => questionSection(question, i, run, conference.anonymised)),
    asked.length === 0 && element("p", { class: "hint" }, say("none")),
  );
}

function questionSection(question, i, run, isAnonymised) {
  const results = resultsView();
  results.show(question);
  // On paper everything is open.
  results.view.querySelector("details")?.setAttribute("open", "");
  const sheet = async () => {
    const signed = await api.authorised(
      "GET",
      `/api/conference/${encodeURIComponent(id)}/questions/${question.id}/sheet`,
    );
    download(`sheet-${i + 1}.json`, "application/json", JSON.stringify(signed));
  };
  const name = say("sheet", { n: i + 1 });
  const link = element(
    "p",
    { class: "no-print" },
    button(name, () => run(sheet), "link"),
    " · ",
    element("a", { href: "/verify", target: "_blank", rel: "noopener" }, say("verify")),
  );
  link.hidden = question.status !== "CLOSED" || isAnonymised;
  return element(
    "section",
    { class: "panel question" },
    element("h2", { dir: "auto" }, `${i + 1}. ${question.text}`),
    results.view,
    leadersView(question.results),
    link,
  );
}

async function begin(notice) {
  if (!api.session.user) return place.replaceChildren(authView(api, notice));
  try {
    const report = await api.authorised("GET", path("json"));
    document.title = `${report.conference.title} · ${t("results")}`;
    place.replaceChildren(reportView(report));
  } catch (error) {
    place.replaceChildren(
      element(
        "main",
        { id: "main", class: "card" },
        element("h1", {}, say("report")),
        element("p", { class: "problem", role: "alert" }, error.message),
      ),
    );
  }
}

await speak();
api.session.on("in", () => begin());
api.session.on("out", ({ reason }) => begin(reason));
begin();

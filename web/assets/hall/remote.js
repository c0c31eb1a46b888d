/** The host's remote: questions in their order, what is live, how it stands, who asks what. */

import { element } from "../views/dom.js";
import { Hall } from "./hall.js";
import { moderationView } from "./moderation.js";
import { questionDialog } from "./editor.js";
import { leadersView, resultsView } from "./results.js";
import { copyButton, button, conferenceDialog, invitationDialog, rosterDialog } from "./parts.js";
import { timerView } from "./timer.js";
import { webhooksDialog } from "./webhooks.js";
import { t } from "./words.js";

const STATES = { DRAFT: "Draft", ACTIVE: "Live", CLOSED: "Closed" };
const KINDS = {
  single: "One choice",
  multiple: "Several choices",
  yesNo: "Yes or no",
  rating: "Rating",
  ranking: "Ranking",
  words: "Word cloud",
  text: "Open text",
  number: "Number",
  quiz: "Quiz",
  point: "Point on a picture",
  feedback: "Feedback",
};
const SEEN_BY = { hidden: "results when you show them", afterVote: "results after voting", live: "results live" };

/**
 * @param {object} options
 * @param {import("../api.js").Api} options.api
 * @param {string} options.id of the conference
 * @param {() => void} options.back to the list
 */
export function remoteView({ api, id, back }) {
  const hall = new Hall({
    id,
    token: (how) => api.session.token(how),
    client: "plenum-host",
    watches: ({ id: question }) => [`pollHost:${question}`],
  });
  const problem = element("p", { class: "problem", role: "alert" });
  /** Does something and says what went wrong. */
  const run = async (action) => {
    problem.textContent = "";
    try {
      return await action();
    } catch (error) {
      problem.textContent = error.message;
      return undefined;
    }
  };
  const head = headView({ hall, run, back });
  const list = element("ol", { class: "agenda" });
  const none = element("p", { class: "hint" }, "No questions yet. Add the first one.");
  const add = button("Add a question", () => questionDialog({ hall }), "primary");
  const moderation = moderationView(hall, run);
  const surveys = surveyList(hall, run);
  const rows = new Map();

  const draw = () => {
    if (!hall.conference) return;
    head.show();
    moderation.show();
    const ordered = hall.ordered;
    for (const question of ordered)
      if (!rows.has(question.id)) rows.set(question.id, questionRow({ hall, run, id: question.id }));
    for (const [question, row] of rows) {
      if (hall.questions.has(question)) continue;
      row.stop();
      rows.delete(question);
    }
    const views = ordered.map((question) => rows.get(question.id).view);
    if (views.length !== list.children.length || views.some((view, i) => list.children[i] !== view))
      list.replaceChildren(...views);
    for (const row of rows.values()) row.show();
    none.hidden = ordered.length > 0;
    surveys.show();
    add.hidden = hall.conference.status === "ENDED";
  };
  hall.on("change", draw);
  hall.on("question", ({ id: question }) => (rows.has(question) ? rows.get(question).show() : draw()));
  hall.on("over", ({ reason }) => (problem.textContent = reason));
  hall.on("state", ({ phase }) => head.state(phase));
  hall.start();
  const questions = element(
    "section",
    { class: "host-questions", "aria-label": "Questions" },
    element("h2", {}, "Questions"),
    none,
    surveys.view,
    list,
    add,
  );
  const view = element(
    "main",
    { id: "main", class: "host", tabindex: "-1" },
    head.view,
    problem,
    element("div", { class: "host-columns" }, questions, moderation.view),
  );
  const stop = () => {
    for (const row of rows.values()) row.stop();
    hall.stop();
  };
  return { view, stop };
}

function headView({ hall, run, back }) {
  const title = element("h1", { tabindex: "-1" });
  const state = element("span", { class: "badge-state" });
  const people = element("p", { class: "people" });
  const line = element("p", { class: "line-state", role: "status" });
  const code = element("strong", { class: "public-code" });
  const qr = element("img", { class: "qr", alt: t("qrAlt"), width: 132, height: 132 });
  const picture = element("a", { class: "qr-link", title: "Save as PNG" }, qr);
  const actions = headActions({ hall, run, back });
  const names = element(
    "div",
    { class: "host-names" },
    element("div", { class: "host-title" }, title, state),
    element("div", { class: "hall-line" }, people, line),
    element("p", { class: "host-code" }, "Code ", code),
    actions.view,
  );
  const view = element(
    "header",
    { class: "panel host-head" },
    element("div", {}, button("‹ All conferences", back, "link"), names),
    picture,
  );
  const show = () => {
    const { conference } = hall;
    title.textContent = conference.title;
    state.textContent = { DRAFT: "Draft", ACTIVE: "Running", ENDED: "Ended" }[conference.status];
    const { live, unique, peak } = conference.audience;
    people.textContent = `${t("people", { n: live })}, ${unique} joined, ${peak} at most`;
    code.textContent = conference.publicCode;
    const address = `/api/conference/${hall.id}/qr`;
    if (qr.getAttribute("src") !== address) qr.setAttribute("src", address);
    picture.setAttribute("href", `${address}?format=png`);
    picture.setAttribute("download", `${conference.publicCode}.png`);
    actions.show();
  };
  const onState = (phase) => {
    line.textContent =
      phase === "live"
        ? "Connected"
        : phase === "waiting" || phase === "ended"
          ? "Offline, trying again"
          : "Connecting…";
    line.dataset.kind = phase === "live" ? "good" : phase === "waiting" || phase === "ended" ? "bad" : "busy";
  };
  return { view, show, state: onState };
}

/** What can be done about the conference as a whole. */
function headActions({ hall, run, back }) {
  const link = () => `${location.origin}/join/${hall.conference.publicCode}`;
  const start = button(
    "Start",
    () => run(async () => Object.assign(hall.conference, await hall.ask("POST", "/start")) && hall.emit("change", {})),
    "primary",
  );
  const end = button(
    "End",
    () =>
      confirm("End this conference? Nobody can vote any more.") &&
      run(() => hall.ask("POST", "/end").then(() => hall.reload())),
    "danger",
  );
  const forget = button(
    "Forget who took part",
    () =>
      confirm("Forget who took part, for ever? Totals and the report stay. Save result sheets before.") &&
      run(() => hall.ask("POST", "/anonymise").then(() => hall.reload())),
    "danger",
  );
  const remove = button(
    "Delete",
    () =>
      confirm("Delete this conference and everything in it, for ever?") &&
      run(() => hall.ask("DELETE", "").then(back)),
    "danger",
  );
  const screen = button("Open the screen", () => run(() => openScreen(hall)));
  const edit = button("Edit", () =>
    conferenceDialog({
      conference: hall.conference,
      save: (body) => hall.ask("PUT", "", body).then(() => hall.reload()),
    }),
  );
  const invite = button("Invitations", () => invitationDialog({ hall }));
  const roster = button("Roster", () => rosterDialog({ hall }));
  const hooks = button("Webhooks", () => webhooksDialog({ hall }));
  const report = element(
    "a",
    { class: "secondary", href: `/report/${hall.id}`, target: "_blank", rel: "noopener" },
    "Report",
  );
  const view = element(
    "div",
    { class: "actions" },
    start,
    screen,
    copyButton("Copy the link to join", link),
    invite,
    roster,
    edit,
    hooks,
    report,
    end,
    forget,
    remove,
  );
  const show = () => {
    const { status, role, anonymised } = hall.conference;
    forget.hidden = status !== "ENDED" || role !== "host" || anonymised;
    remove.hidden = status === "ACTIVE" || role !== "host";
    hooks.hidden = role !== "host";
    start.hidden = status !== "DRAFT";
    end.hidden = status !== "ACTIVE";
    roster.hidden = status === "ENDED" || !hall.conference.roster;
    invite.hidden = status === "ENDED" || !hall.conference.invited;
    for (const action of [screen, edit]) action.hidden = status === "ENDED";
  };
  return { view, show };
}

/** A screen has a token of its own, which can see what the audience sees and nothing else. */
async function openScreen(hall) {
  // Opened at once: after waiting for the server the browser would take it for an advertisement.
  const opened = window.open("about:blank", "_blank");
  const { token } = await hall.ask("POST", "/tokens", { role: "screen" });
  const address = `/screen/${hall.id}#${token}`;
  if (opened) opened.location.replace(address);
  else location.assign(address);
}

/** One question of the agenda with what can be done about it now. */
function questionRow({ hall, run, id }) {
  const get = () => hall.questions.get(id);
  const heading = element("h3", { dir: "auto" });
  const about = element("p", { class: "hint" });
  const state = element("span", { class: "badge-state" });
  const results = resultsView();
  const leaders = element("div");
  const timer = timerView(() => hall.refresh(id));
  const ask = (path, body) =>
    run(async () => hall.note(id, withoutTimes(await hall.ask("POST", `/questions/${id}/${path}`, body))));
  const live = button("Push live", () => ask("live"), "primary");
  const close = button("Close", () => ask("close"), "primary");
  const reveal = button("Show results", () => ask("show", { shown: true }));
  const hide = button("Hide results", () => ask("show", { shown: false }));
  const freeze = button("Freeze", () => ask("freeze", { frozen: true }));
  const thaw = button("Take answers again", () => ask("freeze", { frozen: false }));
  const words = wordList({ hall, run, id });
  const edit = button("Edit", () => questionDialog({ hall, question: get() }));
  const drop = button(
    "Delete",
    () =>
      confirm("Delete this question?") && run(() => hall.ask("DELETE", `/questions/${id}`).then(() => hall.reload())),
    "link",
  );
  const up = button("↑", () => run(() => move(hall, id, -1)), "link");
  const down = button("↓", () => run(() => move(hall, id, 1)), "link");
  const actions = element("div", { class: "actions" }, live, close, reveal, hide, freeze, thaw, edit, up, down, drop);
  const view = element(
    "li",
    { class: "panel question" },
    element("div", { class: "host-title" }, heading, state),
    about,
    timer.view,
    actions,
    results.view,
    words.view,
    leaders,
  );
  const show = () => {
    const question = get();
    if (!question) return;
    const is = (status) => question.status === status;
    const isRunning = hall.conference?.status === "ACTIVE";
    const isShown = question.shown ?? question.visibility === "live";
    heading.textContent = question.text;
    state.textContent = is("ACTIVE") && question.frozen ? "Frozen" : STATES[question.status];
    view.classList.toggle("is-live", is("ACTIVE"));
    about.textContent = [
      KINDS[question.kind],
      SEEN_BY[question.visibility],
      question.durationMs && `${question.durationMs / 1000} s`,
      question.survey && `survey: ${question.survey}`,
    ]
      .filter(Boolean)
      .join(" · ");
    timer.show(question);
    live.hidden = !is("DRAFT") || !isRunning;
    close.hidden = !is("ACTIVE");
    reveal.hidden = is("DRAFT") || isShown;
    hide.hidden = is("DRAFT") || !isShown;
    freeze.hidden = !is("ACTIVE") || question.frozen;
    thaw.hidden = !is("ACTIVE") || !question.frozen;
    words.show(question);
    for (const action of [edit, drop, up, down]) action.hidden = !is("DRAFT");
    up.setAttribute("aria-label", `Move up: ${question.text}`);
    down.setAttribute("aria-label", `Move down: ${question.text}`);
    drop.setAttribute("aria-label", `Delete: ${question.text}`);
    results.view.hidden = is("DRAFT");
    results.show(question);
    const best = leadersView(question.results);
    leaders.replaceChildren(...(best ? [best] : []));
  };
  return { view, show, stop: () => timer.stop() };
}

/** Surveys as a whole: live together, closed together. */
function surveyList(hall, run) {
  const view = element("ul", { class: "surveys" });
  let shown;
  const all = (survey, action) =>
    run(async () => {
      await hall.ask("POST", `/surveys/${action}`, { survey });
      await hall.reload();
    });
  const row = ([survey, questions]) => {
    const is = (status) => questions.some((question) => question.status === status);
    const runs = hall.conference.status === "ACTIVE";
    const live = button("Push all live", () => all(survey, "live"), "primary");
    const close = button("Close all", () => all(survey, "close"));
    live.setAttribute("aria-label", `Push all live: ${survey}`);
    close.setAttribute("aria-label", `Close all: ${survey}`);
    live.hidden = !is("DRAFT") || !runs;
    close.hidden = !is("ACTIVE");
    const head = element("strong", { dir: "auto" }, survey);
    const count = element("span", { class: "hint" }, ` ${questions.length} questions `);
    return element("li", { class: "panel" }, head, count, element("span", { class: "actions" }, live, close));
  };
  const show = () => {
    const surveys = new Map();
    for (const question of hall.ordered.filter(({ survey }) => survey))
      surveys.set(question.survey, [...(surveys.get(question.survey) ?? []), question]);
    const look = [...surveys].map(([name, questions]) => [name, questions.map(({ status }) => status)]);
    const state = JSON.stringify([hall.conference.status, look]);
    if (state === shown) return;
    shown = state;
    view.replaceChildren(...[...surveys].map(row));
    view.hidden = surveys.size === 0;
  };
  return { view, show };
}

/** The words of a cloud that is live, to keep some of them from everybody. */
function wordList({ hall, run, id }) {
  const list = element("ul", { class: "word-list" });
  const view = element("details", { class: "words" }, element("summary", {}, "Hide words"), list);
  let shown;
  const act = (word, hidden) => run(() => hall.ask("PUT", `/questions/${id}/words`, { word, hidden }));
  const row = ({ word, count }, hidden) => {
    const press = button(hidden ? "Show" : "Hide", () => act(word, !hidden), "link");
    press.setAttribute("aria-label", `${hidden ? "Show" : "Hide"}: ${word}`);
    return element("li", {}, element(hidden ? "s" : "span", { dir: "auto" }, word), ` ${count} `, press);
  };
  const show = ({ kind, status, results }) => {
    const said = results?.words ?? [];
    const hidden = results?.hiddenWords ?? [];
    view.hidden = kind !== "words" || status !== "ACTIVE" || said.length + hidden.length === 0;
    const state = JSON.stringify([said, hidden]);
    if (view.hidden || state === shown) return;
    shown = state;
    list.replaceChildren(...said.map((word) => row(word, false)), ...hidden.map((word) => row(word, true)));
  };
  return { view, show };
}

/** Times come as events bring them, in milliseconds; here only what else has changed is taken. */
function withoutTimes({ liveAt, closesAt, ...rest }) {
  return { ...rest, liveAt: liveAt && Date.parse(liveAt), closesAt: closesAt && Date.parse(closesAt) };
}

/** Changes places with the next draft in that direction. */
async function move(hall, id, step) {
  const order = hall.ordered.map((question) => question.id);
  const from = order.indexOf(id);
  const to = from + step;
  if (to < 0 || to >= order.length) return;
  [order[from], order[to]] = [order[to], order[from]];
  await hall.ask("PUT", "/questions/order", { order });
  await hall.reload();
}

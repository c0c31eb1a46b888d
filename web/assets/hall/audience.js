/** What somebody in the audience sees: what is asked now, what was asked before, questions to the speakers. */

import { element } from "../views/dom.js";
import { ballotView } from "./ballot.js";
import { Ballots } from "./ballots.js";
import { boardView } from "./board.js";
import { Hall } from "./hall.js";
import { proofView } from "./proof.js";
import { floatView, reactionsView } from "./reactions.js";
import { answerText, leadersView, resultsView } from "./results.js";
import { timerView } from "./timer.js";
import { date, t } from "./words.js";

/** A hall asks for what it may see after a close within this time, not all at once. */
const SPREAD_MS = 1_500;

/**
 * @param {object} options
 * @param {import("./participant.js").Participant} options.participant
 * @param {() => void} options.over the token is good no more
 * @param {string} options.note who one is here, in words
 */
export function audienceView({ participant, over, note }) {
  let ballots;
  const mayWatch = ({ id, visibility }) => visibility === "afterVote" && ballots?.get(id)?.state === "cast";
  const hall = new Hall({
    id: participant.conference.id,
    token: (how) => participant.token(how),
    client: "plenum-audience",
    watches: (question) => (mayWatch(question) ? [`pollVoted:${question.id}`] : []),
    spreadMs: SPREAD_MS,
  });
  ballots = new Ballots({ connection: hall.connection, storage: localStorage, participant: participant.id });
  const title = element("h1", { tabindex: "-1" }, participant.conference.title);
  const people = element("p", { class: "people" });
  const line = element("p", { class: "line-state", role: "status" });
  const moment = element("p", { class: "moment", role: "status" });
  const spoken = element("p", { class: "sr", role: "status" });
  const list = element("div", { class: "questions" });
  const board = element("div");
  const erased = element("p", { class: "hint who" });
  const cards = new Map();
  const surveys = new Surveys();
  let boardShown;
  let spokenOf;

  const draw = () => {
    const { conference } = hall;
    if (!conference) return;
    title.textContent = conference.title;
    agenda.show(conference);
    reactions.show(conference, hall.connection.state.phase);
    erased.textContent = conference.expiresAt ? t("erasedOn", { date: date(conference.expiresAt) }) : "";
    people.textContent = t("people", { n: conference.audience?.live ?? 0 });
    const asked = hall.asked;
    const isAny = asked.some(({ status }) => status === "ACTIVE");
    moment.textContent = momentText(conference, isAny);
    moment.hidden = moment.textContent === "";
    const [first] = asked;
    if (isAny && first.id !== spokenOf) spoken.textContent = `${t("question")}: ${first.text}`;
    spokenOf = first?.id;
    for (const { id } of asked) if (!cards.has(id)) cards.set(id, questionCard(hall, ballots, participant, id));
    for (const { id } of asked) cards.get(id).show();
    const answered = ({ id, myAnswer }) => Boolean(ballots.get(id) ? ballots.get(id).answer : myAnswer);
    const views = surveys.views(asked, (id) => cards.get(id).view, answered);
    if (views.some((view, i) => list.children[i] !== view)) list.replaceChildren(...views);
    if (!boardShown && conference.status !== "ENDED") {
      boardShown = boardView(hall);
      board.replaceChildren(boardShown.view);
    }
  };
  hall.on("change", draw);
  hall.on("question", ({ id }) => cards.get(id)?.show());
  hall.on("over", over);
  hall.on("state", ({ phase }) => {
    sayPhase(line, phase);
    if (hall.conference) reactions.show(hall.conference, phase);
    for (const card of cards.values()) card.show();
  });
  ballots.on("change", ({ question }) => {
    // Having voted, one may see more.
    if (hall.questions.has(question)) hall.note(question, {});
    draw();
  });
  const agenda = agendaView();
  const reactions = reactionsView(hall);
  hall.start();
  const head = element("header", { class: "hall-head" }, title, element("div", { class: "hall-line" }, people, line));
  const view = element(
    "main",
    { id: "main", class: "audience", tabindex: "-1" },
    head,
    moment,
    spoken,
    list,
    reactions.view,
    agenda.view,
    board,
    element("p", { class: "hint who" }, note),
    erased,
    floatView(hall),
  );
  const stop = () => {
    boardShown?.stop();
    for (const card of cards.values()) card.stop();
    hall.stop();
  };
  return { view, stop };
}

/** What happens when and where; nothing where there is no agenda. */
function agendaView() {
  const list = element("ol", { class: "agenda-list" });
  const view = element("details", { class: "agenda-of" }, element("summary", {}, t("agenda")), list);
  const row = ({ title, startTime, endTime, speaker, track }, speakers) => {
    const when = [startTime, endTime].filter(Boolean).join(" – ");
    const who = speakers?.find(({ id }) => id === speaker)?.name;
    const about = [when, who, track].filter(Boolean).join(" · ");
    return element("li", {}, element("strong", { dir: "auto" }, title), about && element("p", { class: "hint" }, about));
  };
  let shown;
  const show = ({ agenda = [], speakers }) => {
    view.hidden = agenda.length === 0;
    const state = JSON.stringify([agenda, speakers]);
    if (state === shown) return;
    shown = state;
    list.replaceChildren(...agenda.map((item) => row(item, speakers)));
  };
  return { view, show };
}

/** Questions of one survey stand together, in the order of their author, below how many of them are answered. */
class Surveys {
  #made = new Map();

  /** What to show of these questions: cards, and surveys where the first of their questions would stand. */
  views(asked, card, isAnswered) {
    const views = [];
    const seen = new Set();
    for (const { id, survey } of asked) {
      if (!survey) views.push(card(id));
      else if (!seen.has(survey)) views.push(this.#view(survey, asked, card, isAnswered));
      seen.add(survey);
    }
    return views;
  }

  #view(name, asked, card, isAnswered) {
    const made = this.#made.get(name) ?? this.#make(name);
    const questions = asked.filter(({ survey }) => survey === name).sort((a, b) => a.order - b.order);
    const n = questions.filter(isAnswered).length;
    made.progress.textContent = t("progress", { done: n, all: questions.length });
    made.fill.style.setProperty("--share", String(n / questions.length));
    const cards = questions.map(({ id }) => card(id));
    if (cards.some((one, i) => made.list.children[i] !== one)) made.list.replaceChildren(...cards);
    return made.view;
  }

  #make(name) {
    const progress = element("p", { class: "hint", role: "status" });
    const fill = element("span", { class: "fill" });
    const list = element("div", { class: "questions" });
    const title = element("h2", { dir: "auto" }, name);
    const view = element(
      "section",
      { class: "survey", "aria-label": name },
      title,
      progress,
      element("span", { class: "track" }, fill),
      list,
    );
    const made = { view, progress, fill, list };
    this.#made.set(name, made);
    return made;
  }
}

/** What there is to say beside the questions, or nothing. */
function momentText({ status }, isAny) {
  if (status === "ENDED") return t("ended");
  if (status === "DRAFT") return t("draft");
  return isAny ? "" : t("waiting");
}

function sayPhase(line, phase) {
  const isOff = phase === "waiting" || phase === "ended";
  line.textContent = isOff ? t("offline") : phase === "live" ? t("live") : t("connecting");
  line.dataset.kind = isOff ? "bad" : phase === "live" ? "good" : "busy";
}

/** One question: its form while it is open, then how it came out. */
function questionCard(hall, ballots, participant, id) {
  const voter = participant.id;
  const first = hall.questions.get(id);
  const seenAt = performance.now();
  const own = () => {
    const ballot = ballots.get(id);
    return ballot && ballot.state !== "refused" ? ballot.answer : hall.questions.get(id)?.myAnswer;
  };
  const cast = (answer) => {
    const isSame = JSON.stringify(own()) === JSON.stringify(answer) && ballots.get(id)?.state !== "refused";
    // That it still goes so is news: it weighs as a fresh answer.
    if (isSame && first.kind !== "feedback") return;
    ballots.cast(id, answer, first.kind === "quiz" ? Math.round(performance.now() - seenAt) : undefined);
  };
  const status = element("p", { class: "said", role: "status" });
  const ballot = ballotView(first, { cast, voter });
  const results = resultsView({ mine: own });
  const timer = timerView(() => show());
  const withdraw = element("button", { type: "button", class: "link", onclick: () => cast(null) }, t("withdraw"));
  const leaders = element("div");
  const proof = proofView(hall, id);
  const badge = element("span", { class: "badge-state" });
  const heading = element("h2", { id: `q-${id}`, dir: "auto" }, first.text);
  // A picture to point at is part of the form.
  const isShown = first.image && first.kind !== "point";
  const picture = isShown && element("img", { class: "shown", src: first.image, alt: first.imageAlt ?? "" });
  const view = element(
    "section",
    { class: "panel question", "aria-labelledby": `q-${id}` },
    badge,
    heading,
    picture,
    timer.view,
    ballot.view,
    status,
    withdraw,
    results.view,
    leaders,
    proof.view,
  );
  const { weight = 1 } = participant.conference;
  if (first.weighted && weight !== 1) heading.after(element("p", { class: "hint" }, t("yourWeight", { n: weight })));
  let drawn;

  const show = () => {
    const question = hall.questions.get(id);
    const kept = ballots.get(id);
    const isLive = question.status === "ACTIVE";
    const isOpen = isLive && !question.frozen;
    const mine = own();
    const seesResults = Boolean(question.results && !question.results.hidden);
    const mayChange =
      !mine || question.policy === "changeable" || (question.policy === "changeableWhileHidden" && !seesResults);
    badge.textContent = isOpen ? t("now") : isLive ? t("frozen") : t("closed");
    view.classList.toggle("is-live", isLive);
    timer.show(question);
    // A form that somebody fills in is not drawn over: only when the answer or the state has changed.
    const state = JSON.stringify([mine, isOpen && mayChange]);
    if (state !== drawn) ballot.show(drawn === undefined || mine ? (mine ?? null) : undefined, isOpen && mayChange);
    if (state !== drawn && drawn !== undefined && mine === null) ballot.show(null, isOpen);
    drawn = state;
    ballot.view.hidden = !isLive;
    withdraw.hidden = !(isOpen && mine && mayChange && question.policy !== "fixed" && kept?.state !== "waiting");
    status.textContent = said(question, kept, mine, isOpen, hall.connection.state.phase);
    status.dataset.kind = kept?.state ?? (mine ? "cast" : "");
    results.view.hidden = isLive && !seesResults;
    results.show(question);
    const receipt = (kept ? kept.receipt : question.receipt) ?? "";
    proof.show(receipt, seesResults);
    proof.view.hidden = isLive || !mine || receipt === "";
    const best = leadersView(question.results, voter);
    leaders.replaceChildren(...(best ? [best] : []));
  };
  show();
  return { view, show, stop: () => timer.stop() };
}

/** What became of the vote. */
function said(question, kept, mine, isOpen, phase) {
  if (kept?.state === "refused") {
    const isOurs = ["tooLate", "changedElsewhere"].includes(kept.reason);
    return isOurs ? t(kept.reason) : t("refused", { reason: kept.reason });
  }
  if (kept?.state === "waiting") return phase === "live" || phase === "catchingUp" ? t("sending") : t("keptOffline");
  if (mine)
    return (
      t("voted", { answer: answerText(question, mine) }) +
      (isOpen && question.policy === "fixed" ? ` ${t("fixedNote")}` : "")
    );
  return kept?.answer === null ? t("withdrawn") : "";
}

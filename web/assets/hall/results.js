/** How a question stands: bars that move, words that grow, and the same as text and as a table. */

import { element } from "../views/dom.js";
import { number, percent, t } from "./words.js";

/** Words of a cloud are between these sizes, in em. */
const SMALLEST = 0.9;
const LARGEST = 2.6;

/** The name of an option; the options of yes-or-no questions are in the reader's language. */
export function optionText(question, id) {
  if (question.kind === "yesNo") return t(["yes", "no", "abstain"][id - 1] ?? String(id));
  return question.options?.find((option) => option.id === id)?.text ?? number(id);
}

/** An answer in words. */
export function answerText(question, answer) {
  const options = (ids) => ids.map((id) => optionText(question, id));
  if (answer.choice) return options(answer.choice).join(", ");
  if (answer.ranking)
    return options(answer.ranking)
      .map((text, i) => `${number(i + 1)}. ${text}`)
      .join(", ");
  if (answer.words) return answer.words.join(", ");
  if (answer.rating !== undefined) return number(answer.rating);
  if (answer.number !== undefined) return number(answer.number);
  if (answer.point) return t("center", { x: Math.round(answer.point.x * 100), y: Math.round(answer.point.y * 100) });
  return answer.text ?? "";
}

/**
 * A view that follows a question: `{view, show(question)}`.
 * @param {{mine?: () => object | undefined, table?: boolean}} [options] `mine`: the reader's own answer, to mark it;
 *   `table`: whether there is a table too
 */
export function resultsView({ mine = () => undefined, table = true } = {}) {
  const total = element("p", { class: "total" });
  const chart = element("div", { class: "chart" });
  const notes = element("ul", { class: "notes" });
  const body = element("tbody");
  const heads = element("tr");
  const grid = element("table", {}, element("thead", {}, heads), body);
  const summary = element("summary");
  const details = table ? element("details", { class: "as-table" }, summary, grid) : undefined;
  const view = element("section", { class: "results" }, total, chart, notes, details);
  const bars = new Bars(chart);
  const heat = new Heat(chart);
  const show = (question) => {
    const { results } = question;
    const n = results?.totalResponses ?? question.totalResponses ?? 0;
    total.textContent = !results || results.hidden ? `${t("hidden")} ${t("votes", { n })}` : t("votes", { n });
    const rows = results && !results.hidden ? rowsOf(question, results, mine()) : [];
    chart.className = `chart ${question.kind}`;
    if (question.kind === "point") heat.show(question, rows.length > 0);
    else bars.show(question.kind, rows);
    const sentences = results && !results.hidden && (n > 0 || results.quorum) ? notesOf(question, results) : [];
    notes.replaceChildren(...sentences.map((text) => element("li", {}, text)));
    notes.hidden = sentences.length === 0;
    if (!details) return;
    summary.textContent = t("asTable");
    details.hidden = rows.length === 0 || question.kind === "text";
    const head = [t("option"), question.kind === "ranking" ? t("pointsHead") : t("count"), t("share")];
    heads.replaceChildren(...head.map((text) => element("th", { scope: "col" }, text)));
    body.replaceChildren(...rows.map((row) => tableRow(row)));
  };
  return { view, show };
}

function tableRow({ text, value, share }) {
  const cells = [number(value), share === undefined ? "" : percent(share)];
  return element("tr", {}, element("th", { scope: "row" }, text), ...cells.map((cell) => element("td", {}, cell)));
}

/** What stands in the chart: `{key, text, value, share (of all ballots), size (of the greatest), marks}`. */
function rowsOf(question, results, own) {
  if (question.kind === "words")
    return sized(results.words ?? [], ({ word, count }) => ({ key: word, text: word, value: count }), results);
  if (question.kind === "text")
    return (results.texts ?? []).map((text, i) => ({ key: `${i} ${text}`, text, value: 1 }));
  if (question.kind === "number") {
    return sized(
      results.numbers?.buckets ?? [],
      ({ from, to, count }) => {
        const text = from === to ? number(from) : t("range", { from, to });
        return { key: text, text, value: count };
      },
      results,
    );
  }
  if (question.kind === "ranking" && results.ranking) {
    return sized(results.ranking.borda, ({ option, points }) => {
      return { key: option, text: optionText(question, option), value: points, isPoints: true };
    });
  }
  if (question.kind === "point") {
    const text = ({ column, row }) => t("cell", { column: column + 1, row: row + 1 });
    return sized(results.heat?.cells ?? [], (cell) => ({ key: text(cell), text: text(cell), value: cell.count }), results);
  }
  if (question.kind === "feedback") return feedbackRows(question, results, own);
  const picked = own?.choice ?? (own?.rating === undefined ? [] : [own.rating]);
  return sized(
    results.counts ?? [],
    ({ option, count }) => {
      const marks = [results.correct?.includes(option) && t("right"), picked.includes(option) && t("yours")].filter(
        Boolean,
      );
      const isRight = results.correct?.includes(option);
      return { key: option, text: optionText(question, option), value: count, marks, isRight };
    },
    results,
  );
}

/** What is said now, the newer the heavier: bars show the share of the weight. */
function feedbackRows(question, results, own) {
  const weights = new Map((results.pulse?.weights ?? []).map(({ option, weight }) => [option, weight]));
  const all = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  return (results.counts ?? []).map(({ option, count }) => {
    const share = all > 0 ? (weights.get(option) ?? 0) / all : 0;
    const marks = own?.choice?.includes(option) ? [t("yours")] : [];
    return { key: option, text: optionText(question, option), value: count, marks, share, size: share };
  });
}

function sized(list, rowOf, results) {
  const rows = list.map(rowOf);
  const most = Math.max(1, ...rows.map(({ value }) => value));
  const all = results?.totalResponses;
  return rows.map((row) => ({ ...row, size: row.value / most, ...(all && { share: row.value / all }) }));
}

function notesOf(question, results) {
  const notes = [];
  if (results.average !== undefined) notes.push(t("average", { value: results.average }));
  if (results.weighted) {
    const { counts, total, average } = results.weighted;
    const share = (count) => (total > 0 ? percent(count / total) : percent(0));
    const all = counts.map(({ option, count }) => `${optionText(question, option)}: ${number(count)} (${share(count)})`);
    notes.push(t("byWeight", { list: all.join(" · ") }));
    if (average !== undefined) notes.push(t("average", { value: average }));
  }
  if (results.numbers) notes.push(t("median", results.numbers));
  if (results.numbers?.within !== undefined) notes.push(t("within", { n: results.numbers.within }));
  if (results.quorum) {
    const { needed, reached } = results.quorum;
    if (reached !== undefined || needed > 0) notes.push(t(reached ? "quorumReached" : "quorumMissing", { n: needed }));
  }
  if (results.pulse) notes.push(t("fades", { seconds: results.pulse.halfLifeMs / 1000 }));
  if (results.heat)
    notes.push(t("center", { x: Math.round(results.heat.center.x * 100), y: Math.round(results.heat.center.y * 100) }));
  if (results.ranking) {
    const groups = results.ranking.schulze.map((ids) => ids.map((id) => optionText(question, id)).join(" = "));
    notes.push(t("agreed", { order: groups.join(" › ") }));
  }
  return notes;
}

/** Points on a picture, in place of bars. */
class Heat {
  #place;
  #view;

  constructor(place) {
    this.#place = place;
  }

  async show(question, isAny) {
    this.#place.hidden = !isAny;
    if (!isAny) return;
    this.#view ??= import("./picture.js").then(({ heatView }) => {
      const made = heatView();
      this.#place.replaceChildren(made.view);
      return made;
    });
    (await this.#view).show(question);
  }
}

/** The rows of a chart, kept while they change, so that they can move. */
class Bars {
  #place;
  #list;
  #kind;
  #rows = new Map();

  constructor(place) {
    this.#place = place;
  }

  show(kind, rows) {
    if (kind !== this.#kind || !this.#list) {
      this.#kind = kind;
      this.#rows.clear();
      this.#list = element("ul", { class: kind === "words" ? "cloud" : kind === "text" ? "texts" : "bars" });
      this.#place.replaceChildren(this.#list);
    }
    this.#list.hidden = rows.length === 0;
    const next = new Map(rows.map((row) => [row.key, this.#rows.get(row.key) ?? this.#make(kind)]));
    for (const [key, made] of this.#rows) if (!next.has(key)) made.view.remove();
    this.#rows = next;
    rows.forEach((row, i) => {
      const made = next.get(row.key);
      if (this.#list.children[i] !== made.view) this.#list.insertBefore(made.view, this.#list.children[i] ?? null);
      made.show(row);
    });
  }

  #make(kind) {
    if (kind === "text") return plainRow();
    return kind === "words" ? word() : bar();
  }
}

function plainRow() {
  const view = element("li");
  return { view, show: ({ text }) => (view.textContent = text) };
}

function word() {
  const count = element("span", { class: "count" });
  const text = element("span");
  const view = element("li", {}, text, " ", count);
  return {
    view,
    show: (row) => {
      text.textContent = row.text;
      count.textContent = number(row.value);
      view.style.setProperty("--size", `${(SMALLEST + (LARGEST - SMALLEST) * row.size ** 0.7).toFixed(2)}em`);
    },
  };
}

function bar() {
  const label = element("span", { class: "label" });
  const marks = element("span", { class: "marks" });
  const value = element("span", { class: "value" });
  const fill = element("span", { class: "fill" });
  const view = element(
    "li",
    {},
    element("span", { class: "line-of" }, label, marks, value),
    element("span", { class: "track" }, fill),
  );
  return {
    view,
    show: (row) => {
      label.textContent = row.text;
      marks.replaceChildren(...(row.marks ?? []).map((mark) => element("span", { class: "mark" }, mark)));
      const share = row.share === undefined ? "" : ` · ${percent(row.share)}`;
      value.textContent = (row.isPoints ? t("points", { n: row.value }) : number(row.value)) + share;
      view.classList.toggle("is-right", Boolean(row.isRight));
      fill.style.setProperty("--share", String(row.share ?? row.size));
    },
  };
}

/** The best of a quiz, people and teams, or nothing. `me`: the participant who reads. */
export function leadersView(results, me) {
  const people = (results?.leaders ?? []).map(({ participant, name, points }) => {
    const mark = participant === me && element("span", { class: "mark" }, t("you"));
    return placed([name ?? t("somebody"), " ", mark || ""], points);
  });
  const teams = (results?.teams ?? []).map(({ team, points }) => placed([team], points));
  const parts = [
    teams.length > 0 && leaderboard(t("teams"), teams),
    people.length > 0 && leaderboard(t("leaders"), people),
  ].filter(Boolean);
  return parts.length > 0 ? element("div", {}, ...parts) : undefined;
}

function placed(who, points) {
  const name = element("span", { class: "who", dir: "auto" }, ...who);
  return element("li", {}, name, element("span", {}, t("points", { n: points })));
}

function leaderboard(title, rows) {
  return element("section", { class: "leaders" }, element("h3", {}, title), element("ol", {}, ...rows));
}

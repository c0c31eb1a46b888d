/** The screen of the hall: what is asked now and how it stands, big, with the way to join always there. */

import { element } from "../views/dom.js";
import { Hall } from "./hall.js";
import { floatView } from "./reactions.js";
import { leadersView, optionText, resultsView } from "./results.js";
import { timerView } from "./timer.js";
import { speak, t } from "./words.js";

const place = document.getElementById("app");
const id = location.pathname.split("/")[2] ?? "";
const token = decodeURIComponent(location.hash.slice(1));

function screenView() {
  const hall = new Hall({
    id,
    token: async ({ renew }) => {
      // There is no other one than that in the address.
      if (renew || !token) throw Object.assign(new Error(t("screenExpired")), { final: true });
      return token;
    },
    client: "plenum-screen",
    watches: ({ id: question }) => [`poll:${question}`],
  });
  const title = element("h1", { dir: "auto" });
  const people = element("p", { class: "screen-people" });
  const address = element("p", { class: "screen-address", dir: "ltr" });
  const code = element("p", { class: "screen-code", dir: "ltr" });
  const qr = element("img", { class: "screen-qr", alt: t("qrAlt"), src: `/api/conference/${id}/qr` });
  const stage = element("div", { class: "screen-stage" });
  const line = element("p", { class: "line-state", role: "status" });
  let card;

  const draw = () => {
    const { conference } = hall;
    if (!conference) return;
    title.textContent = conference.title;
    document.title = `${conference.title} · Plenum`;
    people.textContent = t("people", { n: conference.audience?.live ?? 0 });
    address.textContent = `${location.host}/join`;
    code.textContent = conference.publicCode;
    const next = onStage(hall);
    if (card?.id === next?.id && card) return card.show();
    card?.stop();
    card = next && questionView(hall, next.id);
    const words = t(
      conference.status === "ENDED" ? "screenEnded" : conference.status === "DRAFT" ? "draft" : "screenNext",
    );
    stage.replaceChildren(card ? card.view : element("p", { class: "screen-empty" }, words));
  };
  hall.on("change", draw);
  hall.on("question", draw);
  hall.on("over", ({ reason }) => {
    stage.replaceChildren(element("p", { class: "screen-empty", role: "alert" }, reason || t("screenExpired")));
  });
  hall.on("state", ({ phase }) => {
    const isOff = phase === "waiting" || phase === "ended";
    line.textContent = isOff ? t("connecting") : "";
    line.dataset.kind = isOff ? "bad" : "good";
  });
  hall.start();
  const way = element(
    "aside",
    { class: "screen-way", "aria-label": t("joinAt") },
    qr,
    element("p", { class: "hint" }, t("joinAt")),
    address,
    code,
  );
  const head = element("header", { class: "screen-head" }, title, line, people);
  return element("main", { id: "main", class: "screen" }, head, stage, way, floatView(hall));
}

/** The newest live question; without one the question that was shown last. */
function onStage(hall) {
  const asked = hall.asked;
  const live = asked.filter(({ status }) => status === "ACTIVE");
  // Feedback goes on beside what is asked.
  return live.find(({ kind }) => kind !== "feedback") ?? live[0] ?? asked.find(({ results }) => results && !results.hidden);
}

/** What there is to choose, with its picture. */
function optionView(question, { id, image, imageAlt }) {
  const picture = image && element("img", { src: image, alt: imageAlt ?? "" });
  return element("li", { dir: "auto" }, picture, optionText(question, id));
}

function questionView(hall, question) {
  const get = () => hall.questions.get(question);
  const heading = element("h2", { dir: "auto" });
  const timer = timerView(() => show());
  const results = resultsView({ table: false });
  const votes = element("p", { class: "screen-votes", role: "status" });
  // Those who look at the screen alone must know what there is to choose from, also while the tally is hidden.
  const options = element("ol", { class: "screen-options" });
  const leaders = element("div");
  const { image, imageAlt } = get();
  const picture = image && element("img", { class: "shown", src: image, alt: imageAlt ?? "" });
  const view = element(
    "article",
    { class: "screen-question" },
    heading,
    picture,
    timer.view,
    options,
    results.view,
    leaders,
    votes,
  );
  const show = () => {
    const now = get();
    const isSeen = Boolean(now.results && !now.results.hidden);
    heading.textContent = now.text;
    timer.show(now);
    // Where the hall points stands on the picture itself.
    if (picture) picture.hidden = now.kind === "point" && isSeen && Boolean(now.results.heat);
    options.hidden = isSeen || now.options.length === 0;
    if (!options.hidden && options.children.length === 0) {
      options.append(...now.options.map((option) => optionView(now, option)));
    }
    results.view.hidden = !isSeen;
    results.show(now);
    votes.textContent =
      t("votes", { n: now.results?.totalResponses ?? now.totalResponses ?? 0 }) +
      (now.status === "ACTIVE" && now.frozen ? ` · ${t("frozen")}` : "") +
      (now.status === "CLOSED" ? ` · ${t("closed")}` : "");
    const best = leadersView(now.results);
    leaders.replaceChildren(...(best ? [best] : []));
  };
  show();
  return { id: question, view, show, stop: () => timer.stop() };
}

await speak();
place.replaceChildren(screenView());

/** Events: what comes, who comes, and the own seat. */

import { button, choiceField } from "../hall/parts.js";
import { element } from "../views/dom.js";
import { count } from "../views/format.js";
import { eventDialog } from "./event-form.js";
import { Frame } from "./frame.js";
import { fact, moment, pagedList, panel, query, searchField, trouble } from "./parts.js";

const WHICH = { coming: "Coming", completed: "Past", cancelled: "Called off", "": "All" };
const STATES = { upcoming: "Coming", ongoing: "Now", completed: "Over", cancelled: "Called off" };
const PAGE = 20;

function listView(frame) {
  const { view: problem, run } = trouble();
  const search = searchField("search", "Search", () => list.reload());
  const chosen = choiceField("which", "Show", WHICH, "coming", () => list.reload());
  const which = chosen.querySelector("select");
  const read = (cursor) => {
    const wanted = which.value === "coming" ? { from: new Date().toISOString() } : { status: which.value };
    return frame.ask("GET", `/api/events?${query({ ...wanted, q: search.input.value.trim(), limit: PAGE, cursor })}`);
  };
  const list = pagedList({ label: "Events", none: "There are no such events.", read, row });
  const opened = (event) => frame.go(`#/e/${event.id}`);
  const fresh = button("New event", () => (frame.isSignedIn ? run(() => eventDialog(frame, undefined, opened)) : frame.signIn()), "primary");
  const offs = [frame.on("signal", ({ signal }) => isSeat(signal) && list.reload()), frame.on("live", () => list.reload())];
  list.reload();
  const view = element(
    "div",
    { class: "listing" },
    element("div", { class: "tools" }, element("h1", {}, "Events"), fresh),
    element("div", { class: "filters", role: "search" }, search.view, chosen),
    problem,
    list.view,
  );
  return { view, stop: () => offs.forEach((off) => off()) };
}

const isSeat = ({ notification }) => notification?.kind === "event.seat";

function row(event) {
  return element(
    "li",
    { class: `card is-${event.status}` },
    element(
      "span",
      { class: "thing-name" },
      element("a", { class: "card-title", href: `#/e/${event.id}`, dir: "auto" }, event.title),
      element("span", { class: "hint block" }, moment(event.date, { dateStyle: "full", timeStyle: "short" })),
      event.location && element("span", { class: "hint block", dir: "auto" }, event.location),
    ),
    element("span", { class: "card-side" }, seatsText(event), mark(event)),
  );
}

/** How many seats there are, in words. */
function seatsText({ participantCount, maxParticipants, waitingCount }) {
  const taken = `${participantCount.toLocaleString()} of ${count(maxParticipants, "seat")} taken`;
  return waitingCount ? `${taken}, ${waitingCount.toLocaleString()} waiting` : taken;
}

/** What is worth knowing at a glance: the own place, else that it is no usual coming event. */
function mark({ mine, status }) {
  if (status === "cancelled") return element("strong", { class: "chip is-bad" }, STATES[status]);
  if (mine) return element("strong", { class: "chip is-good" }, mine.status === "joined" ? "You have a seat" : `You wait: number ${mine.position}`);
  return status === "upcoming" ? undefined : element("strong", { class: "chip" }, STATES[status]);
}

function eventView(frame, id) {
  const { view: problem, run } = trouble();
  const said = element("p", { class: "notice", role: "status", hidden: true });
  const place = element("div", { class: "listing" }, element("p", { class: "hint" }, "Loading…"));
  let people;
  const say = (text) => {
    said.textContent = text;
    said.hidden = !text;
  };
  const load = async () => show(await frame.ask("GET", `/api/events/${id}`));
  const show = (event) => {
    frame.title(event.title);
    people ??= frame.isSignedIn ? peopleList(frame, id) : undefined;
    people?.reload();
    place.replaceChildren(...about(event), actions(event), peoplePanel(event));
  };
  const about = (event) => [
    element("h1", { dir: "auto" }, event.title),
    element("div", {}, mark(event)),
    event.description && element("p", { class: "text", dir: "auto" }, event.description),
    element(
      "dl",
      { class: "facts" },
      fact("Begins", moment(event.date, { dateStyle: "full", timeStyle: "short" })),
      fact("Ends", moment(event.endDate, { dateStyle: "full", timeStyle: "short" })),
      event.location && fact("Where", event.location),
      fact("Seats", seatsText(event)),
    ),
  ].filter(Boolean);
  const join = async () => {
    const { status, position } = await frame.ask("POST", `/api/events/${id}/join`);
    say(status === "joined" ? "You have a seat." : `All seats are taken: you are number ${position} in the waiting list.`);
    await load();
  };
  const leave = async () => {
    await frame.ask("POST", `/api/events/${id}/leave`);
    say("Your place is free again.");
    await load();
  };
  const actions = (event) => {
    const { mine, status } = event;
    const isOpen = status === "upcoming" || status === "ongoing";
    const isFull = event.participantCount >= event.maxParticipants;
    const mayChange = frame.isAdmin || event.organizer === frame.api.session.user?.id;
    const coming = isFull ? "Wait for a seat" : "Take a seat";
    const going = mine?.status === "joined" ? "Give the seat back" : "Leave the waiting list";
    return element(
      "div",
      { class: "tools" },
      isOpen && !mine && button(coming, () => (frame.isSignedIn ? run(join) : frame.signIn()), "primary"),
      mine && button(going, () => run(leave)),
      element("a", { class: "secondary", href: `/api/events/${id}/calendar`, download: `event-${id}.ics` }, "Calendar file"),
      mayChange && button("Edit", () => run(() => eventDialog(frame, event, load))),
      mayChange && isOpen && button("Call it off", () => run(() => setStatus(event, "cancelled")), "danger"),
      mayChange && status === "cancelled" && button("Hold it after all", () => run(() => setStatus(event, "upcoming"))),
      mayChange && button("Remove", () => run(() => remove(event)), "danger"),
    );
  };
  const setStatus = async (event, status) => {
    if (status === "cancelled" && !confirm(`Call ${event.title} off?`)) return;
    await frame.ask("PUT", `/api/events/${id}`, { status }, { match: event.version });
    await load();
  };
  const remove = async ({ title }) => {
    if (!confirm(`Remove ${title}, and everybody's seats?`)) return;
    await frame.ask("DELETE", `/api/events/${id}`);
    frame.go("#/");
  };
  const peoplePanel = () => panel("people", "Who comes", people?.view ?? element("p", { class: "hint" }, "Sign in to see who comes."));
  const heard = ({ signal }) => {
    if (!isSeat(signal) || signal.notification.data?.event !== id) return;
    say(`${signal.notification.title}.`);
    run(load);
  };
  const offs = [frame.on("signal", heard), frame.on("live", () => run(load)), frame.on("me", () => run(load))];
  run(load);
  const back = element("a", { class: "back-link", href: "#/" }, "All events");
  const view = element("div", { class: "listing" }, back, problem, said, place);
  return { view, title: "Event", stop: () => offs.forEach((off) => off()) };
}

function peopleList(frame, id) {
  const read = (cursor) => frame.ask("GET", `/api/events/${id}/participants?${query({ limit: 50, cursor })}`);
  const row = ({ user, status }) =>
    element("li", {}, element("span", { class: "thing-name", dir: "auto" }, user.fullName), status === "waiting" && element("span", { class: "hint" }, "waits"));
  return pagedList({ label: "People", none: "Nobody yet.", read, row, key: ({ user }) => user.id, tag: "ol" });
}

const ID = "([0-9a-f-]{36})";

new Frame({
  path: "/events",
  title: "Events",
  isOpen: true,
  views: [
    [/^(?:#\/?)?$/u, listView],
    [new RegExp(`^#/e/${ID}$`, "u"), eventView],
  ],
});

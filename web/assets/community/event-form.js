/** What organisers say about an event. */

import { formDialog, optionalField } from "../hall/parts.js";
import { newRef } from "../refs.js";
import { field } from "../views/auth.js";
import { filled, localTime, toMoment } from "./parts.js";

const HOUR_MS = 3_600_000;

/** The next full hour of tomorrow. */
function tomorrow() {
  const day = new Date(Date.now() + 24 * HOUR_MS);
  day.setMinutes(0, 0, 0);
  return day.toISOString();
}

/** Makes or changes an event; `done` gets it as it is then. */
export function eventDialog(frame, event, done) {
  // One key for as long as the dialog is open: pressing Save twice makes one event.
  const key = newRef();
  const begins = event?.date ?? tomorrow();
  const ends = event?.endDate ?? new Date(Date.parse(begins) + 2 * HOUR_MS).toISOString();
  const fields = [
    filled(field("title", { label: "Title", type: "text", maxlength: 120, autocomplete: "off", dir: "auto" }), event?.title),
    filled(optionalField("description", { label: "What it is about", tag: "textarea", rows: 5, maxlength: 10_000, dir: "auto" }), event?.description),
    filled(field("date", { label: "Begins", type: "datetime-local" }), localTime(begins)),
    filled(field("endDate", { label: "Ends", type: "datetime-local" }), localTime(ends)),
    filled(optionalField("location", { label: "Where", type: "text", maxlength: 200, autocomplete: "off", dir: "auto" }), event?.location),
    filled(field("maxParticipants", { label: "Seats", type: "number", min: 1, max: 10_000 }), event?.maxParticipants ?? 30),
  ];
  const save = async (form) => {
    const { title, description, date, endDate, location, maxParticipants } = Object.fromEntries(new FormData(form));
    const body = { title, description, date: toMoment(date), endDate: toMoment(endDate), location, maxParticipants: Number(maxParticipants) };
    const path = event ? `/api/events/${event.id}` : "/api/events";
    const saved = await frame.ask(event ? "PUT" : "POST", path, body, event ? { match: event.version } : { key });
    await done(saved);
  };
  formDialog({ title: event ? "Edit the event" : "New event", fields, action: "Save", save });
}

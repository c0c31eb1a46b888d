/** Times and counts in the person's own language and time zone. */

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const shortDate = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const longDate = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });

/** Whole days between the calendar day of `at` and today. */
function daysAgo(at) {
  const start = (time) => new Date(time).setHours(0, 0, 0, 0);
  return Math.round((start(Date.now()) - start(at)) / 86_400_000);
}

export const time = (at) => clock.format(at);
export const exactly = (at) => full.format(at);

/** The name of a day, for separators. */
export function day(at) {
  const days = daysAgo(at);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return days > 0 && days < 300 ? weekday.format(at) : longDate.format(at);
}

/** As short as it can be, for the list. */
export function ago(at) {
  const days = daysAgo(at);
  if (days <= 0) return clock.format(at);
  if (days === 1) return "Yesterday";
  return days < 300 ? shortDate.format(at) : new Date(at).toLocaleDateString();
}

/** Whether somebody is there, in words; empty where it is not known. */
export function presence(known) {
  if (!known) return "";
  if (known.online) return "Online";
  if (known.lastSeen === undefined) return "Offline";
  const days = daysAgo(known.lastSeen);
  if (days <= 0) return `Last seen at ${clock.format(known.lastSeen)}`;
  return days === 1 ? `Last seen yesterday at ${clock.format(known.lastSeen)}` : `Last seen on ${ago(known.lastSeen)}`;
}

export function count(number, one, many = `${one}s`) {
  return `${number.toLocaleString()} ${number === 1 ? one : many}`;
}

/** The words of the audience's pages, in the language of the reader. */

/** Each in its own words, as a reader looks for it. */
export const LANGUAGES = { en: "English", de: "Deutsch", es: "Español", fr: "Français", ar: "العربية" };
const RIGHT_TO_LEFT = ["ar"];
const KEY = "plenum.language";

let code = "en";
let dictionary = {};
let rules = new Intl.PluralRules("en");
let numbers = new Intl.NumberFormat("en");

/** What the reader chose, else what the browser asks servers for (`Accept-Language`), else English. */
function preferred() {
  const wanted = [stored(), ...(navigator.languages ?? [navigator.language])];
  return wanted.map((tag) => tag?.slice(0, 2).toLowerCase()).find((tag) => Object.hasOwn(LANGUAGES, tag)) ?? "en";
}

function stored() {
  try {
    return localStorage.getItem(KEY) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Loads a language and turns the page to it. */
export async function speak(wanted = preferred()) {
  ({ default: dictionary } = await import(`./lang/${wanted}.js`));
  code = wanted;
  rules = new Intl.PluralRules(code);
  numbers = new Intl.NumberFormat(code, { maximumFractionDigits: 2 });
  document.documentElement.lang = code;
  document.documentElement.dir = RIGHT_TO_LEFT.includes(code) ? "rtl" : "ltr";
}

/** Speaks another language from now on, also after a reload. */
export async function choose(wanted) {
  await speak(wanted);
  try {
    localStorage.setItem(KEY, wanted);
  } catch {
    // Then it is asked again next time.
  }
}

export function language() {
  return code;
}

/** A sentence. `{name}` becomes a value; a sentence with forms is chosen by `n`. */
export function t(key, values = {}) {
  const entry = dictionary[key] ?? key;
  const text = typeof entry === "string" ? entry : (entry[rules.select(values.n)] ?? entry.other);
  return text.replace(/\{(\w+)\}/gu, (_, name) => {
    const value = values[name];
    return typeof value === "number" ? number(value) : (value ?? "");
  });
}

export function number(value) {
  return numbers.format(value);
}

/** A day, written out. */
export function date(moment) {
  return new Intl.DateTimeFormat(code, { dateStyle: "long" }).format(new Date(moment));
}

/** 0 to 1, as whole percents. */
export function percent(share) {
  return new Intl.NumberFormat(code, { style: "percent" }).format(share);
}

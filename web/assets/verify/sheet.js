/** Checks a signed result sheet as `plenum verify` does, step by step. Each step says what was found; the page says it in words. */

import { isSigned } from "./ed25519.js";
import { sha256 } from "./sha2.js";

const TYPE = "plenum-results+jws";
/** So many ballots at a time, then the page may draw. */
const SLICE = 2_000;
const UTF8 = new TextEncoder();

/** The file is no result sheet, or one that this page cannot read. */
export class Unreadable extends Error {}

function must(holds) {
  if (!holds) throw new Unreadable();
}

function fromBase64(text) {
  must(typeof text === "string" && /^[\w-]*$/u.test(text));
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  } catch {
    throw new Unreadable();
  }
}

function toBase64(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function fromHex(text, length) {
  must(typeof text === "string" && text.length === length * 2 && /^[\da-f]*$/iu.test(text));
  return Uint8Array.from({ length }, (_, i) => Number.parseInt(text.slice(i * 2, i * 2 + 2), 16));
}

function toHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function id(text) {
  must(typeof text === "string");
  return fromHex(text.replaceAll("-", ""), 16);
}

function parsed(text) {
  try {
    const value = JSON.parse(text);
    must(value !== null && typeof value === "object");
    return value;
  } catch {
    throw new Unreadable();
  }
}

const whole = (value) => {
  must(Number.isInteger(value));
  return String(value);
};
/** At most six decimals; the server writes the smallest as 1e-6. */
const decimal = (value) => {
  must(typeof value === "number");
  const isTiny = value !== 0 && Math.abs(value) < 1e-5;
  return isTiny ? `${Math.round(value * 1e6)}e-6` : String(value);
};
const text = (value) => {
  must(typeof value === "string");
  return JSON.stringify(value);
};
const list = (of) => (values) => {
  must(Array.isArray(values));
  return `[${values.map(of).join(",")}]`;
};
const FORMS = {
  choice: list(whole),
  rating: whole,
  ranking: list(whole),
  words: list(text),
  text,
  number: decimal,
  point: ({ x, y }) => `{"x":${decimal(x)},"y":${decimal(y)}}`,
};

/** An answer as the server hashes it: JSON without white space. */
export function canonical(answer) {
  must(answer !== null && typeof answer === "object");
  const [[kind, value], ...more] = Object.entries(answer);
  must(more.length === 0 && Object.hasOwn(FORMS, kind) && value !== null);
  return `{"${kind}":${FORMS[kind](value)}}`;
}

function hashed(...parts) {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return sha256(joined);
}

const [BALLOT, CHAIN] = ["plenum.ballot", "plenum.chain"].map((words) => UTF8.encode(words));

function leafOf(question, { entry, voter, answer }) {
  const said = answer === undefined || answer === null ? "" : canonical(answer);
  return hashed(BALLOT, question, id(entry), fromHex(voter, 32), UTF8.encode(said));
}

/** Whether an answer counts for an option (or rating, or as a first place). */
function picks(answer, option) {
  if (answer.choice) return answer.choice.includes(option);
  return answer.rating === option || answer.ranking?.[0] === option;
}

/** The file taken apart. Nothing in it is believed yet. */
export function read(file) {
  const { signed, key, entries } = parsed(file);
  must(typeof signed === "string" && key !== null && typeof key === "object" && Array.isArray(entries));
  const parts = signed.split(".");
  must(parts.length === 3);
  const [header, sheet] = parts.slice(0, 2).map((part) => parsed(new TextDecoder().decode(fromBase64(part))));
  const { definition, results } = sheet;
  must(typeof definition?.text === "string" && Number.isInteger(results?.totalResponses));
  must(typeof sheet.root === "string" && Number.isInteger(sheet.leaves));
  for (const options of [definition.options ?? [], results.counts ?? []]) must(Array.isArray(options));
  return { header, sheet, key, entries, message: parts.slice(0, 2).join("."), signature: fromBase64(parts[2]) };
}

/** The key has the name that it says it has (RFC 7638), and it signed exactly this. */
async function signatureHolds({ header, key, message, signature }) {
  const x = fromBase64(key.x);
  const name = toBase64(sha256(UTF8.encode(`{"crv":"Ed25519","kty":"OKP","x":"${key.x}"}`)));
  const isOurs = header.typ === TYPE && header.alg === "EdDSA" && header.crit === undefined && header.kid === key.kid;
  return isOurs && name === key.kid && (await isSigned(x, UTF8.encode(message), signature));
}

/** All leaves, their chain, and the ballots that count at the end. */
async function counted({ sheet, entries }, onPart) {
  const question = id(sheet.question);
  const [leaves, ballots] = [[], new Map()];
  let root = new Uint8Array(32);
  for (const [i, entry] of entries.entries()) {
    const leaf = leafOf(question, entry);
    leaves.push(toHex(leaf));
    root = hashed(CHAIN, root, leaf);
    if (entry.answer === undefined || entry.answer === null) ballots.delete(entry.voter);
    else ballots.set(entry.voter, { answer: entry.answer, place: i });
    if (i % SLICE === SLICE - 1) {
      onPart((i + 1) / entries.length);
      await new Promise((done) => setTimeout(done));
    }
  }
  return { leaves, ballots, root: toHex(root) };
}

function miscounted({ results }, ballots) {
  const answers = [...ballots.values()].map(({ answer }) => answer);
  for (const { option, count } of results.counts ?? []) {
    const found = answers.filter((answer) => picks(answer, option)).length;
    if (found !== count) return { option, found, said: count };
  }
  return undefined;
}

function receiptStep(wanted, { entries }, { leaves, ballots }) {
  const receipt = wanted.replaceAll(/\s/gu, "").toLowerCase();
  if (!/^[\da-f]{64}$/u.test(receipt)) return { name: "receiptUnreadable", is: "wrong" };
  const place = leaves.indexOf(receipt);
  if (place < 0) return { name: "receiptMissing", is: "wrong" };
  const { voter, answer } = entries[place];
  if (answer === undefined || answer === null) return { name: "receiptTakenBack", is: "right" };
  const isLast = ballots.get(voter)?.place === place;
  return { name: isLast ? "receiptCounts" : "receiptReplaced", is: "right", answer };
}

/** What a sheet says that nobody can recompute here, by the members of its results. */
const MORE = ["average", "ranking", "words", "texts", "numbers", "heat", "pulse", "weighted", "leaders", "teams", "quorum"];

/**
 * Checks a file. `kid`: the name of the key as the server published it, if the reader has it; `published`: the names that the
 * server publishes now, if it could be asked.
 *
 * @returns {Promise<{sheet, kid: string, steps: {name: string, is: "right" | "wrong" | "unknown"}[], isRight: boolean, more: string[]}>}
 * @throws {Unreadable}
 */
export async function check(file, { receipt = "", kid = "", published, onPart = () => {} } = {}) {
  const taken = read(file);
  const { sheet, key, entries } = taken;
  const steps = [];
  const step = (name, holds, values = {}) => steps.push({ name: holds ? name : `${name}Wrong`, is: holds ? "right" : "wrong", ...values });
  step("signature", await signatureHolds(taken), { kid: key.kid });
  if (kid.trim()) step("key", kid.trim() === key.kid, { kid: key.kid });
  else if (published?.includes(key.kid)) steps.push({ name: "keyPublished", is: "right", kid: key.kid });
  else steps.push({ name: published ? "keyNotPublished" : "keyUnknown", is: "unknown", kid: key.kid });
  const sums = await counted(taken, onPart);
  step("chain", sums.root === sheet.root && entries.length === sheet.leaves, { n: entries.length, said: sheet.leaves });
  const total = sheet.results.totalResponses;
  step("total", sums.ballots.size === total, { n: sums.ballots.size, said: total });
  if (sheet.results.counts?.length) {
    const wrong = miscounted(sheet, sums.ballots);
    step("counts", !wrong, { n: sheet.results.counts.length, ...wrong });
  }
  if (receipt.trim()) steps.push(receiptStep(receipt, taken, sums));
  const more = MORE.filter((name) => sheet.results[name] !== undefined);
  return { sheet, kid: key.kid, steps, isRight: steps.every(({ is }) => is !== "wrong"), more };
}

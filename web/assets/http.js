/** Calls of the REST interface, and what can go wrong with them. */

/** An answer that is not a success: `message` for people, `fields` {name: message} when single inputs are wrong. */
export class Problem extends Error {
  constructor(status, body) {
    super(sentence(body?.message ?? body?.detail ?? `The server answered ${status}`));
    this.name = "Problem";
    this.status = status;
    this.code = body?.code;
    this.fields = Object.fromEntries((body?.errors ?? []).map(({ field, message }) => [field, sentence(message)]));
  }
}

/** The server could not be reached. */
export class Unreachable extends Error {
  constructor() {
    super("The server cannot be reached. Check the network and try again.");
    this.name = "Unreachable";
  }
}

const TIMEOUT_MS = 20_000;
/** The `Date` of an answer has whole seconds: a smaller difference says nothing. */
const NOTEWORTHY_MS = 2_000;

let skewMs = 0;

/** The time as the server has it, as far as its answers tell: deadlines are by the server's clock. */
export function serverNow() {
  return Date.now() + skewMs;
}

/**
 * One call; `match`: refuse to change another version than this one; `within`: how long it may take. A body that is a form is sent as it is. Answers with the
 * parsed body; rejects with `Problem` or `Unreachable`.
 */
export async function call(method, path, body, { token, key, match, within = TIMEOUT_MS } = {}) {
  const headers = { accept: "application/json" };
  const isForm = body instanceof FormData;
  if (body !== undefined && !isForm) headers["content-type"] = "application/json";
  if (key) headers["idempotency-key"] = key;
  if (match) headers["if-match"] = `"${match}"`;
  if (token) headers.authorization = `Bearer ${token}`;
  let answer;
  try {
    const signal = AbortSignal.timeout(within);
    answer = await fetch(path, { method, headers, body: isForm ? body : body && JSON.stringify(body), signal, cache: "no-store" });
  } catch {
    throw new Unreachable();
  }
  const ahead = Date.parse(answer.headers.get("date")) + 500 - Date.now();
  if (Math.abs(ahead) >= NOTEWORTHY_MS) skewMs = ahead;
  const text = await answer.text().catch(() => "");
  const json = parse(text);
  if (!answer.ok) throw new Problem(answer.status, json);
  return json;
}

/** The server writes its reasons without capital and full stop. */
function sentence(text) {
  const start = text.charAt(0).toLocaleUpperCase() + text.slice(1);
  return /[.!?…]$/u.test(start) ? start : `${start}.`;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

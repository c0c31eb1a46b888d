/** Ed25519 signatures (RFC 8032): by the browser where it can, else by the sums below. Nothing here is secret, so they need not take equal time. */

import { sha512 } from "./sha2.js";

const P = 2n ** 255n - 19n;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const D = mod(-121665n * power(121666n, P - 2n));
const ROOT_OF_MINUS_ONE = power(2n, (P - 1n) / 4n);
const BASE = decoded(little(`58${"66".repeat(31)}`));

/** Whether the signature is that of the key over the message. */
export async function isSigned(key, message, signature) {
  if (key.length !== 32 || signature.length !== 64) return false;
  try {
    const imported = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
    return await crypto.subtle.verify({ name: "Ed25519" }, imported, signature, message);
  } catch {
    // An older browser, or a page from plain http. A key that it finds wrong is looked at here once more.
    return isSignedBySums(key, message, signature);
  }
}

/** The same without the browser's help: S·B − k·A must be R, and S must be in its one form. */
export function isSignedBySums(key, message, signature) {
  const a = decoded(key);
  const s = number(signature.subarray(32));
  if (!a || s >= ORDER) return false;
  const hashed = new Uint8Array(64 + message.length);
  hashed.set(signature.subarray(0, 32));
  hashed.set(key, 32);
  hashed.set(message, 64);
  const k = number(sha512(hashed)) % ORDER;
  const minusA = [mod(-a[0]), a[1], a[2], mod(-a[3])];
  const r = encoded(sum(times(BASE, s), times(minusA, k)));
  return r.every((byte, i) => byte === signature[i]);
}

function mod(x) {
  const rest = x % P;
  return rest < 0n ? rest + P : rest;
}

function power(base, exponent) {
  let result = 1n;
  let square = mod(base);
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = mod(result * square);
    square = mod(square * square);
  }
  return result;
}

/** Bytes as a number, the lowest first. */
function number(bytes) {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

function little(hex) {
  return Uint8Array.from(hex.match(/../gu), (pair) => Number.parseInt(pair, 16));
}

/** A point (x : y : z : xy) from its 32 bytes; undefined when they are none (RFC 8032 §5.1.3). */
function decoded(bytes) {
  const all = number(bytes);
  const y = all & (2n ** 255n - 1n);
  if (y >= P) return undefined;
  const square = mod((y * y - 1n) * power(D * y * y + 1n, P - 2n));
  let x = power(square, (P + 3n) / 8n);
  if (mod(x * x) !== square) x = mod(x * ROOT_OF_MINUS_ONE);
  const isOdd = all >> 255n;
  if (mod(x * x) !== square || (x === 0n && isOdd)) return undefined;
  if ((x & 1n) !== isOdd) x = P - x;
  return [x, y, 1n, mod(x * y)];
}

function encoded([x, y, z]) {
  const inverse = power(z, P - 2n);
  let all = mod(y * inverse) | ((mod(x * inverse) & 1n) << 255n);
  return Array.from({ length: 32 }, () => {
    const byte = Number(all & 255n);
    all >>= 8n;
    return byte;
  });
}

/** Of any two points, also equal ones (RFC 8032 §5.1.4). */
function sum([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = mod((y1 - x1) * (y2 - x2));
  const b = mod((y1 + x1) * (y2 + x2));
  const c = mod(2n * t1 * t2 * D);
  const d = mod(2n * z1 * z2);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

function times(point, count) {
  let result = [0n, 1n, 1n, 0n];
  let doubled = point;
  for (let left = count; left > 0n; left >>= 1n) {
    if (left & 1n) result = sum(result, doubled);
    doubled = sum(doubled, doubled);
  }
  return result;
}

/** SHA-256 and SHA-512 (FIPS 180-4): the browser's own exist only on pages from https, and one call for each of 100,000 ballots is slow. */

const PRIMES = primes(80);
/** The first 64 bits behind the point of the cube roots of the first 80 primes; SHA-256 takes the upper 32 of the first 64. */
const K512 = PRIMES.map((prime) => behindPoint(prime, 3n));
const H512 = PRIMES.slice(0, 8).map((prime) => behindPoint(prime, 2n));
const K256 = Int32Array.from(K512.slice(0, 64), upper);
const H256 = Int32Array.from(H512, upper);
const ALL64 = (1n << 64n) - 1n;

function primes(count) {
  const found = [];
  for (let n = 2; found.length < count; n += 1) if (found.every((prime) => n % prime)) found.push(n);
  return found;
}

/** 64 bits behind the point of a root, exactly: the largest x with x^degree ≤ prime · 2^(64 · degree). */
function behindPoint(prime, degree) {
  const wanted = BigInt(prime) << (64n * degree);
  let root = 0n;
  for (let bit = 1n << 70n; bit > 0n; bit >>= 1n) if ((root + bit) ** degree <= wanted) root += bit;
  return root & ((1n << 64n) - 1n);
}

function upper(bits) {
  return Number(bits >> 32n) | 0;
}

/** The message, a one, zeros, and its length in bits, to whole blocks. */
function padded(bytes, block, lengthBytes) {
  const whole = Math.ceil((bytes.length + 1 + lengthBytes) / block) * block;
  const filled = new Uint8Array(whole);
  filled.set(bytes);
  filled[bytes.length] = 0x80;
  // No message here is longer than 2^32 bytes.
  const view = new DataView(filled.buffer);
  view.setUint32(whole - 8, Math.floor(bytes.length / 0x20000000));
  view.setUint32(whole - 4, (bytes.length << 3) >>> 0);
  return view;
}

const schedule = new Int32Array(64);

/** @param {Uint8Array} bytes @returns {Uint8Array} 32 bytes */
export function sha256(bytes) {
  const data = padded(bytes, 64, 8);
  const state = Int32Array.from(H256);
  for (let at = 0; at < data.byteLength; at += 64) block256(state, data, at);
  const digest = new DataView(new ArrayBuffer(32));
  for (const [i, word] of state.entries()) digest.setInt32(i * 4, word);
  return new Uint8Array(digest.buffer);
}

const turn = (x, by) => (x >>> by) | (x << (32 - by));

function block256(state, data, at) {
  const w = schedule;
  for (let i = 0; i < 16; i += 1) w[i] = data.getInt32(at + i * 4);
  for (let i = 16; i < 64; i += 1) {
    const s0 = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ (w[i - 15] >>> 3);
    const s1 = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ (w[i - 2] >>> 10);
    w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i += 1) {
    const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
    const one = (h + s1 + ((e & f) ^ (~e & g)) + K256[i] + w[i]) | 0;
    const s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
    const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  for (const [i, word] of [a, b, c, d, e, f, g, h].entries()) state[i] = (state[i] + word) | 0;
}

const turn64 = (x, by) => ((x >> by) | (x << (64n - by))) & ALL64;

/** @param {Uint8Array} bytes @returns {Uint8Array} 64 bytes */
export function sha512(bytes) {
  const data = padded(bytes, 128, 16);
  const state = [...H512];
  for (let at = 0; at < data.byteLength; at += 128) block512(state, data, at);
  const digest = new DataView(new ArrayBuffer(64));
  for (const [i, word] of state.entries()) digest.setBigUint64(i * 8, word);
  return new Uint8Array(digest.buffer);
}

function block512(state, data, at) {
  const w = [];
  for (let i = 0; i < 16; i += 1) w.push(data.getBigUint64(at + i * 8));
  for (let i = 16; i < 80; i += 1) {
    const s0 = turn64(w[i - 15], 1n) ^ turn64(w[i - 15], 8n) ^ (w[i - 15] >> 7n);
    const s1 = turn64(w[i - 2], 19n) ^ turn64(w[i - 2], 61n) ^ (w[i - 2] >> 6n);
    w.push((w[i - 16] + s0 + w[i - 7] + s1) & ALL64);
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 80; i += 1) {
    const s1 = turn64(e, 14n) ^ turn64(e, 18n) ^ turn64(e, 41n);
    const one = h + s1 + ((e & f) ^ (~e & ALL64 & g)) + K512[i] + w[i];
    const s0 = turn64(a, 28n) ^ turn64(a, 34n) ^ turn64(a, 39n);
    const two = s0 + ((a & b) ^ (a & c) ^ (b & c));
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) & ALL64, c, b, a, (one + two) & ALL64];
  }
  for (const [i, word] of [a, b, c, d, e, f, g, h].entries()) state[i] = (state[i] + word) & ALL64;
}

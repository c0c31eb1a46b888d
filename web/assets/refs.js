/**
 * A reference that never repeats: 128 random bits. Not `crypto.randomUUID`, which pages from plain http on another
 * machine do not have.
 */
export function newRef() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

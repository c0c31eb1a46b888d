/** Sums of money: the server counts in the minor unit (cents), people read and write the major one. */

/** Digits behind the point: 2 for EUR, 0 for JPY, 3 for KWD. */
function digitsOf(currency) {
  return new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits;
}

/** A sum in the person's own way of writing. */
export function money(minor, currency) {
  return (minor / 10 ** digitsOf(currency)).toLocaleString([], { style: "currency", currency });
}

/** A sum for an input: digits and a point. */
export function amountText(minor, currency) {
  const digits = digitsOf(currency);
  return (minor / 10 ** digits).toFixed(digits);
}

/** What somebody wrote as whole minor units; undefined where it is no sum of this currency. Comma and point both part the cents. */
export function minorOf(text, currency) {
  const match = /^(\d{1,12})(?:[.,](\d{1,3}))?$/u.exec(text.trim());
  const digits = digitsOf(currency);
  if (!match || (match[2]?.length ?? 0) > digits) return undefined;
  return Number(match[1]) * 10 ** digits + Number((match[2] ?? "").padEnd(digits, "0") || 0);
}

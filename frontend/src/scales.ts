// From dates and values to places in a drawing, and the ticks between.

const DAY = 86_400_000;

export const dayOf = (iso: string): number => Date.parse(iso.length > 10 ? `${iso}Z` : iso);

/** Dates between two instants at which a tick stands: days, months or years apart, at most `most`. */
export function dateTicks(from: number, to: number, most: number): { at: number; label: string }[] {
  const days = (to - from) / DAY;
  if (days <= 75) return everyDays(from, to, Math.max(1, Math.ceil(days / most)));
  return everyMonths(from, to, [1, 2, 3, 6, 12, 24, 60, 120].find((step) => days / 30.4 / step <= most) ?? 240);
}

function everyDays(from: number, to: number, step: number): { at: number; label: string }[] {
  const found = [];
  for (let at = Math.ceil(from / DAY) * DAY; at <= to; at += step * DAY) found.push({ at, label: text(at, { day: "numeric", month: "short" }) });
  return found;
}

function everyMonths(from: number, to: number, step: number): { at: number; label: string }[] {
  const begin = new Date(from);
  const found = [];
  for (let month = Math.ceil((begin.getUTCMonth() + 1) / step) * step; ; month += step) {
    const at = Date.UTC(begin.getUTCFullYear(), month, 1);
    if (at > to) return found;
    found.push({ at, label: text(at, { month: "short", year: "2-digit" }) });
  }
}

const text = (at: number, form: Intl.DateTimeFormatOptions) => new Date(at).toLocaleDateString("en-GB", { ...form, timeZone: "UTC" });

/** Round values that span a range: 1, 2 or 5 times a power of ten apart. */
export function valueTicks(low: number, high: number, most = 4): number[] {
  const span = high - low || Math.abs(high) || 1;
  const rough = span / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((each) => each * power >= rough) ?? 10);
  const found = [];
  for (let value = Math.ceil(low / step) * step; value <= high + 1e-9 * span; value += step) found.push(Number(value.toPrecision(12)));
  return found;
}

// Numbers and dates in words; never more digits than the error allows.

import type { Change, Num } from "./api";

export function percent(p: number, error?: number | null): string {
  return `${(100 * p).toFixed(decimals(error ?? 0.02))} %`;
}

export function points(difference: number, error?: number | null): string {
  const text = (100 * Math.abs(difference)).toFixed(decimals(error ?? 0.01));
  return `${difference < 0 ? "−" : "+"}${text}`;
}

export function errorText(error: number | null): string {
  return error === null ? "" : (100 * error).toFixed(decimals(error));
}

function decimals(size: number): number {
  return size > 0 ? Math.min(4, Math.max(0, -Math.floor(Math.log10(100 * size)))) : 0;
}

export function answerText(answer: { probability: number | null; mc_error: number | null; same?: string }): string {
  if (answer.probability === null) return "—";
  if (answer.same && answer.mc_error !== null) {
    const bound = answer.same === "no" ? answer.mc_error : 1 - answer.mc_error;
    return `${answer.same === "no" ? "<" : ">"} ${(100 * bound).toPrecision(3)} %`;
  }
  return percent(answer.probability, answer.mc_error);
}

export function rangeText(low: number | null, high: number | null): string {
  if (low === null || high === null) return "—";
  const places = decimals((high - low) / 10);
  return `${(100 * low).toFixed(places)}–${(100 * high).toFixed(places)} %`;
}

/** A value of some quantity: four digits, thousands apart. */
export function valueText(value: number): string {
  const size = Math.abs(value);
  if (size >= 10_000) return Math.round(value).toLocaleString("en-GB");
  return String(Number(value.toPrecision(size >= 1000 ? 4 : 3)));
}

/** The same where there is little room: 1.5M. */
export const shortText = (value: number): string => value.toLocaleString("en", { notation: "compact", maximumSignificantDigits: 3 });

export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000);
}

export function dateText(iso: string): string {
  return new Date(`${iso.slice(0, 10)}T12:00:00Z`).toLocaleDateString("en-GB", {
    day: "numeric",
    month: "short",
    year: "numeric",
    timeZone: "UTC",
  });
}

/** `us_talks.open` → “us talks: open”. */
export function inWords(name: string): string {
  return name.replaceAll("_", " ").replaceAll(".", ": ");
}

/** A change as one line, without what it rests on. */
export function changeText(change: Change): string {
  return Object.entries(change)
    .filter(([key]) => key !== "source" && key !== "because")
    .map(([key, value], place) => {
      const text = typeof value === "object" ? JSON.stringify(value) : String(value);
      return place === 0 ? `${key} ${text}` : `${key.replaceAll("_", " ")} ${text}`;
    })
    .join(", ");
}

const NINETY = 1.6448536269514722;

/** What is believed of a number, in words. */
export function beliefText(num: Num): string {
  const [a = NaN, b = NaN, c = NaN] = num.numbers;
  const unit = num.unit && num.unit !== "1/day" ? ` ${num.unit}` : "";
  const v = (value: number) => (num.unit === "1/day" ? rateText(value) : valueText(value));
  const between = (low: number, high: number) => `90 % from ${v(low)} to ${v(high)}${unit}`;
  switch (num.kind) {
    case "fixed":
      return `${v(a)}${unit}`;
    case "lognormal":
      return `median ${v(a)}${unit}, ${between(a / b, a * b)}`;
    case "normal":
      return `mean ${v(a)}${unit}, ${between(a - NINETY * b, a + NINETY * b)}`;
    case "logitnormal":
      return between(a, b);
    case "uniform":
      return `anything from ${v(a)} to ${v(b)}${unit}`;
    case "triangular":
      return `from ${v(a)} to ${v(c)}${unit}, likeliest ${v(b)}`;
    case "beta":
      return `mean ${valueText(a / (a + b))}${unit}, as of ${valueText(a)} against ${valueText(b)}`;
    case "gamma":
      return `mean ${v(b)}${unit}, shape ${valueText(a)}`;
    case "bernoulli":
      return `1 with probability ${valueText(a)}, else 0`;
    case "counted":
      return `counted ${valueText(a)} in the record`;
    case "mean_rate":
      return `mean rate ${rateText(a)}, within a factor ${valueText(b)}`;
    default:
      return `${num.kind} ${num.numbers.map(valueText).join(", ")}${unit}`;
  }
}

/** A rate [1/day] in the unit in which it is easiest to read. */
function rateText(perDay: number): string {
  if (perDay >= 0.5) return `${valueText(perDay)} per day`;
  if (perDay >= 1 / 60) return `${valueText(30.44 * perDay)} per month`;
  return `${valueText(365.25 * perDay)} per year`;
}

const RELIABILITY: Record<string, string> = {
  A: "completely reliable", B: "usually reliable", C: "fairly reliable", D: "not usually reliable", E: "unreliable", F: "cannot be judged",
};
const CREDIBILITY: Record<string, string> = {
  "1": "confirmed", "2": "probably true", "3": "possibly true", "4": "doubtful", "5": "improbable", "6": "cannot be judged",
};

/** A grade of the Admiralty code with its meaning. */
export function gradeText(grade: string): string {
  const meaning = RELIABILITY[grade] ?? CREDIBILITY[grade];
  return meaning ? `${grade} (${meaning})` : grade || "not graded";
}

/** “1 factor”, “2 factors”. */
export const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;

/** A short name for many, with the rest counted. */
export function some(texts: string[], most = 4): string {
  return texts.length > most ? `${texts.slice(0, most).join(", ")} and ${texts.length - most} more` : texts.join(", ");
}

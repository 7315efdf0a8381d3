// Fans: where something may go, as the median, 50 % and 90 % of the futures.

import { useState } from "preact/hooks";
import type { Quantiles } from "./api";
import { dateTicks, dayOf, valueTicks } from "./scales";
import { dateText, shortText, valueText } from "./wording";

const WIDTH = 340;
const HEIGHT = 170;
const LEFT = 46;
const BOTTOM = 18;
const TOP = 6;

type Point = [number, number];

const lineOf = (points: Point[]) => points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");

export interface Line {
  label: string;
  quantiles: Quantiles;
  /** Class of its strokes and fills: which of the colours, and how it is broken. */
  look: string;
}

/** What stands to the left of the futures: the record, replayed; a line's values are null where nothing is known. */
export interface Before {
  dates: string[];
  lines: Line[];
}

interface Given {
  label: string;
  dates: string[];
  lines: Line[];
  before?: Before;
  /** What was measured, by day. */
  dots?: [string, number][];
  /** Whether the inner half of the futures is shaded too. */
  inner?: boolean;
  range?: [number, number];
  text?: (value: number) => string;
}

/** Medians with their 90 % bands over time; what stands under the pointer is told below. */
export function FanChart({ label, dates, lines, before, dots = [], inner = false, range, text = valueText }: Given) {
  const [at, setAt] = useState<number | null>(null);
  const past = before?.dates.length ? before : null;
  const pasts = past ? past.lines.map((line) => known(past.dates, line)) : [];
  const [low, high] = range ?? rangeOf([...lines, ...pasts], dots.map(([, value]) => value));
  const top = past ? TOP + 12 : TOP;
  const asOf = dayOf(dates[0] ?? "");
  const begin = past ? dayOf(past.dates[0] ?? "") : asOf;
  const end = dayOf(dates.at(-1) ?? "");
  const x = (day: number) => LEFT + ((WIDTH - LEFT - 6) * (day - begin)) / (end - begin || 1);
  const y = (value: number) => top + (HEIGHT - top - BOTTOM) * (1 - (value - low) / (high - low || 1));
  const instants = [...(past ? past.dates.slice(0, -1) : []), ...dates];
  const points = (values: number[] = [], days = dates): Point[] => values.map((value, k) => [x(dayOf(days[k] ?? "")), y(value)]);
  const band = (upper: number[] | undefined, lower: number[] | undefined, days = dates) =>
    lineOf([...points(upper, days), ...points(lower, days).reverse()]);
  const point = (event: PointerEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    const share = ((event.clientX - box.left) / box.width) * WIDTH;
    const day = begin + ((share - LEFT) / (WIDTH - LEFT - 6)) * (end - begin);
    setAt(day >= begin && day <= end ? nearest(instants, day) : null);
  };
  const told = (place: number) => {
    const k = place - (instants.length - dates.length);
    return `${dateText(instants[place] ?? "")}: ${k < 0 && past ? toldAt(past.lines, place, text) : toldAt(lines, k, text)}`;
  };
  return (
    <div class="fan">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label} onPointerMove={point} onPointerLeave={() => setAt(null)}>
        {valueTicks(low, high).map((value) => (
          <g key={value}>
            <line class="grid" x1={LEFT} x2={WIDTH - 6} y1={y(value)} y2={y(value)} />
            <text class="tick" x={LEFT - 5} y={y(value) + 3.5} text-anchor="end">{Math.abs(value) < 10_000 ? text(value) : shortText(value)}</text>
          </g>
        ))}
        {dateTicks(begin, end, 4).map((tick) => (
          <text class="tick" key={tick.at} x={x(tick.at)} y={HEIGHT - 4} text-anchor="middle">{tick.label}</text>
        ))}
        {pasts.map(({ look, days, quantiles: [least, , middle, , most] }) => (
          <g key={look} class={`past ${look}`}>
            <polygon class="band" points={band(most, least, days)} />
            <polyline class="middle" points={lineOf(points(middle, days))} />
          </g>
        ))}
        {past && (
          <>
            <line class="asof" x1={x(asOf)} x2={x(asOf)} y1={top - 4} y2={HEIGHT - BOTTOM} />
            <text class="tick" x={x(asOf)} y={top - 7} text-anchor="middle">{`as of ${dateText(dates[0] ?? "")}`}</text>
          </>
        )}
        {lines.map(({ look, quantiles: [least, lower, middle, upper, most] }) => (
          <g key={look} class={look}>
            <polygon class="band" points={band(most, least)} />
            {inner && <polygon class="band" points={band(upper, lower)} />}
            <polyline class="middle" points={lineOf(points(middle))} />
          </g>
        ))}
        {dots.map(([day, value], k) => (
          <circle class="measured" key={k} cx={x(dayOf(day))} cy={y(value)} r={2.6}>
            <title>{`${dateText(day)}: ${text(value)}, measured`}</title>
          </circle>
        ))}
        {at !== null && <line class="now" x1={x(dayOf(instants[at] ?? ""))} x2={x(dayOf(instants[at] ?? ""))} y1={top} y2={HEIGHT - BOTTOM} />}
      </svg>
      <p class="facts" aria-hidden="true">{at === null ? " " : told(at)}</p>
    </div>
  );
}

/** From when on something is known of a line of the past, as a place among its dates; -1 for never. */
export const knownFrom = (quantiles: Quantiles): number => quantiles[2]?.findIndex((value) => value !== null) ?? -1;

/** The part of a line of the past that is known, and its days. */
function known(dates: string[], line: Line): Line & { days: string[] } {
  const from = knownFrom(line.quantiles);
  if (from < 0) return { ...line, days: [], quantiles: [] };
  return { ...line, days: dates.slice(from), quantiles: line.quantiles.map((values) => values.slice(from)) };
}

function nearest(dates: string[], day: number): number {
  const far = dates.map((date) => Math.abs(dayOf(date) - day));
  return far.indexOf(Math.min(...far));
}

function rangeOf(lines: { quantiles: Quantiles }[], dots: number[]): [number, number] {
  const values = [...dots, ...lines.flatMap((line) => [...(line.quantiles[0] ?? []), ...(line.quantiles[4] ?? [])])];
  const low = Math.min(...values);
  const high = Math.max(...values);
  const room = 0.05 * (high - low || Math.abs(high) || 1);
  return [low >= 0 && low - room < 0 ? 0 : low - room, high + room];
}

function toldAt(lines: Line[], at: number, text: (value: number) => string): string {
  const parts = lines.map((line) => {
    const value = (level: number) => text(line.quantiles[level]?.[at] ?? NaN);
    if ((line.quantiles[2]?.[at] ?? null) === null) return "nothing is claimed";
    return `${lines.length > 1 ? `${line.label} ` : ""}${value(2)} (${value(0)} to ${value(4)})`;
  });
  return parts.join("; ");
}

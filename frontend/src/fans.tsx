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

/** What stands to the left of the futures: the record, replayed. */
export interface Before {
  dates: string[];
  quantiles: Quantiles;
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
  const past = before?.dates.length ? known(before) : null;
  const [low, high] = range ?? rangeOf([...lines, ...(past ? [past] : [])], dots.map(([, value]) => value));
  const asOf = dayOf(dates[0] ?? "");
  const begin = before?.dates.length ? dayOf(before.dates[0] ?? "") : asOf;
  const end = dayOf(dates.at(-1) ?? "");
  const x = (day: number) => LEFT + ((WIDTH - LEFT - 6) * (day - begin)) / (end - begin || 1);
  const y = (value: number) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - low) / (high - low || 1));
  const points = (values: number[] = [], days = dates): Point[] => values.map((value, k) => [x(dayOf(days[k] ?? "")), y(value)]);
  const band = (upper: number[] | undefined, lower: number[] | undefined, days = dates) =>
    lineOf([...points(upper, days), ...points(lower, days).reverse()]);
  const point = (event: PointerEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    const share = ((event.clientX - box.left) / box.width) * WIDTH;
    const day = begin + ((share - LEFT) / (WIDTH - LEFT - 6)) * (end - begin);
    const place = Math.round(((day - asOf) / (end - asOf || 1)) * (dates.length - 1));
    setAt(place >= 0 && place < dates.length ? place : null);
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
        {past && (
          <g class="past">
            <polygon class="band" points={band(past.quantiles[4], past.quantiles[0], past.dates)} />
            <polyline class="middle" points={lineOf(points(past.quantiles[2], past.dates))} />
          </g>
        )}
        {before && <line class="asof" x1={x(asOf)} x2={x(asOf)} y1={TOP} y2={HEIGHT - BOTTOM} />}
        {lines.map(({ look, quantiles: [least, lower, middle, upper, most] }) => (
          <g key={look} class={look}>
            <polygon class="band" points={band(most, least)} />
            {inner && <polygon class="band" points={band(upper, lower)} />}
            <polyline class="middle" points={lineOf(points(middle))} />
          </g>
        ))}
        {dots.map(([day, value]) => (
          <circle class="measured" key={day} cx={x(dayOf(day))} cy={y(value)} r={2.6}>
            <title>{`${dateText(day)}: ${text(value)}, measured`}</title>
          </circle>
        ))}
        {at !== null && <line class="now" x1={x(dayOf(dates[at] ?? ""))} x2={x(dayOf(dates[at] ?? ""))} y1={TOP} y2={HEIGHT - BOTTOM} />}
      </svg>
      <p class="facts" aria-hidden="true">{at === null ? " " : toldAt(dates, lines, at, text)}</p>
    </div>
  );
}

/** The part of the past of which something is known: before it there are gaps. */
function known(before: Before): Before {
  const from = before.quantiles[0]?.findIndex((value) => value !== null) ?? -1;
  if (from < 0) return { dates: [], quantiles: [] };
  return { dates: before.dates.slice(from), quantiles: before.quantiles.map((values) => values.slice(from)) };
}

function rangeOf(lines: { quantiles: Quantiles }[], dots: number[]): [number, number] {
  const values = [...dots, ...lines.flatMap((line) => [...(line.quantiles[0] ?? []), ...(line.quantiles[4] ?? [])])];
  const low = Math.min(...values);
  const high = Math.max(...values);
  const room = 0.05 * (high - low || Math.abs(high) || 1);
  return [low >= 0 && low - room < 0 ? 0 : low - room, high + room];
}

function toldAt(dates: string[], lines: Line[], at: number, text: (value: number) => string): string {
  const parts = lines.map((line) => {
    const value = (level: number) => text(line.quantiles[level]?.[at] ?? NaN);
    return `${lines.length > 1 ? `${line.label} ` : ""}${value(2)} (${value(0)} to ${value(4)})`;
  });
  return `${dateText(dates[at] ?? "")}: ${parts.join("; ")}`;
}

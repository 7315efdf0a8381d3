// Drawings: bars and sparklines as SVG, the large curve with uPlot.

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Curve } from "./api";
import { percent } from "./wording";

/** A probability with its range on a scale from 0 to 100 %; `before` marks the baseline. */
export function Bar(props: { low: number | null; p: number | null; high: number | null; before?: number | null }) {
  const { low, p, high, before } = props;
  if (p === null) return null;
  const x = (value: number) => 100 * value;
  return (
    <svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect class="bar-scale" x="0" y="3" width="100" height="2" />
      {low !== null && high !== null && (
        <rect class="bar-range" x={x(low)} y="1" width={Math.max(0.5, x(high - low))} height="6" />
      )}
      {before !== null && before !== undefined && <rect class="bar-before" x={x(before) - 0.4} y="0" width="0.8" height="8" />}
      <rect class="bar-middle" x={x(p) - 0.6} y="0" width="1.2" height="8" />
    </svg>
  );
}

/** A curve small enough for a card, on a common time axis. */
export function Spark({ curve, from, to }: { curve: Curve; from: string; to: string }) {
  const begin = Date.parse(from);
  const span = Date.parse(to) - begin || 1;
  const x = (date: string) => (100 * (Date.parse(date) - begin)) / span;
  const y = (p: number | null) => 30 * (1 - (p ?? 0));
  const line = curve.dates.map((date, k) => `${x(date).toFixed(1)},${y(curve.probability[k] ?? 0).toFixed(1)}`);
  const upper = curve.dates.map((date, k) => `${x(date).toFixed(1)},${y(curve.high[k] ?? curve.probability[k] ?? 0).toFixed(1)}`);
  const lower = curve.dates.map((date, k) => `${x(date).toFixed(1)},${y(curve.low[k] ?? curve.probability[k] ?? 0).toFixed(1)}`);
  return (
    <svg class="spark" viewBox="0 0 100 30" preserveAspectRatio="none" aria-hidden="true">
      <line class="spark-axis" x1="0" y1="30" x2="100" y2="30" />
      <polygon class="spark-band" points={[...upper, ...lower.reverse()].join(" ")} />
      <polyline class="spark-line" points={line.join(" ")} />
    </svg>
  );
}

function inkOf(element: HTMLElement, name: string): string {
  return getComputedStyle(element).getPropertyValue(name).trim();
}

/** The probability of one question over time with its 90 % range, to be read off. */
export function CurveChart({ curve, label }: { curve: Curve; label: string }) {
  const room = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = room.current;
    if (!element) return;
    const [ink, line, band, grid] = ["--ink", "--blue", "--pale", "--line"].map((name) => inkOf(element, name));
    const day = (seconds: number) => new Date(1000 * seconds).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
    const value = (_: uPlot, p: number | null) => (p === null ? "—" : percent(p));
    const points = { show: false };
    const axis = { stroke: ink ?? "", grid: { stroke: grid ?? "", width: 1 }, ticks: { stroke: grid ?? "" } };
    const plot = new uPlot(
      {
        width: element.clientWidth || 320,
        height: 240,
        tzDate: (seconds) => uPlot.tzDate(new Date(1000 * seconds), "Etc/UTC"),
        scales: { y: { range: [0, 1] } },
        axes: [{ ...axis, values: (_, times) => times.map(day) }, { ...axis, values: (_, values) => values.map((value) => `${Math.round(100 * value)} %`), size: 56 }],
        series: [
          { label: "Day", value: "{YYYY}-{MM}-{DD}" },
          { label: "5 %", stroke: "transparent", value, points },
          { label: "95 %", stroke: "transparent", value, points },
          { label: "yes", stroke: line ?? "", width: 2, value, points },
        ],
        bands: [{ series: [2, 1], fill: `${band}99` }],
      },
      [curve.dates.map((date) => Date.parse(date) / 1000), curve.low, curve.high, curve.probability],
      element,
    );
    const fit = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: 240 }));
    fit.observe(element);
    return () => {
      fit.disconnect();
      plot.destroy();
    };
  }, [curve]);
  return <div ref={room} role="img" aria-label={label} />;
}

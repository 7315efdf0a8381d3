// From the ledger's past through the as-of date into the futures.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Baseline, Crisis, Ledger } from "./api";
import type { Mark, Row } from "./marks";
import { kindOf, rowsOf, VIEW_TEXT } from "./marks";
import { Progress } from "./overview";
import { dateTicks, dayOf } from "./scales";
import type { Address, Running } from "./state";
import { writeAddress } from "./state";
import { dateText } from "./wording";

interface Given {
  crisis: Crisis;
  address: Address;
  ledger: Ledger | null;
  baseline: Running<Baseline>;
}

const DAY = 86_400_000;
const SPANS = ["what is replayed", "everything", "from 30 days before", "what lies ahead"];

/** Where the drawing begins: at the first event that is replayed, at the first of all, or near the as-of date. */
function beginOf(span: number, ledger: Ledger, today: number): number {
  const events = ledger.events.filter((event) => span === 1 || event.fires);
  const earliest = Math.min(today, ...events.map((event) => dayOf(event.date))) - 3 * DAY;
  return span <= 1 ? earliest : today - (span === 2 ? 30 : 0) * DAY;
}

export function TimelineView({ crisis, address, ledger, baseline }: Given) {
  const [span, setSpan] = useState(0);
  const [chosen, setChosen] = useState<Mark | null>(null);
  if (!ledger) return <p role="status">Reading the ledger…</p>;
  const today = dayOf(crisis.as_of) + DAY;
  const begin = beginOf(span, ledger, today);
  const end = dayOf(crisis.ends) + DAY;
  const inside = (mark: Mark) => dayOf(mark.to ?? mark.date) >= begin;
  const rows = rowsOf(crisis, ledger, baseline.result)
    .map((row) => ({ ...row, marks: row.marks.filter(inside).sort((a, b) => dayOf(a.date) - dayOf(b.date)) }))
    .filter((row) => row.marks.length);
  return (
    <div class="timeline">
      <div class="tools">
        <label>
          Show
          <select value={span} onChange={(e) => setSpan(Number(e.currentTarget.value))}>
            {SPANS.map((label, k) => <option key={label} value={k}>{label}</option>)}
          </select>
        </label>
        <Progress running={baseline} what="the baseline" />
      </div>
      <p class="facts">
        ● recorded and replayed, ○ recorded only, ◆ deadline, ◇ question closes; bar: first date from 5 to 95 % of the futures in which it
        happens, with its median, the fainter the less likely. Arrow keys move from mark to mark.
      </p>
      <Drawing rows={rows} begin={begin} end={end} today={today} chosen={chosen} choose={setChosen} />
      <p class="document" aria-live="polite">
        {chosen ? (
          <>
            {chosen.text}. <More mark={chosen} address={address} />
          </>
        ) : (
          "Choose a mark to read it here."
        )}
      </p>
      <details>
        <summary>The same as a table</summary>
        <MarkTable rows={rows} address={address} />
      </details>
    </div>
  );
}

const ROW = 24;
const HEAD = 22;

interface DrawingGiven {
  rows: Row[];
  begin: number;
  end: number;
  today: number;
  chosen: Mark | null;
  choose: (mark: Mark) => void;
}

/** Rows of marks; one stop of the tab key, within it the arrow keys move. */
function Drawing({ rows, begin, end, today, chosen, choose }: DrawingGiven) {
  const room = useRef<HTMLDivElement>(null);
  const width = useWidth(room);
  const narrow = width < 640;
  const row = narrow ? 36 : ROW;
  const left = narrow ? 8 : Math.min(300, 0.3 * width);
  const right = narrow ? 18 : 52;
  const x = (day: number) => left + ((width - left - right) * (Math.max(begin, day) - begin)) / (end - begin || 1);
  const y = (k: number) => HEAD + row * k + (narrow ? 25 : ROW / 2);
  const height = HEAD + row * rows.length + 6;
  const onKey = (event: KeyboardEvent) => {
    const next = moved(rows, chosen, event.key);
    if (!next) return;
    event.preventDefault();
    choose(next);
  };
  const letters = Math.floor((narrow ? width - 60 : left) / 6.4);
  const labelOf = (text: string) => (text.length > letters ? `${text.slice(0, letters - 1)}…` : text);
  return (
    <div ref={room} class="drawing">
      <svg width={width} height={height} aria-hidden="true" class="rows">
        {dateTicks(begin, end, Math.max(3, Math.floor((width - left) / 80))).map((tick) => (
          <g key={tick.at}>
            <line class="grid" x1={x(tick.at)} x2={x(tick.at)} y1={HEAD - 4} y2={height} />
            <text class="tick" x={x(tick.at)} y="12" text-anchor="middle">{tick.label}</text>
          </g>
        ))}
        {rows.map((each, k) => (
          <g key={each.label}>
            <line class="grid" x1={left} x2={width - right} y1={y(k)} y2={y(k)} />
            <title>{each.label}</title>
            <text class="label" x={narrow ? left : left - 8} y={narrow ? y(k) - 12 : y(k) + 4} text-anchor={narrow ? "start" : "end"}>{labelOf(each.label)}</text>
            <text class="tick" x={width - 4} y={narrow ? y(k) - 12 : y(k) + 4} text-anchor="end">{each.note}</text>
          </g>
        ))}
        <line class="now" x1={x(today)} x2={x(today)} y1={HEAD - 4} y2={height} />
      </svg>
      <svg
        width={width}
        height={height}
        class="marks"
        role="listbox"
        aria-label="Timeline"
        tabindex={0}
        aria-activedescendant={chosen ? domId(chosen) : undefined}
        onKeyDown={onKey}
      >
        {rows.map((each, k) =>
          each.marks.map((mark) => (
            <g key={mark.id} id={domId(mark)} role="option" aria-label={mark.text} aria-selected={mark.id === chosen?.id} class={`mark ${mark.look}`} opacity={Math.max(0.35, mark.strength)} onClick={() => choose(mark)}>
              <Shape mark={mark} x={x} y={y(k)} />
            </g>
          )),
        )}
      </svg>
    </div>
  );
}

const domId = (mark: Mark) => `mark-${mark.id.replace(/[^\w]/g, "-")}`;

function Shape({ mark, x, y }: { mark: Mark; x: (day: number) => number; y: number }) {
  const at = x(dayOf(mark.date));
  if (mark.look === "likely") {
    const [from, to] = [x(dayOf(mark.from ?? mark.date)), x(dayOf(mark.to ?? mark.date))];
    return (
      <>
        <rect x={from} y={y - 6} width={Math.max(3, to - from)} height="12" rx="3" />
        <line x1={at} x2={at} y1={y - 8} y2={y + 8} />
      </>
    );
  }
  if (mark.look === "deadline" || mark.look === "close") return <path d={`M${at},${y - 7} l6,7 l-6,7 l-6,-7 z`} />;
  return <circle cx={at} cy={y} r="5" />;
}

/** The mark to which a key moves: along the row, or to the nearest in time of the next row. */
function moved(rows: Row[], chosen: Mark | null, key: string): Mark | undefined {
  const at = rows.findIndex((row) => row.marks.some((mark) => mark.id === chosen?.id));
  const first = rows[0]?.marks[0];
  if (!["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"].includes(key)) return undefined;
  const row = rows[at];
  if (!row || !chosen) return first;
  const place = row.marks.findIndex((mark) => mark.id === chosen.id);
  if (key === "ArrowLeft") return row.marks[place - 1];
  if (key === "ArrowRight") return row.marks[place + 1];
  if (key === "Home") return row.marks[0];
  if (key === "End") return row.marks.at(-1);
  const next = rows[at + (key === "ArrowUp" ? -1 : 1)];
  const distance = (mark: Mark) => Math.abs(dayOf(mark.date) - dayOf(chosen.date));
  return next && [...next.marks].sort((a, b) => distance(a) - distance(b))[0];
}

function useWidth(room: { current: HTMLElement | null }): number {
  const [width, setWidth] = useState(900);
  useEffect(() => {
    const element = room.current;
    if (!element) return;
    const fit = new ResizeObserver(() => setWidth(Math.max(280, element.clientWidth)));
    fit.observe(element);
    return () => fit.disconnect();
  }, []);
  return width;
}

/** Where there is more of a mark. */
function More({ mark, address }: { mark: Mark; address: Address }) {
  if (!mark.view) return null;
  return <a href={writeAddress({ ...address, view: mark.view, item: mark.item })}>{VIEW_TEXT[mark.view]}</a>;
}

function MarkTable({ rows, address }: { rows: Row[]; address: Address }) {
  const marks = rows.flatMap((row) => row.marks).sort((a, b) => dayOf(a.date) - dayOf(b.date));
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Timeline as a table">
      <table>
        <thead>
          <tr>
            <th scope="col">Date</th>
            <th scope="col">Kind</th>
            <th scope="col">What</th>
            <th scope="col">More</th>
          </tr>
        </thead>
        <tbody>
          {marks.map((mark) => (
            <tr key={mark.id}>
              <td class="short">{dateText(mark.date)}</td>
              <td>{kindOf(mark)}</td>
              <td>{mark.text}</td>
              <td><More mark={mark} address={address} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

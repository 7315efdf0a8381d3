// What stands on the timeline: rows of marks, from the first event of the ledger to the end of the futures.

import type { Baseline, Crisis, Deadline, Ledger, LedgerEvent, Outlook } from "./api";
import { dateText, percent } from "./wording";

export interface Mark {
  id: string;
  /** Class of the mark: its shape and colour. */
  look: "event" | "background" | "superseded" | "deadline" | "close" | "likely";
  date: string;
  /** Where a likely date has a range: 5 and 95 %. */
  from?: string;
  to?: string;
  /** From 0, faint, to 1. */
  strength: number;
  text: string;
  /** What it leads to: a view and an item of it. */
  view: "ledger" | "numbers" | "why" | null;
  item: string;
}

export interface Row {
  label: string;
  note: string;
  marks: Mark[];
}

const MOST_LANES = 9;

/** Deadlines first, then each listed action with its past and its likely dates, then all other events by who did them. */
export function rowsOf(crisis: Crisis, ledger: Ledger, baseline: Baseline | null): Row[] {
  const outlooks = baseline?.actions ?? [];
  const main = crisis.actions.filter((each) => each.main);
  const firing = (event: LedgerEvent) => main.find((each) => event.fires === each.name || event.fires.startsWith(`${each.name}.`));
  const actions = main.map((action) => {
    const outlook = outlooks.find((each) => each.name === action.name);
    const past = ledger.events.filter((event) => firing(event) === action).map(eventMark);
    return {
      label: action.title,
      note: outlook ? percent(outlook.probability) : "",
      marks: [...past, ...(outlook?.median ? [likely(outlook, outlook.median)] : [])],
    };
  });
  return [
    { label: "Deadlines", note: "", marks: crisis.deadlines.map(deadlineMark) },
    ...actions.filter((row) => row.marks.length),
    ...lanes(crisis, ledger.events.filter((event) => !firing(event))),
  ];
}

function lanes(crisis: Crisis, events: LedgerEvent[]): Row[] {
  const byDoer = new Map<string, LedgerEvent[]>();
  for (const event of events) {
    const doer = event.doers[0] ?? "";
    byDoer.set(doer, [...(byDoer.get(doer) ?? []), event]);
  }
  const sorted = [...byDoer].sort(([, a], [, b]) => b.length - a.length);
  const title = (name: string) => crisis.actors.find((each) => each.name === name)?.title || name || "nobody named";
  const kept = sorted.slice(0, MOST_LANES).map(([doer, own]) => ({ label: `Else: ${title(doer)}`, note: "", marks: own.map(eventMark) }));
  const rest = sorted.slice(MOST_LANES).flatMap(([, own]) => own);
  return rest.length ? [...kept, { label: "Else: others", note: "", marks: rest.map(eventMark) }] : kept;
}

function eventMark(event: LedgerEvent): Mark {
  const who = [event.doers.join(", "), event.others.join(", ")].filter(Boolean).join(" → ");
  const held = event.held < 1 ? `, held with ${percent(event.held)}` : "";
  const standing = event.superseded_by ? `, corrected by ${event.superseded_by}` : held;
  return {
    id: event.id,
    look: event.superseded_by ? "superseded" : event.fires ? "event" : "background",
    date: event.date,
    strength: event.held,
    text: `${event.id} ${dateText(event.date)}: ${who ? `${who}: ` : ""}${event.title}${standing}`,
    view: "ledger",
    item: event.id,
  };
}

function deadlineMark(each: Deadline): Mark {
  const close = each.kind === "question";
  const kind = { date: "", occasion: ", may be decided", clock: ", runs out", question: " closes" }[each.kind];
  const ways = each.outcomes.length ? ` (${each.outcomes.join(", ")})` : "";
  return {
    id: `${each.kind} ${each.name} ${each.day}`,
    look: close ? "close" : "deadline",
    date: each.day,
    strength: 1,
    text: `${dateText(each.day)}: ${close ? `${each.name} ` : ""}${each.title}${kind}${ways}`,
    view: close ? "why" : null,
    item: each.name,
  };
}

function likely(outlook: Outlook, median: string): Mark {
  const [from, to] = [outlook.earliest ?? median, outlook.latest ?? median];
  return {
    id: `likely ${outlook.name}`,
    look: "likely",
    date: median,
    from,
    to,
    strength: 0.25 + 0.75 * outlook.probability,
    text:
      `${outlook.title}: ${percent(outlook.probability)} within the horizon; first date, where it happens, ` +
      `${dateText(from)} to ${dateText(to)} (5–95 %), median ${dateText(median)}; ${outlook.expected_count.toFixed(2)} times per future`,
    view: "numbers",
    item: `actions.${outlook.name}.`,
  };
}

export const kindOf = (mark: Mark): string =>
  ({
    event: "recorded",
    background: "recorded, fires nothing",
    superseded: "corrected",
    deadline: "deadline",
    close: "question closes",
    likely: "likely",
  })[mark.look];

export const VIEW_TEXT = { ledger: "In the ledger", numbers: "Its numbers", why: "Why" };

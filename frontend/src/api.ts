// The interface of the server: shapes of its answers, and the calls.

export interface Answer {
  id: string;
  text: string;
  closes: string;
  probability: number | null;
  mc_error: number | null;
  low: number | null;
  high: number | null;
  spread_detectable: boolean;
  same: "" | "no" | "yes";
  n: number;
  n_given: number | null;
  given: string;
  criterion: string;
  reason: string;
}

export interface Curve {
  dates: string[];
  probability: (number | null)[];
  low: (number | null)[];
  high: (number | null)[];
}

export interface Outlook {
  name: string;
  title: string;
  probability: number;
  expected_count: number;
  earliest: string | null;
  median: string | null;
  latest: string | null;
}

/** One actor towards another; `expected` is the mean number of times per future. */
export interface Dyad {
  actor: string;
  recipient: string;
  conflict: boolean;
  recorded: number;
  expected: number;
  actions: string[];
}

export interface Baseline {
  trajectories: number;
  questions: Answer[];
  curves: Record<string, Curve>;
  actions: Outlook[];
  counts: Record<string, number>;
  dyads: Dyad[];
  warnings: string[];
  notes: string[];
}

export interface Difference {
  question: string;
  baseline: number | null;
  scenario: number | null;
  difference: number | null;
  error: number | null;
  same: boolean;
  to_yes: number;
  to_no: number;
  n: number;
  flipped: number;
  variance_ratio: number | null;
  reason: string;
}

export interface WhatIf {
  trajectories: number;
  changes: string[];
  questions: Difference[];
  dyads: Dyad[];
  runaway: number;
}

export interface Factor {
  label: string;
  log: number;
  value: number;
  low: number;
  high: number;
  moved_by: { date: string; happening: string }[];
}

export interface Driver {
  name: string;
  title: string;
  kind: string;
  side: string;
  share: number;
  open: number;
  base: number | null;
  intensity: number | null;
  factors: Factor[];
  base_numbers: string[];
  factor_numbers: string[][];
}

export interface Path {
  steps: string[];
  titles: string[];
  dates: string[];
  share: number;
  error: number;
  otherwise: number;
  median: string;
}

export interface Why {
  /** null until the drivers have been taken apart. */
  why: { ways: { side: string; chain: string[]; share: number; error: number }[]; drivers: Driver[] } | null;
  paths: { side: string; n: number; paths: Path[]; reason: string };
  story: { trajectory: number; turns: { text: string }[] };
}

/** Quantiles at the levels 5, 25, 50, 75 and 95 %, each over the dates. */
export type Quantiles = number[][];

export interface Fan {
  name: string;
  title: string;
  unit: string;
  asked: boolean;
  numbers: string[];
  quantiles: Quantiles;
  /** Over `past_dates`; null where nothing is claimed. */
  past: Quantiles;
  measured: [string, number][];
}

export interface Balance {
  actor: string;
  title: string;
  factions: { name: string; title: string; quantiles: Quantiles; past: Quantiles }[];
}

export interface Quantities {
  trajectories: number;
  dates: string[];
  past_dates: string[];
  stocks: Fan[];
  balances: Balance[];
}

export interface Scenario {
  name: string;
  title: string;
  because: string;
  changes: Change[];
}

export interface Archived {
  number: number;
  digest: string;
  crisis: string;
  as_of: string;
  made_at: string;
  seed: number;
  answers: { id: string; text: string; closes: string; probability: number | null; mc_error: number | null; low: number | null; high: number | null }[];
}

export interface Judged {
  entry: number;
  question: string;
  text: string;
  as_of: string;
  closes: string;
  probability: number | null;
  base_rate: number | null;
  state: string;
}

export interface Paired {
  mean: number;
  error: number;
}

export interface Comparison {
  measure: string;
  against: string;
  n: number;
  score: number;
  reference: number;
  skill: number;
  low: number | null;
  high: number | null;
  by_date: Paired | null;
  by_question: Paired | null;
}

export interface Scores {
  counts: Record<string, number>;
  n: number;
  n_questions: number;
  n_dates: number;
  brier: number;
  brier_low: number | null;
  brier_high: number | null;
  brier_by_question: number;
  log: number;
  time: number | null;
  n_time: number;
  comparisons: Comparison[];
  decomposition: { mean_score: number; miscalibration: number; discrimination: number; uncertainty: number };
  calibration: { forecast: number[]; observed: number[]; count: number[]; lower: number[]; upper: number[]; level: number; n: number };
  remarks: string[];
}

export interface Backtest {
  title: string;
  notes: string[];
  scores: Scores | null;
  groups: Record<string, Scores>;
}

export interface Past {
  backtest: Backtest | null;
  entries: Archived[];
  scores: Scores | null;
  rows: Judged[];
  remark: string;
}

export interface Deadline {
  day: string;
  kind: "date" | "occasion" | "clock" | "question";
  name: string;
  title: string;
  outcomes: string[];
}

export interface Lever {
  name: string;
  title: string;
}

export interface Stock extends Lever {
  unit: string;
  lower: number | null;
  upper: number | null;
  now: number | null;
}

export interface Stage extends Lever {
  values: string[];
}

export interface Action extends Lever {
  actor: string[];
  recipient: string[];
  cameo: string;
  main: boolean;
  recorded: number;
}

export interface Crisis {
  name: string;
  title: string;
  as_of: string;
  ends: string;
  horizon: number;
  digest: string;
  seed: number;
  can_be_added_to: boolean;
  actors: Lever[];
  stocks: Stock[];
  stages: Stage[];
  commitments: Lever[];
  actions: Action[];
  deadlines: Deadline[];
}

/** Who added a row, and when, where the table says so. */
interface Kept {
  recorded_at: string;
  recorded_by: string;
  supersedes: string;
}

export interface LedgerEvent extends Kept {
  id: string;
  date: string;
  precision: string;
  actor: string[];
  recipient: string[];
  /** Actors of the crisis behind the codes. */
  doers: string[];
  others: string[];
  cameo: string;
  quadclass: number | null;
  title: string;
  confidence: string;
  held: number;
  superseded_by: string;
  sources: string[];
  claims: string[];
  contested_by: string[];
  fires: string;
  numbers: number;
}

export interface Claim extends Kept {
  id: string;
  asserted_by: string;
  about: string;
  content: string;
  source: string[];
  status: string;
  credibility: string;
  numbers: number;
}

export interface Source extends Kept {
  id: string;
  title: string;
  publisher: string;
  date: string;
  kind: string;
  reliability: string;
  numbers: number;
}

export interface Ledger {
  events: LedgerEvent[];
  claims: Claim[];
  sources: Source[];
}

export interface Num {
  name: string;
  unit: string;
  kind: string;
  numbers: number[];
  source: string[];
  because: string;
  judgement: boolean;
}

/** One line of a scenario, as in a scenario file. */
export type Change = Record<string, string | number | boolean | string[] | Record<string, string | number>>;

export interface Job<T> {
  job: string;
  status: "waiting" | "running" | "done" | "failed" | "cancelled";
  version: number;
  stage: number;
  stages: number;
  done: number;
  of: number;
  took: number;
  error: string;
  result: T | null;
}

export interface Fault {
  path?: string;
  message: string;
  hint?: string;
}

/** Where, what is wrong, and what to do. */
function faultText({ path, message, hint }: Fault): string {
  const told = /[.!?]$/.test(message) ? message : `${message}.`;
  return `${path ? `${path}: ` : ""}${told}${hint ? ` ${hint}` : ""}`;
}

/** What the server would not do, and why. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly faults: Fault[],
  ) {
    super(faults.map(faultText).join("\n"));
  }
}

const PATIENCE = 5;

const pause = (seconds: number) => new Promise((wake) => setTimeout(wake, 1000 * seconds));

/** Ask the server; one that is busy is asked again, some times. */
async function ask<T>(method: string, path: string, body?: unknown, signal?: AbortSignal, tries = PATIENCE): Promise<T> {
  const given: RequestInit = { method, headers: { accept: "application/json" } };
  if (signal) given.signal = signal;
  if (body !== undefined) {
    given.body = JSON.stringify(body);
    given.headers = { ...given.headers, "content-type": "application/json" };
  }
  const answer = await fetch(path, given);
  if ([429, 503].includes(answer.status) && tries > 0 && !signal?.aborted) {
    await pause(1);
    return ask<T>(method, path, body, signal, tries - 1);
  }
  if (!answer.ok) {
    const told = await answer.json().catch(() => ({}));
    throw new Refused(answer.status, told.errors ?? [{ message: `the server answered ${answer.status}` }]);
  }
  return (await answer.json()) as T;
}

export type Table = "sources" | "claims" | "events";
export type Row = Record<string, string>;

export const getCrisis = () => ask<Crisis>("GET", "/api/crisis");
export const getLedger = () => ask<Ledger>("GET", "/api/ledger");
export const getNumbers = () => ask<Num[]>("GET", "/api/numbers");
export const getScenarios = () => ask<Scenario[]>("GET", "/api/scenarios");
export const logIn = (token: string) => ask<{ ok: boolean }>("POST", "/api/login", { token });
export const saveScenario = (changes: Change[], title: string) =>
  ask<{ file: string; text: string }>("POST", "/api/scenario", { changes, title });
export const addRows = (rows: Partial<Record<Table, Row[]>>, by: string) =>
  ask<{ ids: Record<string, string[]> }>("POST", "/api/ledger", { ...rows, by });

const ENDED = ["done", "failed", "cancelled"];

/** Start a simulation and follow it: `tell` hears every piece of news, the first answer included.
 *
 * Who waits no more, by aborting or by leaving the page, tells the server so.
 */
export async function follow<T>(path: string, body: unknown, tell: (job: Job<T>) => void, signal: AbortSignal): Promise<void> {
  let job = await ask<Job<T>>("POST", path, body);
  const leave = () => void fetch(`/api/jobs/${job.job}`, { method: "DELETE", keepalive: true }).catch(() => undefined);
  if (signal.aborted) {
    leave();
    return;
  }
  signal.addEventListener("abort", leave);
  addEventListener("pagehide", leave);
  try {
    tell(job);
    while (!ENDED.includes(job.status)) {
      job = await ask<Job<T>>("GET", `/api/jobs/${job.job}?after=${job.version}&wait=10`, undefined, signal);
      tell(job);
    }
  } finally {
    signal.removeEventListener("abort", leave);
    removeEventListener("pagehide", leave);
  }
}

// What the page knows: the address (view, item, what is tried), and what was computed.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Change, Job } from "./api";
import { follow, Refused } from "./api";

export type View = "overview" | "timeline" | "actors" | "quantities" | "why" | "ledger" | "numbers" | "scores";
export const VIEWS: [View, string][] = [
  ["overview", "Overview"],
  ["timeline", "Timeline"],
  ["actors", "Actors"],
  ["quantities", "Quantities"],
  ["why", "Why"],
  ["ledger", "Ledger"],
  ["numbers", "Numbers"],
  ["scores", "Scores"],
];

/** `changes` is what-if A, `others` what-if B, null while nothing is compared; `on` is the one that levers change. */
export interface Address {
  view: View;
  item: string;
  changes: Change[];
  others: Change[] | null;
  on: "A" | "B";
}

/** The address after the #; what is tried stands in it, so that a link shows the same. */
export function readAddress(hash = location.hash): Address {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [view = "", item = ""] = path.split("/");
  const given = new URLSearchParams(query);
  const known = VIEWS.some(([name]) => name === view);
  const others = given.has("or") ? changesIn(given.get("or")) : null;
  return {
    view: known ? (view as View) : "overview",
    item: decoded(item),
    changes: changesIn(given.get("try")),
    others,
    on: others && given.get("on") === "B" ? "B" : "A",
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

/** Changes in a link; one that was cut off shows the baseline. */
function changesIn(text: string | null): Change[] {
  try {
    const read: unknown = text ? JSON.parse(text) : [];
    return Array.isArray(read) ? read.filter((each): each is Change => each !== null && typeof each === "object") : [];
  } catch {
    return [];
  }
}

export function writeAddress({ view, item, changes, others, on }: Address): string {
  const parts: string[] = [];
  if (changes.length || others) parts.push(`try=${encodeURIComponent(JSON.stringify(changes))}`);
  if (others) parts.push(`or=${encodeURIComponent(JSON.stringify(others))}`);
  if (others && on === "B") parts.push("on=B");
  return `#/${view}${item ? `/${encodeURIComponent(item)}` : ""}${parts.length ? `?${parts.join("&")}` : ""}`;
}

/** What the levers change now. */
export const edited = (address: Address): Change[] => (address.on === "B" ? (address.others ?? []) : address.changes);

/** The address with other changes in the what-if that the levers change. */
export const withChanges = (address: Address, changes: Change[]): Partial<Address> =>
  address.on === "B" ? { others: changes } : { changes };

export interface Steps {
  address: Address;
  go: (to: Partial<Address>) => void;
  /** Takes the last change back; null where nothing has been changed since the page was opened. */
  undo: (() => void) | null;
}

/** The address as state; what was tried before each change is kept, to be undone. */
export function useAddress(): Steps {
  const [address, setAddress] = useState(readAddress);
  const [before, setBefore] = useState<Address[]>([]);
  useEffect(() => {
    const onChange = () => setAddress(readAddress());
    addEventListener("hashchange", onChange);
    return () => removeEventListener("hashchange", onChange);
  }, []);
  const go = (to: Partial<Address>) => {
    const now = readAddress();
    if (to.changes || to.others !== undefined) setBefore([...before, now]);
    location.hash = writeAddress({ ...now, ...to });
  };
  const last = before.at(-1);
  const undo = last
    ? () => {
        setBefore(before.slice(0, -1));
        location.hash = writeAddress({ ...readAddress(), changes: last.changes, others: last.others, on: last.on });
      }
    : null;
  return { address, go, undo };
}

/** `fresh` tells whether the result is of what is asked now, not of what was asked before. */
export interface Running<T> {
  result: T | null;
  fresh: boolean;
  job: Job<T> | null;
  error: string;
}

const NOTHING = { result: null, fresh: false, job: null, error: "", key: "" };

/** Follow a simulation while its request stays the same; an older one is cancelled. */
export function useSimulation<T>(path: string, body: unknown, key: string | null): Running<T> {
  const [found, setFound] = useState<Running<T> & { key: string }>(NOTHING);
  const latest = useRef("");
  useEffect(() => {
    latest.current = key ?? "";
    if (key === null) {
      setFound(NOTHING);
      return;
    }
    const stop = new AbortController();
    setFound((before) => ({ ...NOTHING, result: before.result, key }));
    const tell = (job: Job<T>) => {
      if (latest.current !== key) return;
      setFound((before) => ({ result: job.result ?? before.result, fresh: job.result !== null || before.fresh, job, error: job.error, key }));
    };
    follow<T>(path, body, tell, stop.signal).catch((problem: unknown) => {
      if (stop.signal.aborted) return;
      const error = problem instanceof Refused ? problem.message : "the server does not answer";
      setFound({ ...NOTHING, error, key });
    });
    return () => stop.abort();
  }, [path, key]);
  return found.key === key ? found : { ...NOTHING, result: found.result };
}

/** Something fetched once, and again when `key` changes. */
export function useFetched<T>(fetch: () => Promise<T>, key: string): { value: T | null; error: string } {
  const [found, setFound] = useState<{ value: T | null; error: string }>({ value: null, error: "" });
  useEffect(() => {
    let wanted = true;
    fetch().then(
      (value) => wanted && setFound({ value, error: "" }),
      (problem: Error) => wanted && setFound((before) => ({ ...before, error: problem.message })),
    );
    return () => {
      wanted = false;
    };
  }, [key]);
  return found;
}

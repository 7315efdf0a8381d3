// One more row of the ledger, or the correction of one; nothing is changed, only added to.

import { useState } from "preact/hooks";
import type { Claim, LedgerEvent, Row, Source, Table } from "./api";
import { addRows } from "./api";

export interface Correcting {
  table: Table;
  row: LedgerEvent | Claim | Source;
}

interface Field {
  name: string;
  label: string;
  needed?: boolean;
  choices?: string[];
}

const FIELDS: Record<Table, Field[]> = {
  events: [
    { name: "date", label: "Date (2024-11-28)", needed: true },
    { name: "precision", label: "Precision", choices: ["day", "week", "month", "approx", "period"] },
    { name: "actor", label: "Actor codes, with ;" },
    { name: "recipient", label: "Recipient codes, with ;" },
    { name: "cameo", label: "CAMEO code" },
    { name: "title", label: "What happened", needed: true },
    { name: "sources", label: "Sources, with ;" },
    { name: "claims", label: "Claims that tell of it, with ;" },
    { name: "contested_by", label: "Claims that deny it, with ;" },
    { name: "happening", label: "Happening it fires, or -" },
    { name: "known_at", label: "Known from, if later" },
  ],
  claims: [
    { name: "asserted_by", label: "Who asserts it", needed: true },
    { name: "about", label: "About (an id, or a topic)" },
    { name: "content", label: "What is asserted", needed: true },
    { name: "source", label: "Sources, with ;" },
    { name: "status", label: "Standing", choices: ["asserted", "corroborated", "denied", "disputed"] },
    { name: "credibility", label: "Credibility", choices: ["", "1", "2", "3", "4", "5", "6"] },
  ],
  sources: [
    { name: "title", label: "Title", needed: true },
    { name: "publisher", label: "Publisher" },
    { name: "date", label: "Date (2024-11-28, 2024-11 or 2024)" },
    { name: "kind", label: "Kind" },
    { name: "reliability", label: "Reliability", choices: ["", "A", "B", "C", "D", "E", "F"] },
  ],
};

const ONE: Record<Table, string> = { events: "an event", claims: "a claim", sources: "a source" };
const KEPT = "detente.recorded_by";

/** The cells of a row that is corrected, as the form shows them. */
function cellsOf(row: LedgerEvent | Claim | Source | null): Row {
  if (!row) return {};
  const text = (value: unknown) => (Array.isArray(value) ? value.join(";") : String(value ?? ""));
  const cells: Row = Object.fromEntries(Object.entries(row).map(([name, value]) => [name, text(value)]));
  if ("doers" in row) Object.assign(cells, { date: row.date.endsWith("T00:00") ? row.date.slice(0, 10) : row.date, happening: row.fires || "-" });
  return cells;
}

function keptName(): string {
  try {
    return localStorage.getItem(KEPT) ?? "";
  } catch {
    return "";
  }
}

interface Given {
  table: Table;
  correcting: LedgerEvent | Claim | Source | null;
  cancel: () => void;
  done: () => void;
}

export function AddRow({ table, correcting, cancel, done }: Given) {
  const [told, setTold] = useState("");
  const before = cellsOf(correcting);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const given = new FormData(form);
    const by = String(given.get("by") ?? "").trim();
    const row: Row = correcting ? { supersedes: correcting.id } : {};
    for (const { name } of FIELDS[table]) {
      const cell = String(given.get(name) ?? "").trim();
      if (cell) row[name] = cell;
    }
    try {
      const added = await addRows({ [table]: [row] }, by);
      setTold(`Added: ${(added.ids[`${table}.csv`] ?? []).join(", ")}. What depends on it is simulated again.`);
      form.reset();
      if (by) localStorage.setItem(KEPT, by);
      done();
    } catch (problem) {
      setTold(problem instanceof Error ? problem.message : String(problem));
    }
  };
  return (
    <details open={correcting !== null}>
      <summary>{correcting ? `Correct ${correcting.id}` : `Add ${ONE[table]}`}</summary>
      <form class="add" onSubmit={(event) => void submit(event)}>
        {FIELDS[table].map((field) => <Input key={field.name} field={field} value={before[field.name] ?? ""} />)}
        <label>
          Added by
          <input name="by" maxLength={80} defaultValue={keptName()} />
        </label>
        <p class="buttons">
          <button type="submit">{correcting ? "Add the correction" : "Add"}</button>
          {correcting && <button type="button" onClick={cancel}>Leave it</button>}
        </p>
        <p role="status" class="told">{told}</p>
      </form>
    </details>
  );
}

function Input({ field, value }: { field: Field; value: string }) {
  const { name, label, needed, choices } = field;
  return (
    <label>
      {label}
      {choices ? (
        <select name={name} defaultValue={value || choices[0]}>
          {choices.map((each) => <option key={each} value={each} selected={each === (value || choices[0])}>{each || "not graded"}</option>)}
        </select>
      ) : (
        <input name={name} required={needed} maxLength={2000} defaultValue={value} />
      )}
    </label>
  );
}

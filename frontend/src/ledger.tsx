// Events, claims and sources: browse, filter, search, add and correct.

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Correcting } from "./adding";
import { AddRow } from "./adding";
import type { Claim, Crisis, Ledger, LedgerEvent, Source, Table } from "./api";
import { NumberLink } from "./numbers";
import type { Address } from "./state";
import { inWords, percent } from "./wording";

const TABLES: Table[] = ["events", "claims", "sources"];

interface Given {
  crisis: Crisis;
  address: Address;
  ledger: Ledger | null;
  again: () => void;
}

interface Filter {
  search: string;
  actor: string;
  from: string;
  to: string;
}

const NO_FILTER: Filter = { search: "", actor: "", from: "", to: "" };

export function LedgerView({ crisis, address, ledger, again }: Given) {
  const [table, setTable] = useState<Table>("events");
  const [filter, setFilter] = useState(NO_FILTER);
  const [correcting, setCorrecting] = useState<Correcting | null>(null);
  useEffect(() => {
    const place = TABLES.find((each) => ledger?.[each].some((row) => row.id === address.item));
    if (place) setTable(place);
    setTimeout(() => document.getElementById(`row-${address.item}`)?.scrollIntoView({ block: "center" }), 50);
  }, [address.item, ledger === null]);
  if (!ledger) return <p role="status">Reading the ledger…</p>;
  const choose = (to: Table) => {
    setTable(to);
    setCorrecting(null);
  };
  const rows = shown(ledger, table, filter);
  const correct = crisis.can_be_added_to ? (row: Correcting["row"]) => setCorrecting({ table, row }) : null;
  return (
    <div class="ledger">
      <div class="tools">
        <div role="group" aria-label="Table">
          {TABLES.map((each) => (
            <button type="button" key={each} aria-pressed={each === table} onClick={() => choose(each)}>
              {inWords(each)} ({ledger[each].length})
            </button>
          ))}
        </div>
        <Filters crisis={crisis} table={table} filter={filter} set={setFilter} />
        <p role="status">{rows.length} shown</p>
      </div>
      {crisis.can_be_added_to ? (
        <AddRow key={`${table} ${correcting?.row.id ?? ""}`} table={table} correcting={correcting?.row ?? null} cancel={() => setCorrecting(null)} done={again} />
      ) : (
        <p class="facts">This crisis came with the program and is not added to. Copy its folder, and serve the copy by its path.</p>
      )}
      <div class="scroll" tabIndex={0} role="region" aria-label={table}>
        <RowTable heads={[...HEADS[table], ...(correct ? ["Correct"] : [])]}>
          {rows.map((row) => (
            <Line key={row.id} table={table} row={row} address={address} correct={correct} superseded={isSuperseded(ledger, table, row.id)} />
          ))}
        </RowTable>
      </div>
    </div>
  );
}

function Filters({ crisis, table, filter, set }: { crisis: Crisis; table: Table; filter: Filter; set: (to: Filter) => void }) {
  return (
    <>
      <label>
        Search
        <input type="search" value={filter.search} onInput={(e) => set({ ...filter, search: e.currentTarget.value })} />
      </label>
      {table === "events" && (
        <label>
          Actor
          <select value={filter.actor} onChange={(e) => set({ ...filter, actor: e.currentTarget.value })}>
            <option value="">all</option>
            {crisis.actors.map((each) => <option key={each.name} value={each.name}>{each.title || each.name}</option>)}
          </select>
        </label>
      )}
      {table !== "claims" && (
        <>
          <label>
            From
            <input type="date" value={filter.from} onInput={(e) => set({ ...filter, from: e.currentTarget.value })} />
          </label>
          <label>
            To
            <input type="date" value={filter.to} onInput={(e) => set({ ...filter, to: e.currentTarget.value })} />
          </label>
        </>
      )}
    </>
  );
}

type AnyRow = LedgerEvent | Claim | Source;

/** The rows that fit, the newest events first. */
function shown(ledger: Ledger, table: Table, filter: Filter): AnyRow[] {
  const search = filter.search.toLowerCase();
  const rows: AnyRow[] = table === "events" ? [...ledger.events].reverse() : ledger[table];
  return rows.filter((row) => {
    if (!JSON.stringify(row).toLowerCase().includes(search)) return false;
    if ("doers" in row && filter.actor && ![...row.doers, ...row.others].includes(filter.actor)) return false;
    if ("date" in row && filter.from && row.date.slice(0, 10) < filter.from) return false;
    return !("date" in row && filter.to && row.date.slice(0, 10) > filter.to);
  });
}

const isSuperseded = (ledger: Ledger, table: Table, id: string) => ledger[table].some((row) => row.supersedes === id);

const HEADS: Record<Table, string[]> = {
  events: ["", "Date", "Who → whom", "What", "Held", "Fires", "Sources and claims", "Numbers", "Added"],
  claims: ["", "Asserted by", "Content", "Standing", "Grade", "Sources", "Numbers", "Added"],
  sources: ["", "Title", "Publisher", "Date", "Kind", "Grade", "Numbers", "Added"],
};

function RowTable({ heads, children }: { heads: string[]; children: ComponentChildren }) {
  return (
    <table>
      <thead>
        <tr>
          {heads.map((head) => <th scope="col" key={head}>{head || <span class="unseen">Id</span>}</th>)}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}

interface LineGiven {
  table: Table;
  row: AnyRow;
  address: Address;
  superseded: boolean;
  correct: ((row: AnyRow) => void) | null;
}

function Line({ table, row, address, superseded, correct }: LineGiven) {
  const kept = [row.recorded_by, row.recorded_at.replace("T", " ").replace("Z", " UTC")].filter(Boolean).join(", ");
  const chosen = row.id === address.item ? "chosen" : "";
  return (
    <tr id={`row-${row.id}`} class={superseded ? "superseded" : chosen}>
      <td>{row.id}</td>
      {"doers" in row ? <EventCells event={row} address={address} /> : "asserted_by" in row ? <ClaimCells claim={row} address={address} /> : <SourceCells source={row} />}
      <td>{row.numbers > 0 ? <NumberLink name={row.id} address={address} text={`${row.numbers}`} /> : ""}</td>
      <td>{kept}{row.supersedes && ` corrects ${row.supersedes}`}</td>
      {correct && (
        <td>
          {!superseded && <button type="button" class="quiet" aria-label={`Correct ${row.id}`} onClick={() => correct(row)} title={`Correct this row of the ${table}`}>✎</button>}
        </td>
      )}
    </tr>
  );
}

function Ids({ ids, address, note = "" }: { ids: string[]; address: Address; note?: string }) {
  return <>{ids.map((id) => <span key={id}><NumberLink name={id} address={address} />{note} </span>)}</>;
}

function EventCells({ event, address }: { event: LedgerEvent; address: Address }) {
  return (
    <>
      <td class="short">{event.date.slice(0, 10)}{event.precision === "day" ? "" : ` (${event.precision})`}</td>
      <td>{event.doers.join(", ")}{event.others.length > 0 && ` → ${event.others.join(", ")}`}</td>
      <td class="what">{event.title}</td>
      <td class="right">{event.held < 1 ? percent(event.held) : ""}</td>
      <td>{inWords(event.fires)}</td>
      <td>
        <Ids ids={event.sources} address={address} />
        <Ids ids={event.claims} address={address} />
        <Ids ids={event.contested_by} address={address} note=" (contests)" />
      </td>
    </>
  );
}

function ClaimCells({ claim, address }: { claim: Claim; address: Address }) {
  return (
    <>
      <td>{claim.asserted_by}</td>
      <td class="what">{claim.content}</td>
      <td>{claim.status}</td>
      <td>{claim.credibility}</td>
      <td><Ids ids={claim.source} address={address} /></td>
    </>
  );
}

function SourceCells({ source }: { source: Source }) {
  return (
    <>
      <td class="what">{source.title}</td>
      <td>{source.publisher}</td>
      <td class="short">{source.date}</td>
      <td>{source.kind}</td>
      <td>{source.reliability}</td>
    </>
  );
}

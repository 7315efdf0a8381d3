// Every number of the crisis: what is believed of it, what it rests on, and what else leans on the same.

import { useState } from "preact/hooks";
import type { Claim, Ledger, LedgerEvent, Num, Source } from "./api";
import type { Address } from "./state";
import { edited, withChanges, writeAddress } from "./state";
import { beliefText, counted, dateText, gradeText, percent } from "./wording";

interface Given {
  address: Address;
  go: (to: Partial<Address>) => void;
  numbers: Num[] | null;
  ledger: Ledger | null;
}

const MOST_ROWS = 300;

/** The item of the address is a number, the beginning of the paths of several, or the id of a document. */
export function NumbersView({ address, go, numbers, ledger }: Given) {
  const [search, setSearch] = useState("");
  if (!numbers || !ledger) return <p role="status">Reading the numbers…</p>;
  const item = address.item;
  const number = numbers.find((each) => each.name === item);
  const isDocument = numbers.some((each) => each.source.includes(item)) || documentOf(item, ledger) !== null;
  const fits = (each: Num) => {
    if (!each.name.toLowerCase().includes(search.toLowerCase())) return false;
    if (!item) return true;
    if (isDocument) return each.source.includes(item);
    return number ? each === number : each.name.startsWith(item);
  };
  const shown = numbers.filter(fits);
  const sources = [...new Set(numbers.flatMap((each) => each.source))].sort();
  return (
    <div class="numbers">
      <div class="tools">
        <label>
          Search
          <input type="search" value={search} onInput={(e) => setSearch(e.currentTarget.value)} />
        </label>
        <label>
          Leans on
          <select value={isDocument ? item : ""} onChange={(e) => go({ item: e.currentTarget.value })}>
            <option value="">anything</option>
            {sources.map((each) => <option key={each} value={each}>{each}</option>)}
          </select>
        </label>
        <p role="status">{shown.length} of {numbers.length} numbers{item && !isDocument && !number && ` under ${item}`}</p>
        {item && <a href={writeAddress({ ...address, item: "" })}>All numbers</a>}
      </div>
      {isDocument && <Document id={item} address={address} ledger={ledger} />}
      {number ? <Detail number={number} numbers={numbers} address={address} go={go} ledger={ledger} /> : <Table numbers={shown} address={address} />}
    </div>
  );
}

export function NumberLink({ name, address, text }: { name: string; address: Address; text?: string }) {
  return <a href={writeAddress({ ...address, view: "numbers", item: name })}>{text ?? name}</a>;
}

/** One number: its belief, every document behind it, and the numbers that lean on the same documents. */
function Detail({ number, numbers, address, go, ledger }: Given & { number: Num; numbers: Num[]; ledger: Ledger }) {
  const documents = number.source.filter((id) => id !== "judgement");
  return (
    <section aria-label={number.name}>
      <h2>{number.name}</h2>
      <p class="big"><strong>{beliefText(number)}</strong></p>
      {number.judgement && <p>A judgement: {number.because || "no reason is stated"}.</p>}
      {!number.judgement && number.because && <p>{number.because}</p>}
      <TryNumber number={number} address={address} go={go} />
      {documents.length > 0 && <h3>Rests on</h3>}
      {documents.map((id) => <Document key={id} id={id} address={address} ledger={ledger} />)}
      {documents.map((id) => {
        const others = numbers.filter((each) => each !== number && each.source.includes(id));
        return (
          <details key={id}>
            <summary>{counted(others.length, "other number")} on {id}</summary>
            <ul>
              {others.map((each) => (
                <li key={each.name}><NumberLink name={each.name} address={address} />: {beliefText(each)}</li>
              ))}
            </ul>
          </details>
        );
      })}
    </section>
  );
}

/** Tries a number at a multiple of its value, on the overview. */
function TryNumber({ number, address, go }: { number: Num; address: Address; go: (to: Partial<Address>) => void }) {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const times = String(new FormData(event.currentTarget as HTMLFormElement).get("times"));
    const changes = edited(address).filter((each) => each["number"] !== number.name);
    go({ view: "overview", item: "", ...withChanges(address, [...changes, { number: number.name, times: `×${times}` }]) });
  };
  return (
    <form class="tools" onSubmit={submit}>
      <label>
        What if it were times
        <input name="times" type="number" min="0" max="1000" step="any" required defaultValue="2" />
      </label>
      <button type="submit">Try it</button>
    </form>
  );
}

function Table({ numbers, address }: { numbers: Num[]; address: Address }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Numbers">
      <table>
        <thead>
          <tr>
            <th scope="col">Number</th>
            <th scope="col">Value</th>
            <th scope="col">Rests on</th>
            <th scope="col">Reason</th>
          </tr>
        </thead>
        <tbody>
          {numbers.slice(0, MOST_ROWS).map((each) => (
            <tr key={each.name}>
              <td class="path"><NumberLink name={each.name} address={address} /></td>
              <td class="what">{beliefText(each)}</td>
              <td>
                {each.source.map((id, k) => (
                  <>{k > 0 && ", "}<NumberLink name={id} address={address} /></>
                ))}
              </td>
              <td class="what">{each.because}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {numbers.length > MOST_ROWS && <p class="facts">… and {numbers.length - MOST_ROWS} more; search for them.</p>}
    </div>
  );
}

type Found = { kind: "source"; row: Source } | { kind: "claim"; row: Claim } | { kind: "event"; row: LedgerEvent };

function documentOf(id: string, ledger: Ledger): Found | null {
  const source = ledger.sources.find((each) => each.id === id);
  if (source) return { kind: "source", row: source };
  const claim = ledger.claims.find((each) => each.id === id);
  if (claim) return { kind: "claim", row: claim };
  const event = ledger.events.find((each) => each.id === id);
  return event ? { kind: "event", row: event } : null;
}

/** A source, a claim or an event, with its grade, its standing, and what in the ledger leans on it. */
function Document({ id, address, ledger }: { id: string; address: Address; ledger: Ledger }) {
  const found = documentOf(id, ledger);
  if (!found) return <p class="document">Judgements: the reason stands beside each number.</p>;
  const leaning = [
    ...ledger.claims.filter((each) => each.source.includes(id)).map((each) => each.id),
    ...ledger.events.filter((each) => [...each.sources, ...each.claims, ...each.contested_by].includes(id)).map((each) => each.id),
  ];
  return (
    <div class="document">
      <p>
        <strong><a href={writeAddress({ ...address, view: "ledger", item: id })}>{id}</a></strong> <Told found={found} address={address} />
      </p>
      {leaning.length > 0 && (
        <p class="facts">
          In the ledger it carries{" "}
          {leaning.map((each, k) => (
            <>{k > 0 && ", "}<NumberLink name={each} address={address} /></>
          ))}.
        </p>
      )}
    </div>
  );
}

function Told({ found, address }: { found: Found; address: Address }) {
  if (found.kind === "source") {
    const { title, publisher, date, kind, reliability } = found.row;
    return <>{[title, publisher, date, kind].filter(Boolean).join(", ")}. Reliability {gradeText(reliability)}.</>;
  }
  if (found.kind === "claim") {
    const { asserted_by, content, status, credibility, source } = found.row;
    return <>{asserted_by}: {content}. {status || "asserted"}, credibility {gradeText(credibility)}; from <Ids ids={source} address={address} />.</>;
  }
  const { date, title, held, sources, claims, contested_by } = found.row;
  return (
    <>
      {dateText(date)}: {title}. Held with {percent(held)}; sources <Ids ids={sources} address={address} />
      {claims.length > 0 && <>; claims <Ids ids={claims} address={address} /></>}
      {contested_by.length > 0 && <>; contested by <Ids ids={contested_by} address={address} /></>}.
    </>
  );
}

function Ids({ ids, address }: { ids: string[]; address: Address }) {
  if (!ids.length) return <>none</>;
  return <>{ids.map((id, k) => <>{k > 0 && ", "}<NumberLink name={id} address={address} /></>)}</>;
}

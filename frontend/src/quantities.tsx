// How quantities may go: a fan for each, and the same as a table.

import { useState } from "preact/hooks";
import type { Crisis, Fan, Quantities, Quantiles } from "./api";
import type { Line } from "./fans";
import { FanChart, knownFrom } from "./fans";
import { Progress } from "./overview";
import type { Address, Running } from "./state";
import { writeAddress } from "./state";
import { dateText, valueText } from "./wording";

interface Given {
  crisis: Crisis;
  address: Address;
  fans: Running<Quantities>;
  /** The same under what is tried; null where nothing is. */
  moved: Running<Quantities> | null;
}

export function QuantitiesView({ crisis, address, fans, moved }: Given) {
  const [all, setAll] = useState(false);
  const [search, setSearch] = useState("");
  const result = fans.result;
  const some = result?.stocks.some((each) => each.asked) ?? true;
  const stocks = (result?.stocks ?? []).filter(
    (each) => (all || !some || each.asked) && `${each.name} ${each.title}`.toLowerCase().includes(search.toLowerCase()),
  );
  const after = new Map((moved?.result?.stocks ?? []).map((each) => [each.name, each.quantiles]));
  return (
    <div class="quantities">
      <div class="tools">
        {some && (
          <div role="group" aria-label="Which quantities">
            <button type="button" aria-pressed={!all} onClick={() => setAll(false)}>Those that questions ask for</button>{" "}
            <button type="button" aria-pressed={all} onClick={() => setAll(true)}>All</button>
          </div>
        )}
        <label>
          Search
          <input type="search" value={search} onInput={(e) => setSearch(e.currentTarget.value)} />
        </label>
        <Progress running={fans} what="the quantities" />
      </div>
      <p class="facts">
        Line: median; dark: 50 % of the futures; pale: 90 %.
        {!!result?.past_dates.length && " Thinner and paler, before the as-of date: the record, replayed."}
        {result?.stocks.some((each) => each.measured.length) && " Dots: measured."}
        {moved && " Broken, in orange: under what is tried."}
      </p>
      <div class="fans">
        {result && stocks.map((stock) => <Card key={stock.name} stock={stock} dates={result.dates} pastDates={result.past_dates} after={after.get(stock.name)} crisis={crisis} address={address} />)}
      </div>
      {result && stocks.length > 0 && <Table stocks={stocks} dates={result.dates} pastDates={result.past_dates} after={after} />}
      {result && stocks.length === 0 && <p>No quantity fits.</p>}
    </div>
  );
}

interface CardGiven {
  stock: Fan;
  dates: string[];
  pastDates: string[];
  after: Quantiles | undefined;
  crisis: Crisis;
  address: Address;
}

function Card({ stock, dates, pastDates, after, crisis, address }: CardGiven) {
  const lines: Line[] = [{ label: "as it stands", quantiles: stock.quantiles, look: "c1" }];
  if (after) lines.push({ label: "as tried", quantiles: after, look: "c2 broken" });
  const last = dates.length - 1;
  const value = (level: number) => valueText(stock.quantiles[level]?.[last] ?? NaN);
  const told = `median ${value(2)}, 90 % from ${value(0)} to ${value(4)} at the end`;
  return (
    <section class="card" aria-label={stock.title}>
      <h3>{stock.title}{stock.unit && <span class="facts"> [{stock.unit}]</span>}</h3>
      <FanChart
        label={[`${stock.title}: ${told}`, ...pastInWords(stock, pastDates)].join(". ")}
        dates={dates}
        lines={lines}
        inner={!after}
        before={pastDates.length ? { dates: pastDates, lines: [{ label: "the record, replayed", quantiles: stock.past, look: "c1" }] } : undefined}
        dots={stock.measured}
      />
      <p class="facts">
        {dateText(crisis.ends)}: {told}.{" "}
        {stock.numbers.length > 0 && (
          <a href={writeAddress({ ...address, view: "numbers", item: common(stock.numbers) })}>Its numbers</a>
        )}
      </p>
    </section>
  );
}

/** What stands to the left of the as-of date, for who cannot see it. */
function pastInWords(stock: Fan, dates: string[]): string[] {
  const from = knownFrom(stock.past);
  const value = (at: number) => valueText(stock.past[2]?.[at] ?? NaN);
  const [day, measured] = stock.measured.at(-1) ?? ["", NaN];
  const count = stock.measured.length;
  return [
    ...(from < 0 ? [] : [`The record, replayed since ${dateText(dates[from] ?? "")}: median ${value(from)}, then ${value(dates.length - 1)} on ${dateText(dates.at(-1) ?? "")}, the as-of date`]),
    ...(count ? [`Measured ${count === 1 ? "once" : `${count} times`}, last ${valueText(measured)} on ${dateText(day)}`] : []),
  ];
}

/** The part of their paths that some numbers share. */
function common(names: string[]): string {
  const [first = "", ...others] = names;
  if (!others.length) return first;
  const parts = first.split(".");
  let shared = parts.length;
  for (const other of others) {
    const theirs = other.split(".");
    shared = Math.min(shared, parts.findIndex((part, k) => part !== theirs[k]));
  }
  return `${parts.slice(0, shared).join(".")}.`;
}

const HEADS = ["5 %", "25 %", "Median", "75 %", "95 %"];

interface TableGiven {
  stocks: Fan[];
  dates: string[];
  pastDates: string[];
  after: Map<string, Quantiles>;
}

/** The fans in numbers, on a date to choose: from 0 on in the futures, below 0 in the record. */
function Table({ stocks, dates, pastDates, after }: TableGiven) {
  const [at, setAt] = useState(dates.length - 1);
  const earlier = pastDates.slice(0, -1);
  const place = at + earlier.length;
  const values = (stock: Fan) => (at < 0 ? stock.past : stock.quantiles).map((level) => level[at < 0 ? place : at]);
  return (
    <>
      <h2>The same as a table</h2>
      <label class="narrow">
        On
        <select value={at} onChange={(e) => setAt(Number(e.currentTarget.value))}>
          {[...earlier, ...dates].map((date, k) => (
            <option key={date} value={k - earlier.length}>{dateText(date)}{k < earlier.length && ", replayed"}</option>
          ))}
        </select>
      </label>
      <div class="scroll" tabIndex={0} role="region" aria-label="Quantities in numbers">
        <table>
          <thead>
            <tr>
              <th scope="col">Quantity</th>
              {HEADS.map((head) => <th scope="col" class="right" key={head}>{head}</th>)}
              {after.size > 0 && <th scope="col" class="right">Median as tried</th>}
            </tr>
          </thead>
          <tbody>
            {stocks.map((stock) => (
              <tr key={stock.name}>
                <th scope="row">{stock.title}{stock.unit && ` [${stock.unit}]`}</th>
                {values(stock).map((value, level) => <td class="right" key={level}>{value === null || value === undefined ? "—" : valueText(value)}</td>)}
                {after.size > 0 && <td class="right">{at < 0 ? "—" : valueText(after.get(stock.name)?.[2]?.[at] ?? NaN)}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

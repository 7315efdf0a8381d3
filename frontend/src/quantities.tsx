// How quantities may go: a fan for each, and the same as a table.

import { useState } from "preact/hooks";
import type { Crisis, Fan, Quantities, Quantiles } from "./api";
import type { Line } from "./fans";
import { FanChart } from "./fans";
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
        {!!result?.past_dates.length && " In grey, before the line: the record, replayed. Dots: measured."}
        {moved && " Broken, in orange: under what is tried."}
      </p>
      <div class="fans">
        {result && stocks.map((stock) => <Card key={stock.name} stock={stock} dates={result.dates} pastDates={result.past_dates} after={after.get(stock.name)} crisis={crisis} address={address} />)}
      </div>
      {result && stocks.length > 0 && <Table stocks={stocks} dates={result.dates} after={after} />}
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
  const since = pastDates.length ? `since ${dateText(pastDates[0] ?? "")}` : "";
  const told = `median ${value(2)}, 90 % from ${value(0)} to ${value(4)} at the end`;
  return (
    <section class="card" aria-label={stock.title}>
      <h3>{stock.title}{stock.unit && <span class="facts"> [{stock.unit}]</span>}</h3>
      <FanChart
        label={`${stock.title}${since && ` ${since}`}: ${told}`}
        dates={dates}
        lines={lines}
        inner={!after}
        before={pastDates.length ? { dates: pastDates, quantiles: stock.past } : undefined}
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

/** The fans in numbers, on a date to choose. */
function Table({ stocks, dates, after }: { stocks: Fan[]; dates: string[]; after: Map<string, Quantiles> }) {
  const [at, setAt] = useState(dates.length - 1);
  return (
    <>
      <h2>The same as a table</h2>
      <label class="narrow">
        On
        <select value={at} onChange={(e) => setAt(Number(e.currentTarget.value))}>
          {dates.map((date, k) => (
            <option key={date} value={k}>{dateText(date)}</option>
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
                {stock.quantiles.map((values, level) => <td class="right" key={level}>{valueText(values[at] ?? NaN)}</td>)}
                {after.size > 0 && <td class="right">{valueText(after.get(stock.name)?.[2]?.[at] ?? NaN)}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

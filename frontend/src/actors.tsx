// Who acts on whom, in the record and in the futures, and how the factions of an actor stand to each other.

import { useState } from "preact/hooks";
import type { Balance, Baseline, Crisis, Dyad, Quantities, WhatIf } from "./api";
import { FanChart } from "./fans";
import { Progress } from "./overview";
import type { Address, Running } from "./state";
import { dateText, inWords, percent, some, valueText } from "./wording";

interface Given {
  crisis: Crisis;
  address: Address;
  baseline: Running<Baseline>;
  whatIf: Running<WhatIf> | null;
  fans: Running<Quantities>;
  moved: Running<Quantities> | null;
}

const LEAST_DRAWN = 0.02;
const keyOf = (dyad: Dyad) => `${dyad.actor} ${dyad.recipient} ${dyad.conflict}`;

export function ActorsView({ crisis, baseline, whatIf, fans, moved }: Given) {
  const [chosen, setChosen] = useState("");
  const dyads = baseline.result?.dyads ?? [];
  const actors = [...new Set(dyads.flatMap((each) => [each.actor, each.recipient]))].sort();
  const titles = new Map(crisis.actors.map((each) => [each.name, each.title || each.name]));
  const tried = whatIf && new Map((whatIf.result?.dyads ?? []).map((each) => [keyOf(each), each.expected]));
  const concerns = (dyad: Dyad) => !chosen || dyad.actor === chosen || dyad.recipient === chosen;
  return (
    <div class="actors">
      <h2>Who acts on whom</h2>
      <div class="tools">
        <label>
          Actor
          <select value={chosen} onChange={(e) => setChosen(e.currentTarget.value)}>
            <option value="">all</option>
            {actors.map((each) => <option key={each} value={each}>{titles.get(each)}</option>)}
          </select>
        </label>
        <Progress running={baseline} what="the baseline" />
      </div>
      <p class="facts">Width: how often. Orange, broken: conflict (CAMEO 10–20). Blue: cooperation (01–09).</p>
      <div class="rings">
        <Ring id="past" title="In the record, replayed" actors={actors} titles={titles} dyads={dyads} count={(each) => each.recorded} concerns={concerns} choose={setChosen} />
        <Ring id="ahead" title="In the futures, mean per future" actors={actors} titles={titles} dyads={dyads} count={(each) => each.expected} concerns={concerns} choose={setChosen} />
      </div>
      <Table dyads={dyads.filter((each) => concerns(each) && each.recorded + each.expected > 0)} titles={titles} tried={tried} crisis={crisis} />
      {(fans.result?.balances.length ?? 1) > 0 && <h2>Factions: shares of influence</h2>}
      <Progress running={fans} what="the factions" />
      {!!fans.result?.past_dates.length && fans.result.balances.length > 0 && (
        <p class="facts">Lines: medians; pale: 90 %. Before the as-of date: the record, replayed.</p>
      )}
      <div class="fans">
        {fans.result?.balances.map((each) => (
          <Factions key={each.actor} balance={each} dates={fans.result?.dates ?? []} pastDates={fans.result?.past_dates ?? []} after={moved?.result?.balances.find((other) => other.actor === each.actor)} />
        ))}
      </div>
    </div>
  );
}

const SIZE = 360;
const RADIUS = 135;

interface RingGiven {
  id: string;
  title: string;
  actors: string[];
  titles: Map<string, string>;
  dyads: Dyad[];
  count: (dyad: Dyad) => number;
  concerns: (dyad: Dyad) => boolean;
  choose: (actor: string) => void;
}

function Ring({ id, title, actors, titles, dyads, count, concerns, choose }: RingGiven) {
  const place = new Map(
    actors.map((actor, k) => {
      const angle = (2 * Math.PI * k) / Math.max(1, actors.length) - Math.PI / 2;
      return [actor, [SIZE / 2 + RADIUS * Math.cos(angle), SIZE / 2 + RADIUS * Math.sin(angle)] as [number, number]];
    }),
  );
  const drawn = dyads.filter((each) => count(each) > LEAST_DRAWN).sort((a, b) => Number(concerns(a)) - Number(concerns(b)));
  const told = [...drawn].sort((a, b) => count(b) - count(a)).slice(0, 5).map((each) => `${each.actor} to ${each.recipient} ${valueText(count(each))}`);
  return (
    <figure>
      <figcaption>{title}</figcaption>
      <svg class="ring" viewBox={`0 0 ${SIZE} ${SIZE}`} role="img" aria-label={`${title}. Most: ${told.join("; ") || "nothing"}. The table below has all.`}>
        <defs>
          {["conflict", "cooperation"].map((kind) => (
            <marker key={kind} id={`head-${kind}-${id}`} class={kind} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto">
              <path d="M0,0.5 L8,4 L0,7.5 z" />
            </marker>
          ))}
        </defs>
        {drawn.map((each) => (
          <Arrow key={keyOf(each)} ring={id} dyad={each} count={count(each)} from={place.get(each.actor)} to={place.get(each.recipient)} faint={!concerns(each)} />
        ))}
        {actors.map((actor) => {
          const [x, y] = place.get(actor) ?? [0, 0];
          return (
            <g key={actor} class="node" onClick={() => choose(actor)}>
              <title>{titles.get(actor)}</title>
              <circle cx={x} cy={y} r="20" />
              <text x={x} y={y + 4} text-anchor="middle">{actor}</text>
            </g>
          );
        })}
      </svg>
    </figure>
  );
}

interface ArrowGiven {
  ring: string;
  dyad: Dyad;
  count: number;
  from: [number, number] | undefined;
  to: [number, number] | undefined;
  faint: boolean;
}

/** A bent arrow, so that both directions and both kinds can be told apart. */
function Arrow({ ring, dyad, count, from, to, faint }: ArrowGiven) {
  if (!from || !to) return null;
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const bend = dyad.conflict ? 0.14 : 0.26;
  const [cx, cy] = [(from[0] + to[0]) / 2 - bend * dy, (from[1] + to[1]) / 2 + bend * dx];
  const towards = ([x, y]: [number, number], gap: number) => {
    const length = Math.hypot(cx - x, cy - y) || 1;
    return `${(x + (gap * (cx - x)) / length).toFixed(1)},${(y + (gap * (cy - y)) / length).toFixed(1)}`;
  };
  const kind = dyad.conflict ? "conflict" : "cooperation";
  return (
    <path
      class={`arrow ${kind}${faint ? " faint" : ""}`}
      d={`M${towards(from, 20)} Q${cx.toFixed(1)},${cy.toFixed(1)} ${towards(to, 23)}`}
      stroke-width={Math.min(6, 0.8 + 1.3 * Math.log1p(count)).toFixed(2)}
      marker-end={`url(#head-${kind}-${ring})`}
    >
      <title>{`${dyad.actor} → ${dyad.recipient}, ${kind}: ${valueText(count)}`}</title>
    </path>
  );
}

function Table({ dyads, titles, tried, crisis }: { dyads: Dyad[]; titles: Map<string, string>; tried: Map<string, number> | null; crisis: Crisis }) {
  const named = new Map(crisis.actions.map((each) => [each.name, each.title]));
  const sorted = [...dyads].sort((a, b) => b.expected - a.expected);
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Who acts on whom, in numbers">
      <table>
        <thead>
          <tr>
            <th scope="col">Who → whom</th>
            <th scope="col">Kind</th>
            <th scope="col" class="right">In the record</th>
            <th scope="col" class="right">Per future</th>
            {tried && <th scope="col" class="right">As tried</th>}
            <th scope="col">By</th>
          </tr>
        </thead>
        <tbody>
          {sorted.map((each) => (
            <tr key={keyOf(each)}>
              <td>{titles.get(each.actor) ?? each.actor} → {titles.get(each.recipient) ?? each.recipient}</td>
              <td>{each.conflict ? "conflict" : "cooperation"}</td>
              <td class="right">{each.recorded}</td>
              <td class="right">{each.expected.toFixed(2)}</td>
              {tried && <td class="right">{(tried.get(keyOf(each)) ?? NaN).toFixed(2)}</td>}
              <td class="what">{some(each.actions.map((name) => named.get(name) ?? inWords(name)), 3)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const LOOKS = ["c1", "c2 broken", "c3 dotted", "c4", "c5 broken"];

interface FactionsGiven {
  balance: Balance;
  dates: string[];
  pastDates: string[];
  after: Balance | undefined;
}

function Factions({ balance, dates, pastDates, after }: FactionsGiven) {
  const last = dates.length - 1;
  const share = (quantiles: number[][], level: number, at: number) => percent(quantiles[level]?.[at] ?? NaN);
  const look = (k: number) => LOOKS[k % LOOKS.length] ?? "c1";
  const lines = balance.factions.map((each, k) => ({ label: each.title, quantiles: each.quantiles, look: look(k) }));
  const before = pastDates.length ? { dates: pastDates, lines: balance.factions.map((each, k) => ({ label: each.title, quantiles: each.past, look: look(k) })) } : undefined;
  const since = before ? `since ${dateText(pastDates[0] ?? "")}, ` : "";
  return (
    <section class="card" aria-label={balance.title}>
      <h3>{balance.title}</h3>
      <FanChart label={`Shares of influence within ${balance.title}, ${since}medians and 90 %; the table below has the numbers`} dates={dates} lines={lines} before={before} range={[0, 1]} text={(value) => percent(value)} />
      <div class="scroll" tabIndex={0} role="region" aria-label={`Factions of ${balance.title}`}>
        <table>
          <thead>
            <tr>
              <th scope="col">Faction</th>
              <th scope="col" class="right">Now</th>
              <th scope="col" class="right">At the end</th>
              <th scope="col" class="right">90 %</th>
              {after && <th scope="col" class="right">As tried</th>}
            </tr>
          </thead>
          <tbody>
            {balance.factions.map((each, k) => (
              <tr key={each.name}>
                <th scope="row">
                  <svg class={`key ${LOOKS[k % LOOKS.length]}`} viewBox="0 0 24 8" aria-hidden="true"><line class="middle" x1="0" x2="24" y1="4" y2="4" /></svg>
                  {each.title}
                </th>
                <td class="right">{share(each.quantiles, 2, 0)}</td>
                <td class="right">{share(each.quantiles, 2, last)}</td>
                <td class="right">{share(each.quantiles, 0, last)} to {share(each.quantiles, 4, last)}</td>
                {after && <td class="right">{share(after.factions[k]?.quantiles ?? [], 2, last)}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

// Sliders: how often actions happen, and where stocks stand.

import type { Change, Crisis, Stock } from "./api";
import { valueText } from "./wording";

const STEPS = [0.1, 0.2, 0.33, 0.5, 0.75, 1, 1.33, 2, 3, 5, 10];
const AS_IT_STANDS = STEPS.indexOf(1);

interface Given {
  crisis: Crisis;
  changes: Change[];
  set: (changes: Change[]) => void;
}

/** Whether a change is what a slider made: the word and the name, and no dates. */
const made = (change: Change, word: string, name: string) =>
  change[word] === name && !["at", "from", "until"].some((field) => field in change);

function replaced(changes: Change[], word: string, name: string, change: Change | null): Change[] {
  const others = changes.filter((each) => !made(each, word, name));
  return change ? [...others, change] : others;
}

const timesOf = (change: Change | undefined) => Number(String(change?.["times"] ?? "1").replace("×", ""));

/** One slider per listed action: its rate from a tenth to ten times. */
export function RateSliders({ crisis, changes, set }: Given) {
  const change = (name: string, times: number) =>
    set(replaced(changes, "rate", name, times === 1 ? null : { rate: name, times: `×${times}` }));
  return (
    <details>
      <summary>Sliders: how often listed actions happen</summary>
      <div class="sliders">
        {crisis.actions
          .filter((action) => action.main)
          .map((action) => {
            const times = timesOf(changes.find((each) => made(each, "rate", action.name)));
            return <Times key={action.name} title={action.title} times={times} change={(to) => change(action.name, to)} />;
          })}
      </div>
    </details>
  );
}

/** One slider per quantity: within its bounds, or from a tenth to ten times where these are far away. */
export function StockSliders({ crisis, changes, set }: Given) {
  return (
    <details>
      <summary>Sliders: where quantities stand</summary>
      <div class="sliders">
        {crisis.stocks.map((stock) => {
          const found = changes.find((each) => made(each, "stock", stock.name));
          const change = (how: Change | null) => set(replaced(changes, "stock", stock.name, how && { stock: stock.name, ...how }));
          if (isNarrow(stock)) return <Between key={stock.name} stock={stock} found={found} change={change} />;
          if (!stock.now) return null;
          return (
            <Times
              key={stock.name}
              title={stock.title}
              times={found && "times" in found ? timesOf(found) : 1}
              change={(times) => change(times === 1 ? null : { times: `×${times}` })}
            />
          );
        })}
      </div>
    </details>
  );
}

type Narrow = Stock & { lower: number; upper: number; now: number };

function isNarrow(stock: Stock): stock is Narrow {
  const { lower, upper, now } = stock;
  return lower !== null && upper !== null && now !== null && upper - lower <= 50 * Math.max(now, 1);
}

function Times({ title, times, change }: { title: string; times: number; change: (times: number) => void }) {
  const place = STEPS.indexOf(times);
  return (
    <label class="slider">
      <span>{title}</span>
      <input
        type="range"
        min="0"
        max={STEPS.length - 1}
        step="1"
        value={place < 0 ? AS_IT_STANDS : place}
        aria-valuetext={`times ${times}`}
        onChange={(e) => change(STEPS[Number(e.currentTarget.value)] ?? 1)}
      />
      <output>×{times}</output>
    </label>
  );
}

const PLACES = 40;

function Between({ stock, found, change }: { stock: Narrow; found: Change | undefined; change: (how: Change | null) => void }) {
  const { lower, upper, now } = stock;
  const at = found && "set" in found ? Number(found["set"]) : now;
  const place = Math.round((PLACES * (at - lower)) / (upper - lower));
  const start = Math.round((PLACES * (now - lower)) / (upper - lower));
  const moved = (to: number) => change(to === start ? null : { set: Number((lower + ((upper - lower) * to) / PLACES).toPrecision(3)) });
  return (
    <label class="slider">
      <span>{stock.title}</span>
      <input
        type="range"
        min="0"
        max={PLACES}
        step="1"
        value={place}
        aria-valuetext={`${valueText(at)} ${stock.unit}`}
        onChange={(e) => moved(Number(e.currentTarget.value))}
      />
      <output title={stock.unit}>{valueText(at)}</output>
    </label>
  );
}

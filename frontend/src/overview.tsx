// The questions as cards, what is tried beside them, and the deadlines ahead.

import { useState } from "preact/hooks";
import type { Answer, Baseline, Change, Crisis, Difference, Scenario, WhatIf } from "./api";
import { Bar, Spark } from "./charts";
import { AddChange } from "./levers";
import { RateSliders, StockSliders } from "./sliders";
import type { Address, Running, Steps } from "./state";
import { edited, withChanges, writeAddress } from "./state";
import { Tried } from "./tried";
import { answerText, dateText, daysBetween, errorText, percent, points, rangeText } from "./wording";

type Order = "closes" | "name" | "probability" | "difference";

interface Given {
  crisis: Crisis;
  steps: Steps;
  baseline: Running<Baseline>;
  whatIf: Running<WhatIf>;
  other: Running<WhatIf>;
  scenarios: Scenario[];
  /** What is wrong with the scenarios of the folder. */
  fault: string;
}

/** The differences that one what-if makes, by question; `name` is empty where only one is tried. */
interface Made {
  name: string;
  fresh: boolean;
  differences: Map<string, Difference>;
}

const differencesOf = (found: Running<WhatIf>) => new Map((found.result?.questions ?? []).map((each) => [each.question, each]));

function whatIsMade(address: Address, whatIf: Running<WhatIf>, other: Running<WhatIf>): Made[] {
  const made: Made[] = [];
  const both = address.others !== null;
  if (address.changes.length) made.push({ name: both ? "A" : "", fresh: whatIf.fresh, differences: differencesOf(whatIf) });
  if (address.others?.length) made.push({ name: "B", fresh: other.fresh, differences: differencesOf(other) });
  return made;
}

export function Overview({ crisis, steps, baseline, whatIf, other, scenarios, fault }: Given) {
  const { address, go } = steps;
  const [order, setOrder] = useState<Order>("closes");
  const [filter, setFilter] = useState("");
  const made = whatIsMade(address, whatIf, other);
  const changes = edited(address);
  const set = (to: Change[]) => go(withChanges(address, to));
  const answers = sorted(baseline.result?.questions ?? [], order, made).filter((answer) =>
    `${answer.id} ${answer.text}`.toLowerCase().includes(filter.toLowerCase()),
  );
  return (
    <div class="overview">
      <aside aria-label="What if">
        <h2>What if</h2>
        <AddChange crisis={crisis} add={(change) => set([...changes, change])} />
        <Tried steps={steps} scenarios={scenarios} />
        {fault && <p class="warning">{fault}</p>}
        {address.changes.length > 0 && <Progress running={whatIf} what={address.others ? "what-if A" : "what is tried"} name={address.others ? "A: " : ""} />}
        {address.others !== null && address.others.length > 0 && <Progress running={other} what="what-if B" name="B: " />}
        <RateSliders crisis={crisis} changes={changes} set={set} />
        <StockSliders crisis={crisis} changes={changes} set={set} />
      </aside>
      <section class="questions" aria-label="Questions">
        <div class="tools">
          <label>
            Filter
            <input type="search" value={filter} onInput={(e) => setFilter(e.currentTarget.value)} />
          </label>
          <label>
            Order
            <select value={order} onChange={(e) => setOrder(e.currentTarget.value as Order)}>
              <option value="closes">by closing date</option>
              <option value="name">by name</option>
              <option value="probability">by probability</option>
              {made.length > 0 && <option value="difference">by difference</option>}
            </select>
          </label>
          <Progress running={baseline} what="the baseline" />
        </div>
        {baseline.result?.warnings.map((warning) => <p class="warning">{warning}</p>)}
        <ul class={baseline.fresh ? "cards" : "cards stale"}>
          {answers.map((answer) => (
            <Card key={answer.id} answer={answer} made={made} crisis={crisis} baseline={baseline.result} address={address} />
          ))}
        </ul>
      </section>
      <Deadlines crisis={crisis} />
    </div>
  );
}

function Deadlines({ crisis }: { crisis: Crisis }) {
  return (
    <section class="ahead" aria-label="Deadlines">
      <h2>Deadlines ahead</h2>
      <ol class="deadlines">
        {crisis.deadlines
          .filter((each) => each.kind !== "question")
          .map((each) => (
            <li key={each.day + each.name}>
              <time dateTime={each.day}>{dateText(each.day)}</time>{" "}
              <span>
                {each.title}
                {each.kind === "clock" && " (runs out)"}
              </span>
            </li>
          ))}
      </ol>
    </section>
  );
}

function sorted(answers: Answer[], order: Order, made: Made[]): Answer[] {
  const size = (answer: Answer) => Math.max(0, ...made.map((each) => Math.abs(each.differences.get(answer.id)?.difference ?? 0)));
  const by: Record<Order, (a: Answer, b: Answer) => number> = {
    closes: (a, b) => a.closes.localeCompare(b.closes) || a.id.localeCompare(b.id),
    name: (a, b) => a.id.localeCompare(b.id),
    probability: (a, b) => (b.probability ?? -1) - (a.probability ?? -1),
    difference: (a, b) => size(b) - size(a),
  };
  return [...answers].sort(by[order]);
}

function Card(props: { answer: Answer; made: Made[]; crisis: Crisis; baseline: Baseline | null; address: Address }) {
  const { answer, made, crisis, baseline, address } = props;
  const curve = baseline?.curves[answer.id];
  return (
    <li class="card" data-question={answer.id}>
      <h3>
        <a href={writeAddress({ ...address, view: "why", item: answer.id })}>
          <span class="id">{answer.id}</span> {answer.text}
        </a>
      </h3>
      <p class="big">
        <strong>{answerText(answer)}</strong>
      </p>
      <Bar low={answer.low} p={answer.probability} high={answer.high} />
      <p class="facts">
        ± {errorText(answer.mc_error)} · 90 % range {rangeText(answer.low, answer.high)}
        {answer.reason && ` · ${answer.reason}`}
      </p>
      {made.map((each) => {
        const difference = each.differences.get(answer.id);
        return difference && <Moved key={each.name} name={each.name} fresh={each.fresh} difference={difference} />;
      })}
      {curve && <Spark curve={curve} from={crisis.as_of} to={crisis.ends} />}
      <p class="facts">
        closes {dateText(answer.closes)}, day {daysBetween(crisis.as_of, answer.closes)}
      </p>
    </li>
  );
}

/** What a what-if makes of an answer: the paired difference, whose error is that of the pair. */
function Moved({ name, difference, fresh }: { name: string; difference: Difference; fresh: boolean }) {
  return (
    <>
      <p class={`moved ${directionOf(difference)}${fresh ? "" : " stale"}`} title={difference.scenario === null ? "" : `to ${percent(difference.scenario, difference.error)}`}>
        {name && <span class="id">{name} </span>}
        {movedText(difference)}
      </p>
      <Bar low={null} p={difference.scenario} high={null} before={difference.baseline} />
    </>
  );
}

function movedText({ difference, error, same, reason }: Difference): string {
  if (difference === null) return reason;
  if (same) return "no future flips";
  return `${points(difference, error)} ± ${errorText(error)} points`;
}

function directionOf({ difference, error }: Difference): string {
  if (difference === null || error === null || Math.abs(difference) <= 2 * error) return "none";
  return difference > 0 ? "up" : "down";
}

/** How a simulation is doing. */
export function Progress({ running, what, name = "" }: { running: Running<object>; what: string; name?: string }) {
  const { job, result, error } = running;
  const trajectories = result && "trajectories" in result ? Number(result.trajectories) : 0;
  let text = "";
  if (error) text = error;
  else if (!job || job.status === "waiting") text = `Waiting for ${what}…`;
  else if (job.status === "running") text = `${job.done.toLocaleString("en")} of ${job.of.toLocaleString("en")} futures…`;
  else if (job.status === "cancelled") text = "Cancelled.";
  else if (trajectories) text = `${trajectories.toLocaleString("en")} futures in ${job.took.toFixed(1)} s`;
  return (
    <p class={error ? "progress warning" : "progress"} role="status">
      {text && name}
      {text}
    </p>
  );
}

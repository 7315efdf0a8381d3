// Why an answer is what it is: its curve, what drives it, typical paths, one future as a story.

import type { Baseline, Crisis, Driver, Factor, Why } from "./api";
import { CurveChart } from "./charts";
import { NumberLink } from "./numbers";
import { Progress } from "./overview";
import type { Address, Running } from "./state";
import { answerText, counted, dateText, errorText, inWords, percent, rangeText, valueText } from "./wording";

interface Given {
  crisis: Crisis;
  address: Address;
  go: (to: Partial<Address>) => void;
  baseline: Running<Baseline>;
  why: Running<Why>;
  theme: number;
}

export function WhyView({ address, go, baseline, why, theme }: Given) {
  const answers = baseline.result?.questions ?? [];
  const answer = answers.find((each) => each.id === address.item);
  const curve = answer && baseline.result?.curves[answer.id];
  return (
    <div class="why">
      <label>
        Question
        <select value={address.item} onChange={(e) => go({ item: e.currentTarget.value })}>
          <option value="">Choose one…</option>
          {answers.map((each) => (
            <option key={each.id} value={each.id}>
              {each.id} {each.text}
            </option>
          ))}
        </select>
      </label>
      {answer && (
        <>
          <h2>
            {answer.id} {answer.text}
          </h2>
          {answer.criterion && <p>{answer.criterion}</p>}
          <p class="big">
            <strong>{answerText(answer)}</strong>{" "}
            <span class="facts">± {errorText(answer.mc_error)}, 90 % range {rangeText(answer.low, answer.high)}, closes {dateText(answer.closes)}</span>
          </p>
          {curve && <CurveChart key={theme} curve={curve} label={`Probability of yes by each day up to ${dateText(answer.closes)}`} />}
          <Progress running={why} what="the reasons" />
          {why.fresh && why.result && <Reasons why={why.result} address={address} />}
        </>
      )}
    </div>
  );
}

function Reasons({ why, address }: { why: Why; address: Address }) {
  return (
    <>
      <h3>What drives it</h3>
      {!why.why && <p role="status">The intensities are being taken apart…</p>}
      {why.why?.drivers.length === 0 && <p>Nothing with a rate decides it.</p>}
      {why.why?.drivers.map((driver) => <DriverTable key={driver.name} driver={driver} address={address} />)}
      <h3>Typical paths to {why.paths.side}</h3>
      {why.paths.reason && <p>{why.paths.reason}</p>}
      {why.paths.paths.length > 0 && <Paths why={why} />}
      <h3>One future as a story</h3>
      <ol class="story">
        {why.story.turns.map((turn, k) => (
          <li key={k}>{turn.text}</li>
        ))}
      </ol>
    </>
  );
}

function Paths({ why }: { why: Why }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Typical paths">
      <table>
        <thead>
          <tr>
            <th scope="col">Steps, with median dates</th>
            <th scope="col" class="right">Share</th>
            <th scope="col" class="right">Elsewhere</th>
            <th scope="col">Answer, median</th>
          </tr>
        </thead>
        <tbody>
          {why.paths.paths.map((path) => (
            <tr key={path.steps.join()}>
              <td>{path.titles.length ? path.titles.map((title, k) => `${title} (${dateText(path.dates[k] ?? "")})`).join(" → ") : "directly"}</td>
              <td class="right">{percent(path.share, path.error)} ± {errorText(path.error)}</td>
              <td class="right">{percent(path.otherwise)}</td>
              <td>{dateText(path.median)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const KINDS: Record<string, [string, string]> = {
  rate: ["Base rate", "Intensity"],
  odds: ["Base odds", "Odds"],
  flow: ["Base flow", "Flow"],
};
const NEAR_ONE = 0.01;

interface Step {
  label: string;
  value: string;
  log: number;
  from: number;
  to: number;
  numbers: string[];
  factor: Factor | null;
}

/** Base, factors, intensity as steps of the logarithm, each from where the one before it ended. */
function stepsOf(driver: Driver): { steps: Step[]; rest: number } {
  const rows = driver.factors
    .map((factor, k) => ({ factor, numbers: driver.factor_numbers[k] ?? [] }))
    .sort((a, b) => Math.abs(b.factor.log) - Math.abs(a.factor.log));
  const strong = rows.filter(({ factor }) => Math.abs(factor.log) >= NEAR_ONE);
  let at = 0;
  const steps = strong.map(({ factor, numbers }) => {
    const from = at;
    at += factor.log;
    return { label: factor.label, value: `×${valueText(factor.value)}`, log: factor.log, from, to: at, numbers, factor };
  });
  return { steps, rest: rows.slice(strong.length).reduce((sum, { factor }) => sum + factor.log, 0) };
}

function DriverTable({ driver, address }: { driver: Driver; address: Address }) {
  const [baseText = "Base", sumText = "Intensity"] = KINDS[driver.kind] ?? [];
  const unit = driver.kind === "rate" ? " per day" : "";
  const { base, intensity } = driver;
  const { steps, rest } = stepsOf(driver);
  const reach = Math.max(0.05, ...steps.flatMap((step) => [Math.abs(step.from), Math.abs(step.to)]));
  const logOf = (value: number) => signed(Math.log(value));
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={driver.title}>
      <table class="driver">
        <caption>
          <strong>{driver.title || inWords(driver.name)}</strong>
          {driver.share > 0 && `: behind ${percent(driver.share)} of the answers ${driver.side === "either" ? "" : `“${driver.side}”`}`}
          {driver.open < 1 && `; open now in ${percent(driver.open)} of the draws`}
        </caption>
        <thead>
          <tr>
            <th scope="col">At the as-of date</th>
            <th scope="col" class="right">Mean</th>
            <th scope="col" class="right">90 %</th>
            <th scope="col" class="right">Log</th>
            <th scope="col">Step</th>
            <th scope="col">Numbers</th>
            <th scope="col">Moved by</th>
          </tr>
        </thead>
        <tbody>
          {base !== null && (
            <tr>
              <th scope="row">{baseText}</th>
              <td class="right">{valueText(base)}{unit}</td>
              <td />
              <td class="right">{logOf(base)}</td>
              <td />
              <td><Numbers names={driver.base_numbers} address={address} /></td>
              <td />
            </tr>
          )}
          {steps.map((step) => (
            <tr key={step.label}>
              <th scope="row">{step.label}</th>
              <td class={`right ${step.log > 0 ? "up" : "down"}`}>{step.value}</td>
              <td class="right">{step.factor && `×${valueText(step.factor.low)} to ×${valueText(step.factor.high)}`}</td>
              <td class="right">{signed(step.log)}</td>
              <td><Fall from={step.from} to={step.to} reach={reach} /></td>
              <td><Numbers names={step.numbers} address={address} /></td>
              <td class="what">{step.factor?.moved_by.slice(0, 3).map((mark) => `${inWords(mark.happening)} (${dateText(mark.date)})`).join(", ")}</td>
            </tr>
          ))}
          {driver.factors.length > steps.length && (
            <tr>
              <th scope="row">{counted(driver.factors.length - steps.length, "factor")} near 1</th>
              <td class="right">×{valueText(Math.exp(rest))}</td>
              <td />
              <td class="right">{signed(rest)}</td>
              <td colSpan={3} />
            </tr>
          )}
          {intensity !== null && (
            <tr class="sum">
              <th scope="row">{sumText}</th>
              <td class="right">{valueText(intensity)}{unit}</td>
              <td />
              <td class="right">{logOf(intensity)}</td>
              <td colSpan={3} class="facts">the logs above, added up</td>
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}

const signed = (log: number) => `${log < 0 ? "−" : "+"}${Math.abs(log).toFixed(2)}`;

/** One step of the decomposition, on a scale that all steps of a driver share. */
function Fall({ from, to, reach }: { from: number; to: number; reach: number }) {
  const x = (log: number) => 50 + (48 * log) / reach;
  return (
    <svg class="fall" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      <line class="grid" x1="50" x2="50" y1="0" y2="10" />
      <rect class={to > from ? "rise" : "drop"} x={Math.min(x(from), x(to))} y="2" width={Math.max(0.8, Math.abs(x(to) - x(from)))} height="6" />
    </svg>
  );
}

/** Links to the numbers that something is made of, by the last parts of their paths. */
function Numbers({ names, address }: { names: string[]; address: Address }) {
  if (!names.length) return <span class="facts">no number of its own</span>;
  return (
    <>
      {names.map((name, k) => (
        <span key={name}>
          {k > 0 && ", "}
          <NumberLink name={name} address={address} text={name.split(".").at(-1) ?? name} />
        </span>
      ))}
    </>
  );
}

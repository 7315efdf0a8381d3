// How earlier forecasts turned out: scores beside naive answers, calibration, and the archive itself.

import type { Archived, Backtest, Comparison, Judged, Paired, Past, Scores } from "./api";
import { Progress } from "./overview";
import type { Running } from "./state";
import { answerText, counted, dateText, percent, rangeText } from "./wording";

export function ScoresView({ past }: { past: Running<Past> }) {
  const found = past.result;
  return (
    <div class="scores">
      {!found && <Progress running={past} what="the archive" />}
      {found?.remark && <p role="status">{found.remark}</p>}
      {found?.scores && <Numbers title="Scores" scores={found.scores} />}
      {found && found.rows.length > 0 && <Rows rows={found.rows} />}
      {found && found.entries.length > 0 && (
        <>
          <h2>Archived forecasts</h2>
          {found.entries.map((entry) => <Entry key={entry.number} entry={entry} />)}
        </>
      )}
      {found?.backtest && <Tested backtest={found.backtest} />}
    </div>
  );
}

const number = (value: number | null) => (value === null ? "—" : value.toFixed(3));
const NAMES: Record<string, string> = { brier: "Brier", log: "Log", time: "Time to the event, days", base_rate: "base rate", persistence: "persistence", weighted_mean: "weighted mean" };

/** Scores of a backtest: of everything, and of each group. */
function Tested({ backtest }: { backtest: Backtest }) {
  return (
    <>
      {backtest.scores ? <Numbers title={`Backtest: ${backtest.title}`} scores={backtest.scores} /> : <h2>Backtest: {backtest.title}</h2>}
      {backtest.notes.map((each) => <p class="facts" key={each}>{each}</p>)}
      {Object.entries(backtest.groups).map(([name, scores]) => (
        <details key={name}>
          <summary>{name}: Brier {number(scores.brier)} over {counted(scores.n, "forecast")}</summary>
          <Numbers title={name} scores={scores} />
        </details>
      ))}
    </>
  );
}

function Numbers({ title, scores }: { title: string; scores: Scores }) {
  const parts = scores.decomposition;
  const counts = Object.entries(scores.counts).filter(([, count]) => count > 0);
  const range = scores.brier_low === null ? "" : ` (90 % over dates: ${number(scores.brier_low)} to ${number(scores.brier_high)})`;
  return (
    <>
      <h2>{title}</h2>
      <p>
        {counted(scores.n, "forecast")} of {counted(scores.n_questions, "question")} on {counted(scores.n_dates, "date")} of forecast. All: {counts.map(([state, count]) => `${count} ${state}`).join(", ")}.
      </p>
      <p>
        Brier {number(scores.brier)}{range} = miscalibration {number(parts.miscalibration)} − discrimination {number(parts.discrimination)} + uncertainty{" "}
        {number(parts.uncertainty)}. Log {number(scores.log)}. Lower is better.
      </p>
      <div class="side">
        {scores.comparisons.length === 0 && <p>The record gives no naive answer to these questions, so there is none to compare with.</p>}
        <div class="scroll" tabIndex={0} role="region" aria-label="Scores beside naive answers" hidden={scores.comparisons.length === 0}>
          <table>
            <caption>Beside naive answers. Skill is 1 − score/reference; differences with their errors, below zero: ours is better.</caption>
            <thead>
              <tr>
                <th scope="col">Score</th>
                <th scope="col">Against</th>
                <th scope="col" class="right">n</th>
                <th scope="col" class="right">Ours</th>
                <th scope="col" class="right">Theirs</th>
                <th scope="col" class="right">Skill</th>
                <th scope="col" class="right">By date</th>
                <th scope="col" class="right">By question</th>
              </tr>
            </thead>
            <tbody>{scores.comparisons.map((each) => <Compared key={each.measure + each.against} found={each} />)}</tbody>
          </table>
        </div>
        <Calibration scores={scores} />
      </div>
      {scores.remarks.map((each) => <p class="warning" key={each}>{each}</p>)}
    </>
  );
}

function Compared({ found }: { found: Comparison }) {
  const range = found.low === null ? "" : ` (${found.low.toFixed(2)} to ${(found.high ?? NaN).toFixed(2)})`;
  const paired = (each: Paired | null) => (each ? `${each.mean.toFixed(3)} ± ${each.error.toFixed(3)}` : "—");
  return (
    <tr>
      <th scope="row">{NAMES[found.measure] ?? found.measure}</th>
      <td>{NAMES[found.against] ?? found.against}</td>
      <td class="right">{found.n}</td>
      <td class="right">{number(found.score)}</td>
      <td class="right">{number(found.reference)}</td>
      <td class="right">{found.skill.toFixed(2)}{range}</td>
      <td class="right">{paired(found.by_date)}</td>
      <td class="right">{paired(found.by_question)}</td>
    </tr>
  );
}

const MOST_MARKS = 60;
const SIZE = 330;
const EDGE = 36;

/** How often what was forecast came, over the band that honest probabilities allow. */
function Calibration({ scores }: { scores: Scores }) {
  const { forecast, observed, lower, upper, count, level, n } = scores.calibration;
  const x = (p: number) => EDGE + (SIZE - EDGE - 14) * p;
  const y = (p: number) => 8 + (SIZE - EDGE - 8) * (1 - p);
  const line = (values: number[]) => values.map((value, k) => `${x(forecast[k] ?? 0).toFixed(1)},${y(value).toFixed(1)}`);
  const outside = observed.filter((value, k) => value < (lower[k] ?? 0) - 1e-9 || value > (upper[k] ?? 1) + 1e-9).length;
  const told = `Calibration of ${n} forecasts: ${outside} of ${forecast.length} distinct probabilities lie outside the ${percent(level)} band`;
  return (
    <figure>
      <figcaption>{told}. Dashed: honest; shaded: the band if honest; dots: what came.</figcaption>
      <svg class="calibration" viewBox={`0 0 ${SIZE} ${SIZE}`} role="img" aria-label={told}>
        {[0, 0.25, 0.5, 0.75, 1].map((tick) => (
          <g key={tick}>
            <line class="grid" x1={x(0)} x2={x(1)} y1={y(tick)} y2={y(tick)} />
            <text class="tick" x={x(0) - 4} y={y(tick) + 3.5} text-anchor="end">{100 * tick}</text>
            <text class="tick" x={x(tick)} y={y(0) + 13} text-anchor="middle">{100 * tick}</text>
          </g>
        ))}
        <text class="tick" x={x(0.5)} y={SIZE - 4} text-anchor="middle">forecast, % (upwards: came, %)</text>
        <g class="c1">
          <polygon class="band" points={[...line(upper), ...line(lower).reverse()].join(" ")} />
          <line class="honest" x1={x(0)} x2={x(1)} y1={y(0)} y2={y(1)} />
          <polyline class="middle" points={line(observed).join(" ")} />
          {forecast.length <= MOST_MARKS && observed.map((value, k) => <circle key={k} cx={x(forecast[k] ?? 0)} cy={y(value)} r={Math.min(6, 2 + Math.sqrt(count[k] ?? 1) / 2)} />)}
        </g>
      </svg>
    </figure>
  );
}

function Rows({ rows }: { rows: Judged[] }) {
  return (
    <details>
      <summary>Each forecast and how it turned out ({rows.length})</summary>
      <div class="scroll" tabIndex={0} role="region" aria-label="Each forecast">
        <table>
          <thead>
            <tr>
              <th scope="col">Question</th>
              <th scope="col">As of</th>
              <th scope="col">Closes</th>
              <th scope="col" class="right">Forecast</th>
              <th scope="col" class="right">Base rate</th>
              <th scope="col">Turned out</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={`${row.entry} ${row.question}`}>
                <td>{row.question} {row.text}</td>
                <td class="short">{row.as_of}</td>
                <td class="short">{row.closes}</td>
                <td class="right">{row.probability === null ? "—" : percent(row.probability, 0.005)}</td>
                <td class="right">{row.base_rate === null ? "—" : percent(row.base_rate, 0.005)}</td>
                <td>{row.state}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function Entry({ entry }: { entry: Archived }) {
  return (
    <details>
      <summary>
        {entry.number}. {entry.crisis} as of {dateText(entry.as_of)}, made {entry.made_at.slice(0, 16).replace("T", " ")}, seed {entry.seed}, {entry.digest.slice(0, 12)}
      </summary>
      <div class="scroll" tabIndex={0} role="region" aria-label={`Forecast ${entry.number}`}>
        <table>
          <thead>
            <tr>
              <th scope="col">Question</th>
              <th scope="col">Closes</th>
              <th scope="col" class="right">Yes</th>
              <th scope="col" class="right">90 % range</th>
            </tr>
          </thead>
          <tbody>
            {entry.answers.map((each) => (
              <tr key={each.id}>
                <td>{each.id} {each.text}</td>
                <td class="short">{each.closes}</td>
                <td class="right">{answerText(each)}</td>
                <td class="right">{rangeText(each.low, each.high)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

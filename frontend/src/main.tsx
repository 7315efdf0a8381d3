// The page: which view is shown, and the simulations that all of them share.

import { render } from "preact";
import { useState } from "preact/hooks";
import { ActorsView } from "./actors";
import type { Baseline, Past, Quantities, WhatIf, Why } from "./api";
import { getCrisis, getLedger, getNumbers, getScenarios, logIn, Refused } from "./api";
import { LedgerView } from "./ledger";
import { NumbersView } from "./numbers";
import { Overview } from "./overview";
import { QuantitiesView } from "./quantities";
import { ScoresView } from "./scores";
import { edited, useAddress, useFetched, useSimulation, VIEWS, writeAddress } from "./state";
import "./style.css";
import { ThemeChoice } from "./theme";
import { TimelineView } from "./timeline";
import { WhyView } from "./why";
import { dateText } from "./wording";

function Page() {
  const steps = useAddress();
  const { address, go } = steps;
  const [version, setVersion] = useState(0);
  const [theme, setTheme] = useState(0);
  const crisis = useFetched(getCrisis, `${version}`);
  const known = crisis.value?.digest ?? null;
  const ledger = useFetched(getLedger, `${version}`);
  const numbers = useFetched(getNumbers, `${version}`);
  const scenarios = useFetched(getScenarios, `${version}`);
  const baseline = useSimulation<Baseline>("/api/baseline", undefined, known);
  const tried = (changes: object[] | null) => (known && changes?.length ? `${known} ${JSON.stringify(changes)}` : null);
  const whatIf = useSimulation<WhatIf>("/api/whatif", { changes: address.changes }, tried(address.changes));
  const other = useSimulation<WhatIf>("/api/whatif", { changes: address.others }, tried(address.others));
  const shown = edited(address);
  const wanted = known && (address.view === "quantities" || address.view === "actors") ? `${known} stocks` : null;
  const fans = useSimulation<Quantities>("/api/quantities", { changes: [] }, wanted);
  const moved = useSimulation<Quantities>("/api/quantities", { changes: shown }, wanted && tried(shown));
  const asked = address.view === "why" && address.item ? address.item : null;
  const why = useSimulation<Why>("/api/why", { question: asked }, known && asked ? `${known} ${asked}` : null);
  const past = useSimulation<Past>("/api/scores", undefined, known && address.view === "scores" ? known : null);

  if (!crisis.value) return crisis.error ? <Door error={crisis.error} again={() => setVersion(version + 1)} /> : <p role="status">Reading the crisis…</p>;
  const given = { crisis: crisis.value, address, go };
  const effect = address.on === "B" ? other : whatIf;
  return (
    <>
      <header>
        <div class="head">
          <h1>{crisis.value.title || crisis.value.name}</h1>
          <ThemeChoice changed={() => setTheme(theme + 1)} />
        </div>
        <p class="facts">
          As of {dateText(crisis.value.as_of)}, to {dateText(crisis.value.ends)} · seed {crisis.value.seed} · {crisis.value.digest.slice(0, 12)}
        </p>
        <nav aria-label="Views">
          {VIEWS.map(([view, label]) => (
            <a key={view} href={writeAddress({ ...address, view, item: "" })} aria-current={view === address.view ? "page" : undefined}>
              {label}
            </a>
          ))}
        </nav>
      </header>
      <main>
        {address.view === "overview" && (
          <Overview crisis={crisis.value} steps={steps} baseline={baseline} whatIf={whatIf} other={other} scenarios={scenarios.value ?? []} fault={scenarios.error} />
        )}
        {address.view === "timeline" && <TimelineView {...given} ledger={ledger.value} baseline={baseline} />}
        {address.view === "actors" && <ActorsView {...given} baseline={baseline} whatIf={shown.length ? effect : null} fans={fans} moved={shown.length ? moved : null} />}
        {address.view === "quantities" && <QuantitiesView {...given} fans={fans} moved={shown.length ? moved : null} />}
        {address.view === "why" && <WhyView {...given} baseline={baseline} why={why} theme={theme} />}
        {address.view === "ledger" && <LedgerView {...given} ledger={ledger.value} again={() => setVersion(version + 1)} />}
        {address.view === "numbers" && <NumbersView {...given} numbers={numbers.value} ledger={ledger.value} />}
        {address.view === "scores" && <ScoresView past={past} />}
      </main>
    </>
  );
}

/** Asks for the token where the server wants one. */
function Door({ error, again }: { error: string; again: () => void }) {
  const [told, setTold] = useState("");
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    try {
      await logIn(String(new FormData(event.currentTarget as HTMLFormElement).get("token") ?? ""));
      again();
    } catch (problem) {
      setTold(problem instanceof Refused ? problem.message : "the server does not answer");
    }
  };
  return (
    <main>
      <p class="warning">{error}</p>
      <form class="add" onSubmit={(event) => void submit(event)}>
        <label>
          Token
          <input name="token" type="password" autoComplete="current-password" required />
        </label>
        <button type="submit">Log in</button>
        <p role="status">{told}</p>
      </form>
    </main>
  );
}

// A page that comes back from the browser's memory had told the server that it left.
addEventListener("pageshow", (event) => event.persisted && location.reload());

render(<Page />, document.getElementById("page") as HTMLElement);

// What is tried: its changes, to be taken back one by one, kept, shared, or compared with another what-if.

import { useState } from "preact/hooks";
import type { Change, Scenario } from "./api";
import { saveScenario } from "./api";
import type { Steps } from "./state";
import { edited, withChanges } from "./state";
import { changeText } from "./wording";

/** The changes of the what-if that the levers change, and what can be done with them. */
export function Tried({ steps, scenarios }: { steps: Steps; scenarios: Scenario[] }) {
  const { address, go, undo } = steps;
  const changes = edited(address);
  const set = (to: Change[]) => go(withChanges(address, to));
  return (
    <section class="tried" aria-label="What is tried">
      {address.others && <Pair steps={steps} />}
      {changes.length > 0 && (
        <ul>
          {changes.map((change, k) => (
            <li key={k}>
              {changeText(change)}{" "}
              <button type="button" class="quiet" aria-label={`Take back: ${changeText(change)}`} onClick={() => set(changes.filter((_, place) => place !== k))}>
                ✕
              </button>
            </li>
          ))}
        </ul>
      )}
      <p class="buttons">
        {undo && <button type="button" onClick={undo}>Undo</button>}
        {changes.length > 0 && <button type="button" onClick={() => set([])}>Reset</button>}
        {changes.length > 0 && !address.others && (
          <button type="button" onClick={() => go({ others: changes, on: "B" })}>Compare</button>
        )}
      </p>
      {changes.length > 0 && <Keep changes={changes} />}
      {scenarios.length > 0 && <Load scenarios={scenarios} set={set} />}
    </section>
  );
}

/** Which of the two what-ifs the levers change. */
function Pair({ steps: { address, go } }: { steps: Steps }) {
  return (
    <div class="buttons" role="group" aria-label="The levers change">
      {(["A", "B"] as const).map((name) => (
        <button type="button" key={name} aria-pressed={address.on === name} onClick={() => go({ on: name })}>
          What-if {name}
        </button>
      ))}
      <button type="button" onClick={() => go({ others: null, on: "A" })}>Drop B</button>
    </div>
  );
}

function Keep({ changes }: { changes: Change[] }) {
  const [told, setTold] = useState("");
  const save = async () => {
    try {
      const { file, text } = await saveScenario(changes, "");
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([text], { type: "application/yaml" }));
      link.download = file;
      link.click();
      URL.revokeObjectURL(link.href);
    } catch (problem) {
      setTold(problem instanceof Error ? problem.message : String(problem));
    }
  };
  const share = async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      setTold("The link is copied.");
    } catch {
      setTold("Copy the address of this page: what is tried stands in it.");
    }
  };
  return (
    <>
      <p class="buttons">
        <button type="button" onClick={() => void share()}>Share</button>
        <button type="button" onClick={() => void save()}>Save as scenario</button>
      </p>
      <p role="status">{told}</p>
    </>
  );
}

function Load({ scenarios, set }: { scenarios: Scenario[]; set: (changes: Change[]) => void }) {
  const load = (name: string) => {
    const found = scenarios.find((each) => each.name === name);
    if (found) set(found.changes);
  };
  return (
    <label>
      Scenarios of the crisis
      <select value="" onChange={(e) => load(e.currentTarget.value)}>
        <option value="">Load one…</option>
        {scenarios.map((each) => (
          <option key={each.name} value={each.name} title={each.because}>
            {each.title}
          </option>
        ))}
      </select>
    </label>
  );
}

// What can be tried: a form that adds one change at a time.

import { useState } from "preact/hooks";
import type { Change, Crisis } from "./api";
import { inWords } from "./wording";

interface Kind {
  word: string;
  label: string;
  names: (crisis: Crisis) => [string, string][];
}

const named = (levers: { name: string; title: string }[]): [string, string][] =>
  levers.map(({ name, title }) => [name, title || inWords(name)]);

const KINDS: Kind[] = [
  { word: "forbid", label: "Forbid an action", names: (crisis) => named(crisis.actions) },
  { word: "force", label: "Make an action happen", names: (crisis) => named(crisis.actions) },
  { word: "rate", label: "Speed up or slow an action", names: (crisis) => named(crisis.actions) },
  { word: "hold", label: "Hold a commitment", names: (crisis) => named(crisis.commitments) },
  { word: "end", label: "End a commitment", names: (crisis) => named(crisis.commitments) },
  { word: "stock", label: "Set a quantity", names: (crisis) => named(crisis.stocks) },
  { word: "stage", label: "Set a stage or an office", names: (crisis) => named(crisis.stages) },
];

function nextDay(iso: string): string {
  return new Date(Date.parse(iso) + 86_400_000).toISOString().slice(0, 10);
}

/** The form for one more change. */
export function AddChange({ crisis, add }: { crisis: Crisis; add: (change: Change) => void }) {
  const [kind, setKind] = useState(KINDS[0] as Kind);
  const names = kind.names(crisis);
  const [name, setName] = useState("");
  const target = names.some(([each]) => each === name) ? name : (names[0]?.[0] ?? "");
  const stage = crisis.stages.find((each) => each.name === target);
  const stock = crisis.stocks.find((each) => each.name === target);
  const first = nextDay(crisis.as_of);

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    const change: Change = { [kind.word]: target };
    for (const field of ["times", "set", "becomes", "at", "from", "until"]) {
      const text = String(given.get(field) ?? "").trim();
      if (text) change[field] = field === "times" ? `×${text}` : text;
    }
    add(change);
  };

  return (
    <form class="add" onSubmit={submit}>
      <label>
        What if
        <select value={kind.word} onChange={(e) => setKind(KINDS.find((each) => each.word === e.currentTarget.value) as Kind)}>
          {KINDS.filter((each) => each.names(crisis).length).map((each) => (
            <option key={each.word} value={each.word}>
              {each.label}
            </option>
          ))}
        </select>
      </label>
      <label>
        Which
        <select value={target} onChange={(e) => setName(e.currentTarget.value)}>
          {names.map(([each, title]) => (
            <option key={each} value={each}>
              {title}
            </option>
          ))}
        </select>
      </label>
      {kind.word === "rate" && (
        <label>
          Times
          <input name="times" type="number" min="0" max="1000" step="any" required defaultValue="2" />
        </label>
      )}
      {kind.word === "stock" && (
        <label>
          To{stock?.unit ? ` (${stock.unit})` : ""}
          <input name="set" type="number" step="any" required defaultValue={stock?.now == null ? "" : String(Number(stock.now.toPrecision(4)))} key={target} />
        </label>
      )}
      {kind.word === "stage" && (
        <label>
          Becomes
          <select name="becomes" key={target}>
            {stage?.values.map((value) => (
              <option key={value} value={value}>
                {inWords(value)}
              </option>
            ))}
          </select>
        </label>
      )}
      {["force", "end", "stock", "stage"].includes(kind.word) && (
        <label>
          On
          <input name="at" type="date" min={first} max={crisis.ends} required={kind.word === "force"} defaultValue={kind.word === "force" ? first : ""} />
        </label>
      )}
      {["forbid", "rate", "hold"].includes(kind.word) && (
        <>
          <label>
            From
            <input name="from" type="date" min={first} max={crisis.ends} />
          </label>
          <label>
            Until
            <input name="until" type="date" min={first} max={crisis.ends} />
          </label>
        </>
      )}
      <button type="submit">Try it</button>
    </form>
  );
}

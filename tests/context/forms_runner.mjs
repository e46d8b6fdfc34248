// Evaluates forms in Node: `node forms_runner.mjs BUNDLE`, one form a line in, one outcome a line out.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const { form, numberText } = await import(pathToFileURL(process.argv[2]));

const written = (value) => {
  if (value === undefined) return null;
  if (typeof value === "bigint") return numberText(value);
  if (!Array.isArray(value)) return value;
  return value.every((item) => typeof item !== "object") ? value.map(written) : value.length;
};

for await (const line of createInterface({ input: process.stdin })) {
  const { plan, answers, today } = JSON.parse(line);
  const { states, diagnostics } = form(plan).evaluate(answers, today);
  const outcome = { states: {}, diagnostics: [] };
  for (const [name, { visible, required, missing, value, failed }] of states) {
    const checks = failed.map(({ message, level }) => [message, level]);
    outcome.states[name] = [visible, required, missing, written(value), checks];
  }
  for (const { code, node, pointer } of diagnostics)
    outcome.diagnostics.push([code, node, pointer]);
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
}

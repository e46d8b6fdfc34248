// A whole form: what is asked, what is worked out, and what is wrong, for certain answers.
// The server's `context.expressions.plan` is the same, and decides; the words here follow it.
import { isDate, isMonth } from "./dates";
import { isBounded, numberFrom, toCents, type Fixed } from "./numbers";
import { compile, Run, type Diagnostic, type Item, type Rule, type Scope, type Value } from "./rules";

export interface Failed {
  message: string;
  level: "error" | "warn";
}

/** What became of one node. */
export interface State {
  visible: boolean;
  required: boolean;
  missing: boolean;
  value: Value;
  failed: readonly Failed[];
}

export interface Evaluation {
  states: Map<string, State>;
  values: Item;
  diagnostics: Diagnostic[];
}

export type Answers = { readonly [id: string]: unknown };

export interface Form {
  evaluate(answers: Answers, today: string): Evaluation;
}

/** What the server sends. */
interface PlanJson {
  version: number;
  steps: StepJson[];
  order: number[];
}

interface StepJson {
  id: string;
  path: string;
  kind: "field" | "computed" | "group" | "repeat" | "note";
  frame?: string;
  group?: string;
  type?: string;
  values?: string[];
  show?: unknown;
  required?: unknown;
  value?: unknown;
  checks?: (Failed & { expr: unknown })[];
  min?: number;
  max?: number;
}

interface Step {
  json: StepJson;
  frame: string;
  show: Rule | undefined;
  required: Rule | undefined;
  value: Rule | undefined;
  checks: { rule: Rule; failed: Failed; part: string }[];
  judged: boolean;
}

/** The form, or one item of a repeat, while it is worked out. */
interface Frame extends Scope {
  readonly item: Item;
  readonly given: Answers;
  readonly prefix: string;
  readonly hidden: Set<string>;
}

const longestText = 10_000;
const mostItems = 200;
const tooFew: Failed = { message: "too-few", level: "error" };
const tooMany: Failed = { message: "too-many", level: "error" };
const none: readonly Failed[] = [];

/** Makes a form ready to be evaluated, as often as somebody types. */
export function form(plan: PlanJson): Form {
  if (plan.version !== 1) throw new Error(`version ${plan.version} of a form`);
  const steps = plan.steps.map(ready);
  const ordered = plan.order.map((number) => steps[number]!);
  const judged = steps.filter((step) => step.judged);
  return {
    evaluate(answers, today) {
      const run = new Run(today);
      const root = open(run, answers, "", 0);
      const frames = new Map([["", [root]]]);
      const states = new Map<string, State>();
      for (const step of ordered) {
        if (step.json.kind === "repeat") frames.set(step.json.path, []);
        for (const frame of frames.get(step.frame)!) settle(step, frame, frames, states);
      }
      for (const step of judged)
        for (const frame of frames.get(step.frame)!)
          judge(step, frame, states.get(frame.prefix + step.json.id)!);
      return { states, values: root.item, diagnostics: [...run.found.values()] };
    },
  };
}

function ready(json: StepJson): Step {
  const rule = (source: unknown): Rule | undefined =>
    source === undefined ? undefined : compile(source);
  return {
    json,
    frame: json.frame ?? "",
    show: rule(json.show),
    required: rule(json.required),
    value: rule(json.value),
    checks: (json.checks ?? []).map(({ expr, message, level }, number) => ({
      rule: compile(expr),
      failed: { message, level },
      part: `/checks/${number}/expr`,
    })),
    judged: json.kind === "repeat" || json.required !== undefined || json.checks !== undefined,
  };
}

function open(run: Run, given: Answers, prefix: string, index: number, outer?: Frame): Frame {
  const item: Item = {};
  const hidden = new Set<string>();
  const frame = { run, item, index, given, prefix, hidden, root: outer?.root ?? item };
  return Object.assign(frame, { parent: outer ?? (frame as unknown as Scope) });
}

/** Finds out whether a node shows, and its value. */
function settle(
  { json, show, value: computed }: Step,
  frame: Frame,
  frames: Map<string, Frame[]>,
  states: Map<string, State>,
): void {
  const { run } = frame;
  const name = frame.prefix + json.id;
  run.node = name;
  run.part = "/show";
  const visible =
    !(json.group !== undefined && frame.hidden.has(json.group)) &&
    (!show || show(frame) === true);
  const state: State = { visible, required: false, missing: false, value: undefined, failed: none };
  states.set(name, state);
  if (!visible) {
    if (json.kind === "group") frame.hidden.add(json.path);
    return;
  }
  if (json.kind === "computed") state.value = worked(json, computed!, frame);
  else if (json.kind === "field") state.value = answered(json, frame);
  else if (json.kind === "repeat") {
    const made = opened(json, frame, name);
    frames.get(json.path)!.push(...made);
    state.value = made.map((each) => each.item);
  }
  if (state.value !== undefined) frame.item[json.id] = state.value;
}

function worked(json: StepJson, rule: Rule, frame: Frame): Value {
  frame.run.part = "/value";
  const value = rule(frame);
  if (value === undefined || !json.type!.startsWith("money")) return value;
  const amount = toCents(value as Fixed);
  return isBounded(amount) ? amount : frame.run.report("too-large", "");
}

const answer = (frame: Frame, id: string): unknown =>
  Object.hasOwn(frame.given, id) ? (frame.given[id] ?? undefined) : undefined;

function answered({ id, type, values }: StepJson, frame: Frame): Value {
  const given = answer(frame, id);
  if (given === undefined) return undefined;
  frame.run.part = "";
  return fit(type!, given, values) ?? frame.run.report("unfit-answer", "");
}

/** An answer as rules compute with it, unless it does not fit its type. */
export function fit(type: string, given: unknown, values?: readonly string[]): Value {
  if (type.startsWith("list:")) {
    if (!Array.isArray(given) || given.length > mostItems) return undefined;
    const items = given.map((item) => fit(type.slice(5), item, values));
    return items.includes(undefined) ? undefined : items;
  }
  if (type === "number" || type.startsWith("money")) return numberFrom(given);
  if (type === "yesno") return typeof given === "boolean" ? given : undefined;
  if (typeof given !== "string") return undefined;
  const fits =
    type === "date"
      ? isDate(given)
      : type === "month"
        ? isMonth(given)
        : (given.length <= longestText || [...given].length <= longestText) &&
          (!values || values.includes(given));
  return fits ? given : undefined;
}

/** A frame for each item of a repeat; one that nobody has added to has none. */
function opened({ id, max }: StepJson, frame: Frame, name: string): Frame[] {
  const given = answer(frame, id);
  if (given === undefined) return [];
  frame.run.part = "";
  if (!Array.isArray(given) || !given.every(isItem)) {
    frame.run.report("unfit-answer", "");
    return [];
  }
  return given
    .slice(0, max)
    .map((item, number) => open(frame.run, item, `${name}/${number}/`, number, frame));
}

const isItem = (given: unknown): given is Answers =>
  typeof given === "object" && given !== null && !Array.isArray(given);

/** Finds out whether a node that shows is required, and which of its checks fail. */
function judge({ json, required, checks }: Step, frame: Frame, state: State): void {
  if (!state.visible) return;
  const { run } = frame;
  const { value } = state;
  run.node = frame.prefix + json.id;
  run.part = "/required";
  state.required = required?.(frame) === true;
  const empty = value === undefined || value === "" || (value as Value[]).length === 0;
  state.missing = state.required && empty;
  const failed: Failed[] = [];
  if (json.kind === "repeat") {
    const given = answer(frame, json.id);
    if ((value as Value[]).length < json.min!) failed.push(tooFew);
    if (Array.isArray(given) && given.length > json.max!) failed.push(tooMany);
  }
  if (value !== undefined || json.kind === "group" || json.kind === "note")
    for (const check of checks) {
      run.part = check.part;
      if (check.rule(frame) !== true) failed.push(check.failed);
    }
  if (failed.length) state.failed = failed;
}

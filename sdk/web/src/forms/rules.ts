// The rule language of forms: JSON made into functions once, which then run as often as needed.
// A rule has been checked on the server; here it is only run. What is absent is undefined.
import { addMonths, daysBetween, monthsBetween, yearsBetween } from "./dates";
import {
  type Fixed,
  asCount,
  divide,
  isBounded,
  isWhole,
  multiply,
  numberFrom,
  round,
  whole,
} from "./numbers";

export type Value = string | boolean | Fixed | Item | readonly Value[] | undefined;

/** The values of one item of a repeat, or of the whole form. */
export interface Item {
  [id: string]: Value;
}

export interface Diagnostic {
  code: string;
  node: string;
  pointer: string;
}

/** One evaluation: what holds for all rules, and what went wrong in them. */
export class Run {
  readonly today: string | undefined;
  readonly found = new Map<string, Diagnostic>();
  node = "";
  part = "";

  constructor(today: string | undefined) {
    this.today = today;
  }

  report(code: string, place: string): undefined {
    const diagnostic = { code, node: this.node, pointer: this.part + place };
    this.found.set(Object.values(diagnostic).join(" "), diagnostic);
  }
}

/** Where a rule stands: in the form, or in an item of a list. */
export interface Scope {
  readonly run: Run;
  readonly item: Value;
  readonly index: number;
  readonly parent: Scope;
  readonly root: Item;
}

export type Rule = (scope: Scope) => Value;

type Json = unknown;
type Make = (rules: Rule[], place: string, source: Json[]) => Rule;

const longestText = 10_000;
const mostMonths = whole(200_000);

export function compile(source: Json, pointer = ""): Rule {
  if (typeof source === "number") return always(numberFrom(source));
  if (source === null) return always(undefined);
  if (typeof source !== "object") return always(source as Value);
  if (Array.isArray(source)) return always(source.map((value) => compile(value)({} as Scope)));
  const [op, given] = Object.entries(source)[0] as [string, Json];
  if (op === "f") return reading(given as string);
  const place = `${pointer}/${op}`;
  const several = Array.isArray(given);
  const sources: Json[] = several ? given : [given];
  if (op === "number") return always(numberFrom(sources[0]));
  const make = operators[op];
  if (!make) throw new Error(`unknown operator ${op}`);
  return make(
    sources.map((each, number) => compile(each, several ? `${place}/${number}` : place)),
    place,
    sources,
  );
}

const always =
  (value: Value): Rule =>
  () =>
    value;

function reading(path: string): Rule {
  if (path[0] !== "$") return (scope) => own(scope.root, path);
  let up = 0;
  let rest = path.replace(/^\$item\.?/, "");
  for (; rest.startsWith("$parent"); up++) rest = rest.slice(8);
  return (scope) => {
    for (let left = up; left; left--) scope = scope.parent;
    if (rest === "$index") return whole(scope.index);
    return rest ? own(scope.item as Item, rest) : scope.item;
  };
}

// A field may be called as something that every object has.
const own = (item: Item, id: string): Value => (Object.hasOwn(item, id) ? item[id] : undefined);

const isTrue = (value: Value): boolean => value === true;
const absent = (value: Value): value is undefined => value === undefined;

/** An operator that gives nothing as soon as one operand is absent. */
const given =
  (work: (values: never[], scope: Scope, place: string) => Value): Make =>
  (rules, place) =>
  (scope) => {
    const values = rules.map((rule) => rule(scope));
    return values.some(absent) ? undefined : work(values as never[], scope, place);
  };

const comparing =
  (compare: (a: never, b: never) => boolean): Make =>
  ([left, right]) =>
  (scope) => {
    const a = left!(scope);
    if (absent(a)) return false;
    const b = right!(scope);
    return !absent(b) && compare(a as never, b as never);
  };

/** `settles` is the value that decides, whatever the others are. */
const settled = (values: Iterable<Value>, settles: boolean): boolean | undefined => {
  let found: boolean | undefined = !settles;
  for (const value of values) {
    if (value === settles) return settles;
    if (absent(value)) found = undefined;
  }
  return found;
};

const joining =
  (settles: boolean): Make =>
  (rules) =>
  (scope) => {
    let found: boolean | undefined = !settles;
    for (const rule of rules) {
      const value = rule(scope);
      if (value === settles) return settles;
      if (absent(value)) found = undefined;
    }
    return found;
  };

const opposite = (value: Value): Value => (absent(value) ? undefined : !value);

const bounded = (scope: Scope, number: Fixed, place: string): Value =>
  isBounded(number) ? number : scope.run.report("too-large", place);

const folding =
  (work: (a: Fixed, b: Fixed) => Fixed): Make =>
  (rules, place) =>
  (scope) => {
    let found = rules[0]!(scope);
    for (let number = 1; number < rules.length; number++) {
      const value = rules[number]!(scope);
      if (!absent(found))
        found = absent(value)
          ? undefined
          : bounded(scope, work(found as Fixed, value as Fixed), place);
    }
    return found;
  };

/** The values of several operands, or of the list that is the only one. */
function gathered(rules: Rule[], scope: Scope): readonly Value[] | undefined {
  let found: readonly Value[] = rules.map((rule) => rule(scope));
  if (found.length === 1 && Array.isArray(found[0])) found = found[0];
  return found.some(absent) ? undefined : found;
}

const extreme =
  (better: (a: never, b: never) => boolean): Make =>
  (rules) =>
  (scope) =>
    gathered(rules, scope)?.reduce(
      (best, value) => (absent(best) || better(value as never, best as never) ? value : best),
      undefined,
    );

/** An operator whose second operand is worked out for each item of the first. */
const over =
  (settle: (items: readonly Value[], found: Value[]) => Value): Make =>
  ([listed, each]) =>
  (scope) => {
    const items = listed!(scope) as readonly Value[] | undefined;
    if (!items) return undefined;
    const { run, root } = scope;
    return settle(
      items,
      items.map((item, index) => each!({ run, root, item, index, parent: scope })),
    );
  };

const counting = (count: (a: string, b: string) => number): Make =>
  given(([a, b]) => whole(count(a!, b!)));

const length = (value: string | readonly Value[]): number =>
  // People count characters, not the halves of which some consist.
  typeof value === "string" ? [...value].length : value.length;

const measured: Make = given(([value]) => whole(length(value!)));

const itself: Make = ([rule]) => rule!;

const operators: Record<string, Make> = {
  eq: comparing((a, b) => a === b),
  ne: comparing((a, b) => a !== b),
  lt: comparing((a, b) => a < b),
  le: comparing((a, b) => a <= b),
  gt: comparing((a, b) => a > b),
  ge: comparing((a, b) => a >= b),
  in: comparing((a, b: Value[]) => b.includes(a)),
  between: (rules) => (scope) => {
    const [value, least, most] = rules.map((rule) => rule(scope));
    if (absent(value) || absent(least) || absent(most)) return false;
    return least <= value && value <= most;
  },
  and: joining(false),
  or: joining(true),
  not:
    ([rule]) =>
    (scope) =>
      opposite(rule!(scope)),
  present:
    ([rule]) =>
    (scope) =>
      !absent(rule!(scope)),
  empty:
    ([rule]) =>
    (scope) =>
      (rule!(scope) as string | undefined)?.length === 0,
  if: (rules) => (scope) => {
    let number = 0;
    for (; number + 1 < rules.length; number += 2)
      if (isTrue(rules[number]!(scope))) return rules[number + 1]!(scope);
    return rules[number]?.(scope);
  },
  coalesce: (rules) => (scope) => {
    for (const rule of rules) {
      const value = rule(scope);
      if (!absent(value)) return value;
    }
    return undefined;
  },
  add: folding((a, b) => a + b),
  sub: folding((a, b) => a - b),
  mul: folding(multiply),
  div: given(([a, b]: Fixed[], scope, place) =>
    b ? bounded(scope, divide(a!, b), place) : scope.run.report("division-by-zero", place),
  ),
  neg: given(([a]: Fixed[]) => -a!),
  round: ([rule], place, [, scale = 0, mode = "half_up"]) => {
    const to = asCount(compile(scale)({} as Scope) as Fixed);
    return (scope) => {
      const value = rule!(scope);
      return absent(value)
        ? undefined
        : bounded(scope, round(value as Fixed, to, mode as string), place);
    };
  },
  min: extreme((a, b) => a < b),
  max: extreme((a, b) => a > b),
  sum: (rules, place) => (scope) => {
    const found = gathered(rules, scope);
    if (!found) return undefined;
    let total = 0n;
    for (const value of found) total += value as Fixed;
    return bounded(scope, total, place);
  },
  count: (rules, place, source) =>
    (rules[1] ? over((_, found) => whole(found.filter(isTrue).length)) : measured)(
      rules,
      place,
      source,
    ),
  any: over((_, found) => settled(found, true)),
  all: over((_, found) => settled(found, false)),
  none: over((_, found) => opposite(settled(found, true))),
  filter: over((items, found) => items.filter((_, index) => found[index] === true)),
  map: over((_, found) => found),
  len: measured,
  concat: given((texts: string[], scope, place) => {
    const text = texts.join("");
    return text.length > longestText && length(text) > longestText
      ? scope.run.report("too-long", place)
      : text;
  }),
  lower: given(([text]: string[]) => text!.toLowerCase()),
  days_between: counting(daysBetween),
  months_between: counting(monthsBetween),
  years_between: counting(yearsBetween),
  add_months: (rules, place) => (scope) => {
    const start = rules[0]!(scope) as string | undefined;
    const months = rules[1]!(scope) as Fixed | undefined;
    if (absent(start) || absent(months)) return undefined;
    if (!isWhole(months)) return scope.run.report("not-whole", place);
    const far = months <= -mostMonths || months >= mostMonths;
    return (
      (far ? undefined : addMonths(start, asCount(months))) ??
      scope.run.report("out-of-range", place)
    );
  },
  today: () => (scope) => scope.run.today,
  age:
    ([rule]) =>
    (scope) => {
      const born = rule!(scope) as string | undefined;
      const { today } = scope.run;
      return absent(born) || absent(today) ? undefined : whole(yearsBetween(born, today));
    },
  money: itself,
  date: itself,
  month: itself,
};

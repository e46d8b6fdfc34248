// The form of bench/forms.py, by our engine and written out by hand.

const names = ["goal", "partner", "a", "b", "born", "until", "price", "own", "why", "rate", "loan", "monthly"];
const number = (given) => (given === undefined || given === null ? undefined : Number(given));
const cents = (value) => Math.round(value * 100 + 1e-7) / 100;

function byHand(given, today) {
  const values = {};
  const hidden = [];
  const missing = [];
  const failed = [];
  const put = (name, value, required) => {
    if (value !== undefined && value !== null) values[name] = value;
    else if (required) missing.push(name);
    return value ?? undefined;
  };
  for (let section = 0; section < 10; section++) {
    const prefix = `s${section}_`;
    if (section && !(values[`s${section - 1}_a`] >= section)) {
      hidden.push(`s${section}`, ...names.map((name) => prefix + name));
      continue;
    }
    const goal = put(`${prefix}goal`, given[`${prefix}goal`], true);
    const partner = put(`${prefix}partner`, given[`${prefix}partner`]);
    const a = put(`${prefix}a`, number(given[`${prefix}a`]), true);
    if (a !== undefined && !(a >= 0 && a <= 1000)) failed.push(`${prefix}a within`);
    if (partner) put(`${prefix}b`, number(given[`${prefix}b`]), goal === "buy");
    else hidden.push(`${prefix}b`);
    const born = put(`${prefix}born`, given[`${prefix}born`]);
    if (born !== undefined) {
      const years = today.slice(0, 4) - born.slice(0, 4) - (today.slice(5) < born.slice(5) ? 1 : 0);
      if (years < 18) failed.push(`${prefix}born grown`);
    }
    if (partner && a > 10) put(`${prefix}until`, given[`${prefix}until`]);
    else hidden.push(`${prefix}until`);
    const price = put(`${prefix}price`, number(given[`${prefix}price`]), true);
    const own = put(`${prefix}own`, number(given[`${prefix}own`]));
    if (own !== undefined && !(own <= price)) failed.push(`${prefix}own affordable`);
    put(`${prefix}why`, given[`${prefix}why`], price > 500000);
    const rate = put(`${prefix}rate`, number(given[`${prefix}rate`]));
    if (price !== undefined && own !== undefined) {
      const loan = put(`${prefix}loan`, cents(price - own));
      if (rate !== undefined) put(`${prefix}monthly`, cents((loan * (rate / 100)) / 12));
    }
  }
  const amounts = given.loans.map((loan) => number(loan.amount));
  const total = amounts.includes(undefined) ? undefined : amounts.reduce((sum, one) => sum + one, 0);
  given.loans.forEach((loan, place) => {
    const prefix = `loans/${place}/`;
    const amount = put(`${prefix}amount`, amounts[place], true);
    const rate = put(`${prefix}rate`, number(loan.rate));
    if (put(`${prefix}old`, loan.old)) put(`${prefix}since`, loan.since, true);
    else hidden.push(`${prefix}since`);
    if (amount !== undefined && rate !== undefined)
      put(`${prefix}yearly`, cents(amount * (rate / 100)));
    if (amount !== undefined && total) put(`${prefix}share`, amount / total);
  });
  for (let section = 0; section < 10; section++) {
    const loan = values[`s${section}_loan`];
    const price = values[`s${section}_price`];
    const ratio = loan === undefined || !price ? undefined : loan / price;
    if (ratio !== undefined) values[`ratio${section}`] = ratio;
    values[`level${section}`] = ratio > 0.9 ? "high" : "low";
  }
  return { values, hidden, missing, failed };
}

function found({ states }, numberText) {
  const all = [...states];
  const values = {};
  for (const [name, { value }] of all)
    if (value !== undefined && name !== "loans")
      values[name] = typeof value === "bigint" ? numberText(value) : value;
  return {
    values,
    hidden: all.filter(([, state]) => !state.visible).map(([name]) => name).sort(),
    missing: all.filter(([, state]) => state.missing).map(([name]) => name).sort(),
    failed: all.flatMap(([name, state]) => state.failed.map((each) => `${name} ${each.message}`)).sort(),
  };
}

// Floating-point numbers are near the exact ones, and are taken for them if they are near enough.
function near(byHand, ours) {
  const values = {};
  for (const [name, value] of Object.entries(byHand.values)) {
    const exact = ours.values[name];
    const same = typeof value === "number" && Math.abs(value - exact) < 1e-9 * Math.max(1, value);
    values[name] = same ? exact : value;
  }
  const [hidden, missing, failed] = [byHand.hidden, byHand.missing, byHand.failed].map((each) =>
    [...each].sort(),
  );
  return { values, hidden, missing, failed };
}

// The least of many rounds: whatever else a machine does can only add to it.
function cost(work) {
  const until = performance.now() + 300;
  while (performance.now() < until) work();
  let least = Infinity;
  for (let round = 0; round < 40; round++) {
    const start = performance.now();
    for (let time = 0; time < 50; time++) work();
    least = Math.min(least, (performance.now() - start) / 50);
  }
  return least;
}

export function measure(form, numberText, { plan, answers, today }) {
  const ready = form(plan);
  const ours = found(ready.evaluate(answers, today), numberText);
  return {
    ours,
    by_hand: near(byHand(answers, today), ours),
    ours_ms: cost(() => ready.evaluate(answers, today)),
    by_hand_ms: cost(() => byHand(answers, today)),
    ready_ms: cost(() => form(plan)),
  };
}

// --- in Node -------------------------------------------------------------------------------------
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { form, numberText } = await import(pathToFileURL(process.argv[2]));
const given = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(measure(form, numberText, given)));

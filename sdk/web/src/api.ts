/** The calls of the wire that a visitor's browser may make. Nothing here touches the page. */
import type { Day } from "./dates.ts";

export type Channel = "video" | "phone" | "branch";

export interface Location {
  slug: string;
  name: string;
  address: string;
  timezone: string;
}

export interface MeetingType {
  slug: string;
  name: string;
  description: string;
  durations: number[];
  channels: Channel[];
  prepares: boolean;
  locations: Location[];
  phone: string | null;
}

/** What is asked for; the parts that slots, holds and bookings have in common. */
export interface Wish {
  meeting_type: string;
  channel: Channel;
  location: string | null;
  duration: number | null;
}

export interface Slots {
  days: Record<Day, string[]>;
  next_available: string | null;
  as_of: string;
}

export interface Hold {
  id: string;
  start: string;
  end: string;
  expires_at: string;
}

export interface Customer {
  name: { given: string; prefix: string; surname: string; honorific: "mr" | "mrs" | "none" };
  email: string;
  phone: string | null;
  language: string;
}

export interface Booking {
  id: string;
  state: string;
  start: string;
  end: string;
  advisor: { name: string } | null;
  manage_url: string;
  intake_url: string | null;
}

export interface FieldError {
  pointer: string;
  detail: string;
  code: string;
}

/** A refusal by the server, or `network` when there was no answer; `code` is the wire's. */
export class Problem extends Error {
  readonly code: string;
  readonly errors: FieldError[];
  readonly alternatives: string[];

  constructor(code: string, errors: FieldError[] = [], alternatives: string[] = []) {
    super(code);
    this.code = code;
    this.errors = errors;
    this.alternatives = alternatives;
  }
}

const PATIENCE = 8_000;
const RETRIES = 2;
const PAUSE = 400;
const PASSING = [429, 502, 503, 504];

interface Call {
  method?: "GET" | "POST" | "DELETE";
  query?: Record<string, string | number | null>;
  /** A serialised body: the same text with the same `once` is the same request. */
  body?: string;
  once?: string;
}

export class Api {
  readonly #origin: string;
  readonly #key: string;
  readonly #signal: AbortSignal;

  /** Calls end when `signal` does. */
  constructor(origin: string, key: string, signal: AbortSignal) {
    this.#origin = origin;
    this.#key = key;
    this.#signal = signal;
  }

  meetingType(slug: string, lang: string): Promise<MeetingType> {
    return this.#call(`meeting-types/${encodeURIComponent(slug)}`, { query: { lang } });
  }

  /** Free starts by day of `timezone`; `end` is exclusive. */
  slots(wish: Wish, start: Day, end: Day, timezone: string): Promise<Slots> {
    return this.#call("slots", { query: { ...wish, start, end, timezone } });
  }

  hold(wish: Wish, start: string): Promise<Hold> {
    const body = JSON.stringify({ ...wish, start });
    return this.#call("holds", { method: "POST", body, once: random() });
  }

  release(hold: Hold): Promise<void> {
    return this.#call(`holds/${encodeURIComponent(hold.id)}`, { method: "DELETE" });
  }

  book(body: string, once: string): Promise<Booking> {
    return this.#call("bookings", { method: "POST", body, once });
  }

  async #call<T>(path: string, call: Call): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#send<T>(path, call);
      } catch (error) {
        const problem = error as Problem;
        const passing = problem.code === "network" || problem.code === "unavailable";
        const once = call.method === "DELETE" || attempt === RETRIES;
        if (this.#signal.aborted || !passing || once) throw problem;
        const pause = PAUSE * 3 ** attempt * (0.75 + Math.random() / 2);
        await new Promise((resume) => setTimeout(resume, pause));
      }
    }
  }

  async #send<T>(path: string, { method = "GET", query = {}, body, once }: Call): Promise<T> {
    const url = new URL(`/v1/${path}`, this.#origin);
    for (const [name, value] of Object.entries(query)) {
      if (value !== null) url.searchParams.set(name, String(value));
    }
    const headers: Record<string, string> = { Authorization: `Bearer ${this.#key}` };
    if (body) headers["Content-Type"] = "application/json";
    if (once) headers["Idempotency-Key"] = once;
    // A hold is given back also when the visitor leaves, so nothing but time ends that call.
    const leaving = method === "DELETE";
    const patience = AbortSignal.timeout(PATIENCE);
    let answer: Response;
    let data: unknown;
    try {
      answer = await fetch(url, {
        method,
        headers,
        body: body ?? null,
        credentials: "omit",
        cache: "no-store",
        keepalive: leaving,
        signal: leaving ? patience : AbortSignal.any([this.#signal, patience]),
      });
      data = answer.status === 204 ? null : await answer.json();
    } catch {
      throw new Problem("network");
    }
    if (!answer.ok) throw refusal(answer.status, data);
    return data as T;
  }
}

function refusal(status: number, data: unknown): Problem {
  if (PASSING.includes(status)) return new Problem("unavailable");
  const { type, errors, alternatives } = (data ?? {}) as {
    type?: string;
    errors?: FieldError[];
    alternatives?: string[];
  };
  return new Problem(type?.split("/").pop() ?? String(status), errors, alternatives);
}

/** 128 random bits; `crypto.randomUUID` is missing on pages without TLS. */
export function random(): string {
  if (crypto.randomUUID) return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(16)).join("-");
}

// Answers that follow a slider: a first one at once, then better ones until it is proven.

import { cancelOperation, createSeed, getSeed, watch } from "./api.js";
import { seedRequest } from "./questions.js";

const QUICK = { gap: 0.01, seconds: 2 };
const THOROUGH = { gap: 0, seconds: 30 };
const AT_ONCE_MS = 10; // a question that follows none
const SHORTEST_MS = 30; // between two questions of a drag
const LONGEST_MS = 300;
const REST_MS = 500; // a budget that stays this long is worth a proof

const pause = (ms, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    }, { once: true });
  });

/** Asks the newest question; answers to older ones are dropped, and their solves end. */
export class Asking {
  /** `listener` has `seed(seed, isFinal)`, `live(operation)`, `busy(isBusy)` and `failed(error)`. */
  constructor(listener) {
    this.listener = listener;
    this.running = new AbortController();
    this.timer = null;
    this.newest = null;
    this.pace = SHORTEST_MS; // about as fast as answers come
    this.waiting = false; // for a first answer
  }

  /** Ask; of many questions in a moment the last one is. */
  ask(question) {
    this.newest = question;
    this.listener.busy(true);
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.stop();
      this.#answer(this.newest, this.running.signal);
    }, this.waiting ? this.pace : AT_ONCE_MS);
  }

  /** Give up whatever is under way. */
  stop() {
    clearTimeout(this.timer);
    this.timer = null;
    this.running.abort();
    this.running = new AbortController();
    this.listener.busy(false);
  }

  async #answer(question, signal) {
    this.listener.busy(true);
    this.waiting = true;
    try {
      const began = performance.now();
      const first = await this.#first(question, signal);
      this.pace = Math.min(Math.max(performance.now() - began, SHORTEST_MS), LONGEST_MS);
      this.waiting = false;
      const isFinal = first.status !== "feasible" || first.gap === 0;
      this.listener.busy(false);
      this.listener.seed(first, isFinal);
      if (!isFinal) await this.#improve(question, first, signal);
    } catch (error) {
      if (signal.aborted) return;
      this.waiting = false;
      this.listener.failed(error);
    } finally {
      if (!signal.aborted) this.listener.busy(false);
    }
  }

  async #first(question, signal) {
    const answer = await createSeed(question.dataset.id, seedRequest(question, QUICK), { signal });
    return "seed_id" in answer ? this.#await(answer, signal, () => {}) : answer;
  }

  /** Go on until the proof, or the time limit; what is known so far is told as it comes. */
  async #improve(question, first, signal) {
    await pause(REST_MS, signal);
    const answer = await createSeed(
      question.dataset.id, seedRequest(question, THOROUGH), { later: true, signal });
    const better = "seed_id" in answer
      ? await this.#await(answer, signal, (operation) => this.listener.live(operation))
      : answer;
    // The longer search may end with the same worth and a weaker bound: then the first stays.
    const worse = better.objective < first.objective
      || (better.objective === first.objective && (better.gap ?? Infinity) > (first.gap ?? Infinity));
    this.listener.seed(worse ? first : better, true);
  }

  async #await(operation, signal, tell) {
    const cancel = () => cancelOperation(operation.id).catch(() => {});
    signal.addEventListener("abort", cancel, { once: true });
    for await (const state of watch(operation.id, signal)) {
      if (state.finished_at !== null) signal.removeEventListener("abort", cancel);
      if (state.status === "succeeded") return getSeed(state.seed_id, signal);
      if (state.finished_at !== null) throw new Error(state.error?.detail ?? "The solve was cancelled.");
      tell(state);
    }
    throw new Error("The solve ended without an answer.");
  }
}

// Answers that follow a slider: a first one at once, then better ones until it is proven.

import { createSeed, finished, getSeed } from "./api.js";
import { DEFAULT_OBJECTIVE, seedRequest } from "./questions.js";

const QUICK = { gap: 0.01, seconds: 2 };
const QUICK_OF_SEVERAL = { gap: 0.01, seconds: 0.5 }; // the recommended seed is the best of several
const THOROUGH = { gap: 0, seconds: 30 };
const THOROUGH_OF_SEVERAL = { gap: 0, seconds: 12 };
const AT_ONCE_MS = 10; // a question that follows none
const SHORTEST_MS = 30; // between two questions of a drag
const LONGEST_MS = 300;
const REST_MS = 500; // a budget that stays this long is worth a proof

const thorough = ({ objective }) => (objective === DEFAULT_OBJECTIVE ? THOROUGH_OF_SEVERAL : THOROUGH);
const quick = ({ objective }) => (objective === DEFAULT_OBJECTIVE ? QUICK_OF_SEVERAL : QUICK);

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
  /**
   * `listener` has `seed(seed, isFinal, question)` with a request that gives the same seed,
   * `live(operation)`, `busy(isBusy)`, `failed(error)` and, where a first answer stays, `ended(error)`.
   */
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
      // A recommended seed is not the last one by being proven: there was no time to polish it.
      const isFinal = question.objective === DEFAULT_OBJECTIVE
        ? first.status === "infeasible" : first.status !== "feasible" || first.gap === 0;
      this.listener.busy(false);
      this.listener.seed(first, isFinal, seedRequest(question, quick(question)));
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
    const answer = await createSeed(question.dataset.id, seedRequest(question, quick(question)), { signal });
    return seedOf(answer, signal);
  }

  /** Go on until the proof, or the time limit; what is known so far is told as it comes. */
  async #improve(question, first, signal) {
    const request = seedRequest(question, thorough(question));
    let better;
    try {
      await pause(REST_MS, signal);
      const answer = await createSeed(question.dataset.id, request, { later: true, signal });
      better = await seedOf(answer, signal, (operation) => this.listener.live(operation));
    } catch (error) {
      if (signal.aborted) return;
      this.listener.seed(first, true, seedRequest(question, quick(question))); // it is as good as it was
      this.listener.ended(error);
      return;
    }
    // The longer search may end with the same worth and a weaker bound: then the first stays. Of
    // recommended seeds the later one had the time to be polished, whatever its objective says.
    const worse = question.objective !== DEFAULT_OBJECTIVE && (better.objective < first.objective
      || (better.objective === first.objective && (better.gap ?? Infinity) > (first.gap ?? Infinity)));
    if (worse) this.listener.seed(first, true, seedRequest(question, quick(question)));
    else this.listener.seed(better, true, request);
  }
}

/** The seed of an answer, which may be an operation that is still to end. */
async function seedOf(answer, signal, tell) {
  if (!("seed_id" in answer)) return answer;
  const { seed_id: id } = await finished(answer, signal, tell);
  return getSeed(id, signal);
}

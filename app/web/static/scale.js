// The budget slider: from the cheapest scene to everything, logarithmic where it can be.

const STEPS = 1000;

export class Scale {
  constructor(least, most) {
    this.least = least;
    this.most = Math.max(most, least);
    this.logarithmic = least > 0;
  }

  /** The budget at a slider position, with three significant digits between the ends. */
  at(position) {
    if (position <= 0) return this.least;
    if (position >= STEPS) return this.most;
    const share = position / STEPS;
    const exact = this.logarithmic
      ? this.least * (this.most / this.least) ** share
      : this.least + (this.most - this.least) * share;
    return Math.min(Math.max(Number(exact.toPrecision(3)), this.least), this.most);
  }

  /** The slider position nearest to a budget. */
  position(budget) {
    const [least, most, value] = this.logarithmic
      ? [this.least, this.most, Math.max(budget, this.least)].map(Math.log)
      : [this.least, this.most, budget];
    if (most === least) return STEPS;
    return Math.round(STEPS * Math.min(Math.max((value - least) / (most - least), 0), 1));
  }

  /** A budget to begin with: a tenth of everything. */
  start() {
    return Math.max(Number((this.most / 10).toPrecision(2)), this.least);
  }

  /** The budget that was typed: "65,000", "6.5e4" or "3 %"; NaN where it is no positive number. */
  parse(text) {
    const plain = text.replace(/[\s,_\u00a0\u202f]/g, "");
    const share = plain.endsWith("%");
    const digits = share ? plain.slice(0, -1) : plain;
    const value = digits === "" ? NaN : Number(digits);
    if (!(value > 0 && Number.isFinite(value))) return NaN;
    if (share && value >= 100) return this.most; // four digits of it may pay for one scene less
    return Math.min(share ? Number((this.most * value / 100).toPrecision(4)) : value, this.most);
  }
}

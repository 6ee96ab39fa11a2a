// A canvas of up to a hundred thousand points that pans, zooms and is picked from at screen speed.
//
// Plotly's WebGL points compile code at run time, which a strict Content-Security-Policy forbids, and
// its SVG ones stop moving at a few thousand (docs/adr/0016).

const MARGIN = 24;
const FRAME_MS = 33; // more than this, and points are left out while the picture moves
const REACH = 14; // pixels within which a point is picked

/** One canvas; `points` has x, y (Float64Array), size (radius), colour (index), rank (drawn last). */
export class Scatter {
  /** `heard` has `hover(index|null, x, y)`, `pick(index)`, `lasso(indices)`, `thinned(step)`. */
  constructor(canvas, heard) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.heard = heard;
    this.points = null;
    this.view = null; // {scale, x, y}: screen = x + scale * point
    this.mode = "pan";
    this.polygon = [];
    this.step = 1; // every how many-th point is drawn while moving
    this.marked = -1; // where the keys are
    this.ringed = []; // what is selected
    this.frame = null;
    this.moving = null;
    this.width = this.height = 0; // as last seen: a canvas that is hidden has no size
    new ResizeObserver(() => this.#resize()).observe(canvas);
    this.#listen();
  }

  /** Show points; the view stays where it is unless they are other points. */
  show(points, palette, { keepView = false } = {}) {
    this.points = points;
    this.palette = palette;
    const indices = [...points.x.keys()];
    this.order = indices.sort((a, b) => points.level[a] - points.level[b] || points.colour[a] - points.colour[b]);
    if (!keepView || this.view === null) this.fit();
    this.draw();
  }

  /** Show nothing. */
  clear() {
    this.points = this.view = null;
    this.marked = -1;
    this.ringed = [];
    this.polygon = [];
    this.draw();
  }

  /** Show everything. */
  fit() {
    if (!this.points) return;
    if (this.width === 0) this.#measure();
    const { x, y } = this.points;
    const [left, right, low, high] = extent(x).concat(extent(y));
    const { width, height } = this;
    const scale = Math.min((width - 2 * MARGIN) / (right - left || 1), (height - 2 * MARGIN) / (high - low || 1));
    this.view = {
      scale,
      x: width / 2 - (scale * (left + right)) / 2,
      y: height / 2 + (scale * (low + high)) / 2,
    };
    this.home = scale;
    this.draw();
  }

  screen(index) {
    const { scale, x, y } = this.view;
    return [x + scale * this.points.x[index], y - scale * this.points.y[index]];
  }

  /** Draw at the next frame. */
  draw() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      const began = performance.now();
      this.#paint(this.moving === null ? 1 : this.step);
      const spent = performance.now() - began;
      if (this.moving === null) return;
      if (spent > FRAME_MS && this.step < 64) this.step *= 2;
      else if (spent < FRAME_MS / 4 && this.step > 1) this.step /= 2;
      this.heard.thinned(this.step);
    });
  }

  zoom(factor, cx = this.width / 2, cy = this.height / 2) {
    if (this.view === null) return;
    const scale = Math.min(Math.max(this.view.scale * factor, this.home / 4), this.home * 1e4);
    const real = scale / this.view.scale;
    this.view = { scale, x: cx - real * (cx - this.view.x), y: cy - real * (cy - this.view.y) };
    this.#move();
  }

  pan(dx, dy) {
    if (this.view === null) return;
    this.view = { ...this.view, x: this.view.x + dx, y: this.view.y + dy };
    this.#move();
  }

  /** Draw what moves, and once more, in full, when it rests. */
  #move() {
    clearTimeout(this.moving);
    this.moving = setTimeout(() => {
      this.moving = null;
      this.heard.thinned(1);
      this.draw();
    }, 150);
    this.draw();
  }

  /** Put rings around points. */
  ring(indices) {
    this.ringed = indices;
    this.draw();
  }

  /** Mark a point and bring it into view. */
  mark(index) {
    this.marked = index;
    if (index >= 0) {
      const [x, y] = this.screen(index);
      const { width, height } = this;
      const dx = Math.min(Math.max(x, MARGIN), width - MARGIN) - x;
      const dy = Math.min(Math.max(y, MARGIN), height - MARGIN) - y;
      if (dx || dy) this.view = { ...this.view, x: this.view.x + dx, y: this.view.y + dy };
    }
    this.draw();
  }

  #resize() {
    if (this.#measure() && this.points) this.fit();
  }

  /** Take the size that the page gives the canvas; tell whether it has one. */
  #measure() {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (width === 0 || height === 0) return false;
    [this.width, this.height] = [width, height];
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    return true;
  }

  #paint(step) {
    const { context, points, palette } = this;
    if (this.width === 0) return;
    const ratio = window.devicePixelRatio || 1;
    const { width, height } = this;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    if (!points || this.view === null) return;
    const grow = Math.min(Math.sqrt(this.view.scale / this.home), 3);
    let last = null;
    for (let place = 0; place < this.order.length; place += 1) {
      const index = this.order[place];
      if (step > 1 && points.level[index] === 0 && place % step !== 0) continue;
      const [x, y] = this.screen(index);
      const radius = points.size[index] * grow;
      if (x < -radius || y < -radius || x > width + radius || y > height + radius) continue;
      const style = palette(points.colour[index], points.level[index]);
      if (style !== last) {
        if (last !== null) finish(context, last);
        context.beginPath();
        last = style;
      }
      if (radius < 2) context.rect(x - radius, y - radius, 2 * radius, 2 * radius);
      else {
        context.moveTo(x + radius, y);
        context.arc(x, y, radius, 0, 7);
      }
    }
    if (last !== null) finish(context, last);
    const rings = new Set(this.marked >= 0 ? [this.marked, ...this.ringed] : this.ringed);
    if (rings.size > 0) this.#ring(rings, grow);
    if (this.polygon.length > 1) this.#outline();
  }

  #ring(indices, grow) {
    const { context } = this;
    context.beginPath();
    for (const index of indices) {
      const [x, y] = this.screen(index);
      const radius = this.points.size[index] * grow + 4;
      context.moveTo(x + radius, y);
      context.arc(x, y, radius, 0, 7);
    }
    context.strokeStyle = this.palette(-1, 0).stroke;
    context.lineWidth = 2;
    context.stroke();
  }

  #outline() {
    const { context } = this;
    context.beginPath();
    this.polygon.forEach(([x, y], k) => (k === 0 ? context.moveTo(x, y) : context.lineTo(x, y)));
    context.closePath();
    context.strokeStyle = this.palette(-1, 0).stroke;
    context.setLineDash([4, 3]);
    context.lineWidth = 1.5;
    context.stroke();
    context.setLineDash([]);
  }

  /** The point nearest to a place on the screen; -1 where none is near. */
  at(x, y, reach = REACH) {
    let best = -1;
    let least = reach * reach;
    for (let place = this.order.length - 1; place >= 0; place -= 1) {
      const index = this.order[place];
      const [px, py] = this.screen(index);
      const distance = (px - x) ** 2 + (py - y) ** 2;
      if (distance < least) [best, least] = [index, distance];
    }
    return best;
  }

  /** The nearest point in a direction from the marked one, for arrow keys. */
  towards(dx, dy) {
    const from = this.marked < 0 ? [this.width / 2, this.height / 2] : this.screen(this.marked);
    let best = this.marked;
    let least = Infinity;
    for (let index = 0; index < this.points.x.length; index += 1) {
      const [x, y] = this.screen(index);
      const along = (x - from[0]) * dx + (y - from[1]) * dy;
      const across = Math.abs((x - from[0]) * dy) + Math.abs((y - from[1]) * dx);
      if (index === this.marked || along <= 0 || across > along) continue;
      if (along + 2 * across < least) [best, least] = [index, along + 2 * across];
    }
    return best;
  }

  #listen() {
    const { canvas } = this;
    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    const held = new Map(); // pointers that are down
    let travelled = 0;
    canvas.addEventListener("pointerdown", (event) => {
      if (!this.points || event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      held.set(event.pointerId, place(event));
      travelled = 0;
      if (this.mode === "lasso") this.polygon = [place(event)];
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!this.points) return;
      const [x, y] = place(event);
      const before = held.get(event.pointerId);
      if (!before) {
        this.heard.hover(this.at(x, y), x, y);
        return;
      }
      travelled += Math.abs(x - before[0]) + Math.abs(y - before[1]);
      held.set(event.pointerId, [x, y]);
      if (held.size === 2) this.#pinch(held, event.pointerId, before);
      else if (this.mode === "lasso") {
        this.polygon.push([x, y]);
        this.draw();
      } else if (travelled > 3) {
        this.heard.hover(-1, x, y);
        this.pan(x - before[0], y - before[1]);
      }
    });
    const up = (event) => {
      if (!held.delete(event.pointerId) || event.type === "pointercancel" || !this.points) return;
      const [x, y] = place(event);
      if (this.mode === "lasso" && this.polygon.length > 2) this.heard.lasso(this.#inside());
      else if (travelled <= 3) this.heard.pick(this.at(x, y));
      this.polygon = [];
      this.draw();
    };
    canvas.addEventListener("pointerup", up);
    canvas.addEventListener("pointercancel", up);
    canvas.addEventListener("pointerleave", (event) => this.heard.hover(-1, ...place(event)));
    canvas.addEventListener("wheel", (event) => {
      if (!this.points) return;
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.0015)), ...place(event));
    }, { passive: false });
  }

  #pinch(held, moved, before) {
    const other = [...held].find(([id]) => id !== moved)[1];
    const now = held.get(moved);
    const was = Math.hypot(before[0] - other[0], before[1] - other[1]) || 1;
    const is = Math.hypot(now[0] - other[0], now[1] - other[1]) || 1;
    this.zoom(is / was, (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
  }

  #inside() {
    const found = [];
    for (let index = 0; index < this.points.x.length; index += 1) {
      if (within(this.polygon, ...this.screen(index))) found.push(index);
    }
    return found;
  }

  /** The picture as SVG, for a document. */
  svg() {
    const { width, height } = this;
    const grow = Math.min(Math.sqrt(this.view.scale / this.home), 3);
    const dots = this.order.map((index) => {
      const [x, y] = this.screen(index);
      const { fill, stroke } = this.palette(this.points.colour[index], this.points.level[index]);
      const edge = stroke ? ` stroke="${stroke}" stroke-width="1.5"` : "";
      const radius = (this.points.size[index] * grow).toFixed(2);
      return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${radius}" fill="${fill}"${edge}/>`;
    });
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${dots.join("")}</svg>`;
  }
}

function finish(context, { fill, stroke }) {
  context.fillStyle = fill;
  context.fill();
  if (!stroke) return;
  context.strokeStyle = stroke;
  context.lineWidth = 1.5;
  context.stroke();
}

function extent(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** Whether a place lies within a polygon: a ray from it crosses the outline an odd number of times. */
function within(polygon, x, y) {
  let inside = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i, i += 1) {
    const [ax, ay] = polygon[i];
    const [bx, by] = polygon[j];
    if ((ay > y) !== (by > y) && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

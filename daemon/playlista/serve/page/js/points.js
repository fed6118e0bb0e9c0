// The points of the map: where they are on the screen, which is near a place, which lie inside a shape. Positions are
// from 0 to 1 in both directions; a grid over them makes looking up fast with 100,000 points and more.

const CELLS = 256;
const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

export class Points {
  /** `x` and `y` belong to `ids`, place by place. */
  constructor(ids, x, y) {
    this.ids = ids;
    this.x = Float32Array.from(x);
    this.y = Float32Array.from(y);
    this.places = new Map(ids.map((id, place) => [id, place]));
    this.#index();
  }

  get length() {
    return this.ids.length;
  }

  /** The place of the point nearest to (x, y) within `radius`, or -1. */
  nearest(x, y, radius) {
    let [best, least] = [-1, radius * radius];
    this.#around(x - radius, y - radius, x + radius, y + radius, (place) => {
      const distance = (this.x[place] - x) ** 2 + (this.y[place] - y) ** 2;
      if (distance < least) [best, least] = [place, distance];
    });
    return best;
  }

  /** The places of all points inside a polygon of [x, y] corners. */
  inside(corners) {
    const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
    const found = [];
    this.#around(Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys), (place) => {
      if (contains(corners, this.x[place], this.y[place])) found.push(place);
    });
    return found;
  }

  /** Sorts the places by cell: those of cell c are order[starts[c]] up to order[starts[c + 1]]. */
  #index() {
    const cells = Uint32Array.from({ length: this.length }, (_, place) => this.#cell(this.x[place], this.y[place]));
    this.starts = new Uint32Array(CELLS * CELLS + 1);
    for (const cell of cells) this.starts[cell + 1] += 1;
    for (let cell = 0; cell < CELLS * CELLS; cell += 1) this.starts[cell + 1] += this.starts[cell];
    const next = this.starts.slice();
    this.order = new Uint32Array(this.length);
    cells.forEach((cell, place) => (this.order[next[cell]++] = place));
  }

  #cell(x, y) {
    return clamp(Math.floor(y * CELLS), 0, CELLS - 1) * CELLS + clamp(Math.floor(x * CELLS), 0, CELLS - 1);
  }

  #around(left, top, right, bottom, visit) {
    const [first, last] = [clamp(Math.floor(left * CELLS), 0, CELLS - 1), clamp(Math.floor(right * CELLS), 0, CELLS - 1)];
    for (let row = clamp(Math.floor(top * CELLS), 0, CELLS - 1); row <= clamp(Math.floor(bottom * CELLS), 0, CELLS - 1); row += 1) {
      for (let at = this.starts[row * CELLS + first]; at < this.starts[row * CELLS + last + 1]; at += 1) visit(this.order[at]);
    }
  }
}

/** Whether (x, y) is inside the polygon: a ray to the right crosses its border an odd number of times. */
function contains(corners, x, y) {
  let isInside = false;
  for (let at = 0, before = corners.length - 1; at < corners.length; before = at, at += 1) {
    const [[x1, y1], [x2, y2]] = [corners[at], corners[before]];
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) isInside = !isInside;
  }
  return isInside;
}

/** What part of the map a canvas shows: the middle, and pixels for a distance of 1. */
export class Camera {
  x = 0.5;
  y = 0.5;
  scale = 1;

  constructor(width, height) {
    this.resize(width, height);
    this.scale = this.least;
  }

  resize(width, height) {
    [this.width, this.height] = [width, height];
    this.least = Math.min(width, height) * 0.9;
    this.scale = Math.max(this.scale, this.least);
  }

  /** Pixels of a position. */
  screen(x, y) {
    return [(x - this.x) * this.scale + this.width / 2, (y - this.y) * this.scale + this.height / 2];
  }

  /** The position at pixels. */
  world(left, top) {
    return [(left - this.width / 2) / this.scale + this.x, (top - this.height / 2) / this.scale + this.y];
  }

  pan(right, down) {
    this.x = clamp(this.x - right / this.scale, 0, 1);
    this.y = clamp(this.y - down / this.scale, 0, 1);
  }

  /** `factor` times closer; what is at the pixels stays there. */
  zoom(factor, left = this.width / 2, top = this.height / 2) {
    const [x, y] = this.world(left, top);
    this.scale = clamp(this.scale * factor, this.least, this.least * 200);
    this.x = clamp(x - (left - this.width / 2) / this.scale, 0, 1);
    this.y = clamp(y - (top - this.height / 2) / this.scale, 0, 1);
  }
}

// What the map shows: the points, what is lit, names over clusters, a path, and the name of the point under the pointer.

import { bdi } from "./elements.js";
import { paint } from "./plot.js";
import { Camera } from "./points.js";
import { trackHref } from "./route.js";
import { get } from "./server.js";

/** A point is meant within so many pixels. */
const NEAR = 10;
const NAME_WAIT_MILLISECONDS = 80;
const KEPT_NAMES = 500;

export class Scene {
  #canvas;
  #context;
  #hint;
  #frame = 0;
  #points = null;
  #pixels = null;
  #isLit = null;
  #labels = [];
  #path = [];
  #ring = -1;
  #outline = [];
  #names = new Map();
  #timer = 0;

  constructor(canvas, hint) {
    this.#canvas = canvas;
    this.#hint = hint;
    this.#context = canvas.getContext("2d");
    this.camera = new Camera(1, 1);
    new ResizeObserver(() => this.#resize()).observe(canvas);
  }

  /** Shows `points` in the colours `pixels`; `labels` are {values, names} to be written over their points. */
  use(points, pixels, labels) {
    [this.#points, this.#pixels, this.#isLit] = [points, pixels, null];
    this.#labels = labels ? labels.names.map((one) => ({ name: one.name, ...middle(points, labels.values, one.value) })) : [];
    this.draw();
  }

  /** Only the points for which `isLit(place)` holds are bright; null: all. */
  light(isLit) {
    this.#isLit = isLit;
    this.draw();
  }

  lightIds(ids) {
    this.light((place) => ids.has(this.#points.ids[place]));
  }

  /** Draws a line through these tracks. */
  follow(ids) {
    this.#path = ids.map((id) => this.#points?.places.get(id)).filter((place) => place !== undefined);
    this.draw();
  }

  /** Moves to a track and names it. */
  go(id) {
    const place = this.#points?.places.get(id);
    if (place === undefined) return;
    [this.camera.x, this.camera.y] = [this.#points.x[place], this.#points.y[place]];
    this.camera.zoom(6);
    this.#show(place);
  }

  zoom(factor, left, top) {
    this.camera.zoom(factor, left, top);
    this.draw();
  }

  pan(right, down) {
    this.camera.pan(right, down);
    this.draw();
  }

  /** The line that is being drawn around tracks, in pixels. */
  outline(corners) {
    this.#outline = corners;
    this.draw();
  }

  /** Ids of the tracks inside corners given in pixels. */
  inside(corners) {
    return this.#points.inside(corners.map(([left, top]) => this.camera.world(left, top))).map((place) => this.#points.ids[place]);
  }

  /** Names the point at these pixels, and answers its id; undefined where there is none. */
  point(left, top, near = NEAR) {
    if (!this.#points) return undefined;
    const place = this.#points.nearest(...this.camera.world(left, top), near / this.camera.scale);
    if (place !== this.#ring) this.#show(place);
    return place < 0 ? undefined : this.#points.ids[place];
  }

  draw() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#paint();
    });
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const ratio = devicePixelRatio || 1;
    [this.#canvas.width, this.#canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    this.camera.resize(width, height);
    this.draw();
  }

  #paint() {
    if (!this.#points) return;
    const ratio = devicePixelRatio || 1;
    const context = this.#context;
    context.resetTransform();
    paint(context, this.#points, this.camera, { pixels: this.#pixels, isLit: this.#isLit, ratio });
    context.scale(ratio, ratio);
    const style = getComputedStyle(this.#canvas);
    this.#line(this.#path.map((place) => this.#at(place)), style.color);
    this.#line(this.#outline, style.color, true);
    if (!this.#isLit) this.#write(style);
    if (this.#ring >= 0) this.#circle(style.color);
    this.#placeHint();
  }

  #at(place) {
    return this.camera.screen(this.#points.x[place], this.#points.y[place]);
  }

  #line(corners, colour, isClosed = false) {
    if (corners.length < 2) return;
    this.#context.beginPath();
    for (const [left, top] of corners) this.#context.lineTo(left, top);
    if (isClosed) this.#context.closePath();
    this.#context.strokeStyle = colour;
    this.#context.lineWidth = 2;
    this.#context.stroke();
  }

  #write(style) {
    const context = this.#context;
    context.font = `600 13px ${style.fontFamily}`;
    [context.textAlign, context.lineWidth, context.lineJoin] = ["center", 4, "round"];
    [context.strokeStyle, context.fillStyle] = [style.getPropertyValue("--ground"), style.color];
    const taken = [];
    for (const { name, x, y } of this.#labels) {
      const [left, top] = this.camera.screen(x, y);
      if (taken.some(([other, height]) => Math.abs(other - left) < 90 && Math.abs(height - top) < 18)) continue;
      taken.push([left, top]);
      context.strokeText(name, left, top);
      context.fillText(name, left, top);
    }
  }

  #circle(colour) {
    const [left, top] = this.#at(this.#ring);
    this.#context.beginPath();
    this.#context.arc(left, top, 7, 0, 2 * Math.PI);
    this.#context.strokeStyle = colour;
    this.#context.lineWidth = 2;
    this.#context.stroke();
  }

  #show(place) {
    this.#ring = place;
    this.#hint.hidden = true;
    clearTimeout(this.#timer);
    if (place >= 0) this.#timer = setTimeout(() => this.#name(place), NAME_WAIT_MILLISECONDS);
    this.draw();
  }

  async #name(place) {
    const id = this.#points.ids[place];
    if (!this.#names.has(id)) {
      if (this.#names.size > KEPT_NAMES) this.#names.clear();
      try {
        const { path, metadata } = await get(`tracks/${id}`);
        this.#names.set(id, [metadata?.title ?? path, metadata?.artist]);
      } catch {
        return; // it went away meanwhile: the point stays without a name
      }
    }
    if (this.#ring !== place) return;
    const [title, artist] = this.#names.get(id);
    this.#hint.replaceChildren(bdi(title), ...(artist ? [" · ", bdi(artist)] : []));
    this.#hint.href = trackHref(id);
    this.#hint.hidden = false;
    this.#placeHint();
  }

  #placeHint() {
    if (this.#hint.hidden || this.#ring < 0) return;
    const [left, top] = this.#at(this.#ring);
    const widest = this.#canvas.clientWidth - this.#hint.offsetWidth;
    this.#hint.style.transform = `translate(${Math.max(0, Math.min(widest, left - this.#hint.offsetWidth / 2))}px, ${Math.max(0, top - 44)}px)`;
  }
}

/** The median position of the points that have `value`. */
function middle(points, values, value) {
  const places = [];
  values.forEach((other, place) => other === value && places.push(place));
  const median = (of) => places.map((place) => of[place]).sort((a, b) => a - b)[places.length >> 1];
  return { x: median(points.x), y: median(points.y) };
}

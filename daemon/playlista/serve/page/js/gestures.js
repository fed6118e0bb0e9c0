// How the map is moved: drag, wheel, two fingers, keys; and how a line is drawn around tracks.

/** A press that moves less than this is a click. */
const STILL = 5;
const PAN = 60;

export class Gestures {
  #scene;
  #canvas;
  #does;
  #pointers = new Map();
  #moved = 0;
  #isDrawing = false;
  #corners = [];

  /** `does` holds open(id), drawn(corners) and drawing(isOn). */
  constructor(canvas, scene, does, signal) {
    [this.#canvas, this.#scene, this.#does] = [canvas, scene, does];
    const on = (event, listener, options = {}) => canvas.addEventListener(event, listener, { signal, ...options });
    on("pointerdown", (event) => this.#down(event));
    on("pointermove", (event) => this.#move(event));
    on("pointerup", (event) => this.#up(event));
    on("pointercancel", (event) => this.#pointers.delete(event.pointerId));
    on("wheel", (event) => {
      event.preventDefault();
      scene.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.002)), event.offsetX, event.offsetY);
    }, { passive: false });
    on("keydown", (event) => this.#key(event));
  }

  /** Whether the next drag draws a line around tracks. */
  draw(isOn) {
    this.#isDrawing = isOn;
    this.#canvas.classList.toggle("drawing", isOn);
    this.#does.drawing(isOn);
  }

  #down(event) {
    this.#canvas.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, [event.offsetX, event.offsetY]);
    this.#moved = 0;
    this.#corners = [[event.offsetX, event.offsetY]];
  }

  #move(event) {
    const before = this.#pointers.get(event.pointerId);
    if (!before) return this.#scene.point(event.offsetX, event.offsetY);
    const [right, down] = [event.offsetX - before[0], event.offsetY - before[1]];
    this.#moved += Math.abs(right) + Math.abs(down);
    const others = [...this.#pointers].filter(([id]) => id !== event.pointerId);
    if (others.length) this.#pinch(others[0][1], before, [event.offsetX, event.offsetY]);
    else if (this.#isDrawing) this.#scene.outline([...this.#corners, [event.offsetX, event.offsetY]]);
    else this.#scene.pan(right, down);
    if (this.#isDrawing) this.#corners.push([event.offsetX, event.offsetY]);
    this.#pointers.set(event.pointerId, [event.offsetX, event.offsetY]);
  }

  #pinch(still, before, now) {
    const apart = (place) => Math.hypot(place[0] - still[0], place[1] - still[1]);
    this.#scene.zoom(apart(now) / Math.max(1, apart(before)), (still[0] + now[0]) / 2, (still[1] + now[1]) / 2);
  }

  #up(event) {
    this.#pointers.delete(event.pointerId);
    if (this.#isDrawing && this.#corners.length > 2) {
      this.#scene.outline([]);
      this.#does.drawn(this.#corners);
      return this.draw(false);
    }
    if (this.#moved > STILL) return;
    const id = this.#scene.point(event.offsetX, event.offsetY, event.pointerType === "mouse" ? 10 : 22);
    // A finger cannot hover: its first tap names the track, and the name is a link.
    if (id !== undefined && event.pointerType === "mouse") this.#does.open(id);
  }

  #key(event) {
    const { width, height } = this.#scene.camera;
    const pans = { ArrowLeft: [PAN, 0], ArrowRight: [-PAN, 0], ArrowUp: [0, PAN], ArrowDown: [0, -PAN] };
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (pans[event.key]) this.#scene.pan(...pans[event.key]);
    else if (event.key === "+" || event.key === "=") this.#scene.zoom(1.4);
    else if (event.key === "-") this.#scene.zoom(1 / 1.4);
    else if (event.key === "Escape") this.draw(false);
    else if (event.key !== "Enter") return;
    event.preventDefault();
    const id = this.#scene.point(width / 2, height / 2, Math.max(width, height) / 4);
    if (event.key === "Enter" && id !== undefined) this.#does.open(id);
  }
}

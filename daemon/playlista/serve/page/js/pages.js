// A long list that is read page by page behind cursors. Only the pages near what is looked at stay in memory; the others
// are read again by their cursors, which are kept.

const PAGE_ROWS = 200;
/** 6,000 rows of some hundred bytes each. */
const KEPT_PAGES = 30;

export class Pages {
  #read;
  #changed;
  #cursors = [null];
  #pages = new Map();
  #reading = new Set();
  #ended = false;
  #known = 0;
  total = null;
  error = null;

  /**
   * Reads by `read(cursor, limit)`, which answers {tracks, next, total}, and calls `changed()` whenever there are more rows
   * to show. May be called again: rows that were read stay.
   */
  resume(read, changed) {
    [this.#read, this.#changed] = [read, changed];
    this.#reading.clear();
    this.error = null;
  }

  /** Rows that can be scrolled to now: those that were read, and a few more while there are any. */
  get length() {
    return this.#known + (this.#ended || this.error ? 0 : 20);
  }

  get isEmpty() {
    return this.#ended && this.#known === 0;
  }

  /** Rows in all, where that is known. */
  get count() {
    return this.total ?? (this.#ended ? this.#known : null);
  }

  /** The row at `index`, or undefined while it is being read. */
  row(index) {
    const page = this.#pages.get(Math.floor(index / PAGE_ROWS));
    return page?.[index % PAGE_ROWS];
  }

  /** Reads what is missing of the rows from `first` to `last`. */
  need(first, last) {
    if (this.error) return;
    const to = Math.floor(Math.max(0, last) / PAGE_ROWS);
    for (let page = Math.floor(Math.max(0, first) / PAGE_ROWS); page <= to; page += 1) {
      if (!this.#pages.has(page) && this.#cursors[page] !== undefined) this.#fetch(page);
    }
  }

  async #fetch(page) {
    if (this.#reading.has(page)) return;
    this.#reading.add(page);
    try {
      const { tracks, next, total } = await this.#read(this.#cursors[page], PAGE_ROWS);
      this.#keep(page, tracks, next);
      this.total = total ?? this.total;
    } catch (error) {
      if (error.name === "AbortError") return;
      this.error = error;
    } finally {
      this.#reading.delete(page);
    }
    this.#changed();
  }

  #keep(page, tracks, next) {
    this.#pages.set(page, tracks);
    if (next == null) this.#ended = true;
    else this.#cursors[page + 1] = next;
    this.#known = Math.max(this.#known, page * PAGE_ROWS + tracks.length);
    for (const other of [...this.#pages.keys()].sort((a, b) => Math.abs(b - page) - Math.abs(a - page))) {
      if (this.#pages.size <= KEPT_PAGES) break;
      this.#pages.delete(other);
    }
  }
}

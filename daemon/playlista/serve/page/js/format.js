// Numbers for people: each with its unit; a dash for what is unknown.

export const UNKNOWN = "–";
const whole = new Intl.NumberFormat("en");

/** 1,204 */
export const count = (value) => (value == null ? UNKNOWN : whole.format(Math.round(value)));

/** 1 track, 2 tracks */
export const several = (value, one, more = `${one}s`) => `${count(value)} ${value === 1 ? one : more}`;

/** A number with so many decimals, and its unit. */
export const fixed = (value, digits, unit = "") =>
  value == null ? UNKNOWN : `${value.toFixed(digits)}${unit ? ` ${unit}` : ""}`;

export const percent = (value) => (value == null ? UNKNOWN : `${Math.round(value * 100)} %`);

/** 48 MB (of 1,048,576 bytes) */
export const megabytes = (bytes) => (bytes == null ? UNKNOWN : `${count(bytes / 1048576)} MB`);

/** The length of a track: 3:05, 1:02:05. */
export function length(seconds) {
  if (seconds == null) return UNKNOWN;
  const all = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, String(all % 60).padStart(2, "0")];
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** How long something takes, roughly: 40 s, 12 min, 3 h 20 min, 5 days. */
export function span(seconds) {
  if (seconds == null) return UNKNOWN;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return several(Math.round(hours / 24), "day");
}

/** How much music that is: 612 hours, 40 min. */
export const amount = (seconds) => (seconds < 7200 ? span(seconds) : several(Math.round(seconds / 3600), "hour"));

/** When something ended, in Unix seconds: 3 min ago, or the date. */
export function ago(seconds, now = Date.now() / 1000) {
  if (seconds == null) return UNKNOWN;
  const past = Math.max(0, now - seconds);
  if (past < 86400) return past < 60 ? "just now" : `${span(past)} ago`;
  return new Date(seconds * 1000).toLocaleDateString("en", { year: "numeric", month: "short", day: "numeric" });
}

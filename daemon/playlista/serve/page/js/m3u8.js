// A playlist as players read it.

/** The text of an extended M3U in UTF-8; a name never breaks its line. */
export function m3u8(tracks) {
  const line = (text) => text.replace(/[\r\n]+/g, " ");
  const entries = tracks.filter(({ path }) => !/[\r\n]/.test(path)).flatMap(({ path, title: name, artist, duration_seconds: duration }) => [
    `#EXTINF:${Math.round(duration ?? -1)},${line([artist, name].filter(Boolean).join(" - ").slice(0, 300))}`,
    path.startsWith("#") ? `./${path}` : path,
  ]);
  return ["#EXTM3U", ...entries, ""].join("\n");
}

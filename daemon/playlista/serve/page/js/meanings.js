// What each value means, in a sentence, and how it is written.

import { count, fixed, length, percent } from "./format.js";

/** Below this the tempo could as well be its half or its double. */
const LOW_CONFIDENCE = 0.35;

const bpm = (value, group) => {
  if (value == null || group.bpm_confidence >= LOW_CONFIDENCE) return fixed(value, 1, "BPM");
  return `${fixed(value, 1)} or ${fixed(value < 110 ? value * 2 : value / 2, 1)} BPM`;
};
const truth = (value) => (value == null ? "–" : value ? "yes" : "no");
const hz = (value) => (value == null ? "–" : `${count(value)} Hz`);

/** What the value of any mood means. */
export const MOOD_MEANING = "How strong the mood is, compared with other music: 80 % means that 80 of 100 pieces have less of it.";

/** Groups of a result object: [heading, field of the object, [[field, name, how it is written, what it means]]]. */
export const GROUPS = [
  ["Rhythm", "rhythm", [
    ["bpm", "Tempo", bpm, "Beats per minute. With a hollow mark it could as well be half or twice as much."],
    ["bpm_confidence", "Confidence", percent, "How sure the tempo is: how evenly the beats lie."],
    ["beats_count", "Beats", count, "How many beats were found in the track."],
    ["onset_rate_hz", "Onsets", (v) => fixed(v, 1, "per second"), "How often a new note or hit begins."],
    ["danceability", "Danceability", (v) => fixed(v, 2), "How regular the rhythm is over seconds; most music is between 0 and 3."],
  ]],
  ["Key", "tonal", [
    ["key", "Key", (v, g) => (v ? `${v} ${g.scale}` : "–"), "The key that fits the notes of the whole track best."],
    ["camelot", "Camelot", (v) => v ?? "–", "The key's place on the Camelot wheel: neighbours mix well."],
    ["strength", "Strength", percent, "How well the notes fit that key."],
    ["tuning_hz", "Tuning", (v) => fixed(v, 1, "Hz"), "The pitch of the A above middle C; 440 Hz is standard."],
  ]],
  ["Loudness", "loudness", [
    ["integrated_lufs", "Loudness", (v) => fixed(v, 1, "LUFS"), "Loudness of the whole track by EBU R 128; streaming services aim at about -14."],
    ["range_lu", "Range", (v) => fixed(v, 1, "LU"), "The difference between quiet and loud parts."],
    ["true_peak_dbtp", "True peak", (v) => fixed(v, 1, "dBTP"), "The highest peak after conversion; above 0 a player may clip."],
    ["replaygain_track_gain_db", "ReplayGain", (v) => fixed(v, 1, "dB"), "What a player adds so that all tracks are equally loud."],
  ]],
  ["Sound", "spectral", [
    ["centroid_hz", "Brightness", hz, "The middle of the spectrum; higher sounds brighter."],
    ["rolloff_hz", "Roll-off", hz, "85 % of the energy lies below this frequency."],
    ["flatness", "Noisiness", (v) => fixed(v, 3), "0 is a pure tone, 1 is noise."],
    ["flux", "Change", (v) => fixed(v, 3), "How much the spectrum changes from moment to moment."],
    ["zero_crossing_rate", "Zero crossings", (v) => fixed(v, 3), "How often the wave changes its sign, per sample; percussion and hiss raise it."],
  ]],
  ["Mood", "mood", [
    ["energy", "Energy", percent, "How intense the track is: loud, busy and noisy, or quiet, sparse and tonal."],
    ["voice", "Voice", percent, "How likely somebody sings or speaks. Choirs are often missed."],
  ]],
  ["As heard", "vibenet", [
    ["valence", "Happiness", percent, "How happy and bright it is heard, against sad and dark. An optional network's answer, as the rest of this list."],
    ["energy", "Intensity", percent, "How intense it is heard."],
    ["danceability", "For dancing", percent, "How fit for dancing it is heard."],
    ["acousticness", "Acoustic", percent, "How likely it is played on acoustic instruments."],
    ["instrumentalness", "Instrumental", percent, "How likely there is no voice in it."],
    ["liveness", "Live", percent, "How likely it was played to an audience."],
    ["speechiness", "Spoken", percent, "How much of it is spoken."],
  ]],
  ["Health", "health", [
    ["integrity", "Checksum", (v) => v ?? "–", "Whether the file's own checksum fits its sound."],
    ["lossy_suspicion", "Made from lossy", percent, "How likely this lossless file was made from a lossy one."],
    ["bandwidth_hz", "Bandwidth", hz, "The highest frequency with content."],
    ["effective_bits", "Bits in use", (v) => v ?? "–", "How many bits of each sample carry sound."],
    ["clipped_runs", "Clipped places", count, "Where several samples in a row are at full scale."],
    ["dropouts", "Dropouts", count, "Short gaps inside the sound."],
    ["dead_channel", "Dead channel", truth, "Whether a channel is silent throughout."],
    ["polarity_inverted", "Polarity inverted", truth, "Whether one channel is the other upside down."],
    ["is_mono", "Mono", truth, "Whether both channels are the same."],
    ["silence_start_seconds", "Silence at the start", (v) => fixed(v, 1, "s"), "Before the first sound."],
    ["silence_end_seconds", "Silence at the end", (v) => fixed(v, 1, "s"), "After the last sound."],
    ["longest_silence_seconds", "Longest silence", (v) => fixed(v, 1, "s"), "The longest pause inside the track."],
  ]],
  ["File", "audio", [
    ["duration_seconds", "Length", length, "How long the track plays."],
    ["format", "Format", (v) => v ?? "–", "How the sound is stored."],
    ["sample_rate_hz", "Sample rate", hz, "Samples per second of the file."],
    ["channels", "Channels", (v, g) => (g.channel_layout ? `${v} (${g.channel_layout})` : String(v)), "1 is mono, 2 is stereo."],
  ]],
];

/** Whether a value should be marked as uncertain. */
export const isUncertain = (field, group) =>
  (field === "bpm" && group.bpm != null && group.bpm_confidence < LOW_CONFIDENCE) || (field === "key" && group.key != null && group.strength < 0.35);

/** What a failure reason means. */
export const REASONS = {
  unreadable: "The file could not be read",
  empty: "The file is empty",
  not_audio: "The file is not audio that can be decoded",
  corrupt: "The file is damaged",
  decode_timeout: "Decoding took too long",
  over_budget: "The track needs more memory than one track may have",
  permission_denied: "No permission to read the file",
  vanished: "The file was not found",
  crashed: "The decoder crashed on this file",
  internal: "An error in Playlista",
};

/** Words for a track's status. */
export const STATUSES = { analyzed: "analyzed", partial: "partly analyzed", failed: "failed", quarantined: "quarantined",
  waiting: "tried again later" };

/** The findings of health, in the order of the API. */
export const FINDINGS = {
  rotted: "Rotted",
  mismatch: "Checksum does not fit",
  transcoded: "Made from lossy",
  upsampled: "Upsampled",
  clipped: "Clipped",
  overs: "Peaks above full scale",
  dc_offset: "DC offset",
  dead_channel: "Dead channel",
  weak_channel: "Weak channel",
  mono: "Mono as stereo",
  polarity: "Polarity inverted",
  silence: "Long silence",
  dropouts: "Dropouts",
  clicks: "Clicks",
  wrong_rate: "Sample rate changes",
};

/** What each finding means and what to do; docs/health.md says more. */
export const ADVICE = {
  rotted: "The bytes changed though size and time did not. Restore the file from a backup.",
  mismatch: "The file's own checksum does not fit its sound. Restore it from a backup.",
  transcoded: "A lossless file that looks as if it was made from a lossy one. Look where it came from.",
  upsampled: "It has nothing above half of a lower sample rate. Nothing is lost, only space.",
  clipped: "The waveform is cut flat at full level. Look for another master.",
  overs: "The sound goes above full scale between the samples. Use ReplayGain, or turn it down before converting.",
  dc_offset: "The waveform is not centred on zero. Harmless by itself; an editor can repair it.",
  dead_channel: "One channel is silent. Check the cable or the rip.",
  weak_channel: "One channel is much quieter than the other. Early stereo was mixed so; else check the rip.",
  mono: "Both channels hold the same. A mono file takes half the space.",
  polarity: "One channel is upside down. Listen in mono: if voice or bass vanish, invert one channel.",
  silence: "There is a long silence at the start, at the end or inside. Hidden tracks have it.",
  dropouts: "There are short holes in the music. Listen at the times named, and rip it again.",
  clicks: "There are steps in the waveform that do not belong to the music. Listen at the times named.",
  wrong_rate: "Parts with different sample rates were joined. Players may play some too fast or too slow.",
};

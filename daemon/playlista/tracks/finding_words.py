"""What each finding is called, what it means, how sure it is, and what to do about it.

Input: a `Finding`. Output: `FindingWords`, plain sentences that stand alone, as in a report on one file.
``docs/health.md`` says the same in a table, and the page in a shorter form.
"""

from __future__ import annotations

from dataclasses import dataclass

from playlista.tracks.findings import Finding


@dataclass(frozen=True, slots=True)
class FindingWords:
    """The words of one finding."""

    name: str
    meaning: str
    certainty: str
    advice: str


WORDS: dict[Finding, FindingWords] = {
    Finding.ROTTED: FindingWords(
        "Rotted",
        "The bytes are no longer those that were analyzed, though size and time stamp are the same.",
        "Certain, unless a program changed the file and set the time back.",
        "Restore it from a backup. If the change was meant, have the file analyzed again: playlista retry PATH.",
    ),
    Finding.MISMATCH: FindingWords(
        "Checksum does not fit",
        "The file's own checksum does not fit its sound.",
        "Certain: the file is damaged, or was written wrongly.",
        "Restore it from a backup.",
    ),
    Finding.TRANSCODED: FindingWords(
        "Made from lossy",
        "A lossless file looks as if it had been made from a lossy one.",
        "A suspicion, never a verdict: music may be band-limited for many good reasons.",
        "Look where it came from; buy it or rip it again.",
    ),
    Finding.UPSAMPLED: FindingWords(
        "Upsampled",
        "There is nothing above half of a lower sample rate, behind a hard edge.",
        "The edge is certain. Radio and old recordings have it too.",
        "Nothing is lost; a file of the lower rate would hold the same.",
    ),
    Finding.CLIPPED: FindingWords(
        "Clipped",
        "The waveform is cut flat at a ceiling, at least 3 times for 3 samples or more.",
        "Nearly certain. Loud modern masters are clipped on purpose.",
        "Look for another master.",
    ),
    Finding.OVERS: FindingWords(
        "Peaks above full scale",
        "The sound goes above full scale between the samples, by its true peak.",
        "Within 0.1 dB. Most loud masters have it.",
        "Use ReplayGain, or turn it down before converting.",
    ),
    Finding.DC_OFFSET: FindingWords(
        "DC offset",
        "The mean is 0.5 % of full scale or more away from 0.",
        "Certain.",
        "Harmless by itself; an editor can take it out.",
    ),
    Finding.DEAD_CHANNEL: FindingWords(
        "Dead channel",
        "One front channel is 50 dB below the other.",
        "Certain, if the music is meant to be stereo.",
        "Check the cable or the rip; make a mono file.",
    ),
    Finding.WEAK_CHANNEL: FindingWords(
        "Weak channel",
        "One front channel is 20 dB below the other.",
        "The difference is certain; early stereo was mixed so.",
        "Check the cable or the rip, unless it was meant so.",
    ),
    Finding.MONO: FindingWords(
        "Mono as stereo",
        "Both channels hold the same.",
        "Certain.",
        "Nothing is lost; a mono file takes half the space.",
    ),
    Finding.POLARITY: FindingWords(
        "Polarity inverted",
        "One channel is upside down.",
        "Likely: the channels are opposed, and so is the bass.",
        "Listen in mono: if voice or bass vanish, invert one channel.",
    ),
    Finding.SILENCE: FindingWords(
        "Long silence",
        "There are 3 s of silence at the start, or 5 s at the end or inside; silence is below -60 dBFS.",
        "Certain. Hidden tracks have it.",
        "Cut it, if you like.",
    ),
    Finding.DROPOUTS: FindingWords(
        "Dropouts",
        "There are holes in loud music: zeros or a value that stands still, for 32 samples up to 1 s, or a piece that "
        "is played twice to the bit.",
        "Likely. Music that was cut into pieces on purpose has it too.",
        "Listen at the times named; rip it again.",
    ),
    Finding.CLICKS: FindingWords(
        "Clicks",
        "There are steps of the waveform that do not belong to what is around them.",
        "Likely in quiet music, not seen in noisy music. Glitch music clicks on purpose.",
        "Listen at the times named; rip it again.",
    ),
    Finding.WRONG_RATE: FindingWords(
        "Sample rate changes",
        "FLAC or Ogg files of different sample rates were joined.",
        "Certain.",
        "Players may play the second part too fast or too slow: join them again.",
    ),
}

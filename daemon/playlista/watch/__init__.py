"""From the music folder to the queue: events are hints, the scan is the truth."""

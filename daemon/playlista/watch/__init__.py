"""From the music folder to the queue: events say where to look, the scan is the truth."""

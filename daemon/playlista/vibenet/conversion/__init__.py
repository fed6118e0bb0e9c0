"""From the published VibeNet to the file that the daemon reads. Run by ``models prepare`` alone."""

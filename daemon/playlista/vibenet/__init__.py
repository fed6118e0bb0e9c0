"""VibeNet: from the published network to seven values of how music is heard, in a bounded memory."""

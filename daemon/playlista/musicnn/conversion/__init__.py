"""From the published checkpoint to graphs; never runs in the daemon."""

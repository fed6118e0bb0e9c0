"""The daemon: builds and starts its parts, works the queue off, and says how it is."""

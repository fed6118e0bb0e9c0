"""HTTP for people, Prometheus and other programs."""

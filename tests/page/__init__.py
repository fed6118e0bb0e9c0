"""A visit to the page in a real Chromium: `make test-page`, and no part of `make test`."""

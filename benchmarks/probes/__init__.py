"""Programs that look at the product from inside, where its command line does not tell; each prints one JSON object."""

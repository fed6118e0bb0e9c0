"""One module for each way to read a file."""

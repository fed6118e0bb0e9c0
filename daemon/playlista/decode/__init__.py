"""From a file to blocks of samples, whatever the format, with nothing sized from a header."""

"""Where in a file its encoded audio lies: spans of bytes that no tag, picture or page layout is part of."""

"""What the operating system and native libraries ask for, each once."""

"""What memory there is, what a track may take of it, and how it is given back."""

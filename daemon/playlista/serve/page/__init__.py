"""The page that the daemon shows to people: static files, served as they are."""

"""AudioMuse-AI's HTTP calls, answered from this library, so that its plugins for players work with Playlista.

``calls`` is the table of what is answered; ``media_ids`` and ``media_library`` translate a player's ids.
"""

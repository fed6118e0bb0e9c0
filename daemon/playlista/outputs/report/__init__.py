"""An HTML report on the health of one track, in one file that can be sent to somebody."""

"""Loudness after ITU-R BS.1770 and EBU R 128, and the true peak."""

"""Judges that we did not write, and the seeded material that is put before them."""

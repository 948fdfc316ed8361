"""A written net at work: a picture goes in, boxes or classes come out."""

"""The tables of the documents, read off the program: `scripts/documents` writes them."""

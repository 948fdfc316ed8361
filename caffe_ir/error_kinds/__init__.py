"""The kinds of errors, each with a code that can be searched for and a page in docs/reference/errors."""

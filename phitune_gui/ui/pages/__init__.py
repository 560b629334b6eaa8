"""One file per page of the window; a page talks to the session only."""

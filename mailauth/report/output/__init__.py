"""What reports look like: in a terminal, as a page of HTML, as CSV and JSON."""

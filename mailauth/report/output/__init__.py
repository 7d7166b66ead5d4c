"""The output of reports: for a terminal, as HTML, CSV and JSON."""

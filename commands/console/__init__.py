"""What commands say: errors, progress, summaries and tables, in the terminal or as JSON."""

"""What a batch is asked for: typed, in a job file, and as it was recorded."""

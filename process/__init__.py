"""The process around the command line: signals, streams, memory limits, a last net. Knows no pictures."""

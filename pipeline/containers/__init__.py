"""What container formats hold, and how their files are opened."""

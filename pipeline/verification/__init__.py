"""A finished film held against what it was made of: after each job, and as a command for any two films."""

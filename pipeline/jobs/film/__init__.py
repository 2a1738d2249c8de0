"""One film: painted at a stretch if it is short, else by segments.

Whatever ends the process that paints a long one, the same command goes on with the next segment. It is cut in
the same places in every run, so there is no telling the film of a run that was interrupted from that of one
that was not.
"""

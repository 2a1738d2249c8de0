"""Mutated files through the whole command, each in a process of its own: what `benchmarks/fuzz.py` runs.

sources.py     whole files of all kinds, made small, once a run
mutations.py   bytes in, damaged bytes out, by a random generator with a seed
cases.py       a number in, a folder with damaged files and a command line out, always the same
forked.py      a function run in a forked child, watched: time, memory, signals
judge.py       what a run may do, and what it may not
trials.py      numbers in, verdicts out, by several workers
"""

"""Counts and sums that are kept, so that a page of a million projects costs what one of ten does.

`counting` says what a project adds to which tally, `keeping` keeps the tallies right around every
write, `writing` is what querysets and models inherit for it, `rebuilding` makes all anew
from what `gathering` lays out, and `reading` answers from them. A tally is kept for every place
that has places below it; a place at the bottom of the tree is counted from its few projects.
"""

"""Loading a folder of hand-written data: what its files hold, and merging them in.

`kinds` declares the records and `columns` how their fields are written; `folder` reads and
checks the files; `merge` brings the database in line without touching an editor's work.
"""

from zaozhuang.seeding.folder import DataProblems, Problem
from zaozhuang.seeding.merge import Report, seed

__all__ = ["DataProblems", "Problem", "Report", "seed"]

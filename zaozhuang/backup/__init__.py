"""One file that holds the whole database, of SQLite or PostgreSQL, and goes back into either.

`manage.py backup FILE` writes a zip: `manifest.json`, and for every table `tables/<name>.ndjson`
with a row a line, ordered by key. The manifest says which migrations were applied, and of each
table its columns, the number of rows, the SHA-256 of its lines and the last key it has given
out, which may be higher than any that is there: the key of a deleted record names it in the
history and must not be given to another.

Left out are sessions, which nobody misses and which are as good as passwords, and the counts
of failed log-ins. All else is in it: the history, drafts, accounts with their (hashed)
passwords and groups, hence a file that only its owner may read.

A table that others are computed into, and that is rebuilt from them, is left out by
`backed_up = False` on its model. `restore` empties it, unless it `outlives_restore`, and a
receiver of `restored` fills it anew.
"""

from django.dispatch import Signal

# After the tables are filled, in the same transaction; `using` names the database.
restored = Signal()


class BackupProblem(Exception):
    """Why a backup was not written or restored; nothing was changed."""

"""Who changed what, when, from what to what: written with every change, read beside every record.

A model that inherits `Tracked` writes a HistoryEntry whenever one of its rows is added, changed
or deleted: by save() and delete(), by cascades, by the bulk methods of its queryset, by
many-to-many relations, and by loaddata. Raw SQL and `models.QuerySet(model)` are outside of it.

`scope` knows who writes and why, `entries` compares and writes, `tracking` and `signals` notice,
`versions` refuses a save that rests on what is no longer so, `display` and `pages` show.
"""

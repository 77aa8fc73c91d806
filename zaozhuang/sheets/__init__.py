"""Sheets that editors fill in: written with drop-downs and locked identifiers, read with distrust.

`limits` says how much is read, `xlsx` and `csvtext` read files that anybody may have made, `columns`
turns the fields of a form into columns and back, `writing` makes workbooks. What a sheet consists
of, and what becomes of its rows, is for the apps to say.
"""

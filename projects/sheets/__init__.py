"""The sheet of a district: downloaded, filled in with Excel, looked over and taken in.

`kinds` says what it consists of, `pages` writes it, `checking` compares what comes back with what
is there and asks the forms of the desk, `saving` writes all of it or nothing, `views` are the pages.
"""

"""The store: what programs and people ask, in SQL, with a memory of its own decisions.

How to use it, by example:

    engine = open_engine("sqlite:///forewarn.db")          # engine.py; or postgresql+psycopg://…
    reading = Reading(engine)                              # reading.py: all that the API asks
    page = reading.alerts(AlertFilter(areas=("4407",)))    # page.rows, page.cursor for the next one
    caller = Tokens(engine).caller(presented, now_us)      # tokens.py: a Caller, or a Refusal
    done = Decisions(engine).acknowledge(alert_id, by=caller, now_us=now_us)   # decisions.py
    claim = Answers(engine).claim(token_id, key, digest, now_us)               # idempotency.py

Two kinds of tables (`tables.py`). *Projected* ones are read off topics by one writer at a time
(`writing.py`, run by `forewarn project`) and can be dropped and read again. *Our own* ones (tokens,
transitions with their audit and outbox, remembered answers) are nowhere else and are in backups.

Rules: SQLAlchemy Core, one code for SQLite and PostgreSQL; instants are integer microseconds, now
and randomness are arguments; nothing here holds an identity, a note or a location of a person.
What cannot be done because the database is away, old or another one raises StoreError, whose
message says what to do; bad words of a caller are values, or CursorError.
"""

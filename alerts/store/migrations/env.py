"""How Alembic runs the revisions: on the connection that `alerts.store.migrating` hands over.

Rules: no configuration file, no second connection; without a connection nothing is done.
"""

from alembic import context

from alerts.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
)
context.run_migrations()

"""A PostgreSQL database as it was when it was migrated: quicker than making a new one for each test."""

from __future__ import annotations

from sqlalchemy import Engine, text

from crm.schema import script

# A large table gets a new file, a small one has its rows deleted; ids are counted from 1 again.
EMPTY = """
DO $$
DECLARE held record;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR held IN
        SELECT oid::regclass AS name, pg_relation_size(oid) AS bytes FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
    LOOP
        IF held.bytes > 1000000 THEN
            EXECUTE 'TRUNCATE ' || held.name || ' CASCADE';
        ELSIF held.bytes > 0 THEN
            EXECUTE 'DELETE FROM ' || held.name;
        END IF;
    END LOOP;
    PERFORM setval(quote_ident(sequencename)::regclass, 1, false)
        FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL;
END $$
"""
END_OTHERS = (
    "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def empty(engine: Engine) -> None:
    """Ends what a test left connected, then takes out every row."""
    with engine.begin() as connection:
        connection.execute(text(END_OTHERS))
        connection.exec_driver_sql(EMPTY)
        head = script().get_current_head()
        connection.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": head})

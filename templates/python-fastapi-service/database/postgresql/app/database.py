"""The PostgreSQL database, through a pool of connections.

libpq reads PGHOST, PGPORT, PGDATABASE, PGUSER and PGPASSWORD itself.
"""

from psycopg_pool import AsyncConnectionPool


class Database:
    def __init__(self, pool: AsyncConnectionPool) -> None:
        self.pool = pool

    @classmethod
    def from_environment(cls) -> "Database":
        return cls(
            AsyncConnectionPool(
                min_size=1,
                max_size=10,
                timeout=5,
                open=False,
                check=AsyncConnectionPool.check_connection,
            )
        )

    async def __aenter__(self) -> "Database":
        # Does not wait: the service starts without its database and tells so on /readyz.
        await self.pool.open(wait=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.pool.close()

    async def ping(self) -> None:
        async with self.pool.connection() as connection:
            await connection.execute("SELECT 1")

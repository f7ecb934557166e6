"""The Redis server, through a pool of connections."""

import os

from redis.asyncio import Redis


class Database:
    def __init__(self, client: Redis) -> None:
        self.client = client

    @classmethod
    def from_environment(cls) -> "Database":
        return cls(
            Redis(
                host=os.environ.get("REDIS_HOST", "localhost"),
                port=int(os.environ.get("REDIS_PORT", "6379")),
                password=os.environ.get("REDIS_PASSWORD") or None,
                socket_connect_timeout=2,
                socket_timeout=5,
                decode_responses=True,
            )
        )

    async def __aenter__(self) -> "Database":
        # Connects with the first command: the service starts without Redis and tells so on /readyz.
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()

    async def ping(self) -> None:
        await self.client.ping()

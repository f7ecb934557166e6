"""The MongoDB database."""

import os

from pymongo import AsyncMongoClient


class Database:
    def __init__(self, client: AsyncMongoClient, name: str) -> None:
        self.client = client
        self.database = client[name]

    @classmethod
    def from_environment(cls) -> "Database":
        client = AsyncMongoClient(
            os.environ.get("MONGODB_URI", "mongodb://localhost:27017"),
            serverSelectionTimeoutMS=2000,
            appname="${{ values.name }}",
        )
        return cls(client, os.environ.get("MONGODB_DATABASE", "app"))

    async def __aenter__(self) -> "Database":
        # Connects in the background: the service starts without MongoDB and tells so on /readyz.
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()

    async def ping(self) -> None:
        await self.database.command("ping")

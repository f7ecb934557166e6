// Package database is the Redis server, through a pool of connections.
package database

import (
	"context"
	"log/slog"
	"net"
	"time"

	"github.com/redis/go-redis/v9"
)

// Database is the client.
type Database struct {
	Client *redis.Client
}

// Open does not connect yet: the service starts without Redis and tells so on /readyz.
func Open(_ context.Context, variable func(string) string) (*Database, error) {
	value := func(name, otherwise string) string {
		if text := variable(name); text != "" {
			return text
		}
		return otherwise
	}
	return &Database{Client: redis.NewClient(&redis.Options{
		Addr:                  net.JoinHostPort(value("REDIS_HOST", "localhost"), value("REDIS_PORT", "6379")),
		Password:              variable("REDIS_PASSWORD"),
		DialTimeout:           2 * time.Second,
		ContextTimeoutEnabled: true,
	})}, nil
}

// Ping fails when Redis does not answer.
func (d *Database) Ping(ctx context.Context) error {
	return d.Client.Ping(ctx).Err()
}

// Close closes all connections.
func (d *Database) Close() {
	if err := d.Client.Close(); err != nil {
		slog.Warn("the connections to Redis were not closed", "error", err)
	}
}

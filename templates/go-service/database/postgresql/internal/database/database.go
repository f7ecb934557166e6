// Package database is the PostgreSQL database, through a pool of connections.
package database

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Database is the pool.
type Database struct {
	Pool *pgxpool.Pool
}

// Open does not connect yet: the service starts without its database and tells so on /readyz. The driver reads
// PGHOST, PGPORT, PGDATABASE, PGUSER and PGPASSWORD itself.
func Open(ctx context.Context, _ func(string) string) (*Database, error) {
	config, err := pgxpool.ParseConfig("")
	if err != nil {
		return nil, err
	}
	config.MaxConns = 10
	// Connections outlive the request that made them.
	pool, err := pgxpool.NewWithConfig(context.WithoutCancel(ctx), config)
	if err != nil {
		return nil, err
	}
	return &Database{Pool: pool}, nil
}

// Ping fails when the database does not answer.
func (d *Database) Ping(ctx context.Context) error {
	return d.Pool.Ping(ctx)
}

// Close waits for the connections that are in use.
func (d *Database) Close() {
	d.Pool.Close()
}

// Package database is the MongoDB database.
package database

import (
	"context"
	"log/slog"
	"time"

	"go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"
	"go.mongodb.org/mongo-driver/mongo/readpref"
)

// Database is the client and the database that the service uses.
type Database struct {
	Client *mongo.Client
	Mongo  *mongo.Database
}

// Open connects in the background: the service starts without MongoDB and tells so on /readyz.
func Open(ctx context.Context, variable func(string) string) (*Database, error) {
	value := func(name, otherwise string) string {
		if text := variable(name); text != "" {
			return text
		}
		return otherwise
	}
	client, err := mongo.Connect(ctx, options.Client().
		ApplyURI(value("MONGODB_URI", "mongodb://localhost:27017")).
		SetAppName("${{ values.name }}").
		SetServerSelectionTimeout(2*time.Second))
	if err != nil {
		return nil, err
	}
	return &Database{Client: client, Mongo: client.Database(value("MONGODB_DATABASE", "app"))}, nil
}

// Ping fails when MongoDB does not answer.
func (d *Database) Ping(ctx context.Context) error {
	return d.Client.Ping(ctx, readpref.Primary())
}

// Close closes all connections.
func (d *Database) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := d.Client.Disconnect(ctx); err != nil {
		slog.Warn("the connections to MongoDB were not closed", "error", err)
	}
}

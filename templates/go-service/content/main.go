// Command ${{ values.name }} runs the service.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
{% if values.database != 'none' %}
	"github.com/${{ values.organisation }}/${{ values.name }}/internal/database"
{%- endif %}
	"github.com/${{ values.organisation }}/${{ values.name }}/internal/service"
)

// Less than the 30 seconds that a cluster waits before it kills.
const grace = 20 * time.Second

func main() {
	if err := run(); err != nil {
		slog.Error("the service ends", "error", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()

	settings, err := service.ReadSettings(os.Getenv)
	if err != nil {
		return err
	}
	slog.SetDefault(service.NewLogger(os.Stdout, settings.LogLevel))

	if settings.Tracing {
		provider, err := service.StartTracing(ctx, settings.Name)
		if err != nil {
			return fmt.Errorf("start tracing: %w", err)
		}
		defer func() {
			last, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			if err := provider.Shutdown(last); err != nil {
				slog.Warn("the last traces are lost", "error", err)
			}
		}()
	}
{% if values.database != 'none' %}
	db, err := database.Open(ctx, os.Getenv)
	if err != nil {
		return fmt.Errorf("set up the database: %w", err)
	}
	defer db.Close()

	handler := service.New(db)
{%- else %}
	handler := service.New()
{%- endif %}
	server := &http.Server{
		Addr:              net.JoinHostPort("", strconv.Itoa(settings.Port)),
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	slog.Info("started", "port", settings.Port, "tracing", settings.Tracing)

	select {
	case err := <-failed:
		return fmt.Errorf("listen: %w", err)
	case <-ctx.Done():
	}
	slog.Info("stopping")
	// Takes no more connections, and waits for the requests that run.
	last, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := server.Shutdown(last); err != nil {
		return fmt.Errorf("requests still ran at the end of the grace period: %w", err)
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

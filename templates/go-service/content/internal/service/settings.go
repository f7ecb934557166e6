package service

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"
)

// Settings are what the environment says.
type Settings struct {
	Name     string
	Port     int
	LogLevel slog.Level
	Tracing  bool
}

var logLevels = map[string]slog.Level{
	"debug": slog.LevelDebug,
	"info":  slog.LevelInfo,
	"warn":  slog.LevelWarn,
	"error": slog.LevelError,
}

// ReadSettings reads the settings, or tells which variable has a value that cannot be used.
func ReadSettings(variable func(string) string) (Settings, error) {
	value := func(name, otherwise string) string {
		if text := variable(name); text != "" {
			return text
		}
		return otherwise
	}
	port, err := strconv.Atoi(value("PORT", "8080"))
	if err != nil || port < 1 || port > 65535 {
		return Settings{}, fmt.Errorf("PORT is %q, but must be a number from 1 to 65535", variable("PORT"))
	}
	level, known := logLevels[strings.ToLower(value("LOG_LEVEL", "info"))]
	if !known {
		return Settings{}, fmt.Errorf("LOG_LEVEL is %q, but must be debug, info, warn or error", variable("LOG_LEVEL"))
	}
	return Settings{
		Name:     value("OTEL_SERVICE_NAME", "${{ values.name }}"),
		Port:     port,
		LogLevel: level,
		Tracing: variable("OTEL_EXPORTER_OTLP_ENDPOINT") != "" ||
			variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != "",
	}, nil
}

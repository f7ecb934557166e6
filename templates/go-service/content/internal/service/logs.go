package service

import (
	"context"
	"io"
	"log/slog"
	"strings"

	oteltrace "go.opentelemetry.io/otel/trace"
)

// NewLogger logs JSON, one object for each line.
func NewLogger(out io.Writer, level slog.Level) *slog.Logger {
	return slog.New(tracedHandler{slog.NewJSONHandler(out, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(groups []string, attribute slog.Attr) slog.Attr {
			if len(groups) > 0 {
				return attribute
			}
			switch attribute.Key {
			case slog.MessageKey:
				attribute.Key = "message"
			case slog.LevelKey:
				attribute.Value = slog.StringValue(strings.ToLower(attribute.Value.String()))
			}
			return attribute
		},
	})})
}

// tracedHandler adds the ids of the span that a record was logged in.
type tracedHandler struct {
	slog.Handler
}

func (h tracedHandler) Handle(ctx context.Context, record slog.Record) error {
	if span := oteltrace.SpanContextFromContext(ctx); span.IsValid() {
		record.AddAttrs(
			slog.String("trace_id", span.TraceID().String()),
			slog.String("span_id", span.SpanID().String()),
		)
	}
	return h.Handler.Handle(ctx, record)
}

func (h tracedHandler) WithAttrs(attributes []slog.Attr) slog.Handler {
	return tracedHandler{h.Handler.WithAttrs(attributes)}
}

func (h tracedHandler) WithGroup(name string) slog.Handler {
	return tracedHandler{h.Handler.WithGroup(name)}
}

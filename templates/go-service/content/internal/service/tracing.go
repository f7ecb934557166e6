package service

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// untraced are the routes of probes and scrapes.
var untraced = map[string]bool{"/healthz": true, "/readyz": true, "/metrics": true}

// StartTracing turns tracing on in this process; shut the provider down at the end. The exporter reads the
// standard OTEL_ variables itself.
func StartTracing(ctx context.Context, service string) (*sdktrace.TracerProvider, error) {
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, err
	}
	return useProvider(service, sdktrace.WithBatcher(exporter)), nil
}

func useProvider(service string, processor sdktrace.TracerProviderOption) *sdktrace.TracerProvider {
	provider := sdktrace.NewTracerProvider(
		processor,
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", service))),
	)
	otel.SetTracerProvider(provider)
	otel.SetTextMapPropagator(propagation.TraceContext{})
	return provider
}

// trace gives every request a span, but those of probes and scrapes. It costs next to nothing while tracing is off.
func trace(mux *http.ServeMux, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		method, route := methodOf(r), routeOf(mux, r)
		if untraced[route] {
			next.ServeHTTP(w, r)
			return
		}
		name := method
		attributes := []attribute.KeyValue{
			attribute.String("http.request.method", method),
			attribute.String("url.path", r.URL.Path),
		}
		if route != unmatched {
			name += " " + route
			attributes = append(attributes, attribute.String("http.route", route))
		}
		ctx := otel.GetTextMapPropagator().Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		ctx, span := otel.Tracer("http").Start(ctx, name,
			oteltrace.WithSpanKind(oteltrace.SpanKindServer),
			oteltrace.WithAttributes(attributes...))
		defer span.End()

		recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(recorder, r.WithContext(ctx))
		span.SetAttributes(attribute.Int("http.response.status_code", recorder.status))
		if recorder.status >= 500 {
			span.SetStatus(codes.Error, "")
		}
	})
}

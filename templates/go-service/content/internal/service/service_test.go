package service

import (
	"bytes"
{%- if values.database != 'none' %}
	"context"
{%- endif %}
	"encoding/json"
{%- if values.database != 'none' %}
	"errors"
{%- endif %}
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)
{% if values.database != 'none' %}
// fakeDatabase stands in for the database, which tests of the service itself do not need.
type fakeDatabase struct{ err error }

func (f fakeDatabase) Ping(context.Context) error { return f.err }

func newService() http.Handler { return New(fakeDatabase{}) }
{%- else %}
func newService() http.Handler { return New() }
{%- endif %}

func get(handler http.Handler, path string) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, path, nil))
	return recorder
}

func TestGreetsByName(t *testing.T) {
	answer := get(newService(), "/v1/greetings/Ada")
	if answer.Code != http.StatusOK || strings.TrimSpace(answer.Body.String()) != `{"message":"Hello, Ada"}` {
		t.Fatalf("got %d %s", answer.Code, answer.Body)
	}
}

func TestRefusesNamesThatAreTooLong(t *testing.T) {
	answer := get(newService(), "/v1/greetings/"+strings.Repeat("a", 51))
	if answer.Code != http.StatusBadRequest || !strings.Contains(answer.Body.String(), "51 characters") {
		t.Fatalf("got %d %s", answer.Code, answer.Body)
	}
}

func TestIsAliveAndReady(t *testing.T) {
	for _, path := range []string{"/healthz", "/readyz"} {
		if answer := get(newService(), path); answer.Code != http.StatusOK {
			t.Errorf("%s: got %d", path, answer.Code)
		}
	}
}
{% if values.database != 'none' %}
func TestIsAliveButNotReadyWithoutItsDatabase(t *testing.T) {
	handler := New(fakeDatabase{errors.New("connection refused")})
	if answer := get(handler, "/healthz"); answer.Code != http.StatusOK {
		t.Errorf("/healthz: got %d", answer.Code)
	}
	answer := get(handler, "/readyz")
	if answer.Code != http.StatusServiceUnavailable || !strings.Contains(answer.Body.String(), "does not answer") {
		t.Errorf("/readyz: got %d %s", answer.Code, answer.Body)
	}
}
{% endif %}
func TestCountsRequestsByRouteAndNeverByPath(t *testing.T) {
	handler := newService()
	get(handler, "/v1/greetings/Ada")
	get(handler, "/no/such/path")
	text := get(handler, "/metrics").Body.String()
	for _, line := range []string{
		`http_requests_total{method="GET",route="/v1/greetings/{name}",status="200"} 1`,
		`http_requests_total{method="GET",route="unmatched",status="404"} 1`,
	} {
		if !strings.Contains(text, line) {
			t.Errorf("no line %s in\n%s", line, text)
		}
	}
	if strings.Contains(text, "no/such/path") {
		t.Error("a path became a label")
	}
}

func TestTracesRequestsButNotProbesAndContinuesTheCallersTrace(t *testing.T) {
	exporter := tracetest.NewInMemoryExporter()
	useProvider("test", sdktrace.WithSyncer(exporter))
	handler := newService()
	traceID := "0af7651916cd43dd8448eb211c80319c"
	request := httptest.NewRequest(http.MethodGet, "/v1/greetings/Ada", nil)
	request.Header.Set("Traceparent", "00-"+traceID+"-b7ad6b7169203331-01")
	handler.ServeHTTP(httptest.NewRecorder(), request)
	get(handler, "/healthz")

	spans := exporter.GetSpans()
	if len(spans) != 1 || spans[0].Name != "GET /v1/greetings/{name}" {
		t.Fatalf("got %v", spans)
	}
	if got := spans[0].SpanContext.TraceID().String(); got != traceID {
		t.Errorf("the trace is %s", got)
	}
}

func TestLogsOneJSONObjectWithItsFields(t *testing.T) {
	var out bytes.Buffer
	NewLogger(&out, slog.LevelInfo).Warn("3 left", "order", "A1")
	var entry map[string]any
	if err := json.Unmarshal(out.Bytes(), &entry); err != nil {
		t.Fatal(err)
	}
	if entry["level"] != "warn" || entry["message"] != "3 left" || entry["order"] != "A1" {
		t.Errorf("got %v", entry)
	}
}

func TestReadsItsSettings(t *testing.T) {
	variables := map[string]string{
		"PORT": "9000", "LOG_LEVEL": "DEBUG", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318",
	}
	settings, err := ReadSettings(func(name string) string { return variables[name] })
	if err != nil || settings.Port != 9000 || settings.LogLevel != slog.LevelDebug || !settings.Tracing {
		t.Errorf("got %+v, %v", settings, err)
	}
	for name, value := range map[string]string{"PORT": "http", "LOG_LEVEL": "loud"} {
		_, err := ReadSettings(func(asked string) string {
			if asked == name {
				return value
			}
			return ""
		})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%s: got %v", name, value, err)
		}
	}
}

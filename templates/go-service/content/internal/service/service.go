// Package service is what the service does, apart from running it.
package service

import "net/http"

// New puts all routes together with what observes them.
{%- if values.database != 'none' %}
func New(database Pinger) http.Handler {
{%- else %}
func New() http.Handler {
{%- endif %}
	metrics := newMetrics()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/greetings/{name}", greet)
	mux.HandleFunc("GET /healthz", alive)
{%- if values.database != 'none' %}
	mux.HandleFunc("GET /readyz", ready(database))
{%- else %}
	mux.HandleFunc("GET /readyz", ready)
{%- endif %}
	mux.Handle("GET /metrics", metrics.page())
	return trace(mux, metrics.count(mux, mux))
}

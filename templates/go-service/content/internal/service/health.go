package service

{% if values.database != 'none' -%}
import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// A kubelet gives up after one second; answer before that.
const patience = 900 * time.Millisecond

// Pinger is what the service needs of its database before it asks anything of it.
type Pinger interface {
	// Ping fails when the database does not answer.
	Ping(ctx context.Context) error
}

{% else -%}
import "net/http"

{% endif -%}
// alive tells whether the process works. It must not depend on anything else: a no restarts it.
func alive(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

{% if values.database != 'none' -%}
// ready tells whether it can serve. A no keeps requests away until it can again.
func ready(database Pinger) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		if err := database.Ping(ctx); err != nil {
			slog.WarnContext(ctx, "the database does not answer", "error", err)
			answer := map[string]string{"status": "unavailable", "database": "does not answer"}
			writeJSON(w, http.StatusServiceUnavailable, answer)
			return
		}
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok", "database": "ok"})
	}
}
{%- else -%}
// ready tells whether it can serve. Ask here whatever it cannot serve without.
func ready(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}
{%- endif %}

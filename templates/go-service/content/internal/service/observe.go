package service

import (
	"net/http"
	"strings"
)

const unmatched = "unmatched"

// routeOf tells which route a request takes. Never use the path instead: paths have no end.
func routeOf(mux *http.ServeMux, r *http.Request) string {
	_, pattern := mux.Handler(r)
	if pattern == "" {
		return unmatched
	}
	if _, route, found := strings.Cut(pattern, " "); found {
		return route
	}
	return pattern
}

// methodOf tells the method, unless a client made one up.
func methodOf(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut,
		http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "other"
}

// statusRecorder remembers the status of an answer.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (s *statusRecorder) WriteHeader(status int) {
	// Informational answers come before the real one.
	if status >= 200 {
		s.status = status
	}
	s.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController find what the writer below can do.
func (s *statusRecorder) Unwrap() http.ResponseWriter {
	return s.ResponseWriter
}

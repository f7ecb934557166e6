package service

import (
	"fmt"
	"log/slog"
	"net/http"
	"unicode/utf8"
)

const longestName = 50

type greeting struct {
	Message string `json:"message"`
}

// greet greets somebody by name. It is an example: replace it with what the service is for.
func greet(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	length := utf8.RuneCountInString(name)
	if length > longestName {
		message := fmt.Sprintf("the name has %d characters, but at most %d are allowed", length, longestName)
		http.Error(w, message, http.StatusBadRequest)
		return
	}
	slog.InfoContext(r.Context(), "greeting", "length", length)
	writeJSON(w, http.StatusOK, greeting{Message: "Hello, " + name})
}

package httpx

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"
)

// readyTime bounds all checks together; a monitor that waits is a second fault.
const readyTime = 2 * time.Second

// Check is one thing that must hold before people may be sent here.
type Check struct {
	Name string // shown, never with the error's text
	Run  func(context.Context) error
}

// Healthz answers as long as the process runs.
func Healthz() http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ok\n"))
	}
}

// Readyz answers 200 when all checks pass, else 503 with the names of those that
// do not. What is wrong stands in the log: the address is open to everybody.
func Readyz(log *slog.Logger, checks ...Check) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyTime)
		defer cancel()
		status, ready, results := http.StatusOK, true, map[string]string{}
		for _, c := range checks {
			results[c.Name] = "ok"
			if err := c.Run(ctx); err != nil {
				status, ready, results[c.Name] = http.StatusServiceUnavailable, false, "failed"
				log.WarnContext(ctx, "not ready", "check", c.Name, "error", err)
			}
		}
		raw, err := json.Marshal(map[string]any{"ready": ready, "checks": results})
		if err != nil {
			status = http.StatusInternalServerError
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write(append(raw, '\n'))
	}
}

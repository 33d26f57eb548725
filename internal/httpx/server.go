package httpx

import (
	"log/slog"
	"net/http"
	"time"
)

// Times and sizes of the server. Without them one slow client holds a
// connection for ever; uploads and exports ask for more (AllowTime).
const (
	headerTime = 5 * time.Second
	readTime   = 30 * time.Second
	writeTime  = 60 * time.Second
	idleTime   = 60 * time.Second
	headerSize = 16 << 10
)

// NewServer is an HTTP server with all its limits set.
func NewServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{Handler: handler, ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime,
		IdleTimeout: idleTime, MaxHeaderBytes: headerSize, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
}

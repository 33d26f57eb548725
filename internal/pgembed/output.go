package pgembed

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
)

// output passes the server's messages on to the log and keeps the last ones,
// which name the cause when the server gives up.
type output struct {
	log *slog.Logger

	mu   sync.Mutex
	rest []byte
	tail []string
}

const tailLines = 30

// Write takes any piece of the stream; whole lines are passed on.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rest = append(o.rest, p...)
	for {
		line, rest, found := bytes.Cut(o.rest, []byte("\n"))
		if !found {
			return len(p), nil
		}
		o.rest = rest
		o.line(string(line))
	}
}

func (o *output) line(line string) {
	o.tail = append(o.tail, line)
	if len(o.tail) > tailLines {
		o.tail = o.tail[1:]
	}
	severity, text, ok := strings.Cut(line, ":")
	if !ok {
		severity, text = "LOG", line
	}
	text = strings.TrimSpace(text)
	switch severity {
	case "PANIC":
		o.log.Error("postgres: " + text)
	case "WARNING", "FATAL":
		o.log.Warn("postgres: " + text)
	case "ERROR":
		// The service reports its own failed statements, with their meaning.
		o.log.Debug("postgres: " + text)
	default:
		o.log.Debug("postgres: "+text, "severity", severity)
	}
}

// String is the last lines.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(append(o.tail[:len(o.tail):len(o.tail)], string(o.rest)), "\n")
}

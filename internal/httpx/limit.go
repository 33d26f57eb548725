package httpx

import (
	"errors"
	"io"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
)

// Limits of bodies and of the time an upload may take.
const (
	DefaultBody = 1 << 20
	mebibyte    = 1 << 20
	uploadTime  = 5 * time.Minute
	// drainMax is how much of a refused upload is read and thrown away. A browser
	// that is still sending shows "connection reset" instead of our sentence.
	drainMax = 64 << 20
)

// Upload is a route that takes a bigger body, and more time.
type Upload struct {
	Pattern string // as declared on the mux, "/imports/{id}/file"
	Max     int64
}

// bodyLimit refuses a body that says it is too big before it is read, and stops
// one that does not say so while it is read.
func bodyLimit(routes chi.Routes, o Options) func(http.Handler) http.Handler {
	uploads := map[string]int64{}
	for _, u := range o.Uploads {
		uploads[u.Pattern] = u.Max
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Body == nil || r.Body == http.NoBody {
				next.ServeHTTP(w, r)
				return
			}
			limit, upload := o.MaxBody, false
			if len(uploads) > 0 {
				if most, ok := uploads[routes.Find(chi.NewRouteContext(), r.Method, r.URL.Path)]; ok {
					limit, upload = most, true
				}
			}
			if upload {
				AllowTime(w, uploadTime)
			}
			if r.ContentLength > limit {
				if r.ContentLength <= drainMax {
					_, _ = io.CopyN(io.Discard, r.Body, r.ContentLength)
				}
				o.Fail(w, r, TooLarge(limit))
				return
			}
			r.Body = http.MaxBytesReader(w, r.Body, limit)
			next.ServeHTTP(w, r)
		})
	}
}

// AllowTime gives one long answer, an upload, an export or an import, more time
// than the server's general limit. A connection ends by the machine's clock, also
// where the service is told another one. A test recorder has no deadlines.
func AllowTime(w http.ResponseWriter, d time.Duration) {
	c, until := http.NewResponseController(w), clock.System{}.Now().Add(d)
	_ = c.SetReadDeadline(until)
	_ = c.SetWriteDeadline(until.Add(time.Minute))
}

// TooLarge is the refusal of a body over the limit.
func TooLarge(limit int64) error {
	return errs.New(errs.TooLarge, "error.too_large", errs.Args{"mb": (limit + mebibyte - 1) / mebibyte})
}

// BodyError classifies an error of reading or parsing a body: too large, or not
// readable. Errors of the house pass as they are.
func BodyError(err error) error {
	if err == nil {
		return nil
	}
	if tooBig, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return TooLarge(tooBig.Limit)
	}
	if _, ok := errors.AsType[*errs.Error](err); ok {
		return err
	}
	return malformed("error.request.unreadable", nil, err)
}

// Limiter allows so many attempts per key in a time, refilled evenly (a token
// bucket). It is per process: behind several, each allows its share.
type Limiter struct {
	clock clock.Clock
	every time.Duration
	burst int
	keys  int

	mu      sync.Mutex
	buckets map[string]bucket
}

type bucket struct {
	left float64
	at   time.Time
}

// maxKeys bounds the memory of a limiter; a full bucket is the same as none.
const maxKeys = 50_000

// NewLimiter allows burst attempts at once and one more each time every passed.
func NewLimiter(clk clock.Clock, every time.Duration, burst int) *Limiter {
	return &Limiter{clock: clk, every: every, burst: burst, keys: maxKeys, buckets: map[string]bucket{}}
}

// Allow counts one attempt, or refuses with the seconds to wait.
func (l *Limiter) Allow(key string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.Now()
	b, known := l.buckets[key]
	if !known {
		b = bucket{left: float64(l.burst), at: now}
		l.makeRoom(now)
	}
	b = l.refill(b, now)
	if b.left < 1 {
		l.buckets[key] = b
		wait := time.Duration((1 - b.left) * float64(l.every))
		seconds := int((wait + time.Second - 1) / time.Second)
		return errs.New(errs.RateLimited, "error.rate_limited.wait", errs.Args{"seconds": seconds, "n": seconds})
	}
	b.left--
	l.buckets[key] = b
	return nil
}

func (l *Limiter) refill(b bucket, now time.Time) bucket {
	b.left = min(float64(l.burst), b.left+float64(now.Sub(b.at))/float64(l.every))
	b.at = now
	return b
}

// makeRoom forgets full buckets, then any: an attacker with endless addresses
// must not cost memory without end.
func (l *Limiter) makeRoom(now time.Time) {
	if len(l.buckets) < l.keys {
		return
	}
	for key, b := range l.buckets {
		if l.refill(b, now).left >= float64(l.burst) {
			delete(l.buckets, key)
		}
	}
	for key := range l.buckets {
		if len(l.buckets) < l.keys {
			return
		}
		delete(l.buckets, key)
	}
}

// ClientKey is the key of a client for a limiter. One household of IPv6 has a
// whole /64 to choose from, so it counts as one.
func ClientKey(r *http.Request) string {
	ip := middleware.GetClientIPAddr(r.Context())
	if ip.Is6() {
		if p, err := ip.Prefix(64); err == nil {
			return p.String()
		}
	}
	if ip == (netip.Addr{}) {
		return "unknown"
	}
	return ip.String()
}

// Limit is a middleware that counts the requests of each client.
func (l *Limiter) Limit(fail Fail) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := l.Allow(ClientKey(r)); err != nil {
				fail(w, r, err)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

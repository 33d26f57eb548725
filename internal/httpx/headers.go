package httpx

import "net/http"

// ContentPolicy is the one content security policy of all pages: everything
// from ourselves, nothing inline, nothing framed.
const ContentPolicy = "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// scannerPolicy adds what the barcode decoder (WebAssembly) needs.
const scannerPolicy = ContentPolicy + "; script-src 'self' 'wasm-unsafe-eval'"

// SecurityHeaders sets the headers of every answer. Answers are not stored by
// default, since almost all show personal data; assets say otherwise themselves.
//
// Over plain http to another machine a browser says where a form comes from by
// its Origin alone, and under no-referrer it says "null" there: our own forms
// would be taken for another site's. There the policy is same-origin, under which
// other sites learn as little.
func SecurityHeaders(secure, plainNet bool) func(http.Handler) http.Handler {
	referrer := "no-referrer"
	if plainNet && !secure {
		referrer = "same-origin"
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Set("Content-Security-Policy", ContentPolicy)
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Referrer-Policy", referrer)
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
			h.Set("Cache-Control", "no-store")
			if secure {
				h.Set("Strict-Transport-Security", "max-age=31536000")
			}
			next.ServeHTTP(w, r)
		})
	}
}

// AllowScanner lets the page of the barcode scanner, and no other, run
// WebAssembly.
func AllowScanner(w http.ResponseWriter) { w.Header().Set("Content-Security-Policy", scannerPolicy) }

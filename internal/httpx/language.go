package httpx

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/i18n"
)

// languageCookie remembers the choice of a person who is not signed in yet.
const (
	languageCookie = "lang"
	languageAge    = 365 * 24 * 60 * 60
)

// Language is the language of the answer: the chosen one, else the first of
// Accept-Language that we speak, else Chinese.
func Language(r *http.Request) i18n.Lang {
	if c, err := r.Cookie(languageCookie); err == nil {
		if lang, ok := spoken(c.Value); ok {
			return lang
		}
	}
	best, quality := i18n.Chinese, 0.0
	for part := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, params, _ := strings.Cut(part, ";")
		q := 1.0
		if v, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			n, err := strconv.ParseFloat(v, 64)
			if err != nil {
				continue
			}
			q = n
		}
		if lang, ok := spoken(strings.TrimSpace(tag)); ok && q > quality {
			best, quality = lang, q
		}
	}
	return best
}

// spoken finds the language of a tag; the region does not matter, there is one
// text per language.
func spoken(tag string) (i18n.Lang, bool) {
	primary, _, _ := strings.Cut(strings.ToLower(tag), "-")
	switch primary {
	case "zh":
		return i18n.Chinese, true
	case "en":
		return i18n.English, true
	}
	return "", false
}

// SetLanguage remembers the choice. Secure as the session cookie.
func SetLanguage(w http.ResponseWriter, lang i18n.Lang, secure bool) {
	// #nosec G124 -- all three are set; Secure where the session cookie is
	http.SetCookie(w, &http.Cookie{Name: languageCookie, Value: string(lang), Path: "/", MaxAge: languageAge,
		HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode})
}

package archtest

import "strings"

// libraries is the list of packages from outside the house, with the rooms that
// may use them; "*" is everybody. What is not listed may not be imported, so a
// new dependency is a visible line here. Packages of the standard library are
// listed only where they are restricted.
var libraries = []struct {
	path  string
	rooms []string
}{
	{"github.com/go-chi/chi/v5", []string{"httpx", "httpapi", "webui"}},
	{"github.com/jmoiron/sqlx", []string{"store", "pgembed", "pgtest", "app", "bench", "faults"}},
	{"github.com/lib/pq", []string{"store", "pgembed", "pgtest", "app", "jobs", "bench", "faults"}},
	{"database/sql", []string{"store", "pgembed", "pgtest", "app", "jobs", "bench", "faults"}},
	{"github.com/pressly/goose/v3", []string{"store", "pgtest"}},
	{"github.com/casbin/casbin/v2", []string{"authz"}},
	{"github.com/alexedwards/scs/v2", []string{"httpx", "webui", "store", "app"}},
	{"github.com/google/uuid", []string{"ident"}},
	{"math/rand", nil},
	{"math/rand/v2", []string{"ident", "seal", "demo", "bench", "faults", "domain/match/matchtest", "domain/statistics"}}, // seeded, for data that must repeat
	{"crypto/rand", []string{"ident", "seal"}},
	{"github.com/spf13/cobra", []string{"cli"}},
	{"github.com/spf13/pflag", []string{"cli"}},
	{"github.com/xuri/excelize/v2", []string{"sheet"}},
	{"codeberg.org/go-pdf/fpdf", []string{"printout"}},
	{"github.com/piglig/go-qr", []string{"printout"}},
	{"github.com/mozillazg/go-pinyin", []string{"domain/match", "domain/patient", "domain/terminology"}},
	{"github.com/evanw/esbuild", []string{"webui"}},
	{"github.com/pquerna/otp", []string{"domain/user"}},      // the codes of authenticator apps
	{"github.com/go-webauthn/webauthn", []string{"passkey"}}, // security keys
	{"gonum.org/v1/gonum", []string{"domain/statistics"}},    // incomplete beta and gamma functions
	{"github.com/andybalholm/brotli", []string{"httpx", "webui"}},
	{"github.com/prometheus/client_golang", []string{"httpx", "app", "jobs", "store"}},
	{"github.com/getkin/kin-openapi", []string{"httpapi"}},
	{"github.com/chromedp", []string{"acceptance", "faults", "bench", "webui/tabtest"}},
	{"github.com/google/go-cmp", []string{"pgtest"}},
	{"gopkg.in/yaml.v3", []string{"httpapi"}}, // the OpenAPI document
	{"pgregory.net/rapid", nil},
	{"github.com/anishathalye/porcupine", nil}, // whether concurrent answers could have come one after the other
	{"github.com/google/licensecheck", nil},    // which licence a text is
	{"filippo.io/age", []string{"seal"}},
	{"golang.org/x/crypto", []string{"seal"}},
	{"golang.org/x/text", []string{"*"}},
	{"golang.org/x/sync", []string{"*"}},
	{"golang.org/x/sys", []string{"pgembed"}},
	{"golang.org/x/net", []string{"httpx", "webui", "acceptance"}},
	{"golang.org/x/image", []string{"domain/document", "blob", "webui", "printout"}},
	{"html/template", []string{"webui", "printout"}},
	{"net/http", []string{"httpx", "httpapi", "webui", "app", "cli", "acceptance", "faults", "bench"}},
	{"net/http/httptest", []string{"acceptance", "faults", "bench"}},
	{"net/http/pprof", nil},
	{"text/template", []string{"printout"}},
	{"unsafe", nil},
}

// helpsTests reports whether a package only serves tests; its name says so.
func helpsTests(f *File) bool { return strings.HasSuffix(f.Room(), "test") && f.Room() != "archtest" }

// Libraries checks imports from outside the house. Tests may use every listed
// library.
func Libraries(t *Tree) []Finding {
	var fs []Finding
	for _, f := range t.Files {
		for _, i := range f.imports() {
			if i.path == module || strings.HasPrefix(i.path, module+"/") {
				continue
			}
			lib, listed := library(i.path)
			switch {
			case !listed && strings.Contains(strings.SplitN(i.path, "/", 2)[0], "."):
				fs = append(fs, t.at(f, i.pos, "libraries", "%s is not on the list of libraries; enter it in archtest with the rooms that need it", i.path))
			case !listed || f.Test || helpsTests(f) || in(f.Room(), lib...) || len(lib) == 1 && lib[0] == "*":
			case len(lib) == 0:
				fs = append(fs, t.at(f, i.pos, "libraries", "%s may be used in tests only", i.path))
			default:
				fs = append(fs, t.at(f, i.pos, "libraries", "%s may be imported in %s only", i.path, strings.Join(lib, ", ")))
			}
		}
	}
	return fs
}

// library finds the entry that governs an import: the longest listed path.
// Standard packages are matched exactly (database/sql does not govern
// database/sql/driver), modules with all their packages.
func library(path string) (rooms []string, listed bool) {
	longest := -1
	for _, l := range libraries {
		outside := strings.Contains(strings.SplitN(l.path, "/", 2)[0], ".")
		if (path == l.path || outside && strings.HasPrefix(path, l.path+"/")) && len(l.path) > longest {
			longest, rooms, listed = len(l.path), l.rooms, true
		}
	}
	return rooms, listed
}

package config

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// Load reads all options. Flags are by flag name (data-dir) and hold only what
// was really given. The error, if any, is Invalid with one field per option,
// named as in the environment.
func Load(env func(string) string, flags map[string]string) (Config, error) {
	var c Config
	var bad errs.Fields
	file := readFile(env(fileName), &bad)
	for _, o := range options() {
		value, origin := o.def, FromDefault
		if v, ok := file[o.name]; ok {
			value, origin = v, FromFile
		}
		if v := env(prefix + o.name); v != "" {
			value, origin = v, FromEnv
		}
		if v, ok := flags[flagName(o.name)]; ok {
			value, origin = v, FromFlag
		}
		if key := o.parse(&c, strings.TrimSpace(value)); key != "" {
			bad.Add(prefix+o.name, key, "value", shown(o, value))
		}
		c.settings = append(c.settings, Setting{prefix + o.name, shown(o, value), origin})
	}
	for name := range flags {
		if !slices.Contains(FlagNames(), name) {
			bad.Add("--"+name, "error.config.unknown", "name", "--"+name)
		}
	}
	if len(bad) == 0 {
		c.validate(&bad)
	}
	return c, wrap(bad)
}

// wrap gives the collected fields the sentence that heads them.
func wrap(bad errs.Fields) error {
	if len(bad) == 0 {
		return nil
	}
	return &errs.Error{Kind: errs.Invalid, Key: "error.config", Args: errs.Args{"n": len(bad)}, Fields: bad}
}

// Unknown refuses SHANHAI_ variables nobody reads: a misspelt one would leave
// its default in force without a word. SHANHAI_TEST_ belongs to the tests.
func Unknown(names []string) error {
	var bad errs.Fields
	for _, name := range names {
		known := name == fileName || strings.HasPrefix(name, prefix+"TEST_") ||
			slices.ContainsFunc(options(), func(o option) bool { return prefix+o.name == name })
		if !known {
			bad.Add(name, "error.config.unknown", "name", name)
		}
	}
	return wrap(bad)
}

// readFile reads the optional file: a JSON object, or lines KEY=value with #
// comments. Names are as in the environment, with or without SHANHAI_.
func readFile(path string, bad *errs.Fields) map[string]string {
	if path == "" {
		return nil
	}
	raw, err := os.ReadFile(path) // #nosec G304 -- the file the operator named
	if err != nil {
		bad.Add(fileName, "error.config.file", "path", path)
		return nil
	}
	var values map[string]string
	if strings.HasPrefix(strings.TrimSpace(string(raw)), "{") {
		values, err = fromJSON(raw)
	} else {
		values, err = fromLines(string(raw))
	}
	if err != nil {
		bad.Add(fileName, "error.config.file_form", "path", path, "detail", err.Error())
		return nil
	}
	known := map[string]string{}
	for name, v := range values {
		short := strings.TrimPrefix(strings.ToUpper(name), prefix)
		if !slices.ContainsFunc(options(), func(o option) bool { return o.name == short }) {
			bad.Add(fileName, "error.config.unknown", "name", name)
			continue
		}
		known[short] = v
	}
	return known
}

func fromJSON(raw []byte) (map[string]string, error) {
	var m map[string]any
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, err
	}
	values := map[string]string{}
	for k, v := range m {
		switch v := v.(type) {
		case string, bool, float64:
			values[k] = fmt.Sprint(v)
		case []any:
			values[k] = strings.Trim(strings.Join(strings.Fields(fmt.Sprint(v)), ","), "[]")
		default:
			return nil, fmt.Errorf("%s", k)
		}
	}
	return values, nil
}

func fromLines(text string) (map[string]string, error) {
	values := map[string]string{}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, v, ok := strings.Cut(line, "=")
		if !ok {
			return nil, fmt.Errorf("%d: %s", i+1, line)
		}
		values[strings.TrimSpace(name)] = strings.Trim(strings.TrimSpace(v), `"`)
	}
	return values, nil
}

// Print writes the effective options with their origin, secrets hidden.
func (c Config) Print(w io.Writer) error {
	for _, s := range c.settings {
		if _, err := fmt.Fprintf(w, "%s=%s\t# %s\n", s.Name, s.Value, s.Origin); err != nil {
			return err
		}
	}
	return nil
}

var (
	urlPassword = regexp.MustCompile(`(?i)^([a-z]+://[^:/@]*):.*@`) // greedy: a password may hold @
	keyPassword = regexp.MustCompile(`(?i)(password|sslpassword)\s*=\s*('[^']*'|[^\s&]*)`)
)

const hidden = "••••"

// shown is the value for people: of a secret URL everything but the password.
func shown(o option, v string) string {
	if !o.secret {
		return v
	}
	v = urlPassword.ReplaceAllString(v, "${1}:"+hidden+"@")
	return keyPassword.ReplaceAllString(v, "${1}="+hidden)
}

package store_test

import (
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/dataclass"
	"github.com/shanhai-health/shanhai/internal/domain/subject"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/store"
	"github.com/shanhai-health/shanhai/policies"
)

// A person is handed every column the register has of them: a word is put into
// every column of every table that leads to a person, and all of them come back,
// sealed ones opened, and none of anybody else.
func TestEveryPersonalColumnIsHandedOut(t *testing.T) {
	reg, err := dataclass.Parse(policies.Columns)
	if err != nil {
		t.Fatal(err)
	}
	at := clock.NewFixed(clock.MustDate(2026, 3, 2).Start())
	keys, _, err := seal.LoadOrCreate(t.TempDir(), at)
	if err != nil {
		t.Fatal(err)
	}
	test := pgtest.DB(t)
	db, err := store.Open(t.Context(), store.Options{DSN: test.AppDSN, Clock: at, Keys: keys, Log: slog.New(slog.DiscardHandler), Web: 2, Jobs: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	e := estateOn(t, test)
	steps := subject.Reach(reg)
	planted := plantWords(t, e, keys, steps)
	if len(planted) < 200 {
		t.Errorf("only %d words were planted", len(planted))
	}
	who := authz.System("subject").In(e.own.partnership)
	err = db.InTx(t.Context(), who, func(tx *store.Tx) error {
		tx.NoAudit("test")
		for _, s := range steps {
			rows, err := tx.SubjectRows(s, []ident.ID{e.own.id})
			if err != nil {
				t.Fatalf("%s: %v", s.Table, err)
			}
			if len(rows) != 1 {
				t.Errorf("%s: %d rows", s.Table, len(rows))
				continue
			}
			checkHanded(t, s, rows[0], planted)
		}
		return nil
	}, store.OneInstant())
	if err != nil {
		t.Fatal(err)
	}
	for word := range planted {
		t.Errorf("%s was not handed out", word)
	}
}

// checkHanded compares a row with the register and takes the words it holds off
// the list.
func checkHanded(t *testing.T, s subject.Step, row store.SubjectRow, planted map[string]bool) {
	t.Helper()
	text, err := json.Marshal(row)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range s.Lines {
		for _, c := range l.Columns {
			if _, there := row[strings.TrimSuffix(c, "_sealed")]; there != (l.Level < dataclass.Secret) {
				t.Errorf("%s.%s of level %d: handed out %v", s.Table, c, l.Level, there)
			}
			word := s.Table + "#" + c + "#own"
			if strings.Contains(string(text), word) {
				delete(planted, word)
			}
			if strings.Contains(string(text), s.Table+"#"+c+"#sister") {
				t.Errorf("%s.%s of somebody else is handed out", s.Table, c)
			}
		}
	}
}

// plantWords puts a word of its own into every text, document and sealed column
// of the person's rows, and another into those of somebody else; a column whose
// values are a closed list keeps what it has.
func plantWords(t *testing.T, e *estate, keys *seal.Keyring, steps []subject.Step) map[string]bool {
	t.Helper()
	planted := map[string]bool{}
	for _, s := range steps {
		for _, c := range []cell{e.own, e.sister} { // a key that may be missing is there
			row := "id"
			if s.Table == "import_row" {
				row = "batch_id"
			}
			if !slices.ContainsFunc(e.columns[s.Table], func(x dbColumn) bool { return x.name == row }) {
				continue
			}
			if err := e.write(`update `+s.Table+` set `+s.Key+` = $1 where partnership_id = $2 and `+row+` = $1 and `+s.Key+` is null`, c.id, c.partnership); err != nil {
				t.Fatalf("%s: %v", s.Table, err)
			}
		}
		for _, l := range s.Lines {
			for _, name := range l.Columns {
				i := slices.IndexFunc(e.columns[s.Table], func(c dbColumn) bool { return c.name == name })
				if i < 0 || !subject.Shown(l.Level) {
					continue
				}
				for whose, c := range map[string]cell{"own": e.own, "sister": e.sister} {
					word := s.Table + "#" + name + "#" + whose
					value := word
					switch typ := e.columns[s.Table][i].typ; {
					case strings.HasSuffix(name, "_sealed"):
						sealed, err := keys.SealString(word, seal.Place{Table: s.Table, Column: name, Row: c.id})
						if err != nil {
							t.Fatal(err)
						}
						value = `\x` + hex.EncodeToString(sealed)
					case typ == "jsonb":
						value = `{"said": "` + word + `"}`
					case typ == "text[]":
						value = "{" + word + "}"
					case typ != "text":
						continue
					}
					if err := e.write(`update `+s.Table+` set `+name+` = $1 where partnership_id = $2 and `+s.Key+` = $3`, value, c.partnership, c.id); err == nil && whose == "own" {
						planted[word] = true
					} else if err != nil && strings.HasSuffix(name, "_sealed") {
						t.Errorf("%s.%s: %v", s.Table, name, err)
					}
				}
			}
		}
	}
	return planted
}

// write changes rows as nobody may: past the triggers of what is append-only.
func (e *estate) write(query string, args ...any) error {
	tx, err := e.super.Begin()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	if _, err := tx.Exec(`set local session_replication_role = replica`); err != nil {
		return err
	}
	if _, err := tx.Exec(query, args...); err != nil {
		return err
	}
	return tx.Commit()
}

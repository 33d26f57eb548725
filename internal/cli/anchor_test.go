package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/pgtest"
)

// The log is followed from the command line; at a fault the last line names chain
// and row and the exit code is 1, also for an end that was cut off without a
// trace in the database.
func TestTheLogIsProvedFromTheCommandLine(t *testing.T) {
	t.Parallel()
	s, db := fastSite(t)
	must(t, s.args("partnership", "create", "yl", "--name", "云岭澜港", "--receiving-region", "500199", "--receiving-name", "云岭区", "--donor-region", "370299", "--donor-name", "澜港市")...)
	sound := must(t, s.args("audit", "verify")...)
	if !strings.Contains(sound.out, "ok\tyl\t") && !strings.Contains(sound.out, "ok\tYL\t") || !strings.Contains(sound.out, "ok\tplatform\t") {
		t.Fatalf("an honest log: %+v", sound)
	}
	made := strings.Fields(must(t, s.args("audit", "anchor")...).out)
	if len(made) != 2 {
		t.Fatalf("anchors: %v", made)
	}
	kept := filepath.Join(t.TempDir(), "kept.txt")
	raw, err := os.ReadFile(made[len(made)-1]) // the platform's comes last
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(kept, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, s.args("audit", "verify", "--anchor", kept)...)

	super := pgtest.Open(t, db.SuperDSN)
	const platform = "partnership_id = '00000000-0000-0000-0000-000000000000'"
	for _, do := range []string{"begin; set local session_replication_role = replica; delete from audit_event where " + platform + "; delete from audit_link where " + platform +
		"; delete from audit_head where " + platform + "; delete from audit_pending where " + platform + "; delete from audit_anchor where " + platform + "; commit"} {
		if _, err := super.Exec(do); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range made { // the copies of the data directory as well
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	if blind := run(t, "", s.args("audit", "verify")...); blind.code != 0 {
		t.Errorf("the database alone knew: %+v", blind)
	}
	found := run(t, "", s.args("audit", "verify", "--anchor", kept)...)
	lines := strings.Split(strings.TrimSpace(found.out), "\n")
	if last := lines[len(lines)-1]; found.code != 1 || !strings.HasPrefix(last, "bad\tplatform\tchain ") || !strings.Contains(last, "\trow ") {
		t.Errorf("with the anchor: code %d, last line %q\n%s", found.code, last, found.err)
	}
	if s := run(t, "", s.args("audit", "verify", "--anchor", filepath.Join(t.TempDir(), "none"))...); s.code == 0 {
		t.Error("an anchor that is not there")
	}
}

package subject

import (
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/domain/dataclass"
)

// Step is a table that holds something of a person, and how its rows are found: by
// the key column, which names a row of the parent table. The person itself has no
// parent, and what hangs on anything (an attachment) has the parent "*".
type Step struct {
	Table  string
	Key    string
	Parent string
	Lines  []dataclass.Line
}

// keys are the columns that lead to a person, the shortest way first.
var keys = []struct{ column, parent string }{
	{"person_id", "person"}, {"root_id", "person"}, {"case_id", "casefile"}, {"treatment_id", "treatment"}, {"procedure_id", "procedure"},
	{"registration_id", "registration"}, {"component_id", "component"}, {"approval_id", "approval"}, {"settlement_id", "settlement"},
	{"contact_id", "followup_contact"}, {"transfer_id", "ledger_transfer"}, {"first_id", "component"}, {"object_id", "*"},
}

// Outside are the tables with something personal that are not handed out to the
// person the request is about, each with its reason as a message key. Adding one
// is a decision.
func Outside() map[string]string {
	out := map[string]string{}
	for reason, tables := range map[string]string{ // #nosec G101 -- names of tables
		"staff": `account api_token desk_filter download hospital_account meeting meeting_task passkey password_history posting practitioner privilege
			privilege_exception recovery_code role_assignment second_factor session skill_observation skill_signoff teaching teaching_attendee theatre_time visit_day visit_member
			outreach_recovery`,
		"log":     `audit_event job person_lookup`,
		"keys":    `outreach_key form_print`,
		"control": `audit_package plausibility_alert plausibility_verdict`,
		"others":  `notice_objection`,
		"passing": `form_draft idempotency import_batch summary_mark`,
		"books":   `ledger_entry`, // the amounts stand in the transfer's own settlement lines
	} {
		for _, t := range strings.Fields(tables) {
			out[t] = "subject.outside." + reason
		}
	}
	return out
}

// Reach is every table that holds something of a person, parents before children.
func Reach(reg dataclass.Register) []Step {
	lines := map[string][]dataclass.Line{}
	var tables []string
	for _, l := range reg.Lines() {
		if lines[l.Table] == nil {
			tables = append(tables, l.Table)
		}
		lines[l.Table] = append(lines[l.Table], l)
	}
	outside, found := Outside(), map[string]Step{"person": {Table: "person", Key: "id", Lines: lines["person"]}}
	for _, t := range tables {
		if outside[t] != "" || t == "person" || !personal(lines[t]) {
			continue
		}
		if s, ok := step(t, lines[t]); ok {
			found[t] = s
		}
	}
	return ordered(found, tables)
}

// personal reports whether a table has a column that tells of somebody.
func personal(lines []dataclass.Line) bool {
	return slices.ContainsFunc(lines, func(l dataclass.Line) bool { return l.Level >= dataclass.Linked })
}

func step(table string, lines []dataclass.Line) (Step, bool) {
	if table == "attachment" { // of a registration, a document or a stay as well as of a case
		return Step{table, "owner_id", "*", lines}, true
	}
	for _, k := range keys {
		for _, l := range lines {
			if k.parent != table && slices.Contains(l.Columns, k.column) {
				return Step{table, k.column, k.parent, lines}, true
			}
		}
	}
	return Step{}, false
}

// ordered puts parents first; what hangs on anything comes last.
func ordered(found map[string]Step, tables []string) []Step {
	var out []Step
	done := map[string]bool{"": true}
	for {
		before := len(out)
		for _, t := range tables {
			if s, ok := found[t]; ok && !done[t] && done[s.Parent] {
				out, done[t] = append(out, s), true
			}
		}
		switch {
		case len(out) > before:
		case done["*"]:
			return out
		default:
			done["*"] = true
		}
	}
}

// Unreached are the tables with something personal that neither lead to a person
// nor are named as outside. There must be none.
func Unreached(reg dataclass.Register) []string {
	in, outside := map[string]bool{}, Outside()
	for _, s := range Reach(reg) {
		in[s.Table] = true
	}
	var out []string
	for _, l := range reg.Lines() {
		if l.Level >= dataclass.Linked && !in[l.Table] && outside[l.Table] == "" && !slices.Contains(out, l.Table) {
			out = append(out, l.Table)
		}
	}
	return out
}

// Shown reports whether a column is handed out. What proves who somebody is, or
// opens what is sealed, is not: the value it was made from is.
func Shown(level dataclass.Level) bool { return level < dataclass.Secret }

// Readable reports whether a column says something to who reads the copy on paper;
// a reference to another row is in the copy for machines only.
func Readable(column string) bool {
	return !strings.HasSuffix(column, "_id") && !strings.HasSuffix(column, "_key") && column != "team" && column != "digest"
}

// TableLabel and ColumnLabel are the message keys of the names in the copy.
func TableLabel(table string) string { return "subject.table." + table }

// ColumnLabel is the message key of a column's name.
func ColumnLabel(column string) string { return "subject.column." + column }

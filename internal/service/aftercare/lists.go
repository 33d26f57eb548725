package aftercare

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/followup"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// ListInput asks for one of the lists.
type ListInput struct {
	List      List     // empty: what is due
	Hospital  ident.ID // nil: all of the reader's
	Programme procedure.Programme
	Step      followup.Step
	Township  string
	Village   string
	Mine      bool // only what the reader took on
	Page      page.Request
}

// Worklist is a page of appointments, with how many stand on each list and how
// many left the lists for which reason.
type Worklist struct {
	page.Result[FollowUp]
	Counts    Counts
	Townships []string
	Sides     map[ident.ID]user.Side
	Today     clock.Date
	Record    bool // the reader may record follow-ups somewhere
}

// Worklist reads one of the lists of the reader's hospitals.
func (s *Service) Worklist(ctx context.Context, who user.Principal, in ListInput) (Worklist, error) {
	var out Worklist
	f, err := s.filter(who, &in)
	if err != nil {
		return out, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		out.Today = tx.Today()
		if out.Result, err = tx.ListFollowUps(f, in.Page); err != nil {
			return err
		}
		tx.AuditRead(audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectList, Detail: map[string]any{"list": "followups." + string(in.List), "rows": len(out.Rows)}})
		if out.Counts, err = tx.CountFollowUps(f.Hospitals); err != nil {
			return err
		}
		if out.Townships, err = tx.FollowTownships(f.Hospitals); err != nil {
			return err
		}
		out.Sides, err = tx.SidesOf()
		return err
	})
	s.show(who, out.Rows)
	out.Record = s.door(who, authz.FollowUpRecord) == nil
	return out, err
}

// filter checks what a reader asks and puts it into the words of the store.
func (s *Service) filter(who user.Principal, in *ListInput) (store.FollowFilter, error) {
	if err := s.door(who, authz.FollowUpRead); err != nil {
		return store.FollowFilter{}, err
	}
	if !slices.Contains(Lists(), in.List) {
		in.List = Due
	}
	f := store.FollowFilter{List: in.List, Hospitals: s.hospitals(who, authz.FollowUpRead), Programme: in.Programme, Step: in.Step,
		Township: strings.TrimSpace(in.Township), Village: strings.TrimSpace(in.Village), Mine: in.Mine && (in.List == Due || in.List == Overdue)}
	if in.Hospital != ident.Nil {
		if err := s.at(who, authz.FollowUpRead, in.Hospital); err != nil {
			return f, err
		}
		f.Hospitals = []ident.ID{in.Hospital}
	}
	return f, nil
}

// CallInput asks for a list to call or visit by. A reason opens the telephone
// numbers, to those who may see them.
type CallInput struct {
	ListInput
	Reason string
	Form   bool // the forms village doctors fill in, instead of the list
}

// CallList is the patients of one or two lists by township and village.
type CallList struct {
	Villages []Village
	Patients int
	Today    clock.Date
	Numbers  bool // the telephone numbers are there in full
}

// Village is the patients of one village.
type Village struct {
	Hospital, Township, Name string
	Rows                     []FollowUp
}

// callMost bounds a list on paper: nobody calls more in a week.
const callMost = 300

// An account opens so many telephone numbers on lists within an hour: a round
// through the villages, not the register.
const (
	callsAnHour = 400
	callWindow  = time.Hour
)

// CallList reads the patients who are due or overdue, by village, for the
// telephone, for a round through the villages, or for the village doctors. Each
// person whose number is opened has it in the record.
func (s *Service) CallList(ctx context.Context, who user.Principal, in CallInput) (CallList, error) {
	var out CallList
	if err := s.door(who, authz.FollowUpRecord); err != nil {
		return out, err
	}
	f, err := s.filter(who, &in.ListInput)
	if err != nil {
		return out, err
	}
	in.Reason = strings.TrimSpace(in.Reason)
	if out.Numbers = in.Reason != ""; out.Numbers {
		if err := s.door(who, authz.PersonUnmask); err != nil {
			return out, err
		}
	}
	if len([]rune(in.Reason)) > followup.MaxText {
		return out, tooLong("reason")
	}
	var rows []FollowUp
	err = s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		out.Today = tx.Today()
		if rows, err = everyone(tx, f); err != nil {
			return err
		}
		tx.AuditRead(audit.Event{Action: audit.FormPrint, ObjectKind: audit.ObjectList, Detail: map[string]any{"list": "followups." + string(in.List), "rows": len(rows), "form": in.Form}})
		if !out.Numbers {
			return nil
		}
		return s.openNumbers(tx, rows, in.Reason)
	}, store.Background())
	if err != nil {
		return out, err
	}
	s.show(who, rows)
	out.Villages, out.Patients = byVillage(rows), len(rows)
	return out, nil
}

// everyone reads a whole list; a list too long for paper is refused.
func everyone(tx *store.Tx, f store.FollowFilter) ([]FollowUp, error) {
	var all []FollowUp
	req := page.Request{Size: page.MaxSize}
	for {
		r, err := tx.ListFollowUps(f, req)
		if err != nil {
			return nil, err
		}
		all, req.After = append(all, r.Rows...), r.Next
		if len(all) > callMost {
			return nil, errs.Refuse("followup.call_most", "error.followup.call_most", errs.Args{"max": callMost}, "followup.remedy.narrow")
		}
		if r.Next == "" {
			return all, nil
		}
	}
}

// openNumbers opens the telephone numbers of those the reader may call, and
// records it for each person.
func (s *Service) openNumbers(tx *store.Tx, rows []FollowUp, reason string) error {
	var may []ident.ID
	for _, f := range rows {
		if f.Registration != ident.Nil && s.can(tx.Who(), authz.PersonUnmask, f.Hospital) && !slices.Contains(may, f.Person) {
			may = append(may, f.Person)
			tx.Audit(audit.Event{Action: audit.FollowUpCall, ObjectKind: audit.ObjectPerson, ObjectID: f.Person, OrganisationID: f.Hospital, Reason: reason})
		}
	}
	if len(may) == 0 {
		return nil
	}
	earlier, err := tx.UnmasksSince(tx.Now().Add(-callWindow), audit.FollowUpCall)
	if err != nil {
		return err
	}
	if earlier+len(may) > callsAnHour {
		return errs.New(errs.RateLimited, "error.unmask.limit", errs.Args{"n": callsAnHour})
	}
	if err := tx.OpenPhonesOf(rows); err != nil {
		return err
	}
	for i := range rows {
		if !slices.Contains(may, rows[i].Person) {
			rows[i].Phone, rows[i].KinPhone = "", ""
		}
	}
	return nil
}

// byVillage groups a list: by hospital, township and village, then by name.
func byVillage(rows []FollowUp) []Village {
	slices.SortStableFunc(rows, func(a, b FollowUp) int {
		return cmp.Or(cmp.Compare(a.HospitalName, b.HospitalName), cmp.Compare(a.Township, b.Township), cmp.Compare(a.Village, b.Village),
			cmp.Compare(a.PersonSort, b.PersonSort), cmp.Compare(a.CaseNo, b.CaseNo), a.Due.Compare(b.Due))
	})
	var out []Village
	for _, f := range rows {
		n := len(out) - 1
		if n < 0 || out[n].Hospital != f.HospitalName || out[n].Township != f.Township || out[n].Name != f.Village {
			out = append(out, Village{Hospital: f.HospitalName, Township: f.Township, Name: f.Village})
			n++
		}
		out[n].Rows = append(out[n].Rows, f)
	}
	return out
}

func tooLong(path string) error {
	var f errs.Fields
	f.Add(path, "form.error.long", "max", followup.MaxText)
	return f.Err()
}

package intake_test

import (
	"strings"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/service/intake"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// The form that takes a scan also takes megabytes of text.
func TestFreeTextHasAnEnd(t *testing.T) {
	d := open(t)
	long := strings.Repeat("长", 501)
	for field, put := range map[string]func(*intake.RegisterInput){
		"note":                 func(in *intake.RegisterInput) { in.Note = long },
		"diagnosis":            func(in *intake.RegisterInput) { in.Diagnosis = long },
		"join_reason":          func(in *intake.RegisterInput) { in.JoinReason = long },
		"mismatch_reason":      func(in *intake.RegisterInput) { in.MismatchReason = long },
		intake.FieldDuplicates: func(in *intake.RegisterInput) { in.NotSame = long },
	} {
		in := d.person(servicetest.Mountain, "向云禾", 40)
		put(&in)
		d.refused(servicetest.Mountain, in, field, "error.text.too_long")
	}
	in := d.person(servicetest.Mountain, "向云禾", 40)
	in.Note = string([]rune(long)[:500])
	out := d.register(servicetest.Mountain, in)
	edit := intake.EditInput{Registration: patient.Registration{ID: out.RegistrationID, Version: 1, LegalBasis: patient.BasisStatutory}, Note: long}
	if _, err := d.Edit(t.Context(), d.Registrar(servicetest.Mountain), "", edit); !errs.Is(err, errs.Invalid) || !errs.Of(err).Fields.Has("note") {
		t.Errorf("a note of 501 characters on a registration: %v", err)
	}
	// What an import kept in the note stands in nobody's way, as a browser sends it back.
	story := long + "\n" + long + "\r\n" + long + "\r" + long
	d.Exec(`update registration set note = $1 where id = $2`, story, out.RegistrationID)
	edit.Note, edit.Registration.Village = strings.NewReplacer("\r\n", "\r\n", "\r", "\r\n", "\n", "\r\n").Replace(story), "向阳村"
	if _, err := d.Edit(t.Context(), d.Registrar(servicetest.Mountain), "", edit); err != nil {
		t.Errorf("a note nobody touched is refused: %v", err)
	}
	if n := d.Count(`select count(*) from registration where id = $1 and note = $2 and village = '向阳村'`, out.RegistrationID, story); n != 1 {
		t.Error("the note was changed, or the village was not")
	}
}

func TestAVeryLongNameIsRefusedAtOnce(t *testing.T) {
	d := open(t)
	in := d.person(servicetest.Mountain, strings.Repeat("王李张", 130_000), 41)
	began := clock.System{}.Now()
	w, err := d.Warn(t.Context(), d.Registrar(servicetest.Mountain), in)
	if took := clock.Since(clock.System{}, began); err != nil || len(w.Suspects) > 0 || took > 20*time.Second { // it took minutes
		t.Errorf("%v, %d suspects, %v", err, len(w.Suspects), took)
	}
}

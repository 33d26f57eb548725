package history

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/errs"
)

// earliest is the first day an operation of these programmes can have: a day
// before it is a typing mistake, such as a year typed into a date cell.
func earliest() clock.Date { return clock.MustDate(1990, 1, 1) }

// reading is what one row says, while it is being read.
type reading struct {
	*sheetRun
	r       *record
	issues  []Issue
	told    []string // warnings, kept or not
	who     *Person
	treat   Treatment // what the row says about its treatment
	op      Procedure
	money   Money
	primary bool // a first prosthesis, or the natural lens taken out
	shared  int  // row whose fee cells reach down to this one, else 0
}

// previous is what the row above said about the patient, for cells left blank.
type previous struct {
	row     int
	cells   [fieldCount]Cell
	present [fieldCount]bool
	treat   *Treatment
}

func (r *reading) change(c Change) { r.result.Normalised[c]++ }

func (r *reading) say(level Level, key string, f Field, args errs.Args) {
	if level == LevelWarning {
		if !slices.Contains(r.told, key) { // a row counts once, whatever columns it is about
			r.told = append(r.told, key)
			r.warned[key]++
		}
		if r.warned[key] > r.reg.opts.MaxMessages {
			return // said once for the sheet, however large it is
		}
	}
	col := -1
	if f != FieldNone {
		col = r.r.cols[f]
		if args == nil {
			args = errs.Args{}
		}
		args["column"] = r.label(f)
	}
	r.issues = append(r.issues, Issue{level, key, args, col})
}

func (r *reading) warn(key string, f Field) { r.say(LevelWarning, key, f, nil) }
func (r *reading) wrong(key string, f Field, args errs.Args) {
	r.say(LevelError, key, f, args)
}

// missing warns about a field that is not there. A ledger without the column is
// told once: no row can help it.
func (r *reading) missing(key string, f Field) {
	if r.r.block.Has(f) {
		r.warn(key, f)
		return
	}
	r.once(key)
}

// once says a warning about the block as a whole.
func (r *reading) once(key string) {
	note := Note{Level: LevelWarning, Key: key + ".common"}
	if !slices.ContainsFunc(r.result.Notes, func(n Note) bool { return n.Key == note.Key }) {
		r.result.Notes = append(r.result.Notes, note)
	}
}

// label is what the ledger calls a field.
func (r *reading) label(f Field) any {
	if c := r.r.block.column(f); c != nil && c.Label != "" {
		return c.leaf()
	}
	return errs.Key(f.Key())
}

// interpret reads the record and adds what it says to the sheet. What goes
// wrong first is said first: who, what, when, which side, how much.
func (s *sheetRun) interpret() {
	r := &reading{sheetRun: s, r: s.rec}
	r.carry()
	r.failures()
	r.person()
	r.operation()
	r.days()
	r.side()
	r.place()
	r.amounts()
	r.people()
	r.join()
	s.remember(r)
}

// carry fills in what the row leaves to the one above: a second operation
// of the same patient without merged cells, and "ditto" marks.
func (r *reading) carry() {
	rec, prev := r.r, &r.previous
	if prev.row == 0 {
		return
	}
	for f := FieldName; f < fieldCount; f++ {
		if rec.own[f] && !f.Money() && ditto(rec.text(f)) && prev.present[f] {
			rec.cells[f] = prev.cells[f]
			rec.from[f] = prev.row
			r.change(ChangeCarried)
		}
	}
	if rec.present[FieldName] || rec.present[FieldNumber] || rec.own[FieldSeq] || prev.row != rec.row-1 {
		return
	}
	r.change(ChangeCarried)
	for f := FieldName; f <= FieldCategory; f++ {
		if !rec.present[f] && prev.present[f] {
			rec.cells[f], rec.present[f], rec.from[f] = prev.cells[f], true, prev.row
		}
	}
}

func ditto(s string) bool {
	switch s {
	case "同上", "〃", "″", "〞", "\"", "''", "''''", "上同", "同前":
		return true
	}
	return false
}

// failures names cells with #REF! or with a formula whose result was not saved:
// such a value is lost, not zero.
func (r *reading) failures() {
	for f := FieldName; f < fieldCount; f++ {
		c := r.r.cells[f]
		if !r.r.present[f] || f == FieldRemark {
			continue
		}
		if c.Kind == Failure {
			r.wrong("history.row.cell_failed", f, errs.Args{"text": c.Text})
			r.r.present[f] = false
		} else if c.Kind == Blank && c.Formula {
			r.wrong("history.row.formula_unsaved", f, nil)
			r.r.present[f] = false
		}
	}
}

// carried reports whether a field's value comes from a row above: what is wrong
// with it is warned about there.
func (r *reading) carried(f Field) bool { return r.r.from[f] != 0 }

func (r *reading) textOf(f Field) string {
	if !r.r.present[f] {
		return ""
	}
	return r.free(r.r.cells[f], f)
}

// person reads who it was.
func (r *reading) person() {
	rec := r.r
	p := Person{Age: -1, Document: patient.DocNone, Phone: "", Address: r.textOf(FieldAddress),
		Township: r.textOf(FieldTownship), Village: r.textOf(FieldVillage)}
	if rec.present[FieldName] {
		text := r.kept(FieldName)
		p.Name = patient.NormaliseName(text)
		if p.Name != strings.TrimSpace(text) && rec.own[FieldName] {
			r.change(ChangeSpace)
		}
	}
	if rec.present[FieldPhone] {
		p.Phone = r.code(rec.cells[FieldPhone])
	}
	if rec.present[FieldAge] {
		p.Age = parseAge(rec.cells[FieldAge].Text)
	}
	if rec.present[FieldSex] {
		sex, err := patient.ParseSex(rec.cells[FieldSex].Text)
		if err != nil && !r.carried(FieldSex) {
			r.say(LevelWarning, "history.row.sex_unreadable", FieldSex, errs.Args{"text": r.textOf(FieldSex)})
		}
		p.Sex = sex
	}
	if rec.present[FieldBirth] {
		p.Birth, _ = r.day(FieldBirth)
	}
	r.number(&p)
	if p.Name == "" {
		r.wrong("history.row.name_missing", FieldName, nil)
	}
	p.key = personKey(p) // of the whole texts: it was so before they were cut
	p.Name, p.Address = r.fit(&p.Long, FieldName, p.Name, patient.MaxName), r.fit(&p.Long, FieldAddress, p.Address, patient.MaxAddress)
	p.Township, p.Village = r.fit(&p.Long, FieldTownship, p.Township, patient.MaxPlace), r.fit(&p.Long, FieldVillage, p.Village, patient.MaxPlace)
	r.who = r.reg.person(p)
	if r.who.Name != p.Name && p.Name != "" && !r.carried(FieldName) {
		r.say(LevelWarning, "history.row.same_number_other_name", FieldName, errs.Args{"name": r.who.Name})
	}
}

// fit is the beginning of a text that is longer than its place. All of it is kept beside,
// as far as it was read.
func (r *reading) fit(long *[]Long, f Field, text string, most int) string {
	short := patient.Short(text, most)
	if short == text {
		return text
	}
	*long = append(*long, Long{f, text})
	if _, lost := cut(r.r.cells[f].Text); !lost && !r.carried(f) {
		r.say(LevelWarning, "history.row.text_long", f, errs.Args{"n": most})
	}
	return short
}

// kept is the text of a cell as far as it is read.
func (r *reading) kept(f Field) string {
	text, lost := cut(r.r.cells[f].Text)
	if lost && !r.carried(f) {
		r.warn("history.row.text_cut", f)
	}
	return text
}

// number reads the identity document.
func (r *reading) number(p *Person) {
	rec := r.r
	if !rec.present[FieldNumber] || empty(strings.ToUpper(rec.text(FieldNumber))) {
		if !r.carried(FieldNumber) {
			r.missing("history.row.number_missing", FieldNumber)
		}
		return
	}
	c := rec.cells[FieldNumber]
	if c.Kind == Number && len(c.Text) > 15 && (strings.ContainsAny(c.Raw, "eE") || strings.HasSuffix(c.Text, "000")) {
		r.wrong("history.row.number_damaged", FieldNumber, errs.Args{"text": c.Raw})
		return
	}
	text := c.Text
	if rec.own[FieldNumber] {
		text = r.code(c)
	}
	n, err := patient.ParseCitizenNumber(text, r.reg.opts.Today)
	if err == nil {
		p.Document, p.Number, p.Birth = patient.DocCitizen, n.Number, n.Birth
		r.compare(p, n)
		return
	}
	if r.otherDocument(p, text) {
		return
	}
	p.Number = patient.FoldNumber(text) // tells this person from others; refused anyway
	e := errs.Of(err)
	key, args := numberTrouble(e.Key), errs.Args{"text": c.Text}
	maps.Copy(args, e.Args)
	r.wrong(key, FieldNumber, args)
}

// numberTrouble is the sentence for a refused identity number; it names the
// column, which the sentence of a form leaves to the box it stands at.
func numberTrouble(key string) string {
	switch key {
	case "error.identity.damaged_by_excel":
		return "history.row.number_damaged"
	case "error.identity.check_digit":
		return "history.row.number_check_digit"
	case "error.identity.too_short":
		return "history.row.number_too_short"
	case "error.identity.too_long":
		return "history.row.number_too_long"
	case "error.identity.birth", "error.identity.birth_future", "error.identity.birth_too_early":
		return "history.row.number_birth"
	}
	return "history.row.number_unreadable"
}

// otherDocument takes passports and birth certificates by their shape.
func (r *reading) otherDocument(p *Person, text string) bool {
	s := patient.FoldNumber(text)
	if len(s) < 8 || len(s) > 10 || s[0] < 'A' || s[0] > 'Z' || !digits(s[2:]) {
		return false
	}
	for _, kind := range []patient.DocumentKind{patient.DocBirthCertificate, patient.DocPassport} {
		if _, err := patient.ParseDocument(kind, s, r.reg.opts.Today); err == nil {
			p.Document, p.Number = kind, s
			if !r.carried(FieldNumber) {
				r.warn("history.row.other_document", FieldNumber)
			}
			return true
		}
	}
	return false
}

// compare holds sex and birth date against the identity number. The age is
// compared at the end of the sheet, when the day it was filled in is known.
func (r *reading) compare(p *Person, n patient.CitizenNumber) {
	rec := r.r
	switch {
	case p.Sex != patient.Male && p.Sex != patient.Female:
		p.Sex = n.Sex
	case p.Sex != n.Sex && !r.carried(FieldSex) && !r.carried(FieldNumber):
		r.warn("history.row.sex_differs", FieldSex)
	}
	if rec.own[FieldBirth] {
		if d, err := r.day(FieldBirth); err == nil && d != n.Birth {
			r.say(LevelWarning, "history.row.birth_differs", FieldBirth, errs.Args{"date": n.Birth})
		}
	}
}

// operation reads what was done.
func (r *reading) operation() {
	rec := r.r
	name, joint := rec.text(FieldOperation), rec.text(FieldJoint)
	r.op.Row = rec.row
	if name == "" && joint == "" && !rec.block.Has(FieldOperation) {
		// A ledger of one programme may leave the operation to its title; the
		// place may name the joint.
		joint = rec.text(FieldSide)
	}
	kind, ok := r.reg.operationKind(name)
	if !ok && joint != "" {
		kind, ok = r.reg.operationKind(joint + name)
		if !ok && r.block.Programme == procedure.Joint {
			kind, ok = r.reg.operationKind(joint + "置换术")
		}
	}
	if !ok && name == "" && r.block.Programme == procedure.Cataract {
		kind, ok = newKind(procedure.Extraction), true
	}
	switch {
	case ok:
	case name == "":
		r.wrong("history.row.operation_missing", FieldOperation, nil)
	default:
		r.wrong("history.row.operation_unknown", FieldOperation, errs.Args{"text": r.textOf(FieldOperation)})
	}
	r.op.Kind, r.op.Site, r.treat.Programme, r.primary = kind.kind, kind.site, kind.programme, kind.primary
	r.op.Operation = r.textOf(FieldOperation)
	if ok && r.block.Programme == "" {
		r.block.Programme = kind.programme
		if r.result.Programme == "" {
			r.result.Programme = kind.programme
		}
	}
	if ok && kind.programme != r.block.Programme {
		r.warn("history.row.other_programme", FieldOperation)
	}
}

// day reads a date field; a change of spelling is counted for own cells.
func (r *reading) day(f Field) (clock.Date, error) {
	d, changed, err := parseDay(r.r.cells[f], r.src.Date1904(), r.reg.opts.Today)
	if changed && err == nil && r.r.own[f] && f != FieldBirth {
		r.change(ChangeDate)
	}
	return d, err
}

// days reads admission, operation and discharge.
func (r *reading) days() {
	r.treat.AdmittedOn = r.dayOf(FieldAdmittedOn)
	r.treat.DischargedOn = r.dayOf(FieldDischargedOn)
	r.op.On = r.dayOf(FieldOperatedOn)
	if !r.r.present[FieldOperatedOn] {
		r.op.On = r.treat.AdmittedOn
		if r.op.On.IsZero() {
			r.op.On = r.treat.DischargedOn
		}
		if r.op.On.IsZero() {
			r.wrong("history.row.date_missing", FieldOperatedOn, nil)
		} else {
			r.missing("history.row.date_assumed", FieldOperatedOn)
		}
	}
	on, t := r.op.On, r.treat
	switch {
	case on.IsZero():
	case !r.who.Birth.IsZero() && on.Before(r.who.Birth):
		r.wrong("history.row.before_birth", FieldOperatedOn, nil)
	case !t.AdmittedOn.IsZero() && on.Before(t.AdmittedOn), !t.DischargedOn.IsZero() && on.After(t.DischargedOn),
		!t.DischargedOn.IsZero() && t.DischargedOn.Before(t.AdmittedOn):
		r.warn("history.row.date_order", FieldOperatedOn)
	}
}

func (r *reading) dayOf(f Field) clock.Date {
	if !r.r.present[f] || empty(r.r.text(f)) {
		r.r.present[f] = false
		return clock.Date{}
	}
	d, err := r.day(f)
	switch {
	case err == nil:
	case errors.Is(err, errTwoDigits):
		r.say(LevelWarning, "history.row.date_two_digits", f, errs.Args{"date": d})
	case errors.Is(err, clock.ErrNoSuchDay):
		r.wrong("history.row.date_impossible", f, errs.Args{"text": r.textOf(f)})
		return clock.Date{}
	default:
		r.wrong("history.row.date_unreadable", f, errs.Args{"text": r.textOf(f)})
		return clock.Date{}
	}
	switch {
	case d.After(r.reg.opts.Today):
		r.wrong("history.row.date_future", f, errs.Args{"date": d})
	case d.Before(earliest()):
		r.wrong("history.row.date_too_early", f, errs.Args{"date": d})
	}
	return d
}

// side reads left or right from its column, else from the operation's name.
func (r *reading) side() {
	if r.treat.Programme == procedure.Coronary || r.treat.Programme == "" && r.block.Programme == procedure.Coronary {
		if text := r.textOf(FieldSide); r.r.present[FieldSide] && !empty(text) {
			r.op.Vessels = text
		}
		return
	}
	named := procedure.SideNamed(r.op.Operation)
	text := r.r.text(FieldSide)
	if empty(text) {
		text = ""
	}
	side, err := procedure.ParseSide(text)
	switch {
	case err != nil && errs.Of(err).Key == "error.procedure.side_both":
		r.wrong("history.row.side_both", FieldSide, nil)
		return
	case text == "" && anyOf(r.op.Operation, "双侧|双膝|双髋|双眼|两侧"):
		r.wrong("history.row.side_both", FieldOperation, nil)
		return
	case side != "" && named != "" && side != named:
		r.wrong("history.row.side_differs", FieldSide, nil)
		return
	case side == "" && named != "":
		side = named
		r.change(ChangeOperation)
	case side == "" && text == "":
		r.wrong("history.row.side_missing", FieldSide, nil)
	case side == "":
		r.wrong("history.row.side_unknown", FieldSide, errs.Args{"text": r.textOf(FieldSide)})
	}
	r.op.Side = side
}

// place reads hospital, admission number and categories.
func (r *reading) place() {
	rec := r.r
	if rec.present[FieldHospital] && !empty(rec.text(FieldHospital)) {
		r.treat.Hospital = r.hospital(r.fit(&r.treat.Long, FieldHospital, r.textOf(FieldHospital), partnership.MaxName))
	} else {
		r.missing("history.row.hospital_missing", FieldHospital)
	}
	if rec.present[FieldAdmissionNo] && !empty(rec.text(FieldAdmissionNo)) {
		r.kept(FieldAdmissionNo)
		r.treat.AdmissionNo = r.fit(&r.treat.Long, FieldAdmissionNo, r.code(rec.cells[FieldAdmissionNo]), treatment.MaxAdmissionNo)
	}
	r.treat.Diagnosis = r.textOf(FieldDiagnosis)
	r.treat.Remark = r.textOf(FieldRemark)
	if !rec.present[FieldCategory] {
		return
	}
	known := r.reg.categories(rec.text(FieldCategory))
	r.treat.Categories = known.codes
	if known.alias && rec.own[FieldCategory] {
		r.change(ChangeCategory)
	}
	for _, u := range known.unknown {
		count(r.categories, u)
	}
}

// hospital is the name a spelling stands for. One nobody knows is taken as
// written and asked about once.
func (r *reading) hospital(text string) string {
	name, ok := r.reg.hospitals[HospitalKey(text)]
	if !ok {
		count(r.hospitals, text)
		return text
	}
	if name != text {
		r.change(ChangeHospital)
	}
	return name
}

func count(m map[string]*Unknown, text string) {
	u := m[text]
	if u == nil {
		u = &Unknown{Text: text}
		m[text] = u
	}
	u.Count++
}

// people reads who operated and with what.
func (r *reading) people() {
	o := &r.op
	o.Surgeon, o.Assistant = r.textOf(FieldSurgeon), r.textOf(FieldAssistant)
	o.VisitingDoctor, o.VisitingHospital = r.textOf(FieldVisitingDoctor), r.textOf(FieldVisitingHospital)
	o.Implant, o.Lens, o.Stents = r.textOf(FieldImplant), r.textOf(FieldLens), r.textOf(FieldStents)
	if v := r.textOf(FieldVessels); v != "" {
		o.Vessels = v
	}
	switch strings.ToUpper(r.r.text(FieldVisiting)) {
	case "是", "有", "√", "Y", "YES", "1", "✓", "TRUE":
		o.Visiting = VisitingYes
	case "否", "无", "×", "X", "N", "NO", "0", "不是", "FALSE":
		o.Visiting = VisitingNo
	}
	if o.Visiting == "" && o.VisitingDoctor != "" && !empty(o.VisitingDoctor) {
		o.Visiting = VisitingYes
	}
}

// categoriesRead is what a category cell says.
type categoriesRead struct {
	codes   []terminology.Category
	unknown []string
	alias   bool
}

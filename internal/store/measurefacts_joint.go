package store

import (
	"strconv"

	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
)

// event is a fact of something that may happen within so many days: known when
// it happened, when the patient is dead, or when somebody saw the patient at or
// after the last of the days. Nobody asked is not the same as nothing happened.
func event(id measure.ID, day string, days int, excluded ...string) fact {
	n := strconv.Itoa(days)
	hit := `coalesce(x.` + day + ` between 0 and ` + n + `, false)`
	return fact{id: id, excluded: unless(append(excluded, passed+` < `+n, string(measure.TooRecent))...),
		known: hit + ` or x.died is not null or coalesce(x.seen >= ` + n + `, false)`, hit: hit}
}

// outcomeRows are operations o of a programme, or of all, with what became of
// them.
func outcomeRows(programme, more, joins string) string {
	revisions := kindsOf(func(k procedure.Kind) bool { return k.Revision() || k.Explant() })
	where := ` where o.partnership_id = $1`
	if programme != "" {
		where += ` and o.programme = '` + programme + `'`
	}
	return `select ` + unitColumns + followedColumns + more + operationTreatment + afterOperation + revisions + sameOperated + joins + where
}

// jointScores are the function score of the joint's own instrument early and a
// year after the operation, and the last satisfaction.
const jointScores = `cross join lateral (select
		(array_agg(z.total order by k.happened_on, k.id) filter (where z.instrument = g.instrument and k.happened_on - o.operated_on <= 135))[1] as early,
		(array_agg(z.total order by k.happened_on desc, k.id desc) filter (where z.instrument = g.instrument and k.happened_on - o.operated_on between 271 and 547))[1] as late,
		(array_agg(z.total order by k.happened_on desc, k.id desc) filter (where z.instrument = 'SATISFACTION' and k.happened_on - o.operated_on between 71 and 547))[1] as satisfied
		from (select case o.site when 'hip' then 'HHS' else 'HSS' end as instrument) g
		join followup_contact k on k.partnership_id = o.partnership_id and k.procedure_id = o.id and k.live
		join followup_score z on z.partnership_id = k.partnership_id and z.contact_id = k.id) s
	cross join lateral (select bool_or(u.status = 'lost' or u.reason = 'moved') as lost from followup u where u.partnership_id = o.partnership_id
		and u.procedure_id = o.id and u.live) w `

// atRisk is how long a joint was watched: until its revision, the death, the
// last sight of somebody who was lost, or the data lock.
const atRisk = `greatest(least(coalesce(x.revised, ` + passed + `), coalesce(x.died, ` + passed + `), case when x.lost then coalesce(x.seen, 0) else ` + passed + ` end, ` + passed + `), 0)`

// revisedInTime: a revision after the last sight counts, for the joint was seen.
const revisedInTime = `x.revised is not null and x.revised <= ` + passed

func jointFacts() facts {
	primary := kindsOf(func(k procedure.Kind) bool { return k.Programme() == procedure.Joint && k.Primary() })
	notFirst := []string{`not x.prime`, string(measure.NotPrimary)}
	year := unless(append(notFirst, passed+` < 365`, string(measure.TooRecent))...)
	watched := fact{excluded: unless(notFirst...), known: `not coalesce(x.lost, false) or (` + revisedInTime + `)`, hit: revisedInTime,
		value: `case when ` + revisedInTime + ` then x.revised else ` + atRisk + ` end`}
	survival, rate := watched, watched
	survival.id, rate.id = "joint.revision_365", "joint.revision_rate"
	// By the first year means: a later revision is no event of it, and nobody is
	// watched beyond. The numerator is then what the figure and its list say.
	survival.hit, survival.value = `(`+revisedInTime+`) and x.revised <= 365`, `least(`+watched.value+`, 365)`
	return facts{rows: outcomeRows("joint", `, o.site, o.kind in `+primary+` as prime, s.early, s.late, s.satisfied, w.lost`, jointScores), says: []fact{
		event("joint.death_30", "died", 30), event("joint.death_90", "died", 90), event("joint.death_365", "died", 365),
		event("joint.readmission_90", "readmitted", 90), event("joint.theatre_90", "theatre", 90), event("joint.infection_365", "infected", 365),
		event("joint.dislocation_365", "dislocated", 365), event("joint.complication_90", "anything", 90), survival, rate,
		{id: "joint.score_gain", excluded: year, known: `x.early is not null and x.late is not null`, value: `x.late - x.early`},
		{id: "joint.score_mcid", excluded: unless(append(notFirst, passed+` < 365`, string(measure.TooRecent), `x.site <> 'hip'`, string(measure.NoScale))...),
			known: `x.early is not null and x.late is not null`, hit: `x.late - x.early >= 16`, value: `x.late - x.early`},
		{id: "joint.score_good", excluded: year, known: `x.late is not null`, hit: `x.late >= case x.site when 'hip' then 80 else 70 end`, value: `x.late`},
		{id: "joint.satisfied", excluded: unless(passed+` < 180`, string(measure.TooRecent)), known: `x.satisfied is not null`, hit: `x.satisfied >= 4`, value: `x.satisfied`}}}
}

package demo

import (
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/store"
)

// writeReferences enters sample targets and sample numbers of elderly people. Each
// says that it is a sample; the last township has none, so that a missing number
// can be seen.
func writeReferences(tx *store.Tx) error {
	const source = "不是官方数字"
	list := []measure.Reference{
		{Kind: measure.TargetOf, Key: "followup.seen", Value: 85_00}, {Kind: measure.TargetOf, Key: "cataract.good_618", Value: 80_00}, {Kind: measure.TargetOf, Key: "joint.complication_90", Value: 5_00},
		{Kind: measure.TargetOf, Key: "coronary.mace_30", Value: 3_00}, {Kind: measure.TargetOf, Key: "quality.sheet_complete", Value: 95_00}, {Kind: measure.TargetOf, Key: "access.wait_days", Value: 30_00},
	}
	for i, name := range townships[:len(townships)-1] {
		list = append(list, measure.Reference{Kind: measure.ElderlyOf, Key: name, Value: int64(900 + 350*i)})
	}
	for _, r := range list {
		r.From, r.Source, r.Sample = opened(), source, true
		if err := r.Check(); err != nil {
			return err
		}
		if err := tx.InsertReference(id("reference/"+string(r.Kind)+"/"+r.Key), r); err != nil {
			return err
		}
	}
	return nil
}

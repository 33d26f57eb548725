package inspection

import (
	"encoding/json"

	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// FirstFormat makes a package as it was made before payments stood in it.
func (s *Service) FirstFormat(tx *store.Tx, id ident.ID) ([]byte, error) {
	p, err := tx.PackageByID(id)
	if err != nil {
		return nil, err
	}
	var r record
	var f Frozen
	if err := json.Unmarshal([]byte(p.Cut), &r); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(p.Frozen, &f); err != nil {
		return nil, err
	}
	f.Format, f.Runs = 0, nil
	for name := range f.Tables {
		if name == runsName || name == outcomesName || name == recoveriesName || name == rulesName {
			delete(f.Tables, name)
		}
	}
	m, err := s.build(tx, p, r.Cut, f)
	return m.Bytes, err
}

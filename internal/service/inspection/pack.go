package inspection

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/store"
)

// SignPurpose is what the signatures of manifests are made for.
const SignPurpose = "audit-package"

// The formats of a package. One that was made keeps its own, so that it can be
// made again; a new one gets the latest.
const (
	formatOne = 1 // ledger, cases, decisions, settlements, log
	latest    = 2 // with payments, recoveries and the rules in force
)

//go:embed readme1.txt
var readmeOne string

//go:embed readme2.txt
var readmeTwo string

func readmeOf(format int) string {
	if format == formatOne {
		return readmeOne
	}
	return readmeTwo
}

// Manifest says what a package is and holds.
type Manifest struct {
	Format      int        `json:"format"`
	Package     ident.ID   `json:"package"`
	Partnership string     `json:"partnership"`
	Place       ident.ID   `json:"partnership_id"` // where its chains of the log begin
	Fund        fundOfPack `json:"fund"`
	From        string     `json:"from"`
	To          string     `json:"to"`
	MadeAt      string     `json:"made_at"`
	MadeBy      string     `json:"made_by"`
	Cut         Cut        `json:"cut"`
	Files       []listed   `json:"files"`
	Signer      uint16     `json:"signer"`
}

type fundOfPack struct {
	ID   ident.ID `json:"id"`
	Code string   `json:"code"`
	Name string   `json:"name"`
}

type listed struct {
	Name   string `json:"name"`
	Size   int    `json:"size"`
	Rows   int    `json:"rows"`
	SHA256 string `json:"sha256"`
}

// made is a package with the sums of its files.
type made struct {
	File
	sums    map[string]string
	logRows int
}

// build makes the bytes of a package from its cut and its frozen part.
func (s *Service) build(tx *store.Tx, p store.AuditPackage, cut Cut, f Frozen) (m made, err error) {
	format := f.format()
	entries, err := tx.CutEntries(p.Fund, p.From, p.To, cut.Ledger)
	if err != nil {
		return m, err
	}
	sums, err := tx.CutBalances(p.Fund, p.From, p.To, cut.Ledger)
	if err != nil {
		return m, err
	}
	events, err := tx.CutLog(f.Objects, cut.Log)
	if err != nil {
		return m, err
	}
	files, rows := map[string][]byte{readmeName: []byte(readmeOf(format))}, map[string]int{}
	tables := map[string]*table{ledgerName: ledgerTable(entries, cut.Ledger), balancesName: balanceTable(entries, sums, cut.Ledger), logName: logTable(events)}
	if format != formatOne {
		lines, err := tx.LinesOfRuns(f.Runs)
		if err != nil {
			return m, err
		}
		tables[paymentsName] = paymentTable(lines)
	}
	for name, t := range tables {
		if files[name], err = t.csv(); err != nil {
			return m, err
		}
		rows[name] = len(t.rows)
	}
	for name, text := range f.Tables {
		files[name], rows[name] = []byte(text), f.Rows[name]
	}
	man := Manifest{Format: format, Package: p.ID, Partnership: f.Partnership, Place: tx.Partnership(), Fund: fundOfPack{p.Fund, f.FundCode, f.FundName}, From: p.From.String(), To: p.To.String(),
		MadeAt: instant(p.At), MadeBy: f.MadeBy, Cut: cut, Signer: p.Signer}
	m = made{sums: map[string]string{}, logRows: len(events)}
	for _, name := range fileNames(format) {
		sum := sha256.Sum256(files[name])
		m.sums[name] = hex.EncodeToString(sum[:])
		man.Files = append(man.Files, listed{name, len(files[name]), rows[name], m.sums[name]})
	}
	if err := s.sign(files, man); err != nil {
		return m, err
	}
	if m.Bytes, err = pack(files, format); err != nil {
		return m, err
	}
	whole := sha256.Sum256(m.Bytes)
	m.Package, m.Digest = p.ID, hex.EncodeToString(whole[:])
	m.Name = "audit-" + plainName(f.FundCode) + "-" + man.From + "-" + man.To + ".zip"
	return m, nil
}

func (s *Service) sign(files map[string][]byte, man Manifest) error {
	raw, err := json.MarshalIndent(man, "", " ")
	if err != nil {
		return err
	}
	files[manifestName] = append(raw, '\n')
	signature, err := s.db.Keys().SignWith(man.Signer, SignPurpose, files[manifestName])
	if err != nil {
		return err
	}
	files[signatureName] = []byte(signatureText(signature))
	return nil
}

func signatureText(s seal.Signature) string {
	return strconv.Itoa(int(s.Key)) + " " + base64.StdEncoding.EncodeToString(s.Bytes) + "\n"
}

// plainName keeps what every file system takes.
func plainName(code string) string {
	out := []byte{}
	for _, c := range []byte(code) {
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' {
			out = append(out, c)
		}
	}
	return string(out)
}

// packDate is the date of every file in the archive: the first a zip can hold.
// When the package was made stands in the manifest.
func packDate() time.Time { return time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC) }

// pack writes the archive: fixed order, fixed dates, stored and not compressed,
// so that the bytes depend on the content alone and not on who packs.
func pack(files map[string][]byte, format int) ([]byte, error) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, name := range append(fileNames(format), manifestName, signatureName) {
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, Modified: packDate()})
		if err != nil {
			return nil, err
		}
		if _, err := f.Write(files[name]); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return out.Bytes(), err
}

package inspection

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Report is what a sound package is.
type Report struct {
	Manifest  Manifest
	Transfers int
	LogRows   int
	Digest    string // SHA-256 of the file
}

// maxFile bounds what is read of one file of a package somebody hands in.
const maxFile = 1 << 30

// fault names the file that is wrong, and how.
func fault(how, file string) error {
	return errs.Refuse("package.sound", "error.package."+how, errs.Args{"file": file}, "remedy.package.fault")
}

// Verify checks a package with the public keys alone: signature, digests, the
// bytes of the archive itself, the sums of the ledger, the links of the log. The
// error names the first file that is wrong.
func Verify(raw []byte, keys seal.PublicKeys) (r Report, err error) {
	files, err := unpack(raw)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(files[manifestName], &r.Manifest); err != nil {
		return r, fault("manifest", manifestName)
	}
	if err := checkSignature(files, keys); err != nil {
		return r, err
	}
	if err := checkDigests(files, r.Manifest); err != nil {
		return r, err
	}
	again, err := pack(files, r.Manifest.Format)
	if err != nil {
		return r, err
	}
	if at := firstDifference(again, raw); at >= 0 {
		return r, errs.Refuse("package.sound", "error.package.container", errs.Args{"byte": at}, "remedy.package.fault")
	}
	if r.Transfers, err = checkLedger(files, r.Manifest.Cut); err != nil {
		return r, err
	}
	if r.LogRows, err = checkLog(files, r.Manifest); err != nil {
		return r, err
	}
	sum := sha256.Sum256(raw)
	r.Digest = hex.EncodeToString(sum[:])
	return r, nil
}

// ReadManifest reads what a package says it is, without checking it.
func ReadManifest(raw []byte) (m Manifest, err error) {
	files, err := unpack(raw)
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(files[manifestName], &m); err != nil {
		return m, fault("manifest", manifestName)
	}
	return m, nil
}

func firstDifference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	if len(a) != len(b) {
		return min(len(a), len(b))
	}
	return -1
}

// unpack reads the files of the archive; each has to be there once, and nothing
// else.
func unpack(raw []byte) (map[string][]byte, error) {
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "error.package.no_zip", nil)
	}
	all := append(fileNames(latest), manifestName, signatureName)
	files := map[string][]byte{}
	for _, f := range z.File {
		if _, twice := files[f.Name]; twice || !slices.Contains(all, f.Name) {
			return nil, fault("extra", f.Name)
		}
		r, err := f.Open()
		if err != nil {
			return nil, fault("damaged", f.Name)
		}
		content, err := io.ReadAll(io.LimitReader(r, maxFile))
		if err := errors.Join(err, r.Close()); err != nil {
			return nil, fault("damaged", f.Name)
		}
		files[f.Name] = content
	}
	return files, whole(files)
}

// whole asks for the files of the package's format, and no others.
func whole(files map[string][]byte) error {
	raw, ok := files[manifestName]
	if !ok {
		return fault("missing_file", manifestName)
	}
	var m struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(raw, &m); err != nil || m.Format < formatOne || m.Format > latest {
		return fault("manifest", manifestName)
	}
	want := append(fileNames(m.Format), manifestName, signatureName)
	for _, name := range want {
		if _, ok := files[name]; !ok {
			return fault("missing_file", name)
		}
	}
	for name := range files {
		if !slices.Contains(want, name) {
			return fault("extra", name)
		}
	}
	return nil
}

func checkSignature(files map[string][]byte, keys seal.PublicKeys) error {
	var id uint16
	var encoded string
	if _, err := fmt.Sscanf(string(files[signatureName]), "%d %s", &id, &encoded); err != nil {
		return fault("damaged", signatureName)
	}
	signature, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return fault("damaged", signatureName)
	}
	err = keys.Verify(SignPurpose, files[manifestName], seal.Signature{Key: id, Bytes: signature})
	if errors.Is(err, seal.ErrUnknownKey) {
		return errs.New(errs.Precondition, "error.cli.key_unknown", errs.Args{"key": id})
	}
	if err != nil {
		return fault("unsigned", manifestName)
	}
	return nil
}

func checkDigests(files map[string][]byte, m Manifest) error {
	if len(m.Files) != len(fileNames(m.Format)) {
		return fault("manifest", manifestName)
	}
	for _, l := range m.Files {
		content, ok := files[l.Name]
		if !ok {
			return fault("missing_file", l.Name)
		}
		if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != l.SHA256 || len(content) != l.Size {
			return fault("damaged", l.Name)
		}
	}
	return nil
}

// rowsOf reads a file of the package as maps from column to text.
func rowsOf(files map[string][]byte, name string) ([]map[string]string, error) {
	all, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(files[name], []byte("\ufeff")))).ReadAll()
	if err != nil || len(all) == 0 {
		return nil, fault("damaged", name)
	}
	out := make([]map[string]string, len(all)-1)
	for i, line := range all[1:] {
		out[i] = map[string]string{}
		for j, column := range all[0] {
			out[i][column] = line[j]
		}
	}
	return out, nil
}

func amount(row map[string]string, column string) int64 {
	v, err := strconv.ParseInt(row[column], 10, 64)
	if err != nil {
		return -1 << 62 // adds up to nothing
	}
	return v
}

// checkLedger: every transfer sums to zero, no entry lies beyond the cut, and the
// balances are what the entries add up to.
func checkLedger(files map[string][]byte, cut Cut) (int, error) {
	entries, err := rowsOf(files, ledgerName)
	if err != nil {
		return 0, err
	}
	last := map[string]int64{}
	for _, c := range cut.Ledger {
		last[c.Account.String()] = c.Seq
	}
	sums, moved := map[string]int64{}, map[string]int64{}
	for _, e := range entries {
		seq, known := last[e["account_id"]]
		if !known || amount(e, "account_seq") > seq {
			return 0, fault("beyond_cut", ledgerName)
		}
		sums[e["transfer"]] += amount(e, "amount_fen")
		moved[e["account_id"]] += amount(e, "amount_fen")
	}
	for _, sum := range sums {
		if sum != 0 {
			return 0, fault("unbalanced", ledgerName)
		}
	}
	balances, err := rowsOf(files, balancesName)
	if err != nil {
		return 0, err
	}
	for _, b := range balances {
		if amount(b, "period_fen") != moved[b["account_id"]] || amount(b, "before_fen")+amount(b, "period_fen")+amount(b, "after_fen") != amount(b, "balance_fen") {
			return 0, fault("unbalanced", balancesName)
		}
	}
	return len(sums), nil
}

// checkLog: each row's hash follows from the one before it and its MAC, rows that
// are neighbours in a chain fit together, and none lies beyond the cut.
func checkLog(files map[string][]byte, m Manifest) (int, error) {
	rows, err := rowsOf(files, logName)
	if err != nil {
		return 0, err
	}
	heads := map[string]store.ChainCut{}
	for _, c := range m.Cut.Log {
		heads[c.Organisation.String()+"/"+strconv.Itoa(c.Lane)] = c
	}
	hashes := map[string]string{}
	for _, r := range rows {
		chain := r["organisation"] + "/" + r["lane"]
		head, known := heads[chain]
		seq := amount(r, "seq")
		if !known || seq > head.Seq {
			return 0, fault("beyond_cut", logName)
		}
		before, neighbour := hashes[chain+"/"+strconv.FormatInt(seq-1, 10)]
		if neighbour && before != r["previous_hash"] || !linked(r, m.Place, head, seq) {
			return 0, fault("unlinked", logName)
		}
		hashes[chain+"/"+strconv.FormatInt(seq, 10)] = r["hash"]
	}
	return len(rows), nil
}

// linked computes the hash of a row; the first of a chain follows from the
// chain's name, the last one is the head the manifest names.
func linked(r map[string]string, place ident.ID, head store.ChainCut, seq int64) bool {
	previous, err1 := hex.DecodeString(r["previous_hash"])
	mac, err2 := hex.DecodeString(r["mac"])
	if err1 != nil || err2 != nil {
		return false
	}
	if seq == 1 {
		previous = seal.Genesis(place, head.Organisation, head.Lane)
	}
	hash := hex.EncodeToString(seal.Link(previous, mac))
	return hash == r["hash"] && (seq != head.Seq || hash == hex.EncodeToString(head.Hash))
}

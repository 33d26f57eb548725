package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/shanhai-health/shanhai/internal/app"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/service/inspection"
)

func (e *env) audits() *cobra.Command {
	return e.group("audit", e.auditPackage(), e.auditVerify(), e.auditAnchor(), e.auditReceive())
}

// packing is the options of `audit package`.
type packing struct {
	fund, from, to, out, partnership, cut string
}

func (e *env) auditPackage() *cobra.Command {
	var in packing
	c := &cobra.Command{Use: "package", Short: e.say.T("cli.audit.package"), Long: e.say.T("cli.audit.package.long"), Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := required("out", in.out); err != nil {
				return err
			}
			if in.cut == "" {
				if err := required("fund", in.fund, "from", in.from, "to", in.to); err != nil {
					return err
				}
			}
			return e.open(func(ctx context.Context, a *app.App) error {
				f, err := e.packaged(ctx, a, in)
				if err == nil {
					err = saveFile(in.out, f.Bytes)
				}
				if err == nil {
					e.tell("cli.audit.packaged", "file", in.out)
					_, err = fmt.Fprintf(e.Stdout, "%s  %s\n", f.Digest, in.out)
				}
				return err
			})
		}}
	e.flag(c, &in.fund, "fund", "")
	e.flag(c, &in.from, "from", "")
	e.flag(c, &in.to, "to", "")
	e.flag(c, &in.out, "out", "")
	e.flag(c, &in.cut, "cut", "")
	c.Flags().StringVar(&in.partnership, "partnership", "", e.say.T("cli.flag.create.partnership"))
	return c
}

func (e *env) packaged(ctx context.Context, a *app.App, in packing) (f inspection.File, err error) {
	place, err := a.PartnershipFor(ctx, in.partnership)
	if err == nil && place == ident.Nil {
		err = errs.Refuse("partnership.none", "error.cli.no_partnership", nil, "remedy.cli.partnership")
	}
	if err != nil {
		return f, err
	}
	who := operator().In(place)
	if in.cut != "" {
		raw, err := e.readAll(in.cut)
		if err != nil {
			return f, err
		}
		m, err := inspection.ReadManifest([]byte(raw))
		if err != nil {
			return f, err
		}
		return a.Services.Inspection.Download(ctx, who, m.Package)
	}
	o := inspection.Order{Code: in.fund}
	var fields errs.Fields
	for _, x := range []struct {
		name, text string
		day        *clock.Date
	}{{"from", in.from, &o.From}, {"to", in.to, &o.To}} {
		if *x.day, err = clock.ParseSpelling(x.text, clock.Today(a.DB.Clock())); err != nil {
			fields.Add("--"+x.name, "form.error.date")
		}
	}
	if err := fields.Err(); err != nil {
		return f, err
	}
	return a.Services.Inspection.Make(ctx, who, o)
}

// auditVerify follows the log, or checks a package. A package needs nothing of
// this installation but a file of public keys; without one it takes the keys of
// the data directory.
func (e *env) auditVerify() *cobra.Command {
	var file, key string
	var anchors []string
	c := &cobra.Command{Use: "verify", Short: e.say.T("cli.audit.verify"), Long: e.say.T("cli.audit.verify.long"), Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		if file == "" {
			return e.proveLogs(anchors)
		}
		keys, err := e.publicKeys(key)
		if err != nil {
			return err
		}
		raw, err := e.readAll(file)
		if err != nil {
			return err
		}
		r, err := inspection.Verify([]byte(raw), keys)
		if err != nil {
			return err
		}
		m := r.Manifest
		e.tell("cli.audit.verified", "fund", m.Fund.Name, "from", m.From, "to", m.To, "transfers", r.Transfers, "rows", r.LogRows)
		_, err = fmt.Fprintf(e.Stdout, "%s  %s\n", r.Digest, file)
		return err
	}}
	e.flag(c, &file, "package", "")
	e.flag(c, &key, "key", "")
	c.Flags().StringArrayVar(&anchors, "anchor", nil, e.say.T("cli.flag.verify.anchor"))
	return c
}

func (e *env) publicKeys(file string) (seal.PublicKeys, error) {
	if file == "" {
		k, err := seal.Load(e.cfg.DataDir)
		if err != nil {
			return nil, err
		}
		return k.PublicKeys()
	}
	text, err := e.readAll(file)
	if err != nil {
		return nil, err
	}
	keys, err := seal.ParsePublicKeys(text)
	return keys, errs.Wrap(err, errs.Invalid, "error.cli.public_key", nil)
}

// saveFile writes beside the name first: half a package would be believed.
func saveFile(file string, content []byte) error {
	work, err := os.CreateTemp(filepath.Dir(file), ".package-*") // made for this user only
	if err != nil {
		return errs.Wrap(err, errs.Unavailable, "error.cli.output", errs.Args{"file": file})
	}
	defer os.Remove(work.Name())
	_, err = work.Write(content)
	if e := work.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(work.Name(), file)
	}
	return errs.Wrap(err, errs.Unavailable, "error.cli.output", errs.Args{"file": file})
}

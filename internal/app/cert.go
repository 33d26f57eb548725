package app

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/seal"
)

// Certificates are the files `cert init` leaves behind.
type Certificates struct {
	Authority    string // to be installed on every PC
	AuthorityKey string // signs; belongs in a safe place
	Cert, Key    string // what serve takes
	Reused       bool   // the authority was there already
	Expires      time.Time
}

var hostName = regexp.MustCompile(`^(\*\.)?([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)*[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$`)

// MakeCertificates makes a server certificate for the given names, signed by a
// small authority of the own in the same folder. The authority is made once:
// renewing the server's certificate asks nobody to install anything again.
func MakeCertificates(dir string, names []string, clk clock.Clock) (c Certificates, err error) {
	if len(names) == 0 {
		return c, errs.New(errs.Invalid, "error.cert.no_name", nil)
	}
	for _, n := range names {
		if net.ParseIP(n) == nil && !hostName.MatchString(n) {
			return c, errs.New(errs.Invalid, "error.cert.name", errs.Args{"name": n})
		}
	}
	c = Certificates{Authority: filepath.Join(dir, "ca.pem"), AuthorityKey: filepath.Join(dir, "ca.key"),
		Cert: filepath.Join(dir, "server.pem"), Key: filepath.Join(dir, "server.key")}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return c, writeCertError(err, dir)
	}
	a, err := c.authority(clk.Now())
	if err != nil {
		return c, err
	}
	cert, key, err := a.Server(names, clk.Now())
	if err != nil {
		return c, err
	}
	if err := errors.Join(replaceFile(c.Key, key, 0o600), replaceFile(c.Cert, cert, 0o644)); err != nil {
		return c, writeCertError(err, dir)
	}
	c.Expires, err = certificateEnd(c.Cert, c.Key)
	return c, err
}

func writeCertError(err error, dir string) error {
	return errs.Wrap(err, errs.Unavailable, "error.cert.unwritable", errs.Args{"dir": dir, "detail": err})
}

// authority reads the folder's authority or makes it.
func (c *Certificates) authority(now time.Time) (*seal.Authority, error) {
	cert, errCert := os.ReadFile(c.Authority)
	key, errKey := os.ReadFile(c.AuthorityKey)
	if errors.Is(errCert, os.ErrNotExist) && errors.Is(errKey, os.ErrNotExist) {
		a, err := seal.NewAuthority("Shanhai "+now.In(clock.Shanghai).Format("2006-01-02"), now)
		if err != nil {
			return nil, err
		}
		if key, err = a.Key(); err != nil {
			return nil, err
		}
		err = errors.Join(replaceFile(c.AuthorityKey, key, 0o600), replaceFile(c.Authority, a.Certificate(), 0o644))
		return a, errs.Wrap(err, errs.Unavailable, "error.cert.unwritable", errs.Args{"dir": filepath.Dir(c.Authority), "detail": err})
	}
	c.Reused = true
	a, err := seal.ReadAuthority(cert, key)
	return a, errs.Wrap(errors.Join(errCert, errKey, err), errs.Precondition, "error.cert.authority", errs.Args{"path": c.Authority})
}

// replaceFile writes a file whole or not at all.
func replaceFile(path string, raw []byte, mode os.FileMode) error {
	work := path + ".new"
	if err := os.WriteFile(work, raw, mode); err != nil {
		return err
	}
	return os.Rename(work, path)
}

// certificateEnd is when a server certificate runs out; certificate and key
// must belong together.
func certificateEnd(certFile, keyFile string) (time.Time, error) {
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return time.Time{}, err
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return time.Time{}, err
	}
	return leaf.NotAfter, nil
}

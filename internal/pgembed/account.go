package pgembed

import (
	"context"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// capDacReadSearch lets a process walk and read folders closed to it
// (capabilities(7)); it gives no right to write.
const capDacReadSearch = 2

// account is who the server runs as.
type account struct {
	name     string
	uid, gid int
	switched bool // another account than ours, because we are root
	caps     []uintptr
}

// serverAccount is our own account, or for root the owner of the existing
// cluster, else "postgres", else "nobody".
func serverAccount(dataDir string) (account, error) {
	if uid := os.Geteuid(); uid != 0 {
		return account{name: accountName(uid), uid: uid, gid: os.Getegid()}, nil
	}
	if info, err := os.Stat(filepath.Join(dataDir, clusterName)); err == nil {
		if st := info.Sys().(*syscall.Stat_t); st.Uid != 0 {
			return account{name: accountName(int(st.Uid)), uid: int(st.Uid), gid: int(st.Gid), switched: true}, nil
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.Atoi(u.Uid)
		gid, errGID := strconv.Atoi(u.Gid)
		if errUID == nil && errGID == nil && uid != 0 {
			return account{name: name, uid: uid, gid: gid, switched: true}, nil
		}
	}
	return account{}, errs.New(errs.Precondition, "error.pg.no_account", nil)
}

func accountName(uid int) string {
	u, err := user.LookupId(strconv.Itoa(uid))
	if err != nil {
		return strconv.Itoa(uid)
	}
	return u.Username
}

// allowPath makes sure that the account can walk to dir, adding the capability
// where the folder modes alone do not let it through.
func (a *account) allowPath(dir string) error {
	if !a.switched || a.canWalk(dir) {
		return nil
	}
	if !mayGrant(capDacReadSearch) {
		return errs.New(errs.Precondition, "error.pg.unreachable", errs.Args{"dir": dir, "user": a.name})
	}
	a.caps = []uintptr{capDacReadSearch}
	return nil
}

// canWalk reports whether the folder modes let the account through to dir.
func (a account) canWalk(dir string) bool {
	for {
		info, err := os.Stat(dir)
		if err != nil {
			return false
		}
		st, mode := info.Sys().(*syscall.Stat_t), info.Mode().Perm()
		switch {
		case int(st.Uid) == a.uid:
			mode >>= 6
		case int(st.Gid) == a.gid:
			mode >>= 3
		}
		if mode&1 == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
		dir = filepath.Dir(dir)
	}
}

// mayGrant reports whether this process holds a capability: containers often
// take it away even from root.
func mayGrant(capability uint) bool {
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(raw), "CapPrm:")
	line, _, _ := strings.Cut(rest, "\n")
	set, err := strconv.ParseUint(strings.TrimSpace(line), 16, 64)
	return err == nil && set&(1<<capability) != 0
}

// give makes the account the owner of a file or folder we made for it.
func (a account) give(path string) error {
	if !a.switched {
		return nil
	}
	return os.Lchown(path, a.uid, a.gid)
}

// command prepares a PostgreSQL program to run as the account: in a process
// group of its own, so that an interrupt at the terminal reaches only us, and
// with nothing of our environment.
func (a account) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...) // #nosec G204 -- PostgreSQL's own programs, found by the operator's settings
	cmd.Env = childEnv()
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// initdb starts programs of its own; a cancelled one must not leave them
	// writing into a folder that is being removed.
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	if a.switched {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)} // #nosec G115 -- ids of accounts of the system
		cmd.SysProcAttr.AmbientCaps = a.caps
	}
	return cmd
}

// childEnv keeps PG* and locale variables of the caller away from the programs.
func childEnv() []string { return []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"} }

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// errPort marks a part that lost its port to somebody else between the look and the bind.
var errPort = errors.New("port taken")

// child is one running part of the control plane.
type child struct {
	name string
	cmd  *exec.Cmd
	log  string
	gone chan struct{}
	err  error
}

// launch starts bin/name with its output in dir/logs/name.log; its end is told to died unless the plane is stopping.
func (p *plane) launch(name string, args ...string) (*child, error) {
	path := filepath.Join(p.bin, name)
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("%s is not built: %w; run tests/cluster/build", name, err)
	}
	logPath := filepath.Join(p.dir, "logs", name+".log")
	out, err := os.Create(logPath)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Dir = p.dir
	cmd.Env = append(cleanEnv(), "HOME="+p.dir)
	cmd.SysProcAttr = own()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	c := &child{name: name, cmd: cmd, log: logPath, gone: make(chan struct{})}
	p.children = append(p.children, c)
	go func() {
		c.err = cmd.Wait()
		close(c.gone)
		select {
		case p.died <- c.death():
		default:
		}
	}()
	return c, nil
}

// death says how the part ended, with the last lines of its log.
func (c *child) death() error {
	raw, _ := os.ReadFile(c.log)
	cause := fmt.Errorf("%s ended (%v); the last lines of %s:\n%s", c.name, c.cmd.ProcessState, c.log, tail(raw, 12))
	if bytes.Contains(raw, []byte("address already in use")) {
		return fmt.Errorf("%w: %w", errPort, cause)
	}
	return cause
}

// end asks the part to stop, and makes it stop when it has not after grace.
func (c *child) end(grace time.Duration) {
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.gone:
	case <-time.After(grace):
		_ = c.cmd.Process.Kill()
		<-c.gone
	}
}

// cleanEnv drops what would lead a part to another cluster or through a proxy.
func cleanEnv() []string {
	var kept []string
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		switch strings.ToUpper(name) {
		case "KUBECONFIG", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "HOME":
		default:
			kept = append(kept, pair)
		}
	}
	return kept
}

func tail(raw []byte, n int) string {
	lines := strings.Split(strings.TrimRight(string(raw), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

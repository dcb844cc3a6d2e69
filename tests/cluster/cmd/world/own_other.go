//go:build !linux

package main

import "syscall"

// own keeps a terminal's ctrl-c away from the child. Outside Linux a SIGKILL of world leaves its children; tests/cluster/down ends them.
func own() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

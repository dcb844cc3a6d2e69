package main

import "syscall"

// own makes the kernel kill the child when world dies, even by SIGKILL, and keeps a terminal's ctrl-c away from it.
func own() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

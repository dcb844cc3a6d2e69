// Command world runs a real Kubernetes control plane on loopback for one test run: etcd, kube-apiserver,
// kube-controller-manager, kube-scheduler and kwok, which makes pods on fake nodes live. It waits until a pod really runs,
// prints one JSON line (internal/site) and stays until it is told to end; then nothing it started is left.
//
// It needs no root, no container and no network, and it does not restart a part that dies: it says so and ends.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"kubebrink.test/cluster/internal/site"
)

// options are the command line.
type options struct {
	dir, bin, crds string
	lifeline       bool
	nodes          int
	portBase       int
	deadline       time.Duration
}

func init() {
	// Children ask the kernel to die with the thread that started them: that must be the main thread, which lives to the end.
	runtime.LockOSThread()
}

func main() {
	o := options{}
	flag.StringVar(&o.dir, "dir", "", "folder of this cluster: state, logs, kubeconfig (made when absent; required)")
	flag.StringVar(&o.bin, "bin", "", "folder of the binaries (default: the folder of this one)")
	flag.StringVar(&o.crds, "crds", "mesh", "mesh (Gateway API and Istio), all, or none")
	flag.BoolVar(&o.lifeline, "lifeline", false, "end when stdin closes")
	flag.IntVar(&o.nodes, "nodes", 4, "fake nodes")
	flag.IntVar(&o.portBase, "port-base", 0, "first of four loopback ports (0: any free ones)")
	flag.DurationVar(&o.deadline, "deadline", 2*time.Minute, "longest wait until ready")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "world:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	if o.dir == "" {
		return errors.New("--dir is required: the folder for state, logs and kubeconfig")
	}
	dir, err := filepath.Abs(o.dir)
	if err != nil {
		return err
	}
	o.dir = dir
	if o.bin == "" {
		self, err := os.Executable()
		if err != nil {
			return fmt.Errorf("find the folder of the binaries: %w; name it with --bin", err)
		}
		o.bin = filepath.Dir(self)
	}
	manifests, source, err := findCRDs(o)
	if err != nil {
		return err
	}
	ctx, stop := site.Lifeline(o.lifeline)
	defer stop()
	// A free port can be taken between the look and the bind; another run beside this one makes that likely enough to try again.
	for try := 1; ; try++ {
		plane, err := start(ctx, o, manifests, source)
		if err == nil {
			return plane.serve(ctx)
		}
		if ctx.Err() != nil {
			return nil
		}
		if try == 3 || o.portBase != 0 || !errors.Is(err, errPort) {
			return err
		}
		fmt.Fprintf(os.Stderr, "world: try %d: %v; trying other ports\n", try, err)
	}
}

// serve announces the ready cluster and stays until ctx ends or a part dies.
func (p *plane) serve(ctx context.Context) error {
	defer p.stop()
	line, err := json.Marshal(p.site)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(p.dir, "site.json"), line, 0o600); err != nil {
		return err
	}
	defer os.Remove(filepath.Join(p.dir, "site.json"))
	fmt.Println(string(line))
	select {
	case <-ctx.Done():
		return nil
	case err := <-p.died:
		return err
	}
}

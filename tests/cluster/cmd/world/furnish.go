package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

type object = map[string]any

// await asks cond until it holds, a part dies, or ctx ends; the error keeps the last reason.
func (p *plane) await(ctx context.Context, what string, cond func(context.Context) error) error {
	began := time.Now()
	var last error
	for {
		if last = cond(ctx); last == nil {
			return nil
		}
		select {
		case err := <-p.died:
			return err
		case <-ctx.Done():
			return fmt.Errorf("waited %.0f s for %s: %w; logs are in %s", time.Since(began).Seconds(), what, last, p.path("logs"))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// furnish writes what a fresh cluster lacks: custom kinds, rights, nodes.
func (p *plane) furnish(ctx context.Context, nodes int, manifests []manifest) error {
	// The built-in roles are written by a hook that /readyz includes; the namespaces by one that it does not.
	if err := p.await(ctx, "namespace default", func(ctx context.Context) error {
		return p.api.get(ctx, "/api/v1/namespaces/default", nil)
	}); err != nil {
		return err
	}
	if err := p.applyCRDs(ctx, manifests); err != nil {
		return err
	}
	binding := object{
		"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
		"metadata": object{"name": "brink-viewer"},
		"roleRef":  object{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
		"subjects": []object{{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "viewer"}},
	}
	if err := p.api.create(ctx, "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding); err != nil {
		return fmt.Errorf("give viewer the role view: %w", err)
	}
	for i := range nodes {
		if err := p.api.create(ctx, "/api/v1/nodes", node(i)); err != nil {
			return fmt.Errorf("make fake node %d: %w", i, err)
		}
	}
	return nil
}

// node is a fake node with room for any test; kwok reports it Ready.
func node(i int) object {
	name := fmt.Sprintf("node-%04d", i)
	room := object{"cpu": "256", "memory": "1Ti", "pods": "20000"}
	return object{
		"apiVersion": "v1", "kind": "Node",
		"metadata": object{
			"name":        name,
			"annotations": object{"kwok.x-k8s.io/node": "fake", "node.alpha.kubernetes.io/ttl": "0"},
			"labels": object{
				"type": "kwok", "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
				"topology.kubernetes.io/zone": fmt.Sprintf("zone-%c", 'a'+i%3),
			},
		},
		"status": object{"allocatable": room, "capacity": room},
	}
}

// applyCRDs writes the custom kinds, four at a time, and waits until all are served.
func (p *plane) applyCRDs(ctx context.Context, manifests []manifest) error {
	const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
	work, failed := make(chan manifest), make(chan error, len(manifests))
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for m := range work {
				if err := p.api.apply(ctx, path+"/"+m.name, m.text); err != nil {
					failed <- fmt.Errorf("apply %s of %s: %w", m.name, m.file, err)
				}
			}
		})
	}
	for _, m := range manifests {
		work <- m
	}
	close(work)
	group.Wait()
	close(failed)
	var all error
	for err := range failed {
		all = errors.Join(all, err)
	}
	if all != nil {
		return all
	}
	return p.await(ctx, "the custom kinds to be served", func(ctx context.Context) error {
		var list struct {
			Items []struct {
				Metadata struct{ Name string }
				Status   struct {
					Conditions []struct{ Type, Status string }
				}
			}
		}
		if err := p.api.get(ctx, path, &list); err != nil {
			return err
		}
		served := map[string]bool{}
		for _, item := range list.Items {
			for _, c := range item.Status.Conditions {
				served[item.Metadata.Name] = served[item.Metadata.Name] || c.Type == "Established" && c.Status == "True"
			}
		}
		for _, m := range manifests {
			if !served[m.name] {
				return fmt.Errorf("%s is not established", m.name)
			}
		}
		return nil
	})
}

// awaitLife waits until every part has shown that it works: a pod is scheduled, runs and leaves again, and the root
// certificate is published in namespace default.
func (p *plane) awaitLife(ctx context.Context) error {
	const pods = "/api/v1/namespaces/kube-system/pods"
	probe := object{
		"apiVersion": "v1", "kind": "Pod", "metadata": object{"name": "world-probe"},
		"spec": object{"containers": []object{{"name": "probe", "image": "none"}}},
	}
	if err := p.api.create(ctx, pods, probe); err != nil {
		return fmt.Errorf("make the probe pod: %w", err)
	}
	if err := p.await(ctx, "the probe pod to run (scheduler and kwok)", func(ctx context.Context) error {
		var pod struct{ Status struct{ Phase string } }
		if err := p.api.get(ctx, pods+"/world-probe", &pod); err != nil {
			return err
		}
		if pod.Status.Phase != "Running" {
			return fmt.Errorf("pod kube-system/world-probe is %s", pod.Status.Phase)
		}
		return nil
	}); err != nil {
		return err
	}
	if err := p.api.do(ctx, http.MethodDelete, pods+"/world-probe?gracePeriodSeconds=0", "", nil, nil); err != nil {
		return fmt.Errorf("delete the probe pod: %w", err)
	}
	return p.await(ctx, "ConfigMap default/kube-root-ca.crt (controller-manager)", func(ctx context.Context) error {
		return p.api.get(ctx, "/api/v1/namespaces/default/configmaps/kube-root-ca.crt", nil)
	})
}

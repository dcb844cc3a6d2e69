// Command record writes the API pack of the embedded world from a running test cluster: discovery, OpenAPI v3 documents,
// table columns, the schemas of the custom kinds and the built-in roles. It keeps facts (names, types, markers, defaults,
// rules) and drops every description.
//
//	tests/cluster/up --dir D && record --site D --out demo/pack
//	record --site D --out demo/pack --check      say what is stale, change nothing
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"kubebrink.test/cluster/internal/site"
)

type object = map[string]any

// groups are the built-in group versions the world serves.
var groups = []string{
	"api/v1", "apis/apps/v1", "apis/batch/v1", "apis/autoscaling/v2", "apis/policy/v1", "apis/networking.k8s.io/v1",
	"apis/discovery.k8s.io/v1", "apis/rbac.authorization.k8s.io/v1", "apis/coordination.k8s.io/v1", "apis/events.k8s.io/v1",
	"apis/storage.k8s.io/v1", "apis/scheduling.k8s.io/v1", "apis/apiextensions.k8s.io/v1", "apis/authorization.k8s.io/v1",
	"apis/authentication.k8s.io/v1", "apis/admissionregistration.k8s.io/v1", "apis/autoscaling/v1",
}

// roles are the built-in cluster roles and bindings worth having in a world of two users.
var roles = []string{"cluster-admin", "admin", "edit", "view", "system:basic-user", "system:discovery", "system:public-info-viewer"}

type recorder struct {
	server, token string
	http          *http.Client
	files         map[string][]byte
}

func main() {
	dir := flag.String("site", "", "folder of the running cluster (required)")
	out := flag.String("out", "", "folder of the pack (required)")
	check := flag.Bool("check", false, "compare only")
	flag.Parse()
	if err := run(*dir, *out, *check); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

func run(dir, out string, check bool) error {
	if dir == "" || out == "" {
		return errors.New("--site and --out are required")
	}
	s, err := site.Load(dir)
	if err != nil {
		return err
	}
	token, err := s.Token("admin")
	if err != nil {
		return err
	}
	ca, err := os.ReadFile(s.CA)
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		return errors.New("the authority of the cluster cannot be read")
	}
	r := &recorder{server: s.Server, token: token, files: map[string][]byte{}, http: &http.Client{
		Timeout:   30 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}},
	}}
	if err := r.record(s.CRDs); err != nil {
		return err
	}
	return r.finish(out, check)
}

func (r *recorder) get(path, accept string, out any) error {
	req, err := http.NewRequest(http.MethodGet, r.server+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	req.Header.Set("Accept", accept)
	res, err := r.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %d %s", path, res.StatusCode, raw[:min(len(raw), 300)])
	}
	from := json.NewDecoder(bytes.NewReader(raw))
	from.UseNumber()
	return from.Decode(out)
}

const plain = "application/json"

func (r *recorder) record(crds string) error {
	var version object
	if err := r.get("/version", plain, &version); err != nil {
		return err
	}
	for _, step := range []func() error{r.openapi, r.discovery, r.custom, r.roles, r.proto} {
		if err := step(); err != nil {
			return err
		}
	}
	r.put("version.json.gz", object{
		"major": version["major"], "minor": version["minor"], "gitVersion": version["gitVersion"], "platform": version["platform"],
	})
	built := fmt.Sprintf("kube-apiserver %v", version["gitVersion"])
	header := object{
		"what":  "The API pack of the embedded world: facts of a real API server, without descriptions.",
		"fresh": "Never edit by hand: tests/cluster/cmd/record writes it, and with --check tells whether it is current.",
		"parts": []object{
			{"files": "openapi/, discovery, columns, roles, version, proto", "source": "k8s.io/kubernetes", "version": built, "licence": "Apache-2.0"},
			{"files": "crds", "groups": "gateway.networking.k8s.io", "source": "sigs.k8s.io/gateway-api", "version": versionOf(crds, "gateway-api"), "licence": "Apache-2.0"},
			{"files": "crds", "groups": "networking.istio.io, security.istio.io, telemetry.istio.io, extensions.istio.io", "source": "istio.io/api", "version": versionOf(crds, "istio"), "licence": "Apache-2.0"},
			{"files": "chaos-mesh", "groups": "chaos-mesh.org", "source": "chaos-mesh/chaos-mesh", "version": "v2.8.3", "licence": "Apache-2.0"},
			{"files": "argo-cd", "groups": "argoproj.io", "source": "argoproj/argo-cd", "version": "v3.5.1", "licence": "Apache-2.0"},
			{"files": "flux", "groups": "kustomize.toolkit.fluxcd.io", "source": "fluxcd/kustomize-controller", "version": "v1.9.4", "licence": "Apache-2.0"},
			{"files": "litmus", "groups": "litmuschaos.io", "source": "litmuschaos/chaos-operator", "version": "3.18.0", "licence": "Apache-2.0"},
			{"files": "kgateway", "groups": "gateway.kgateway.dev", "source": "kgateway-dev/kgateway", "version": "v2.1.1", "licence": "Apache-2.0"},
			{"files": "agentgateway", "groups": "agentgateway.dev", "source": "agentgateway/agentgateway", "version": "v1.4.1", "licence": "Apache-2.0"},
			{"files": "dapr", "groups": "dapr.io", "source": "dapr/dapr", "version": "v1.18.3", "licence": "Apache-2.0"},
			{"files": "kagent", "groups": "kagent.dev", "source": "kagent-dev/kagent", "version": "v0.9.12", "licence": "Apache-2.0"},
		},
	}
	raw, err := json.MarshalIndent(header, "", "  ")
	if err != nil {
		return err
	}
	r.files["header.json"] = append(raw, '\n')
	return nil
}

// versionOf is the folder name under which the manifests of a project lie, where they lie by version.
func versionOf(crds, project string) string {
	entries, err := os.ReadDir(filepath.Join(crds, project))
	if err != nil {
		return "as pinned in tests/cluster/go.mod"
	}
	names := []string{}
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return strings.Join(names, ", ")
}

// openapi records one document per group version.
func (r *recorder) openapi() error {
	for _, gv := range groups {
		var doc object
		if err := r.get("/openapi/v3/"+gv, plain, &doc); err != nil {
			return err
		}
		r.put("openapi/"+strings.ReplaceAll(strings.TrimPrefix(gv, "apis/"), "/", "_")+".json.gz", strip(doc))
	}
	return nil
}

// discovery records the aggregated form, which carries all that the older one says, and the table columns of each kind.
func (r *recorder) discovery() error {
	const aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
	all := []any{}
	columns := object{}
	for _, path := range []string{"/api", "/apis"} {
		var list object
		if err := r.get(path, aggregated, &list); err != nil {
			return err
		}
		for _, item := range list["items"].([]any) {
			group := item.(object)
			name, _ := group["metadata"].(object)["name"].(string)
			kept := []any{}
			for _, v := range group["versions"].([]any) {
				version := v.(object)
				gv := "apis/" + name + "/" + version["version"].(string)
				if name == "" {
					gv = "api/v1"
				}
				if !wanted(gv) {
					continue
				}
				// The only kind of the old group version here is Scale.
				if gv == "apis/autoscaling/v1" {
					continue
				}
				delete(version, "freshness")
				kept = append(kept, version)
				if err := r.columns(gv, version, columns); err != nil {
					return err
				}
			}
			if len(kept) > 0 {
				all = append(all, object{"group": name, "versions": kept})
			}
		}
	}
	r.put("discovery.json.gz", all)
	r.put("columns.json.gz", columns)
	return nil
}

func wanted(gv string) bool {
	for _, g := range groups {
		if g == gv {
			return true
		}
	}
	return false
}

func (r *recorder) columns(gv string, version, into object) error {
	const table = "application/json;as=Table;v=v1;g=meta.k8s.io"
	for _, item := range version["resources"].([]any) {
		resource := item.(object)
		lists := false
		for _, verb := range resource["verbs"].([]any) {
			lists = lists || verb == "list"
		}
		if !lists {
			continue
		}
		var answer object
		if err := r.get(fmt.Sprintf("/%s/%s", gv, resource["resource"]), table, &answer); err != nil {
			return err
		}
		into[fmt.Sprintf("%s/%s", gv, resource["resource"])] = strip(answer["columnDefinitions"])
	}
	return nil
}

func (r *recorder) custom() error {
	var list object
	if err := r.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", plain, &list); err != nil {
		return err
	}
	kept, engines := []any{}, map[string][]any{}
	for _, item := range list["items"].([]any) {
		crd := item.(object)
		spec := crd["spec"].(object)
		group := spec["group"].(string)
		part := apart[group][spec["names"].(object)["kind"].(string)]
		if group != "gateway.networking.k8s.io" && !strings.HasSuffix(group, ".istio.io") && part == "" {
			continue
		}
		metadata := crd["metadata"].(object)
		slim := object{"name": metadata["name"]}
		for _, field := range []string{"annotations", "labels"} {
			if metadata[field] != nil {
				slim[field] = metadata[field]
			}
		}
		one := object{
			"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": slim, "spec": strip(spec),
		}
		if part != "" {
			engines[part] = append(engines[part], one)
		} else {
			kept = append(kept, one)
		}
	}
	byName := func(all []any) {
		sort.Slice(all, func(i, j int) bool { return nameOf(all[i]) < nameOf(all[j]) })
	}
	byName(kept)
	r.put("crds.json.gz", kept)
	// Only a cluster with all custom kinds (--crds all) has them; from another these parts stay as they are.
	for part, engine := range engines {
		byName(engine)
		r.put(part+".json.gz", engine)
	}
	return nil
}

// apart are the kinds that not every world has, each with its part of the pack: of chaos engines those that inject something by
// themselves and what they need, of GitOps those that own objects, of gateways and Dapr those that say how requests travel.
var apart = map[string]map[string]string{
	"chaos-mesh.org": {
		"NetworkChaos": "chaos-mesh", "PodChaos": "chaos-mesh", "StressChaos": "chaos-mesh", "DNSChaos": "chaos-mesh",
		"IOChaos": "chaos-mesh", "TimeChaos": "chaos-mesh", "HTTPChaos": "chaos-mesh",
	},
	"argoproj.io":                 {"Application": "argo-cd"},
	"kustomize.toolkit.fluxcd.io": {"Kustomization": "flux"},
	"litmuschaos.io":              {"ChaosEngine": "litmus", "ChaosExperiment": "litmus", "ChaosResult": "litmus"},
	"gateway.kgateway.dev":        {"TrafficPolicy": "kgateway", "DirectResponse": "kgateway", "Backend": "kgateway"},
	"agentgateway.dev":            {"AgentgatewayPolicy": "agentgateway"},
	"dapr.io":                     {"Component": "dapr", "Configuration": "dapr", "Resiliency": "dapr"},
	"kagent.dev":                  {"Agent": "kagent", "ModelConfig": "kagent", "RemoteMCPServer": "kagent"},
}

func nameOf(item any) string { return item.(object)["metadata"].(object)["name"].(string) }

func (r *recorder) roles() error {
	kept := []any{}
	for _, plural := range []string{"clusterroles", "clusterrolebindings"} {
		for _, name := range roles {
			var item object
			if err := r.get("/apis/rbac.authorization.k8s.io/v1/"+plural+"/"+name, plain, &item); err != nil {
				if plural == "clusterrolebindings" {
					continue
				}
				return err
			}
			metadata := item["metadata"].(object)
			slim := object{"name": metadata["name"]}
			for _, field := range []string{"annotations", "labels"} {
				if metadata[field] != nil {
					slim[field] = metadata[field]
				}
			}
			item["metadata"] = slim
			kept = append(kept, item)
		}
	}
	r.put("roles.json.gz", kept)
	return nil
}

// strip drops descriptions. A property that is called description is an object and stays.
func strip(value any) any {
	switch v := value.(type) {
	case object:
		for key, inner := range v {
			if _, text := inner.(string); text && key == "description" {
				delete(v, key)
				continue
			}
			v[key] = strip(inner)
		}
	case []any:
		for i := range v {
			v[i] = strip(v[i])
		}
	}
	return value
}

func (r *recorder) put(name string, value any) {
	raw, err := json.Marshal(value)
	if err != nil {
		// Values came out of a JSON decoder.
		panic(err)
	}
	var packed bytes.Buffer
	// No name, no time: the same facts give the same bytes.
	w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	_, _ = w.Write(raw)
	_ = w.Close()
	r.files[name] = packed.Bytes()
}

func (r *recorder) finish(out string, check bool) error {
	names := make([]string, 0, len(r.files))
	total := 0
	for name, raw := range r.files {
		names = append(names, name)
		total += len(raw)
	}
	sort.Strings(names)
	stale := []string{}
	for _, name := range names {
		path := filepath.Join(out, name)
		old, err := os.ReadFile(path)
		if err == nil && bytes.Equal(old, r.files[name]) {
			continue
		}
		stale = append(stale, name)
		if check {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, r.files[name], 0o644); err != nil {
			return err
		}
	}
	if check && len(stale) > 0 {
		return fmt.Errorf("the pack is stale: %s; record it again without --check", strings.Join(stale, ", "))
	}
	fmt.Printf("%d files, %d bytes, %d changed\n", len(names), total, len(stale))
	return nil
}

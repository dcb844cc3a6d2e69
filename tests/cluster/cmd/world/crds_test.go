package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const crd = `# a comment
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  annotations:
    x: y
  name: NAME
spec:
  group: example.dev
  names:
    kind: Thing
`

func write(t *testing.T, root, path, text string) {
	t.Helper()
	path = filepath.Join(root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func named(name string) string { return strings.Replace(crd, "NAME", name, 1) }

func TestMeshSetTakesOnlyItsFolders(t *testing.T) {
	root := t.TempDir()
	write(t, root, "gateway-api/v1.4.0-standard/a.yaml", named("a.example.dev"))
	write(t, root, "gateway-api/v1.6.1-standard/a.yaml", named("newer.example.dev"))
	write(t, root, "istio/1.30/all.yaml", named("b.example.dev")+"---\n"+named("c.example.dev")+"---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: no\n")
	write(t, root, "other/1/x.yaml", named("x.example.dev"))
	write(t, root, "SOURCES.md", "Where these come from.\n")
	t.Setenv("BRINK_CRDS", root)
	found, source, err := findCRDs(options{crds: "mesh"})
	if err != nil || source != root || names(found) != "a.example.dev b.example.dev c.example.dev" {
		t.Fatal(names(found), source, err)
	}
	found, _, err = findCRDs(options{crds: "all"})
	if err != nil || len(found) != 5 {
		t.Fatal(names(found), err)
	}
}

func TestOfTwoWithOneNameTheLaterFolderWins(t *testing.T) {
	root := t.TempDir()
	write(t, root, "g/v1/a.yaml", named("a.example.dev"))
	write(t, root, "g/v2/a.yaml", named("a.example.dev")+"# newer\n")
	t.Setenv("BRINK_CRDS", root)
	found, _, err := findCRDs(options{crds: "all"})
	if err != nil || len(found) != 1 || !strings.HasSuffix(string(found[0].text), "# newer") {
		t.Fatalf("%v %s", err, found)
	}
}

func TestAbsentSourceIsAnErrorInCIAndASkipElsewhere(t *testing.T) {
	t.Setenv("BRINK_CRDS", filepath.Join(t.TempDir(), "absent"))
	t.Setenv("CI", "true")
	if _, _, err := findCRDs(options{crds: "mesh"}); err == nil || !strings.Contains(err.Error(), "tests/cluster/build") {
		t.Fatal("want an error with the remedy, got", err)
	}
	t.Setenv("CI", "")
	if found, source, err := findCRDs(options{crds: "mesh"}); err != nil || source != "none" || found != nil {
		t.Fatal(found, source, err)
	}
}

func TestNoneAsksForNothing(t *testing.T) {
	t.Setenv("BRINK_CRDS", "/absent")
	t.Setenv("CI", "true")
	if found, source, err := findCRDs(options{crds: "none"}); err != nil || found != nil || source != "none" {
		t.Fatal(found, source, err)
	}
	if _, _, err := findCRDs(options{crds: "some"}); err == nil {
		t.Fatal("an unknown set was taken")
	}
}

func names(all []manifest) string {
	var out []string
	for _, m := range all {
		out = append(out, m.name)
	}
	return strings.Join(out, " ")
}

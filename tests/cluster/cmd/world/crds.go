package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// manifest is one CustomResourceDefinition.
type manifest struct {
	name, file string
	text       []byte
}

// Names of the folders that the set mesh takes out of $BRINK_CRDS; the part before * is the version that is wanted.
var meshFolders = []string{"gateway-api/v1.4.0-standard", "istio/*"}

var (
	crdKind = regexp.MustCompile(`(?m)^kind: *"?CustomResourceDefinition"?\s*$`)
	crdName = regexp.MustCompile(`(?m)^  name: *"?([a-z0-9.-]+)"?\s*$`)
	divider = regexp.MustCompile(`(?m)^---[ \t]*$`)
)

// findCRDs reads the custom kinds of the wanted set: from $BRINK_CRDS when set, else from the copies tests/cluster/build
// took out of the Go modules. None at all is an error with CI=true, else a printed skip.
func findCRDs(o options) (found []manifest, source string, err error) {
	if o.crds == "none" {
		return nil, "none", nil
	}
	if o.crds != "mesh" && o.crds != "all" {
		return nil, "", fmt.Errorf("--crds %s: want mesh, all or none", o.crds)
	}
	root, folders := os.Getenv("BRINK_CRDS"), []string{"*"}
	if root == "" {
		root = filepath.Join(filepath.Dir(o.bin), "crds")
	} else if o.crds == "mesh" {
		folders = meshFolders
	}
	for _, pattern := range folders {
		matches, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return nil, "", err
		}
		// Beside the folders lie notes on where they come from.
		matches = slices.DeleteFunc(matches, func(path string) bool {
			info, err := os.Stat(path)
			return err == nil && !info.IsDir()
		})
		if len(matches) == 0 {
			return missing(fmt.Errorf("no CRDs at %s", filepath.Join(root, pattern)))
		}
		for _, folder := range matches {
			more, err := readFolder(folder)
			if err != nil {
				return missing(err)
			}
			found = append(found, more...)
		}
	}
	return newest(found), root, nil
}

// missing decides what an absent source means.
func missing(cause error) ([]manifest, string, error) {
	cause = fmt.Errorf("%w; run tests/cluster/build, or point BRINK_CRDS at a folder of CRDs", cause)
	if os.Getenv("CI") == "true" {
		return nil, "", cause
	}
	fmt.Fprintln(os.Stderr, "world: skipped the custom kinds:", cause)
	return nil, "none", nil
}

func readFolder(folder string) (found []manifest, err error) {
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".yaml") {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, doc := range divider.Split(string(raw), -1) {
			if !crdKind.MatchString(doc) {
				continue
			}
			name := crdName.FindStringSubmatch(doc)
			if name == nil {
				return fmt.Errorf("%s: a CustomResourceDefinition without metadata.name", path)
			}
			found = append(found, manifest{name: name[1], file: path, text: bytes.TrimSpace([]byte(doc))})
		}
		return nil
	})
	if err == nil && len(found) == 0 {
		err = errors.New("no CustomResourceDefinition in " + folder)
	}
	return found, err
}

// newest keeps the last of each name: folders come in the order of their versions.
func newest(all []manifest) (kept []manifest) {
	at := map[string]int{}
	for _, m := range all {
		if i, seen := at[m.name]; seen {
			kept[i] = m
			continue
		}
		at[m.name] = len(kept)
		kept = append(kept, m)
	}
	return kept
}

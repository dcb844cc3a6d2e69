// Package stages holds the kwok Stage files that make pods on fake nodes live.
//
// Without a story label a pod becomes Running and Ready at once, a Job's pod then succeeds, and a deleted pod goes away.
// The label kubebrink.test/story picks another course: see the files and tests/cluster/README.md.
package stages

import "embed"

// Files are the Stage documents, one kind of life per file.
//
//go:embed *.yaml
var Files embed.FS

// Package testenv gives a suite a Kubernetes API that knows this project's
// kinds: a real control plane with the CRDs of config/crd/bases.
package testenv

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/m365-operator/m365-operator/internal/testenv/controlplane"
)

// Options says what a suite needs beyond the kinds.
type Options struct {
	// ControllerManager also runs kube-controller-manager, for suites that
	// rely on garbage collection or on namespaces going away.
	ControllerManager bool
	// LogDir receives one log file per component; empty discards their logs.
	LogDir string
	// Apply lists kustomize folders, relative to the root of the repository,
	// that are applied in turn: "config/rbac", "config/admission".
	Apply []string
}

// Start starts the control plane; the suite stops it. The error names the make
// target that builds the binaries when they are missing.
func Start(ctx context.Context, opts Options) (*controlplane.ControlPlane, error) {
	root, err := controlplane.RepositoryRoot()
	if err != nil {
		return nil, err
	}
	plane, err := controlplane.Start(ctx, controlplane.Options{
		CRDs:              []string{filepath.Join(root, "config", "crd", "bases")},
		ControllerManager: opts.ControllerManager,
		LogDir:            opts.LogDir,
	})
	if err != nil {
		return nil, err
	}
	for _, folder := range opts.Apply {
		if _, err := plane.Kubectl(ctx, root, "apply", "--server-side", "--kustomize", folder); err != nil {
			return nil, errors.Join(err, plane.Stop())
		}
	}
	return plane, nil
}

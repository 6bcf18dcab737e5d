package controlplane

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// assetsVariable names the folder of the binaries; envtest reads it as well.
const assetsVariable = "KUBEBUILDER_ASSETS"

// ErrBinariesMissing is returned when the control plane has not been built.
var ErrBinariesMissing = errors.New("control plane binaries are missing")

// RepositoryRoot finds the root of the repository from the working folder,
// which is the package's for tests and the root for programs under hack.
func RepositoryRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "hack", "k8s", "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("find the repository: no folder above the working folder holds hack/k8s/go.mod")
		}
		dir = parent
	}
}

// assets returns the folder of the binaries: KUBEBUILDER_ASSETS, else bin/k8s.
func assets(binaries ...string) (string, error) {
	dir := os.Getenv(assetsVariable)
	if dir == "" {
		root, err := RepositoryRoot()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(root, "bin", "k8s")
	}
	var missing []string
	for _, binary := range binaries {
		if _, err := os.Stat(filepath.Join(dir, binary)); err != nil {
			missing = append(missing, binary)
		}
	}
	if len(missing) > 0 {
		return "", fmt.Errorf("%w in %s: %s; run `make k8s`, which builds them into bin/k8s, or let %s name a folder that has them",
			ErrBinariesMissing, dir, strings.Join(missing, ", "), assetsVariable)
	}
	return dir, nil
}

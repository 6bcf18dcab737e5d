// Package controlplane starts a real Kubernetes control plane on loopback:
// etcd, kube-apiserver with the RBAC authorizer and, on request,
// kube-controller-manager, so that garbage collection, namespace deletion,
// authorization and admission are Kubernetes' own. The suites, the demo and
// the playground all start it here.
package controlplane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/m365-operator/m365-operator/internal/testenv/process"
)

// startTimeout bounds the start, and stopTimeout the end, of each component.
// Both are generous for machines whose cores are busy compiling.
const (
	startTimeout = 2 * time.Minute
	stopTimeout  = time.Minute
)

// Options says what runs beside etcd and kube-apiserver.
type Options struct {
	// CRDs are files or folders of CustomResourceDefinitions to install.
	CRDs []string
	// ControllerManager also starts kube-controller-manager with the garbage
	// collector, and the controllers of namespaces, service accounts and
	// aggregated cluster roles.
	ControllerManager bool
	// LogDir receives one log file per component; empty discards their logs.
	LogDir string
}

// ControlPlane is a running control plane.
type ControlPlane struct {
	// Config is the access of a cluster administrator.
	Config *rest.Config

	assets            string
	scratch           string // kubeconfig files
	kubeconfig        string // of the administrator
	environment       *envtest.Environment
	controllerManager *process.Process
	components        []*Component // those that were asked for
	logs              []*os.File
}

// Start starts the components and waits until they serve and the CRDs are
// established. On failure, what had been started is stopped. Cancelling ctx
// ends the wait and stops kube-controller-manager; Stop must be called to stop
// the others. The error is ErrBinariesMissing when nothing has been built.
func Start(ctx context.Context, opts Options) (*ControlPlane, error) {
	binaries := []string{"etcd", "kube-apiserver", "kubectl"}
	if opts.ControllerManager {
		binaries = append(binaries, "kube-controller-manager")
	}
	dir, err := assets(binaries...)
	if err != nil {
		return nil, err
	}
	c := &ControlPlane{assets: dir}
	if err := c.start(ctx, opts); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

func (c *ControlPlane) start(ctx context.Context, opts Options) error {
	scratch, err := os.MkdirTemp("", "m365-controlplane-")
	if err != nil {
		return fmt.Errorf("start the control plane: %w", err)
	}
	c.scratch = scratch
	if err := c.startAPIServer(opts); err != nil {
		return err
	}
	c.kubeconfig = filepath.Join(c.scratch, "admin.kubeconfig")
	if err := WriteKubeconfig(c.Config, c.kubeconfig); err != nil {
		return err
	}
	if opts.ControllerManager {
		return c.startControllerManager(ctx, opts.LogDir)
	}
	return nil
}

func (c *ControlPlane) startAPIServer(opts Options) error {
	environment := &envtest.Environment{
		BinaryAssetsDirectory:    c.assets,
		CRDDirectoryPaths:        opts.CRDs,
		ErrorIfCRDPathMissing:    true,
		ControlPlaneStartTimeout: startTimeout,
		ControlPlaneStopTimeout:  stopTimeout,
	}
	environment.ControlPlane.Etcd = &envtest.Etcd{}
	// etcd's default of 2 GiB is near when tens of thousands of objects keep
	// being written between two compactions.
	environment.ControlPlane.Etcd.Configure().Append("quota-backend-bytes", "8589934592")
	if opts.LogDir != "" {
		etcdLog, err := c.logFile(opts.LogDir, "etcd")
		if err != nil {
			return err
		}
		apiServerLog, err := c.logFile(opts.LogDir, "kube-apiserver")
		if err != nil {
			return err
		}
		environment.ControlPlane.Etcd.Out, environment.ControlPlane.Etcd.Err = etcdLog, etcdLog
		apiServer := environment.ControlPlane.GetAPIServer()
		apiServer.Out, apiServer.Err = apiServerLog, apiServerLog
	}
	c.environment = environment
	config, err := environment.Start()
	if err != nil {
		return fmt.Errorf("start etcd and kube-apiserver: %w", err)
	}
	c.Config = config
	return nil
}

// ControllerManager is kube-controller-manager, or nil when it was not asked for.
func (c *ControlPlane) ControllerManager() *process.Process { return c.controllerManager }

// Stop stops every component and removes what they had written to disk, logs
// aside. It may be called on a control plane that did not start wholly.
func (c *ControlPlane) Stop() error {
	var errs []error
	if c.controllerManager != nil {
		errs = append(errs, c.controllerManager.Stop())
	}
	for _, component := range c.components {
		_ = component.Signal(syscall.SIGCONT) // one that is halted cannot end; one that has ended needs not
	}
	for _, name := range []string{"kube-apiserver", "etcd"} { // in this order
		for _, component := range c.components {
			if component.name == name {
				errs = append(errs, component.stop())
			}
		}
	}
	if c.environment != nil {
		errs = append(errs, c.environment.Stop())
	}
	for _, log := range c.logs {
		errs = append(errs, log.Close())
	}
	c.logs = nil
	if c.scratch != "" {
		errs = append(errs, os.RemoveAll(c.scratch))
	}
	return errors.Join(errs...)
}

// logFile creates the log of one component; Stop closes it.
func (c *ControlPlane) logFile(dir, component string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("log of %s: %w", component, err)
	}
	file, err := os.Create(filepath.Join(filepath.Clean(dir), component+".log"))
	if err != nil {
		return nil, fmt.Errorf("log of %s: %w", component, err)
	}
	c.logs = append(c.logs, file)
	return file, nil
}

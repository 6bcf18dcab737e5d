package controlplane

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"github.com/m365-operator/m365-operator/internal/testenv/process"
)

// The controllers that a control plane without nodes has a use for. Without the
// aggregation, the built-in roles view, edit and admin would grant nothing.
const controllers = "garbage-collector-controller,namespace-controller,serviceaccount-controller," +
	"clusterrole-aggregation-controller"

// startControllerManager starts kube-controller-manager and waits until it has
// made the first ServiceAccount, which only it does.
func (c *ControlPlane) startControllerManager(ctx context.Context, logDir string) error {
	opts := process.Options{Dir: c.scratch}
	if logDir != "" {
		log, err := c.logFile(logDir, "kube-controller-manager")
		if err != nil {
			return err
		}
		opts.Output = log
	}
	manager, err := process.Start(ctx, opts, filepath.Join(c.assets, "kube-controller-manager"),
		"--kubeconfig="+c.kubeconfig,
		"--controllers="+controllers,
		"--leader-elect=false",
		"--secure-port=0",
		"--kube-api-qps=500",
		"--kube-api-burst=1000",
	)
	if err != nil {
		return err
	}
	c.controllerManager = manager

	clientset, err := kubernetes.NewForConfig(c.Config)
	if err != nil {
		return fmt.Errorf("wait for kube-controller-manager: %w", err)
	}
	err = wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, startTimeout, true, func(ctx context.Context) (bool, error) {
		select {
		case <-manager.Done():
			return false, fmt.Errorf("it ended at once: %w", manager.Err())
		default:
		}
		_, err := clientset.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		return fmt.Errorf("wait for kube-controller-manager: %w", err)
	}
	return nil
}

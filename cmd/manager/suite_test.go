package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/testenv"
	"github.com/m365-operator/m365-operator/internal/testenv/controlplane"
)

const (
	// managerNamespace and managerAccount are what config/rbac ships.
	managerNamespace = "m365-system"
	managerAccount   = "m365-manager"

	// patience is a safety net, generous for machines whose cores are busy.
	patience = 3 * time.Minute
	// specPatience bounds a whole spec.
	specPatience = 8 * time.Minute
)

var (
	plane *controlplane.ControlPlane
	// api is a person's client, who is allowed everything.
	api client.WithWatch
	// binary is the manager as it is shipped, and access the file with the rights of
	// its ServiceAccount.
	binary, access string
)

func TestManager(t *testing.T) {
	RegisterFailHandler(Fail)
	EnforceDefaultTimeoutsWhenUsingContexts()
	SetDefaultEventuallyTimeout(patience)
	SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	RunSpecs(t, "Lifecycle of the manager")
}

var _ = BeforeSuite(func(ctx SpecContext) {
	ctrl.SetLogger(GinkgoLogr) // of what this process itself does
	build := []string{}
	if raceDetector {
		build = append(build, "-race")
	}
	var err error
	binary, err = gexec.Build("github.com/m365-operator/m365-operator/cmd/manager", build...)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(gexec.CleanupBuildArtifacts)

	// Not the node's context: it would end kube-controller-manager with the node.
	plane, err = testenv.Start(context.WithoutCancel(ctx), testenv.Options{
		ControllerManager: true, Apply: []string{"config/rbac", "config/admission"},
	})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() error { return plane.Stop() })
	api = newClient()

	account, err := plane.ServiceAccount(ctx, managerNamespace, managerAccount, time.Hour)
	Expect(err).NotTo(HaveOccurred())
	access = filepath.Join(GinkgoT().TempDir(), "manager.kubeconfig")
	Expect(controlplane.WriteKubeconfig(account, access)).To(Succeed())
}, NodeTimeout(specPatience))

func newClient() client.WithWatch {
	GinkgoHelper()
	scheme := runtime.NewScheme()
	Expect(coordinationv1.AddToScheme(scheme)).To(Succeed())
	Expect(corev1.AddToScheme(scheme)).To(Succeed())
	Expect(eventsv1.AddToScheme(scheme)).To(Succeed())
	Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
	unlimited := rest.CopyConfig(plane.Config)
	unlimited.QPS = -1
	c, err := client.NewWithWatch(unlimited, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	return c
}

// readFile is what a program wrote so far.
func readFile(name string) string {
	GinkgoHelper()
	content, err := os.ReadFile(name)
	Expect(err).NotTo(HaveOccurred())
	return string(content)
}

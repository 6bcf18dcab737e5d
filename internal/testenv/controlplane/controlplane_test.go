package controlplane_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"

	"github.com/m365-operator/m365-operator/internal/testenv/controlplane"
)

func TestControlPlane(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Control plane")
}

func clientFor(config *rest.Config) kubernetes.Interface {
	GinkgoHelper()
	clientset, err := kubernetes.NewForConfig(config)
	Expect(err).NotTo(HaveOccurred())
	return clientset
}

var _ = Describe("Missing binaries", func() {
	It("are named together with the make target that builds them", func(ctx SpecContext) {
		dir := GinkgoT().TempDir()
		Expect(os.WriteFile(filepath.Join(dir, "etcd"), nil, 0o600)).To(Succeed())
		GinkgoT().Setenv("KUBEBUILDER_ASSETS", dir)

		_, err := controlplane.Start(ctx, controlplane.Options{ControllerManager: true})

		Expect(err).To(MatchError(controlplane.ErrBinariesMissing))
		Expect(err).To(MatchError(ContainSubstring(": kube-apiserver, kubectl, kube-controller-manager; run `make k8s`")))
	})
})

var _ = Describe("A control plane", Ordered, func() {
	var (
		plane *controlplane.ControlPlane
		admin kubernetes.Interface
		logs  string
	)

	BeforeAll(func() {
		var err error
		logs = GinkgoT().TempDir()
		plane, err = controlplane.Start(GinkgoT().Context(), controlplane.Options{ControllerManager: true, LogDir: logs})
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func() { Expect(plane.Stop()).To(Succeed()) })
		admin = clientFor(plane.Config)
	})

	It("is of the pinned version and keeps logs", func(ctx SpecContext) {
		out, err := plane.Kubectl(ctx, "", "version")
		Expect(err).NotTo(HaveOccurred())
		Expect(out).To(MatchRegexp(`Client Version: (v1\.\d+\.\d+)\n(.*\n)*Server Version: v1\.\d+\.\d+\n`))
		for _, component := range []string{"etcd", "kube-apiserver", "kube-controller-manager"} {
			Expect(filepath.Join(logs, component+".log")).To(BeARegularFile())
		}
	}, SpecTimeout(time.Minute))

	It("collects what a deleted object owned", func(ctx SpecContext) {
		owner, err := admin.CoreV1().ConfigMaps("default").Create(ctx, &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{GenerateName: "owner-"},
		}, metav1.CreateOptions{})
		Expect(err).NotTo(HaveOccurred())
		owned, err := admin.CoreV1().Secrets("default").Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{
				GenerateName: "owned-",
				OwnerReferences: []metav1.OwnerReference{
					{APIVersion: "v1", Kind: "ConfigMap", Name: owner.Name, UID: owner.UID},
				},
			},
		}, metav1.CreateOptions{})
		Expect(err).NotTo(HaveOccurred())

		Expect(admin.CoreV1().ConfigMaps("default").Delete(ctx, owner.Name, metav1.DeleteOptions{})).To(Succeed())

		Eventually(ctx, func(ctx SpecContext) error {
			_, err := admin.CoreV1().Secrets("default").Get(ctx, owned.Name, metav1.GetOptions{})
			return err
		}).Should(Satisfy(apierrors.IsNotFound))
	}, SpecTimeout(time.Minute))

	It("finishes the deletion of a namespace", func(ctx SpecContext) {
		namespace, err := admin.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{
			ObjectMeta: metav1.ObjectMeta{GenerateName: "leaving-"},
		}, metav1.CreateOptions{})
		Expect(err).NotTo(HaveOccurred())
		_, err = admin.CoreV1().ConfigMaps(namespace.Name).Create(ctx, &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Name: "content"},
		}, metav1.CreateOptions{})
		Expect(err).NotTo(HaveOccurred())

		Expect(admin.CoreV1().Namespaces().Delete(ctx, namespace.Name, metav1.DeleteOptions{})).To(Succeed())

		Eventually(ctx, func(ctx SpecContext) error {
			_, err := admin.CoreV1().Namespaces().Get(ctx, namespace.Name, metav1.GetOptions{})
			return err
		}).Should(Satisfy(apierrors.IsNotFound))
	}, SpecTimeout(time.Minute))

	It("lets a service account do what RBAC grants, and nothing else", func(ctx SpecContext) {
		config, err := plane.ServiceAccount(ctx, "default", "default", time.Hour)
		Expect(err).NotTo(HaveOccurred())
		kubeconfig := filepath.Join(GinkgoT().TempDir(), "kubeconfig")
		Expect(controlplane.WriteKubeconfig(config, kubeconfig)).To(Succeed())

		whoami, err := plane.Kubectl(ctx, "", "--kubeconfig="+kubeconfig, "auth", "whoami", "-o", "jsonpath={.status.userInfo.username}")
		Expect(err).NotTo(HaveOccurred())
		Expect(whoami).To(Equal("system:serviceaccount:default:default"))

		account := clientFor(config)
		_, err = account.CoreV1().Secrets("default").List(ctx, metav1.ListOptions{})
		Expect(err).To(Satisfy(apierrors.IsForbidden))

		_, err = admin.RbacV1().RoleBindings("default").Create(ctx, &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: "viewer"},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "view"},
			Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Name: "default", Namespace: "default"}},
		}, metav1.CreateOptions{})
		Expect(err).NotTo(HaveOccurred())

		Eventually(ctx, func(ctx SpecContext) error {
			_, err := account.CoreV1().ConfigMaps("default").List(ctx, metav1.ListOptions{})
			return err
		}).Should(Succeed())
		_, err = account.CoreV1().Secrets("default").List(ctx, metav1.ListOptions{})
		Expect(err).To(Satisfy(apierrors.IsForbidden))
	}, SpecTimeout(time.Minute))

	It("knows persons and their groups", func(ctx SpecContext) {
		nobody, err := plane.User("bob@example.com", "helpdesk")
		Expect(err).NotTo(HaveOccurred())
		_, err = clientFor(nobody).CoreV1().Namespaces().List(ctx, metav1.ListOptions{})
		Expect(err).To(MatchError(ContainSubstring(`User "bob@example.com" cannot list resource "namespaces"`)))

		administrator, err := plane.User("alice@example.com", "system:masters")
		Expect(err).NotTo(HaveOccurred())
		_, err = clientFor(administrator).CoreV1().Namespaces().List(ctx, metav1.ListOptions{})
		Expect(err).NotTo(HaveOccurred())
	}, SpecTimeout(time.Minute))

	It("hands on what kubectl says", func(ctx SpecContext) {
		_, err := plane.Kubectl(ctx, "", "get", "namespace", "absent")
		Expect(err).To(MatchError(ContainSubstring(`namespaces "absent" not found`)))
	}, SpecTimeout(time.Minute))

	// goesOn proves that what was written is there, and that every component works.
	goesOn := func(ctx SpecContext) {
		GinkgoHelper()
		_, err := admin.CoreV1().ConfigMaps("default").Get(ctx, "kept", metav1.GetOptions{})
		Expect(err).NotTo(HaveOccurred())
		namespace, err := admin.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{
			ObjectMeta: metav1.ObjectMeta{GenerateName: "after-"},
		}, metav1.CreateOptions{})
		Expect(err).NotTo(HaveOccurred())
		Eventually(ctx, func(ctx SpecContext) error { // of kube-controller-manager's making
			_, err := admin.CoreV1().ServiceAccounts(namespace.Name).Get(ctx, "default", metav1.GetOptions{})
			return err
		}).WithTimeout(time.Minute).Should(Succeed())
	}

	DescribeTable("outlives the end of a component", func(ctx SpecContext, which func() (*controlplane.Component, error), signal syscall.Signal) {
		_, err := admin.CoreV1().ConfigMaps("default").Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "kept"}}, metav1.CreateOptions{})
		Expect(err).To(Or(Succeed(), Satisfy(apierrors.IsAlreadyExists)))
		component, err := which()
		Expect(err).NotTo(HaveOccurred())
		before := component.PID()

		Expect(component.End(ctx, signal)).To(Succeed())
		short, cancel := context.WithTimeout(ctx, 2*time.Second)
		_, err = admin.CoreV1().ConfigMaps("default").Get(short, "kept", metav1.GetOptions{})
		cancel()
		Expect(err).To(HaveOccurred())

		Expect(component.Start(ctx)).To(Succeed())
		Expect(component.PID()).NotTo(Equal(before))
		Expect(plane.WaitReady(ctx)).To(Succeed())
		goesOn(ctx)
	},
		Entry("kube-apiserver killed", func() (*controlplane.Component, error) { return plane.APIServer() }, syscall.SIGKILL, SpecTimeout(3*time.Minute)),
		Entry("etcd stopped", func() (*controlplane.Component, error) { return plane.Etcd() }, syscall.SIGTERM, SpecTimeout(3*time.Minute)),
		Entry("etcd killed, which was started again", func() (*controlplane.Component, error) { return plane.Etcd() }, syscall.SIGKILL, SpecTimeout(3*time.Minute)),
	)

	It("is slow with an etcd that is, and not for longer", func(ctx SpecContext) {
		etcd, err := plane.Etcd()
		Expect(err).NotTo(HaveOccurred())
		Expect(etcd.Signal(syscall.SIGSTOP)).To(Succeed())
		Eventually(ctx, func() (string, error) {
			raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", etcd.PID()))
			return string(raw), err
		}).Should(ContainSubstring(") T "))
		short, cancel := context.WithTimeout(ctx, time.Second)
		_, err = admin.CoreV1().ConfigMaps("default").Create(short, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "slow-"}}, metav1.CreateOptions{})
		cancel()
		Expect(err).To(HaveOccurred())
		Expect(etcd.Signal(syscall.SIGCONT)).To(Succeed())

		stuttering, calm := context.WithCancel(ctx)
		halts := make(chan int, 1)
		go func() {
			defer GinkgoRecover()
			n, err := etcd.Stutter(stuttering, clock.RealClock{}, 40*time.Millisecond, 20*time.Millisecond)
			Expect(err).NotTo(HaveOccurred())
			halts <- n
		}()
		for range 5 {
			_, err = admin.CoreV1().ConfigMaps("default").Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "slow-"}}, metav1.CreateOptions{})
			Expect(err).NotTo(HaveOccurred())
		}
		calm()
		Expect(<-halts).To(BeNumerically(">", 0))
		goesOn(ctx)
	}, SpecTimeout(2*time.Minute))
})

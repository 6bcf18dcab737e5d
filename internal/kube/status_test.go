package kube_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/kube"
)

// server is a fake API server that keeps the patches it was sent.
type server struct {
	client.Client
	mu      sync.Mutex
	patches []string
	manager string
	fail    error
}

func newServer(objects ...client.Object) *server {
	GinkgoHelper()
	s := &server{}
	s.Client = fake.NewClientBuilder().WithScheme(newScheme()).
		WithObjects(objects...).WithStatusSubresource(&v1alpha1.ManagedUser{}).
		WithInterceptorFuncs(interceptor.Funcs{SubResourcePatch: s.patch}).Build()
	return s
}

func (s *server) patch(
	ctx context.Context, c client.Client, sub string, obj client.Object, patch client.Patch, opts ...client.SubResourcePatchOption,
) error {
	data, err := patch.Data(obj)
	if err != nil {
		return err
	}
	options := (&client.SubResourcePatchOptions{}).ApplyOptions(opts)
	s.mu.Lock()
	s.patches, s.manager = append(s.patches, string(data)), options.FieldManager
	s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	return c.SubResource(sub).Patch(ctx, obj, patch, opts...)
}

func owed() []v1alpha1.Record {
	return []v1alpha1.Record{{
		Name: "revoke", Cause: "3", Phase: v1alpha1.PhaseOwed, Time: metav1.NewTime(noon),
	}}
}

var _ = Describe("A status patcher", func() {
	var (
		s    *server
		user *v1alpha1.ManagedUser
		p    *kube.StatusPatcher
	)
	BeforeEach(func(ctx SpecContext) {
		s = newServer(newUser("alice"))
		user = read(ctx, s, newUser("alice"))
		p = kube.NewStatusPatcher(s, user)
	})

	It("writes what changed, over what was read, under the operator's name", func(ctx SpecContext) {
		seen := user.ResourceVersion
		user.Status.State = v1alpha1.StateActive
		Expect(p.Patch(ctx, user)).To(Succeed())

		Expect(s.patches).To(HaveLen(1))
		Expect(s.patches[0]).To(MatchJSON(
			`{"metadata": {"resourceVersion": "` + seen + `"}, "status": {"state": "Active"}}`))
		Expect(s.manager).To(Equal(v1alpha1.FieldManager))
		Expect(read(ctx, s, user).Status.State).To(Equal(v1alpha1.StateActive))
	})

	DescribeTable("writes nothing when nothing changed",
		func(ctx SpecContext, change func(*v1alpha1.ManagedUser)) {
			user.Status.LastPasswordChange = new(metav1.NewTime(noon))
			Expect(p.Patch(ctx, user)).To(Succeed())
			before := read(ctx, s, user).ResourceVersion

			change(user)
			Expect(p.Patch(ctx, user)).To(Succeed())
			Expect(s.patches).To(HaveLen(1))
			Expect(read(ctx, s, user).ResourceVersion).To(Equal(before))
		},
		Entry("at all", func(*v1alpha1.ManagedUser) {}),
		Entry("but a nil list to an empty one", func(u *v1alpha1.ManagedUser) { u.Status.Records = []v1alpha1.Record{} }),
		Entry("but the zone of a time", func(u *v1alpha1.ManagedUser) {
			u.Status.LastPasswordChange = new(metav1.NewTime(noon.In(time.FixedZone("CET", 3600))))
		}),
		Entry("but fractions of a second, which are not kept", func(u *v1alpha1.ManagedUser) {
			u.Status.LastPasswordChange = new(metav1.NewTime(noon.Add(time.Millisecond)))
		}),
		Entry("in status", func(u *v1alpha1.ManagedUser) { u.Spec.ID, u.Labels = "x", map[string]string{"a": "b"} }),
	)

	It("chains several writes in one pass", func(ctx SpecContext) {
		user.Status.Records = owed()
		Expect(p.Patch(ctx, user)).To(Succeed())
		user.Status.Records[0].Phase = v1alpha1.PhaseStarted
		Expect(p.Patch(ctx, user)).To(Succeed())
		user.Status.State = v1alpha1.StateSuspended
		Expect(p.Patch(ctx, user)).To(Succeed())
		Expect(p.Patch(ctx, user)).To(Succeed())

		Expect(s.patches).To(HaveLen(3))
		stored := read(ctx, s, user)
		Expect(stored.ResourceVersion).To(Equal(user.ResourceVersion))
		Expect(stored.Status.Records[0].Phase).To(Equal(v1alpha1.PhaseStarted))
		Expect(stored.Status.State).To(Equal(v1alpha1.StateSuspended))
	})

	It("lets one of two win who decided from the same state", func(ctx SpecContext) {
		other := read(ctx, s, user)
		theirs := kube.NewStatusPatcher(s, other)
		user.Status.Records, other.Status.Records = owed(), owed()

		Expect(p.Patch(ctx, user)).To(Succeed())
		err := theirs.Patch(ctx, other)
		Expect(apierrors.IsConflict(err)).To(BeTrue(), "%v", err)
		Expect(apierrors.IsConflict(theirs.Patch(ctx, other))).To(BeTrue(), "again, until the object is read anew")
	})

	It("lets one of many win who run at once", func(ctx SpecContext) {
		var wins, conflicts sync.Map
		var group sync.WaitGroup
		for i := range 8 {
			mine := user.DeepCopy()
			patcher := kube.NewStatusPatcher(s, mine)
			group.Go(func() {
				mine.Status.Records = owed()
				switch err := patcher.Patch(ctx, mine); {
				case err == nil:
					wins.Store(i, true)
				case apierrors.IsConflict(err):
					conflicts.Store(i, true)
				}
			})
		}
		group.Wait()
		Expect(count(&wins)).To(Equal(1))
		Expect(count(&conflicts)).To(Equal(7))
	})

	It("loses against a change of the spec, too: the decision is old", func(ctx SpecContext) {
		newer := read(ctx, s, user)
		newer.Spec.Paused = true
		Expect(s.Update(ctx, newer)).To(Succeed())

		user.Status.Records = owed()
		Expect(apierrors.IsConflict(p.Patch(ctx, user))).To(BeTrue())
		Expect(read(ctx, s, user).Status.Records).To(BeEmpty())
	})

	It("goes on after the pass itself wrote the object's metadata", func(ctx SpecContext) {
		user.Finalizers = []string{"identity.m365-operator.io/test"}
		Expect(s.Update(ctx, user)).To(Succeed())
		p.Rebase(user)

		user.Status.State = v1alpha1.StateActive
		Expect(p.Patch(ctx, user)).To(Succeed())
		stored := read(ctx, s, user)
		Expect(stored.Finalizers).To(HaveLen(1))
		Expect(stored.Status.State).To(Equal(v1alpha1.StateActive))
	})

	It("tells why a write failed, and tries it again next time", func(ctx SpecContext) {
		s.fail = errors.New("no route")
		user.Status.State = v1alpha1.StateActive
		Expect(p.Patch(ctx, user)).To(MatchError(s.fail))
		s.fail = nil
		Expect(p.Patch(ctx, user)).To(Succeed())
		Expect(s.patches).To(HaveLen(2))
		Expect(s.patches[1]).To(Equal(s.patches[0]))
	})

	It("clears what is no longer said", func(ctx SpecContext) {
		user.Status.Mail = "alice@contoso.com"
		Expect(p.Patch(ctx, user)).To(Succeed())
		user.Status.Mail = ""
		Expect(p.Patch(ctx, user)).To(Succeed())
		Expect(read(ctx, s, user).Status.Mail).To(BeEmpty())

		var patch map[string]map[string]any
		Expect(json.Unmarshal([]byte(s.patches[1]), &patch)).To(Succeed())
		Expect(patch["status"]).To(Equal(map[string]any{"mail": nil}))
	})
})

func count(m *sync.Map) int {
	n := 0
	m.Range(func(any, any) bool { n++; return true })
	return n
}

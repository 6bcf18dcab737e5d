package kube_test

import (
	"context"
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/kube"
)

// BenchmarkStatusPatch is what a pass pays for its one write, the API server apart: the
// first status of an account.
func BenchmarkStatusPatch(b *testing.B) {
	c := interceptor.NewClient(nil, interceptor.Funcs{
		SubResourcePatch: func(_ context.Context, _ client.Client, _ string, obj client.Object, patch client.Patch, _ ...client.SubResourcePatchOption) error {
			_, err := patch.Data(obj)
			return err
		},
	})
	before := newUser("alice")
	before.Spec.UserPrincipalName, before.ResourceVersion = "alice@contoso.com", "1"
	after := before.DeepCopy()
	after.Status = v1alpha1.ManagedUserStatus{
		State: v1alpha1.StateActive, DisplayName: "Alice Adams", UserPrincipalName: "alice@contoso.com", Mail: "alice@contoso.com",
		Groups:     &v1alpha1.GroupsStatus{Total: 20},
		Conditions: []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: "Succeeded", Message: "nothing is left to do"}},
	}
	for i := range 20 {
		after.Status.Groups.Names = append(after.Status.Groups.Names, fmt.Sprintf("Group number %d", i))
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := kube.NewStatusPatcher(c, before).Patch(b.Context(), after.DeepCopy()); err != nil {
			b.Fatal(err)
		}
	}
}

package main

import (
	"context"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// mostWritten bounds how many objects are named.
const mostWritten = 5

// sayWritten names objects of ours that were written since a time, for where none should
// have been.
func (w *world) sayWritten(ctx context.Context, since time.Time) error {
	var tenants v1alpha1.TenantList
	var users v1alpha1.ManagedUserList
	for _, list := range []client.ObjectList{&tenants, &users} {
		if err := w.Client.List(ctx, list); err != nil {
			return fmt.Errorf("list what was written: %w", err)
		}
	}
	told := 0
	tell := func(kind string, object client.Object, status any) {
		for _, entry := range object.GetManagedFields() {
			// The API server counts whole seconds.
			if told < mostWritten && entry.Time != nil && !entry.Time.Time.Before(since.Truncate(time.Second)) {
				told++
				w.say("    %s %s/%s was written by %s (%s): %+v", kind, object.GetNamespace(), object.GetName(), entry.Manager, entry.Subresource, status)
			}
		}
	}
	for i := range tenants.Items {
		tell("Tenant", &tenants.Items[i], tenants.Items[i].Status.Conditions)
	}
	for i := range users.Items {
		tell("ManagedUser", &users.Items[i], users.Items[i].Status.Conditions)
	}
	return nil
}

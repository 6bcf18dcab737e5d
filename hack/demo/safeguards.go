package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

func (d *demo) previewErin(ctx context.Context) error {
	d.screen.say("Erin's manifest says suspended: true, and managementPolicy: Observe. Nothing is done; what would be is listed:")
	erin, err := d.until(ctx, fabrikam, "erin", "shows what would be done", func(user *v1alpha1.ManagedUser) error {
		if len(user.Status.PendingChanges) == 0 {
			return fmt.Errorf("%s has no pendingChanges", user.Name)
		}
		return hasCondition(user, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonObserved)
	})
	if err != nil {
		return err
	}
	if err := d.enabled(ctx, fabrikam, "erin", true); err != nil {
		return err
	}
	if err := d.effects(ctx, fabrikam, erin.Status.ID, nil); err != nil {
		return err
	}
	return d.kubectl(ctx, `get muser erin -n fabrikam -o jsonpath='{range .status.pendingChanges[*]}{.facet}: {.action} ({.reason}){"\n"}{end}'`)
}

// contoso is Alice's employer.
const contoso = "contoso"

// untouchables are two discovered people of Contoso: the break-glass account, and
// somebody else who holds a directory role.
func (d *demo) untouchables(ctx context.Context) ([]v1alpha1.ManagedUser, error) {
	admins, err := d.users(ctx, client.InNamespace(contoso), client.MatchingFields{"status.admin": string(v1alpha1.True)})
	if err != nil {
		return nil, err
	}
	breakGlass := d.upn(contoso, "breakglass")
	i := slices.IndexFunc(admins, func(u v1alpha1.ManagedUser) bool { return u.Spec.UserPrincipalName == breakGlass })
	j := slices.IndexFunc(admins, func(u v1alpha1.ManagedUser) bool {
		return u.Spec.UserPrincipalName != breakGlass && u.Status.State == v1alpha1.StateActive
	})
	if i < 0 || j < 0 {
		return nil, fmt.Errorf("of %d administrators none is the break-glass account, or none another", len(admins))
	}
	return []v1alpha1.ManagedUser{admins[i], admins[j]}, nil
}

// blockAll is a manifest that blocks people whom nobody should.
func blockAll(people []v1alpha1.ManagedUser) string {
	documents := make([]string, 0, len(people))
	for i := range people {
		documents = append(documents, fmt.Sprintf(`apiVersion: identity.m365-operator.io/v1alpha1
kind: ManagedUser
metadata: {name: %s, namespace: %s}
spec:
  tenantRef: {name: %s}
  userPrincipalName: %s
  suspended: true
`, people[i].Name, people[i].Namespace, people[i].Spec.TenantRef.Name, people[i].Spec.UserPrincipalName))
	}
	return strings.Join(documents, "---\n")
}

func (d *demo) meetSafeguards(ctx context.Context) error {
	people, err := d.untouchables(ctx)
	if err != nil {
		return err
	}
	d.screen.say("Contoso's Tenant protects its break-glass account, and " + people[1].Status.DisplayName + " holds the role " +
		people[1].Status.Roles[0].Name + ".\nA pull request would block both. Its author took the names of the discovered objects, which are Git's from now on:")
	if err := d.write("samples/contoso/bad.yaml", blockAll(people)); err != nil {
		return err
	}
	if err := d.kubectl(ctx, "apply -f samples/contoso/bad.yaml"); err != nil {
		return err
	}
	start := time.Now()
	for i := range people {
		if err := d.isRefused(ctx, &people[i]); err != nil {
			return err
		}
	}
	d.screen.took("Both are refused", start)
	for i := range people {
		if err := d.kubectl(ctx, "get muser "+people[i].Name+" -n contoso "+conditions); err != nil {
			return err
		}
	}
	return d.refuseHelga(ctx, people[1].Name)
}

// isRefused checks that a person cannot be blocked, is told so, and was not touched.
func (d *demo) isRefused(ctx context.Context, person *v1alpha1.ManagedUser) error {
	_, err := d.until(ctx, person.Namespace, person.Name, "is refused", func(user *v1alpha1.ManagedUser) error {
		return errors.Join(
			hasCondition(user, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonProtected),
			hasCondition(user, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonProtected),
			expect("state of "+user.Name, user.Status.State, v1alpha1.StateActive),
		)
	})
	if err != nil {
		return err
	}
	return errors.Join(
		d.enabled(ctx, contoso, person.Status.ID, true),
		d.effects(ctx, contoso, person.Status.ID, nil),
	)
}

// refuseHelga shows that a safeguard is not loosened by whoever may edit manifests.
func (d *demo) refuseHelga(ctx context.Context, administrator string) error {
	d.screen.say("Helga may edit Contoso's manifests. That is not enough to let an object touch an administrator:")
	if err := d.kubectl(ctx, "create rolebinding helga -n contoso --clusterrole=m365-editor --user=helga@msp.example"); err != nil {
		return err
	}
	command := "patch muser " + administrator + ` -n contoso --type=merge -p '{"spec":{"allowPrivileged":true}}' --as=helga@msp.example`
	output, err := d.quietly(ctx, command)
	if err == nil {
		return fmt.Errorf("kubectl %s was let through: %s", command, output)
	}
	_, message, found := strings.Cut(err.Error(), "Error from server (Forbidden): ")
	if !found {
		return fmt.Errorf("kubectl %s failed otherwise than wanted: %w", command, err)
	}
	d.screen.shown("kubectl "+command, "Error from server (Forbidden): "+message)
	return nil
}

package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
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
	return d.kubectl(ctx, `get muser erin -n fabrikam -o jsonpath='{range .status.pendingChanges[*]}{.facet}: {.action} {.from} → {.to} ({.reason}){"\n"}{end}'`)
}

// badPullRequest blocks those who must not be.
func (d *demo) badPullRequest() string {
	object := func(name string) string {
		return fmt.Sprintf(`apiVersion: identity.m365-operator.io/v1alpha1
kind: ManagedUser
metadata: {name: %s, namespace: contoso}
spec:
  tenantRef: {name: contoso}
  userPrincipalName: %s
  suspended: true
`, name, d.upn("contoso", name))
	}
	return object("breakglass") + "---\n" + object("ivan")
}

func (d *demo) meetSafeguards(ctx context.Context) error {
	d.screen.say("Contoso's Tenant protects its break-glass account, and Ivan is an administrator. A pull request would block\n" +
		"both:")
	if err := d.write("samples/contoso/bad.yaml", d.badPullRequest()); err != nil {
		return err
	}
	if err := d.kubectl(ctx, "apply -f samples/contoso/bad.yaml"); err != nil {
		return err
	}
	start := time.Now()
	for _, name := range []string{"breakglass", "ivan"} {
		refused, err := d.until(ctx, "contoso", name, "is refused", func(user *v1alpha1.ManagedUser) error {
			if err := hasCondition(user, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonProtected); err != nil {
				return err
			}
			return hasCondition(user, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonProtected)
		})
		if err != nil {
			return err
		}
		if err := d.enabled(ctx, "contoso", name, true); err != nil {
			return err
		}
		if err := d.effects(ctx, "contoso", refused.Status.ID, nil); err != nil {
			return err
		}
	}
	d.screen.took("Both are refused", start)
	for _, name := range []string{"breakglass", "ivan"} {
		if err := d.kubectl(ctx, "get muser "+name+" -n contoso "+conditions); err != nil {
			return err
		}
	}
	return d.refuseHelga(ctx)
}

// refuseHelga shows that a safeguard is not loosened by whoever may edit manifests.
func (d *demo) refuseHelga(ctx context.Context) error {
	d.screen.say("Helga may edit Contoso's manifests. That is not enough to let an object touch an administrator:")
	if err := d.kubectl(ctx, "create rolebinding helga -n contoso --clusterrole=m365-editor --user=helga@msp.example"); err != nil {
		return err
	}
	const command = `patch muser ivan -n contoso --type=merge -p '{"spec":{"allowPrivileged":true}}' --as=helga@msp.example`
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

// expectedEffects are all that this story changes in Microsoft 365.
func expectedEffects() map[graphsim.Effect]uint64 {
	return map[graphsim.Effect]uint64{
		graphsim.EffectBlock:         3, // Bob, Alice, and Alice again
		graphsim.EffectRevoke:        2, // Bob's and Alice's sessions
		graphsim.EffectPasswordForce: 2, // Carol and Dave
	}
}

func (d *demo) showCounters(ctx context.Context) error {
	counters, err := d.stack.Graph.Counters(ctx, "")
	if err != nil {
		return err
	}
	d.screen.say("Every account is read once, then only what changed, tenant by tenant:")
	var lines strings.Builder
	for _, path := range slices.Sorted(maps.Keys(counters.ByPath)) {
		_, _ = fmt.Fprintf(&lines, "%6d  %s\n", counters.ByPath[path], path) // never fails
	}
	_, _ = fmt.Fprintf(&lines, "%6d  requests, of which %d were writes, %d were throttled, %d came too early\n",
		counters.Requests, counters.Writes, counters.Throttled, counters.TooEarly)
	d.screen.shown("curl --cacert graphsim-ca.pem "+d.stack.Graph.URL+"/_sim/counters", lines.String())
	lines.Reset()
	for _, effect := range slices.Sorted(maps.Keys(counters.Effects)) {
		_, _ = fmt.Fprintf(&lines, "  %-14s %d\n", effect, counters.Effects[effect])
	}
	d.screen.say("All that was changed in Microsoft 365: Bob blocked and Carol asked for a new password by the first apply, then\n" +
		"Alice, twice, and Dave.\n" + strings.TrimRight(lines.String(), "\n"))
	if err := expect("what was changed in Microsoft 365", fmt.Sprint(counters.Effects), fmt.Sprint(expectedEffects())); err != nil {
		return err
	}
	return expect("the number of throttled requests", counters.Throttled, 0)
}

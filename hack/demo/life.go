package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// onboarding is the manifest of Nina, who starts at Contoso.
const onboarding = "samples/life/onboarding.yaml"

// starts is when Nina starts, in config/samples.
const starts = `"2026-11-02T08:00:00+01:00"`

// nina is Nina's name to sign in.
const nina = "nina.keller@contoso.com"

// businessPremium is the product SPB, Microsoft 365 Business Premium
// (https://learn.microsoft.com/entra/identity/users/licensing-service-plan-reference).
const businessPremium = "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46"

// hired are the changes that make Nina's account what her manifest says.
func hired() map[graphsim.Effect]uint64 {
	return map[graphsim.Effect]uint64{
		graphsim.EffectCreate: 1, graphsim.EffectLicense: 1, graphsim.EffectJoin: 2, graphsim.EffectManager: 1, graphsim.EffectAppGrant: 1,
	}
}

func (d *demo) hireNina(ctx context.Context) error {
	d.screen.say("Nina starts in Sales. Her account does not exist; her manifest, " + onboarding + ", says all that it must\n" +
		"be. Her first password goes to a Secret in Contoso's namespace, where the operator may write Secrets only since\n" +
		"this Role is there:")
	if err := d.allowSecrets(ctx); err != nil {
		return err
	}
	start := time.Now()
	if err := d.kubectl(ctx, "apply -f "+onboarding); err != nil {
		return err
	}
	object, err := d.until(ctx, contoso, "nina", "has all that was declared", ninaIsReady)
	if err != nil {
		return err
	}
	d.screen.took("Nina's account is made, licensed, and in its groups", start)
	if err := d.kubectl(ctx, "get muser nina -n contoso "+conditions); err != nil {
		return err
	}
	if err := d.showAccount(ctx, "the account", []string{
		"displayName: \"Nina Keller\"", "jobTitle: \"Sales Representative\"", "accountEnabled: true", "usageLocation: \"DE\"",
		"must change the password: true", "manager: alice@contoso.com", "licences: SPB", "groups: All Company, Sales", "application: MSPortal, Portal.User",
	}); err != nil {
		return err
	}
	if err := d.effects(ctx, contoso, object.Status.ID, hired()); err != nil {
		return err
	}
	return d.showSecret(ctx)
}

// allowSecrets applies the Role that ships for namespaces in which accounts are made.
func (d *demo) allowSecrets(ctx context.Context) error {
	command := "apply -n contoso -k config/rbac/tenant-namespace/first-sign-in"
	output, err := d.stack.ControlPlane.Kubectl(ctx, d.stack.Root, words(command)...)
	if err != nil {
		return err
	}
	d.screen.shown("kubectl "+command, output)
	return nil
}

// ninaIsReady objects while anything that is declared of Nina is not so.
func ninaIsReady(user *v1alpha1.ManagedUser) error {
	for _, facet := range []string{
		v1alpha1.ConditionAccount, v1alpha1.ConditionProfile, v1alpha1.ConditionManager, v1alpha1.ConditionLicenses,
		v1alpha1.ConditionGroups, v1alpha1.ConditionApplications,
	} {
		if err := hasCondition(user, facet, metav1.ConditionTrue, v1alpha1.ReasonSucceeded); err != nil {
			return err
		}
	}
	return ready(user)
}

// showAccount shows Nina's account as Microsoft 365 has it, which must be as wanted.
func (d *demo) showAccount(ctx context.Context, what string, want []string) error {
	tenant, err := d.tenant(ctx, contoso)
	if err != nil {
		return err
	}
	state, err := d.account(ctx, contoso, "nina.keller")
	if err != nil {
		return err
	}
	id := strings.Trim(string(state.Properties["id"]), `"`)
	var have []string
	for _, property := range []string{"displayName", "jobTitle", "accountEnabled", "usageLocation"} {
		have = append(have, property+": "+string(state.Properties[property]))
	}
	have = append(have, fmt.Sprint("must change the password: ", state.ForceChange), "manager: "+managerIn(tenant, id))
	licenses, err := licensesIn(state)
	if err != nil {
		return err
	}
	have = append(have, "licences: "+strings.ReplaceAll(strings.Join(licenses, ", "), businessPremium, "SPB"))
	have = append(have, "groups: "+strings.Join(groupsIn(tenant, id), ", "))
	for _, role := range rolesIn(tenant, id) {
		have = append(have, "application: "+role)
	}
	d.screen.say("What Microsoft 365 has of Nina:\n  " + strings.Join(have, "\n  "))
	return expect(what+" in Microsoft 365", strings.Join(have, "; "), strings.Join(want, "; "))
}

// showSecret shows that the first password is kept, not which.
func (d *demo) showSecret(ctx context.Context) error {
	var secret corev1.Secret
	if err := d.stack.Client.Get(ctx, ninasSecret(), &secret); err != nil {
		return fmt.Errorf("get Nina's Secret: %w", err)
	}
	if err := errors.Join(
		expect("the name in the Secret", string(secret.Data["userPrincipalName"]), nina),
		expect("the length of the first password", len(secret.Data["password"]), 24),
	); err != nil {
		return err
	}
	d.screen.say("The first password, which she must change when she signs in; the Secret goes when she has, or after a week:")
	return d.kubectl(ctx, "get secret nina-first-sign-in -n contoso")
}

func ninasSecret() types.NamespacedName {
	return types.NamespacedName{Namespace: contoso, Name: "nina-first-sign-in"}
}

func (d *demo) takeGroup(ctx context.Context) error {
	d.screen.say("A list claims what stands on it: what is taken off it is taken away, and nothing else.")
	if err := d.edit(onboarding, "nina", "    - name: All Company\n", ""); err != nil {
		return err
	}
	start := time.Now()
	if err := d.kubectl(ctx, "apply -f "+onboarding); err != nil {
		return err
	}
	object, err := d.until(ctx, contoso, "nina", "is out of the group", ninaIsReady)
	if err != nil {
		return err
	}
	d.screen.took("Nina is in one group", start)
	tenant, err := d.tenant(ctx, contoso)
	if err != nil {
		return err
	}
	groups := strings.Join(groupsIn(tenant, object.Status.ID), ", ")
	d.screen.say("  groups: " + groups)
	want := hired()
	want[graphsim.EffectLeave] = 1
	return errors.Join(expect("Nina's groups", groups, "Sales"), d.effects(ctx, contoso, object.Status.ID, want))
}

func (d *demo) keepNina(ctx context.Context) error {
	d.screen.say("Somebody declares that Nina's account goes with her object, and then a file is lost in a merge.")
	if err := d.edit(onboarding, "nina", "  creationPolicy: Create\n", "  creationPolicy: Create\n  deletionPolicy: Delete\n"); err != nil {
		return err
	}
	if err := d.kubectl(ctx, "apply -f "+onboarding); err != nil {
		return err
	}
	object, err := d.until(ctx, contoso, "nina", "has a finalizer", func(user *v1alpha1.ManagedUser) error {
		return errors.Join(ninaIsReady(user), expect("whether the deletion would wait", slices.Contains(user.Finalizers, v1alpha1.AccountFinalizer), true))
	})
	if err != nil {
		return err
	}
	if err := d.kubectl(ctx, "delete -f "+onboarding+" --wait=false"); err != nil {
		return err
	}
	if _, err := d.until(ctx, contoso, "nina", "is held", func(user *v1alpha1.ManagedUser) error {
		return hasCondition(user, v1alpha1.ConditionAccount, metav1.ConditionFalse, v1alpha1.ReasonDeletionHeld)
	}); err != nil {
		return err
	}
	d.screen.say("Deletion is weak evidence. For a quarter of an hour nothing happens but that it is said:")
	if err := d.kubectl(ctx, "get muser nina -n contoso "+conditions); err != nil {
		return err
	}
	return d.revokeDeletion(ctx, object.Status.ID)
}

// revokeDeletion lets Nina's object go without her account.
func (d *demo) revokeDeletion(ctx context.Context, id string) error {
	d.screen.say("It was a mistake, and it is taken back:")
	if err := d.kubectl(ctx, `patch muser nina -n contoso --type=merge -p '{"spec":{"deletionPolicy":"Retain"}}'`); err != nil {
		return err
	}
	start := time.Now()
	if err := d.eventually(ctx, "Nina's object and its Secret are gone", func(ctx context.Context) error {
		_, err := d.user(ctx, contoso, "nina")
		return errors.Join(gone("nina", err), gone("the Secret", d.stack.Client.Get(ctx, ninasSecret(), &corev1.Secret{})))
	}); err != nil {
		return err
	}
	d.screen.took("The object is gone, and its Secret with it", start)
	want := hired()
	want[graphsim.EffectLeave] = 1
	if err := errors.Join(d.enabled(ctx, contoso, id, true), d.effects(ctx, contoso, id, want)); err != nil {
		return err
	}
	if err := d.eventually(ctx, "Nina is found again", func(ctx context.Context) error {
		users, err := d.users(ctx, inNamespace(contoso))
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(users, func(u v1alpha1.ManagedUser) bool { return u.Status.ID == id }) {
			return errors.New("nobody shows the account")
		}
		return nil
	}); err != nil {
		return err
	}
	d.screen.say("Her account was not touched. Discovery shows it from now on, and her file would manage it again.")
	return nil
}

// gone objects to what is still there.
func gone(what string, err error) error {
	switch {
	case err == nil:
		return fmt.Errorf("%s is still there", what)
	case apierrors.IsNotFound(err):
		return nil
	default:
		return err
	}
}

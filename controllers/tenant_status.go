package controllers

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/inventory"
	"github.com/m365-operator/m365-operator/internal/kube"
	"github.com/m365-operator/m365-operator/internal/outcome"
	"github.com/m365-operator/m365-operator/internal/skunames"
)

// summarizeTenant turns what a pass found out into the object's status. It is pure.
func summarizeTenant(s *tenantScope, problem *outcome.Problem, now time.Time) {
	tenant := s.tenant
	if s.known != nil && s.known.Synced() {
		describeTenant(s, s.known.Summary())
	}
	if s.identity != nil && s.known != nil {
		tenant.Status.Capabilities = capabilities(s.identity, s.known)
	}
	if s.requested != "" && (problem == nil || problem.Class == outcome.ClassBlocked) {
		tenant.Status.LastHandledReconcileAt = s.requested
	}
	tenant.Status.ObservedGeneration = tenant.Generation
	if s.paused {
		setStalled(tenant, now, v1alpha1.ReasonPaused, "reconciling is paused: set spec.paused to false to go on")
		return
	}
	setSynced(s, problem, now)
	setSafeguardsReady(s, now)
	setTenantReadiness(s, problem, now)
}

// describeTenant copies what is known. When each feed was read is written only when
// an answer changed or somebody asked: a time alone is no reason to write.
func describeTenant(s *tenantScope, known inventory.Summary) {
	st := &s.tenant.Status
	before := st.DeepCopy()
	if known.Organization != nil {
		st.DisplayName = known.Organization.DisplayName
	}
	st.Domains = domains(known.Domains)
	st.Users = userCounts(known, s)
	describeUndeclared(s)
	st.Licenses = tenantLicenses(known.SKUs)
	st.MFAPolicy = mfaPolicy(known.Policies)

	fresh := keepUnreadFeeds(st, before, feedsOf(known.Feeds))
	kept := keepTimes(before.Feeds, fresh)
	st.Feeds = kept
	if s.requested != "" || len(before.Feeds) == 0 || !equality.Semantic.DeepEqual(before, st) {
		st.Feeds = fresh
	}
}

// feedsOf tells how fresh each feed is.
func feedsOf(known []inventory.FeedStatus) []v1alpha1.Feed {
	var feeds []v1alpha1.Feed
	for _, f := range known {
		feeds = append(feeds, v1alpha1.Feed{
			Name: string(f.Name), AsOf: timeOf(f.AsOf), Reason: string(f.Reason), Message: feedMessage(f.Reason),
		})
	}
	return feeds
}

func feedMessage(reason inventory.Reason) string {
	return map[inventory.Reason]string{
		inventory.ReasonPremiumRequired: "the tenant lacks the Microsoft Entra ID licence (P1 or P2) that this reading needs",
		inventory.ReasonPermissionMissing: "the application lacks the permission for this reading: grant it and consent " +
			"in the tenant (see status.capabilities)",
		inventory.ReasonUnavailable: "Microsoft 365 does not offer this reading for the tenant",
	}[reason]
}

// keepTimes gives feeds that stand as before the times they had.
func keepTimes(before, now []v1alpha1.Feed) []v1alpha1.Feed {
	kept := append([]v1alpha1.Feed(nil), now...)
	for i := range kept {
		for _, old := range before {
			if old.Name == kept[i].Name && (kept[i].AsOf == nil) == (old.AsOf == nil) {
				kept[i].AsOf = old.AsOf
			}
		}
	}
	return kept
}

func domains(found []directory.Domain) []v1alpha1.Domain {
	var all []v1alpha1.Domain
	for _, d := range found {
		authentication := v1alpha1.DomainManaged
		if d.Federated {
			authentication = v1alpha1.DomainFederated
		}
		all = append(all, v1alpha1.Domain{Name: d.Name, Authentication: authentication})
	}
	return all
}

func userCounts(known inventory.Summary, s *tenantScope) *v1alpha1.UserCounts {
	c := known.Users
	counts := &v1alpha1.UserCounts{
		Total: count(c.Total), Members: count(c.Members), Guests: count(c.Guests),
		Active: count(c.Active), Suspended: count(c.Suspended),
		MFAUnknown: count(c.MFAUnknown), MFANotApplicable: count(c.MFANotApplicable),
		Licensed: count(c.Licensed), Unlicensed: count(c.Unlicensed), SuspendedLicensed: count(c.SuspendedLicensed),
		Managed: count(s.managed), Drifted: count(s.drifted),
	}
	if c.AdminsKnown {
		counts.Admins = ptr.To(count(c.Admins))
	}
	if registrationsKnown(known.Feeds) {
		counts.MFARegistered = ptr.To(count(c.MFARegistered))
		counts.MFANotRegistered = ptr.To(count(c.MFANotRegistered))
	}
	return counts
}

// registrationsKnown tells whether the report on registered methods can be read: a
// count of none would read as "nobody has a second factor".
func registrationsKnown(feeds []inventory.FeedStatus) bool {
	for _, f := range feeds {
		if f.Name == inventory.FeedRegistrations {
			return f.Reason == ""
		}
	}
	return false
}

// count fits a number of accounts into the API's type; no tenant has two billion.
func count(n int) int32 { return int32(n) } //nolint:gosec // see above

func tenantLicenses(skus []directory.SKU) []v1alpha1.TenantLicense {
	var all []v1alpha1.TenantLicense
	for _, sku := range skus {
		total := sku.Enabled + sku.Warning
		all = append(all, v1alpha1.TenantLicense{
			SKU: sku.PartNumber, Name: skunames.Name(sku.PartNumber), SKUID: sku.ID, Total: total, Consumed: sku.Consumed, Available: max(total-sku.Consumed, 0),
		})
	}
	return all
}

func mfaPolicy(p inventory.Policies) *v1alpha1.MFAPolicy {
	policy := &v1alpha1.MFAPolicy{SecurityDefaults: knowledge(p.SecurityDefaults), Reason: string(p.ConditionalAccessReason)}
	for _, ca := range p.ConditionalAccess {
		policy.Policies = append(policy.Policies, v1alpha1.ConditionalAccessPolicy{Name: ca.DisplayName, State: ca.State})
	}
	return policy
}

// staleAfter is how many intervals may pass without a complete reading before the
// Tenant says that it is not synced.
const staleAfter = 5

func setSynced(s *tenantScope, problem *outcome.Problem, now time.Time) {
	set := func(status metav1.ConditionStatus, reason v1alpha1.Reason, message string) {
		kube.SetCondition(s.tenant, now, v1alpha1.ConditionSynced, status, reason, message)
	}
	switch {
	case problem != nil && problem.Class == outcome.ClassBlocked:
		set(metav1.ConditionFalse, problem.Reason, problem.Message)
	case problem != nil && problem.Class == outcome.ClassWaiting && !problem.Silent():
		set(metav1.ConditionUnknown, problem.Reason, problem.Message)
	case stale(s, now):
		set(metav1.ConditionFalse, v1alpha1.ReasonRetrying, "the tenant's users could not be read for a while: what was last seen is kept")
	case s.known == nil || !s.known.Synced():
		// Nothing is known in this process yet: what was last said stays, if anything was.
		if _, said := kube.Condition(s.tenant, v1alpha1.ConditionSynced); !said {
			set(metav1.ConditionUnknown, v1alpha1.ReasonProgressing, "the tenant's users are being read for the first time")
		}
	default:
		set(metav1.ConditionTrue, v1alpha1.ReasonSucceeded, "the tenant's users are being read")
	}
}

// stale tells whether the users were last read completely too long ago.
func stale(s *tenantScope, now time.Time) bool {
	last := s.readSince
	if s.known != nil {
		for _, f := range s.known.Summary().Feeds {
			if f.Name == inventory.FeedUsers && f.AsOf.After(last) {
				last = f.AsOf
			}
		}
	}
	return !s.read && now.Sub(last) > staleAfter*s.interval()
}

func setSafeguardsReady(s *tenantScope, now time.Time) {
	missing := unresolvedProtected(s.tenant)
	switch {
	case len(missing) == 0:
		kube.SetCondition(s.tenant, now, v1alpha1.ConditionSafeguardsReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded,
			"every protected entry is resolved")
	case s.known == nil || !s.known.Synced():
		kube.SetCondition(s.tenant, now, v1alpha1.ConditionSafeguardsReady, metav1.ConditionUnknown, v1alpha1.ReasonProgressing,
			"the tenant's users have not been read yet")
	default:
		kube.SetCondition(s.tenant, now, v1alpha1.ConditionSafeguardsReady, metav1.ConditionFalse, v1alpha1.ReasonUnresolved,
			fmt.Sprintf("spec.safeguards.protected names what cannot be found, so nothing disruptive is done: correct or remove %s",
				strings.Join(missing, ", ")))
	}
}

func setTenantReadiness(s *tenantScope, problem *outcome.Problem, now time.Time) {
	synced, _ := kube.Condition(s.tenant, v1alpha1.ConditionSynced)
	safeguards, _ := kube.Condition(s.tenant, v1alpha1.ConditionSafeguardsReady)
	switch {
	case problem != nil && problem.Class == outcome.ClassBlocked:
		setStalled(s.tenant, now, problem.Reason, problem.Message)
	case synced.Status != metav1.ConditionTrue:
		reason, message := v1alpha1.Reason(synced.Reason), synced.Message
		if problem != nil {
			reason, message = waitingReason(problem), waitingMessage(problem)
		}
		setReady(s.tenant, now, metav1.ConditionUnknown, reason, message)
	case safeguards.Status == metav1.ConditionFalse:
		setStalled(s.tenant, now, v1alpha1.ReasonUnresolved, safeguards.Message)
	default:
		setReady(s.tenant, now, metav1.ConditionTrue, v1alpha1.ReasonSucceeded, "connected, and its users are being read")
	}
}

package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/plan"
)

// outcome is what a facet of levels should come to. What is left empty must be empty.
type outcome struct {
	// changes as describe writes them.
	changes []string
	// claims and released as "name=id", with "+" for what is held.
	claims, released []string
	status           metav1.ConditionStatus
	reason           v1alpha1.Reason
	// says are parts of the message.
	says      []string
	refused   bool
	records   map[string]v1alpha1.RecordPhase
	needsLive bool
	// reread are the kinds of claims that wait for a newer reading.
	reread []v1alpha1.ClaimKind
	wake   time.Duration
}

// describe writes a change: what it does to what, "!" when disruptive, and the names of
// the claims that end with it.
func describe(c plan.Change) string {
	parts := []string{string(c.Action)}
	if c.Disruptive {
		parts[0] += "!"
	}
	var attributes []string
	for name, value := range c.Attributes {
		attributes = append(attributes, fmt.Sprintf("%s=%s", name, value))
	}
	slices.Sort(attributes)
	parts = append(parts, attributes...)
	if c.Licenses != nil {
		for _, l := range c.Licenses.Add {
			part := "+" + l.SKU
			if l.DisabledPlans != nil {
				part += fmt.Sprint(l.DisabledPlans)
			}
			parts = append(parts, part)
		}
		for _, sku := range c.Licenses.Remove {
			parts = append(parts, "-"+sku)
		}
	}
	for _, part := range []string{c.Target, c.RoleID, c.Scope} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	for _, claim := range c.Claims {
		parts = append(parts, "ends:"+claim.Name)
	}
	return strings.Join(parts, " ")
}

func describeClaims(claims []v1alpha1.Claim) []string {
	var all []string
	for _, c := range claims {
		text := c.Name + "=" + c.ID
		if c.RoleID != "" {
			text += "/" + c.RoleID
		}
		if c.Held {
			text += "+"
		}
		all = append(all, text)
	}
	return all
}

// comes plans and compares one facet; without a status none is expected.
func comes(condition, record string, w outcome, options ...inputOption) {
	GinkgoHelper()
	p := plan.For(input(options...))
	Expect(describeClaims(p.Claims)).To(Equal(w.claims), "claims")
	Expect(describeClaims(p.Released)).To(Equal(w.released), "released")
	Expect(p.NeedsLive).To(Equal(w.needsLive), "NeedsLive")
	Expect(p.WakeAfter).To(Equal(w.wake), "WakeAfter")
	Expect(p.Reread).To(Equal(w.reread), "Reread")
	if w.status == "" {
		Expect(p.Facets).To(BeEmpty())
		return
	}
	Expect(p.Facets).To(HaveLen(1))
	f := p.Facets[0]
	Expect(f.Condition).To(Equal(condition))
	var changes []string
	for _, c := range f.Changes {
		changes = append(changes, describe(c))
		Expect(c.Level).To(BeTrue(), "Level")
		Expect(c.Record).To(Equal(record), "Record")
		Expect(c.From + c.To).NotTo(BeEmpty())
	}
	Expect(changes).To(Equal(w.changes), "changes")
	Expect(f.Verdict.Status).To(Equal(w.status), f.Verdict.Message)
	Expect(f.Verdict.Reason).To(Equal(w.reason), f.Verdict.Message)
	Expect(f.Verdict.Refused).To(Equal(w.refused), "Refused")
	Expect(f.Verdict.Message).NotTo(BeEmpty())
	for _, part := range w.says {
		Expect(f.Verdict.Message).To(ContainSubstring(part))
	}
	records := map[string]v1alpha1.RecordPhase{}
	for _, r := range f.Records {
		records[r.Name] = r.Phase
	}
	if w.records == nil {
		w.records = map[string]v1alpha1.RecordPhase{}
	}
	Expect(records).To(Equal(w.records), "records")
}

func result(text string, w outcome, options ...inputOption) TableEntry {
	return Entry(text, w, options)
}

// list is a short way to write what an outcome expects.
func list(all ...string) []string { return all }

func until(t time.Time) *metav1.Time {
	at := metav1.NewTime(t)
	return &at
}

func claim(kind v1alpha1.ClaimKind, name, qualifier, id string, held bool) inputOption {
	return func(in *plan.Input) {
		in.Claims = append(in.Claims, v1alpha1.Claim{Kind: kind, Name: name, Qualifier: qualifier, ID: id, Held: held})
	}
}

func target(kind v1alpha1.ClaimKind, name, qualifier string, t plan.Target) inputOption {
	return func(in *plan.Input) {
		if in.Targets == nil {
			in.Targets = map[plan.Ref]plan.Target{}
		}
		in.Targets[plan.Ref{Kind: kind, Name: name, Qualifier: qualifier}] = t
	}
}

func unresolved(kind v1alpha1.ClaimKind, name, qualifier string, reason v1alpha1.Reason, message string) inputOption {
	return target(kind, name, qualifier, plan.Target{Reason: reason, Message: message})
}

// written tells when the operator last wrote to the account.
func written(at time.Time) inputOption { return func(in *plan.Input) { in.Written = at } }

// groupsBegun tells when the memberships were begun to be read.
func groupsBegun(at time.Time) inputOption { return func(in *plan.Input) { in.GroupsBegun = at } }

func begun(name string, at time.Time) inputOption { return record(name, "", started, at, "") }

func starting(name string) map[string]v1alpha1.RecordPhase {
	return map[string]v1alpha1.RecordPhase{name: started}
}

func ptr(s string) *string { return &s }

func declares(p v1alpha1.UserProfile) inputOption {
	return func(in *plan.Input) { in.Spec.Profile = &p }
}

func has(name directory.Attribute, value string) inputOption {
	return func(in *plan.Input) { in.User.SetAttribute(name, value) }
}

func profileRead(in *plan.Input) { in.User.Profile = &directory.Profile{} }

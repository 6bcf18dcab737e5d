package safeguard_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/plan"
	"github.com/m365-operator/m365-operator/internal/safeguard"
)

func TestSafeguard(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Safeguard")
}

type subjectOption func(*safeguard.Subject, *safeguard.Rules)

func admin(s *safeguard.Subject, _ *safeguard.Rules)      { s.Admin = directory.Yes }
func unknown(s *safeguard.Subject, _ *safeguard.Rules)    { s.Admin = directory.Unknown }
func allowed(s *safeguard.Subject, _ *safeguard.Rules)    { s.AllowPrivileged = true }
func service(s *safeguard.Subject, _ *safeguard.Rules)    { s.SyncService = true }
func protected(s *safeguard.Subject, _ *safeguard.Rules)  { s.Protected = directory.Yes }
func unsure(s *safeguard.Subject, _ *safeguard.Rules)     { s.Protected = directory.Unknown }
func listed(s *safeguard.Subject, r *safeguard.Rules)     { r.Privileged = map[string]bool{s.ID: true} }
func unresolved(_ *safeguard.Subject, r *safeguard.Rules) { r.Ready = false }

var _ = DescribeTable("what may be done to whom",
	func(action plan.Action, refusal string, options ...subjectOption) {
		subject := safeguard.Subject{ID: "id", Admin: directory.No, Protected: directory.No}
		rules := safeguard.Rules{Ready: true}
		for _, o := range options {
			o(&subject, &rules)
		}
		got := string(safeguard.Check(plan.Change{Action: action}, subject, rules))
		if refusal == "" {
			Expect(got).To(BeEmpty())
			return
		}
		Expect(got).To(ContainSubstring(refusal))
	},
	Entry("an ordinary person", plan.BlockSignIn, ""),
	Entry("an administrator", plan.BlockSignIn, "list it in the Tenant's spec.safeguards.privileged and set", subjectOption(admin)),
	Entry("an administrator listed only", plan.RequirePasswordChange, "set spec.allowPrivileged", subjectOption(admin), subjectOption(listed)),
	Entry("an administrator allowed only", plan.RevokeSessions, "list it in the Tenant's", subjectOption(admin), subjectOption(allowed)),
	Entry("an administrator listed and allowed", plan.BlockSignIn, "", subjectOption(admin), subjectOption(listed), subjectOption(allowed)),
	Entry("an administrator let in again", plan.AllowSignIn, "is an administrator", subjectOption(admin)),
	Entry("somebody who may be one", plan.BlockSignIn, "cannot be read", subjectOption(unknown)),
	Entry("a protected account", plan.BlockSignIn, "protected", subjectOption(protected)),
	Entry("a protected administrator, though listed and allowed", plan.BlockSignIn, "protected",
		subjectOption(protected), subjectOption(admin), subjectOption(listed), subjectOption(allowed)),
	Entry("a protected account let in again", plan.AllowSignIn, "", subjectOption(protected)),
	Entry("an account that a group may protect", plan.BlockSignIn, "not known yet", subjectOption(unsure)),
	Entry("the synchronization's own account", plan.BlockSignIn, "directory synchronization", subjectOption(service)),
	Entry("anybody while a safeguard is unresolved", plan.BlockSignIn, "SafeguardsReady", subjectOption(unresolved)),
	Entry("anybody let in while a safeguard is unresolved", plan.AllowSignIn, "", subjectOption(unresolved)),
)

// tenant is a directory with Global Administrators a, b and, through a group, c.
type tenant struct {
	mu      sync.Mutex
	enabled map[string]bool
	fail    error
	onRead  func()
}

func (t *tenant) RoleAssignments(_ context.Context, link string) (*directory.Page[directory.RoleAssignment], error) {
	if t.onRead != nil && link == "" {
		t.onRead()
	}
	if t.fail != nil {
		return nil, t.fail
	}
	assign := func(id string, kind directory.PrincipalKind, role, scope string) directory.RoleAssignment {
		return directory.RoleAssignment{PrincipalID: id, PrincipalKind: kind, RoleID: role, Scope: scope}
	}
	if link == "" {
		return &directory.Page[directory.RoleAssignment]{Next: "2", Items: []directory.RoleAssignment{
			assign("a", directory.PrincipalUser, directory.GlobalAdministrator, "/"),
			assign("x", directory.PrincipalUser, "other-role", "/"),
			assign("y", directory.PrincipalUser, directory.GlobalAdministrator, "/administrativeUnits/1"),
			assign("z", directory.PrincipalServicePrincipal, directory.GlobalAdministrator, "/"),
		}}, nil
	}
	return &directory.Page[directory.RoleAssignment]{Items: []directory.RoleAssignment{
		assign("b", directory.PrincipalUser, directory.GlobalAdministrator, "/"),
		assign("g", directory.PrincipalGroup, directory.GlobalAdministrator, "/"),
	}}, nil
}

func (t *tenant) GroupMembers(context.Context, string, string) (*directory.Page[string], error) {
	return &directory.Page[string]{Items: []string{"c"}}, nil
}

func (t *tenant) User(_ context.Context, id string) (*directory.User, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	enabled, ok := t.enabled[id]
	if !ok {
		return nil, &directory.Error{Kind: directory.KindNotFound}
	}
	return &directory.User{ID: id, Enabled: directory.TristateOf(enabled)}, nil
}

var _ = Describe("the last Global Administrator", func() {
	var (
		now    = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
		clock  *clocktesting.FakePassiveClock
		admins *safeguard.Admins
	)
	BeforeEach(func() {
		clock = clocktesting.NewFakePassiveClock(now)
		admins = safeguard.NewAdmins(clock, 10*time.Minute)
	})
	reserve := func(t *tenant, id string) safeguard.Decision {
		GinkgoHelper()
		d, err := admins.Reserve(context.Background(), "tenant", id, t)
		Expect(err).NotTo(HaveOccurred())
		return d
	}

	It("stays, whatever else holds roles", func() {
		Expect(reserve(&tenant{enabled: map[string]bool{"a": true, "x": true, "y": true}}, "a")).To(Equal(safeguard.LastOne))
	})
	It("may go while another is active, also through a group", func() {
		Expect(reserve(&tenant{enabled: map[string]bool{"a": true, "b": false, "c": true}}, "a")).To(Equal(safeguard.Granted))
	})
	It("does not count an account that is gone or blocked", func() {
		Expect(reserve(&tenant{enabled: map[string]bool{"a": true, "b": false}}, "a")).To(Equal(safeguard.LastOne))
	})
	It("counts decisions in flight though readings do not show them", func() {
		t := &tenant{enabled: map[string]bool{"a": true, "b": true}}
		Expect(reserve(t, "a")).To(Equal(safeguard.Granted))
		Expect(reserve(t, "b")).To(Equal(safeguard.LastOne))
		admins.Release("tenant", "a")
		Expect(reserve(t, "b")).To(Equal(safeguard.Granted))
	})
	It("trusts the readings again after a while", func() {
		t := &tenant{enabled: map[string]bool{"a": true, "b": true}}
		Expect(reserve(t, "a")).To(Equal(safeguard.Granted))
		clock.SetTime(now.Add(11 * time.Minute))
		Expect(reserve(t, "b")).To(Equal(safeguard.Granted))
	})
	It("refuses when it cannot read", func() {
		_, err := admins.Reserve(context.Background(), "tenant", "a", &tenant{fail: errors.New("no")})
		Expect(err).To(MatchError("no"))
	})
	It("lets one of two workers through, and one administrator survive", func() {
		t := &tenant{enabled: map[string]bool{"a": true, "b": true}}
		inside := make(chan struct{})
		resume := make(chan struct{})
		t.onRead = func() { close(inside); <-resume }
		first := make(chan safeguard.Decision)
		go func() {
			defer GinkgoRecover()
			d, err := admins.Reserve(context.Background(), "tenant", "a", t)
			Expect(err).NotTo(HaveOccurred())
			first <- d
		}()
		<-inside
		Expect(reserve(&tenant{enabled: t.enabled}, "b")).To(Equal(safeguard.Busy))
		close(resume)
		Expect(<-first).To(Equal(safeguard.Granted))
		Expect(reserve(&tenant{enabled: t.enabled}, "b")).To(Equal(safeguard.LastOne))
	})
})

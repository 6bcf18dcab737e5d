package main

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/safeguard"
	"github.com/m365-operator/m365-operator/internal/throttle"
)

var _ = Describe("What is gone is forgotten", func() {
	var clock *clocktesting.FakePassiveClock
	BeforeEach(func() { clock = clocktesting.NewFakePassiveClock(time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)) })
	pass := func(d time.Duration) { clock.SetTime(clock.Now().Add(d)) }

	It("by the keeper of the last administrators", func() {
		admins := safeguard.NewAdmins(clock, 10*time.Minute)
		for i := range 50 {
			decision, err := admins.Reserve(context.Background(), fmt.Sprint("tenant ", i), "one", twoAdmins{})
			Expect(err).NotTo(HaveOccurred())
			Expect(decision).To(Equal(safeguard.Granted))
		}
		Expect(takeCensus(admins)).To(HaveKeyWithValue("safeguard.Admins.tenants", 50))
		pass(11 * time.Minute)
		admins.Release("tenant 0", "one")
		Expect(takeCensus(admins)).To(HaveKeyWithValue("safeguard.Admins.tenants", 0))
	})

	It("by the budgets, also of app registrations", func() {
		governor := throttle.New(clock, throttle.DefaultLimits())
		for i := range 50 {
			app, tenant := fmt.Sprint("app ", i), fmt.Sprint("tenant ", i)
			for _, class := range []throttle.Class{throttle.Identity, throttle.SignInActivity} {
				governor.Budget(app, tenant).Reserve(throttle.Cost{Class: class, ResourceUnits: 1, Writes: 1})
			}
			governor.Forget(app, tenant)
		}
		Expect(takeCensus(governor)).To(HaveKeyWithValue("throttle.Governor.apps", 50), "what they spent is remembered")
		pass(time.Hour)
		governor.Budget("app", "tenant")
		counts := takeCensus(governor)
		for _, field := range []string{"apps", "tenants", "budgets"} {
			Expect(counts).To(HaveKeyWithValue("throttle.Governor."+field, 1))
		}
	})
})

// twoAdmins is a directory with two Global Administrators, who may sign in.
type twoAdmins struct{}

func (twoAdmins) RoleAssignments(context.Context, string) (*directory.Page[directory.RoleAssignment], error) {
	page := &directory.Page[directory.RoleAssignment]{}
	for _, id := range []string{"one", "two"} {
		page.Items = append(page.Items, directory.RoleAssignment{
			PrincipalID: id, PrincipalKind: directory.PrincipalUser, RoleID: directory.GlobalAdministrator, Scope: "/",
		})
	}
	return page, nil
}

func (twoAdmins) GroupMembers(context.Context, string, string) (*directory.Page[string], error) {
	return &directory.Page[string]{}, nil
}

func (twoAdmins) User(_ context.Context, id string) (*directory.User, error) {
	return &directory.User{ID: id, Enabled: directory.Yes}, nil
}
